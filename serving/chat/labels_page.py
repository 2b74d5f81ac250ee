"""“Is this right?” in the chat: what the coach is least sure of, a turn at a time, as `coach label` asks it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Final

import chainlit as cl
from chainlit.element import Element

from agent.coach import Coach
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.labels.answers import LabelQuestion
from salescoach.library.label_log import Answer
from salescoach.model.loading import BundledReader
from salescoach.types import Citation, LabelledCall
from serving.chat import view
from serving.chat.answering import from_history
from serving.chat.asking import choose
from serving.chat.waiting import in_turn
from serving.usecases.label_reading import QueueReading
from serving.usecases.labels import give_label
from serving.usecases.outcomes import has_accounts
from serving.usecases.who import who_here
from tools.parts import percent
from tools.phrases import count

LABELS: Final = "Is this right?"
N_ASKED: Final = 10  # questions in a row
AT_ONCE: Final = 8  # calls that are read before others' questions get their turn
MAX_BEFORE: Final = 300  # characters of what was said just before
ANSWERS: Final[Mapping[str, Answer | None]] = {
    "Right, it is": "yes", "Wrong, it isn't": "no", "Not sure": "unsure", "Skip": None
}  # fmt: skip
STOP: Final = "Stop"
NOTHING: Final = "There is nothing to ask: every question is answered, or there are no calls."

LookUp = Callable[[str], LabelledCall]  # a call by its id; InputError where the user can't see it
Note = Callable[[str, Iterable[str]], Awaitable[None]]


async def ask_labels(coach: Coach, settings: Settings, user: str, note: Note) -> None:
    """Asks one question after another, the one that the coach is least sure of first, and keeps each answer at once.

    Args:
        coach: through whose queue calls are read, and whose reader reads them.
        settings: name the library.
        user: who answers; without accounts whoever runs this program, as at the command line.
        note: keeps which calls a message quotes, so that they can be taken out of it.

    Raises:
        CoachError: there is no library, or too many questions wait.
    """
    rater = user if has_accounts(settings) else who_here(None)
    reading = await _read(coach, settings, user, rater)
    n_kept, skipped = 0, list[LabelQuestion]()
    while questions := (await in_turn(coach, user, partial(reading.queue, N_ASKED, skipped))).questions:
        for place, one in enumerate(questions, start=1):
            message = await _show(one, f"{place} of {len(questions)}", partial(coach.call, user=user), note)
            labels = dict(enumerate(ANSWERS))
            choices = {label: number for number, label in labels.items()}
            chosen = await choose(asked(one), choices, other=STOP, stays=False)
            label = STOP if chosen is None else labels.get(chosen, STOP)
            message.content = done(one, f"{place} of {len(questions)}", label)
            await message.update()
            if label == STOP:
                await _say(told(n_kept))
                return
            answer = ANSWERS[label]
            if answer is None:
                skipped.append(one)
            elif await _kept(settings, one, answer, rater):
                n_kept += 1
        if await choose(told(n_kept), {"Go on": 1}, other="That's enough") != 1:
            return
    await _say(f"{told(n_kept)} {NOTHING}" if n_kept else NOTHING)


def shown(question: LabelQuestion, place: str) -> str:
    """The turn that is asked about, in Markdown, after what was said just before."""
    parts = [f"**{place}** · {panel_name(question)}"]
    if question.before is not None:
        parts.append(f"Before: {view.escape(_one_line(view.shortened(question.before, MAX_BEFORE)))}")
    said = view.escape(_one_line(question.quote or ""))
    return "\n\n".join([*parts, f"> **{view.escape(question.speaker or 'unknown')} ({question.role})** {said}"])


def asked(question: LabelQuestion) -> str:
    """What is to be answered, in Markdown, with how sure the coach is."""
    sure = f"{percent(question.probability)} % (a yes from {percent(question.threshold)} % on)"
    return f"{view.escape(question.asks)} The coach says {sure}."


def done(question: LabelQuestion, place: str, label: str) -> str:
    """What stays of a question, so that the next one is in sight and a conversation doesn't fill with quotes."""
    return f"**{place}** · {panel_name(question)} · {question.subject.replace('_', ' ')}: **{label}**"


def panel_name(question: LabelQuestion) -> str:
    """How the call with this turn is called on the page, which makes a link of it."""
    return view.element_name(f"call {view.shortened(question.call_id, 40)} T{question.turn}")


def told(n_kept: int) -> str:
    """What came of it."""
    if not n_kept:
        return "No answer was kept."
    kept = f"{count(n_kept, 'answer')} {'was' if n_kept == 1 else 'were'} kept."
    return f"{kept} At the command line, coach label report shows all, and coach label learn makes a tracker of them."


async def _read(coach: Coach, settings: Settings, user: str, rater: str) -> QueueReading:
    """Reads the calls, some at a time; a step says how far it is."""
    reader = coach.parts.scorer.reader
    bundled = reader if isinstance(reader, BundledReader) else None
    reading = await asyncio.to_thread(QueueReading, settings, rater, bundled)
    # Without the name of a picture the page looks one up by the step's name.
    step = cl.Step(name="Reading calls", type="tool", show_input=False, metadata={"avatarName": "default"})
    async with step:
        while reading.n_left:
            step.name = f"Reading calls: {reading.n_calls - reading.n_left} of {reading.n_calls}"
            await step.update()
            await in_turn(coach, user, reading.read, AT_ONCE)
        step.name = f"Read {count(reading.n_calls, 'call')}"
    return reading


async def _show(question: LabelQuestion, place: str, look_up: LookUp, note: Note) -> cl.Message:
    message = cl.Message(content=shown(question, place), elements=await asyncio.to_thread(_panel, question, look_up))
    await message.send()
    await note(message.id, [question.call_id])
    return message


def _panel(question: LabelQuestion, look_up: LookUp) -> list[Element]:
    """The call around the turn, for whoever needs more of it; none where it is gone meanwhile."""
    cited = Citation(
        marker=panel_name(question), call_id=question.call_id, turn_start=question.turn, turn_end=question.turn,
        quote=question.quote or "",
    )  # fmt: skip
    try:
        text = view.citation_panel(look_up(question.call_id), cited)
    except InputError:
        return []
    return [from_history(cl.Text(name=cited.marker, content=text, display="side"))]


async def _kept(settings: Settings, question: LabelQuestion, answer: Answer, rater: str) -> bool:
    """Keeps an answer; where the call was changed or deleted meanwhile, the page says so and goes on."""
    try:
        await asyncio.to_thread(give_label, settings, question, answer, rater)
    except InputError as error:
        await _say(str(error))
        return False
    return True


def _one_line(text: str) -> str:
    return " ".join(text.split())


async def _say(text: str) -> None:
    await cl.Message(content=view.answer_markdown(text.replace("`", ""))).send()
