"""The buttons under the newest answer: what they are called, and what each does with the conversation's newest call."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeVar, TypeVarTuple

import chainlit as cl
from chainlit.element import Element
from plotly.graph_objects import Figure

from agent.coach import Coach
from agent.preferences import Preferences
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.types import LabelledCall, Outcome
from serving.chat import charts, view
from serving.chat.answering import chart, from_history
from serving.chat.asking import OTHER, choose, typed
from serving.chat.exchanges import Exchange
from serving.chat.export import Conversation, export_html, export_markdown, file_name
from serving.chat.review import review
from serving.chat.stored_steps import MAX_ELEMENT_BYTES
from serving.chat.waiting import in_turn
from serving.usecases.outcomes import WAITING, Ending, adopt_call, enter_outcome, has_accounts, propose_outcome
from tools.compare_encoders import compare_encoders
from tools.map_call import map_call
from tools.phrases import count

T = TypeVar("T")
Args = TypeVarTuple("Args")

MAX_OFFERED_TURNS: Final = 4
MAX_SAID_CHARS: Final = 1_000
JOINS: Final = "The call joins your team's library, where it is found and learned from."
JOINS_ONCE_CONFIRMED: Final = (
    "The call joins your team's library once a colleague confirms it; until then your colleagues can read it, and it "
    "counts nowhere."
)
OUTCOMES: Final[Mapping[str, Outcome | None]] = {"Converted": "converted", "Lost": "lost", "Still open": None}


@dataclass(frozen=True)
class Desk:
    """What a button works with: the conversation's newest call, which the user may see, and what was said about it.

    ``ask`` puts a question to the coach and shows its answer; ``note`` keeps which calls a
    message quotes, so that they can be taken out of it.
    """

    coach: Coach
    settings: Settings
    preferences: Preferences
    call_id: str
    user: str
    exchanges: list[Exchange]
    ask: Callable[[str], Awaitable[object]]
    note: Callable[[str, Iterable[str]], Awaitable[None]]

    def call(self, call_id: str) -> LabelledCall:
        """A call that the user may see."""
        return self.coach.call(call_id, self.user)

    async def in_turn(self, work: Callable[[*Args], T], *args: *Args) -> T:
        """Does the user's work when its turn has come."""
        return await in_turn(self.coach, self.user, work, *args)


async def what_if(desk: Desk) -> None:
    """Asks for a turn and other words for it, and has the changed call scored."""
    score = await desk.in_turn(partial(desk.coach.score_anyway, desk.call_id, desk.preferences, user=desk.user))
    turns = [turn for turn in score.turns_that_moved_it if turn.role == "rep"][:MAX_OFFERED_TURNS]
    turns = turns or list(score.turns_that_moved_it[:MAX_OFFERED_TURNS])
    number = await choose(
        "Which turn would you like to put differently?",
        {f"T{turn.turn} {view.shortened(turn.quote, 60)}": turn.turn for turn in turns},
        other="Another turn",
        shown=lambda label: label.partition(" ")[0] if label.startswith("T") else label,
    )
    if number is None:
        return
    n_turns = score.n_turns
    if number == OTHER:
        answer = await typed(f"Which turn? Give its number, 1 to {n_turns}.")
        if answer is None:
            return
        number = view.typed_number(answer)
        if not 1 <= number <= n_turns:
            await _say(f"This call has the turns 1 to {n_turns}. Press the button again to choose one.")
            return
    turn = (await asyncio.to_thread(desk.call, desk.call_id)).transcript.turns[number - 1]
    said = await typed(
        f"**T{number} · {view.escape(turn.speaker)}**: “{view.escape(view.shortened(turn.text, 300))}”\n\n"
        "What would have been said instead? Give the words as they would have been spoken.",
        lambda message_id: desk.note(message_id, [desk.call_id]),
    )
    if said is not None:
        plain = " ".join(said.split())[:MAX_SAID_CHARS].replace("“", "'").replace("”", "'").replace('"', "'")
        await desk.ask(f"What if turn {number} had been “{plain}”?")


async def compare_encodings(desk: Desk) -> None:
    """Generic against fine-tuned embeddings on this call."""
    found = await desk.in_turn(compare_encoders, desk.coach.parts, desk.call_id)
    await _show_figure(desk, found.reading, charts.encoders(found))


async def show_map(desk: Desk) -> None:
    """Where the call lies among won and lost ones."""
    found = await desk.in_turn(map_call, desk.coach.parts, desk.call_id)
    await _show_figure(desk, found.reading, charts.call_map(found))


