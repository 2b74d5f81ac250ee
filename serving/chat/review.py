"""The second person: outcomes that colleagues entered in the chat, to be read and confirmed by somebody else."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import chainlit as cl

from agent.coach import Coach
from salescoach.config import Settings
from salescoach.library import Proposal
from salescoach.types import Outcome
from serving.chat import view
from serving.chat.answering import whole_call
from serving.chat.asking import OTHER, choose
from serving.usecases.outcomes import confirm_outcome
from tools.phrases import count

MAX_OFFERED: Final = 6
_ENDED: Final[dict[Outcome | None, str]] = {"converted": "converted", "lost": "was lost", None: "is still open"}


async def review(
    coach: Coach, settings: Settings, user: str, note: Callable[[str, Iterable[str]], Awaitable[None]]
) -> None:
    """Offers what waits for the user, shows the call that is chosen, and confirms its outcome if the user does.

    Args:
        coach: whose library it is.
        settings: name the index.
        user: who is asked.
        note: keeps which calls a message quotes.
    """
    waiting = await asyncio.to_thread(coach.parts.library.proposals, user)
    if not waiting:
        await cl.Message(content="Nothing waits for you to confirm it.").send()
        return
    number = await choose(
        f"{count(len(waiting), 'call')} of your colleagues' can join the library. Which one do you want to read?",
        {_label(one): number for number, one in enumerate(waiting[:MAX_OFFERED])},
        other="None of them",
    )
    if number is None or number == OTHER:
        return
    one = waiting[number]
    call = await asyncio.to_thread(coach.call, one.call_id, user)
    said = f"Call {one.call_id}: {one.by} says that it {_ENDED[one.outcome]}."
    message = cl.Message(content=f"{view.escape(said)}\n\n{view.WHOLE_CALL}", elements=[whole_call(call)])
    await message.send()
    await note(message.id, [one.call_id])
    if await choose("Is that how it ended, and is it a real call?", {"Confirm": 1}, other="Leave it") != 1:
        return
    parts = coach.parts
    async with cl.Step(name="Confirming the outcome and indexing the call", type="tool", show_input=False) as step:
        entered = await asyncio.to_thread(
            confirm_outcome, settings, parts.library, one.call_id, one.outcome, by=user, scorer=parts.scorer
        )
        step.name = "Confirmed the outcome"
    await cl.Message(content=view.answer_markdown(entered.reading.replace("`", ""))).send()


def _label(one: Proposal) -> str:
    return f"{one.call_id[:15]} · {one.outcome or 'open'}, says {one.by} · {count(one.n_turns, 'turn')}"