async def export(desk: Desk) -> None:
    """The conversation as files."""
    coach, now = desk.coach, datetime.now().astimezone()
    call = await asyncio.to_thread(desk.call, desk.call_id)
    title = f"Sales call, {count(len(call.transcript), 'turn')}"
    wording = desk.preferences.wording or coach.wording.name
    said = Conversation(title, now, coach.manifest.model_id, coach.manifest.data, wording, desk.exchanges)
    page = (await asyncio.to_thread(export_html, said, desk.call)).encode()
    text = (await asyncio.to_thread(export_markdown, said, desk.call)).encode()
    if max(len(page), len(text)) > MAX_ELEMENT_BYTES:
        raise InputError("This conversation is too long for a file; start a new one for the part that you need.")
    files = [
        from_history(cl.File(name=file_name(title, now, "html"), content=page, mime="text/html")),
        from_history(cl.File(name=file_name(title, now, "md"), content=text, mime="text/markdown")),
    ]
    said_so = "This conversation as a file. It quotes the call, so it is as confidential as the call."
    await _show(desk, said_so, files, {cited.call_id for one in desk.exchanges for cited in one.citations})


async def outcome(desk: Desk) -> None:
    """Adds the call to the team's library with its outcome, or corrects the outcome of one that is there.

    Where several people share the library, that takes a second one.
    """
    call = await asyncio.to_thread(desk.call, desk.call_id)
    is_shared = has_accounts(desk.settings)
    if call.provenance == "sample":
        await _say("This is one of the example calls: its outcome belongs to the example and stays as it is.")
        return
    chosen = await choose(
        "How did it end? " + (JOINS_ONCE_CONFIRMED if is_shared else JOINS),
        {label: number for number, label in enumerate(OUTCOMES)},
        other="Cancel",
    )
    if chosen is None or chosen == OTHER:
        return
    ended = OUTCOMES[list(OUTCOMES)[chosen]]
    parts = desk.coach.parts
    if is_shared:
        await _say(propose_outcome(parts.library, desk.call_id, ended, by=desk.user))
        return
    if ended is None and call.outcome is not None:
        enter = partial(enter_outcome, outcome=None, by=desk.user)
    else:
        enter = partial(adopt_call, ending=Ending(outcome=ended, by=desk.user))
    async with cl.Step(name="Entering the outcome and indexing the call", type="tool", show_input=False) as step:
        entered = await asyncio.to_thread(enter, desk.settings, parts.library, desk.call_id, scorer=parts.scorer)
        step.name = "Entered the outcome"
    await _say(entered.reading)


async def review_waiting(desk: Desk) -> None:
    """What colleagues said of their calls, to be confirmed."""
    await review(desk.coach, desk.settings, desk.user, desk.note)


@dataclass(frozen=True)
class Button:
    """A button: it asks a question, or does something else with the call."""

    label: str
    icon: str
    question: str | None = None
    does: Callable[[Desk], Awaitable[None]] | None = None


MORE: Final = "more"
BUTTONS: Final[Mapping[str, Button]] = {
    "won": Button("Similar won deals", "trophy", "Show me similar won deals."),
    "lost": Button("Similar lost deals", "search-x", "Show me similar lost deals."),
    "replies": Button("What won calls did", "lightbulb", "What did won calls do at this moment?"),
    "what_if": Button("What if …", "pencil", does=what_if),
    "anyway": Button("Show it anyway", "eye", "Show me the number anyway."),
    MORE: Button("More", "ellipsis"),
    "turned": Button("When it turned", "activity", "When did the call turn?"),
    "metrics": Button("Metrics", "gauge", "Show me the call metrics."),
    "encoders": Button("Generic or fine-tuned", "scale", does=compare_encodings),
    "map": Button("On the map", "map", does=show_map),
    "export": Button("Export", "download", does=export),
    "outcome": Button("Won or lost?", "flag", does=outcome),
    "waiting": Button(WAITING, "users", does=review_waiting),
}
FIRST: Final = ("won", "lost", "replies", "what_if")
REST: Final = ("turned", "metrics", "encoders", "map", "export", "outcome")
SHARED: Final = ("waiting",)  # only where several people share the library


def buttons(*, abstained: bool, unfolded: bool = False, is_shared: bool = False) -> list[cl.Action]:
    """The buttons under an answer: a few, and the rest once asked for."""
    rest = (*REST, *(SHARED if is_shared else ())) if unfolded else (MORE,)
    names = [*FIRST, *(["anyway"] if abstained else []), *rest]
    if abstained:
        names.remove("what_if")
    return [
        cl.Action(name="do", payload={"do": name}, label=BUTTONS[name].label, icon=BUTTONS[name].icon) for name in names
    ]


async def _show_figure(desk: Desk, reading: str, figure: Figure | None) -> None:
    """A look at the call: in words alone where nothing can be drawn, which they say why."""
    await _show(desk, reading.replace("`", ""), [] if figure is None else [chart("Look", figure)])


async def _show(desk: Desk, text: str, elements: Sequence[Element], quoted: Iterable[str] = ()) -> None:
    message = cl.Message(content=view.answer_markdown(text), elements=list(elements))
    await message.send()
    await desk.note(message.id, {desk.call_id, *quoted})


async def _say(text: str) -> None:
    await cl.Message(content=view.answer_markdown(text.replace("`", ""))).send()
