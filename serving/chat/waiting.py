"""Heavy work of the page goes through the coach's queue, and whoever waits for it is told."""

from collections.abc import Callable
from contextlib import aclosing
from typing import TypeVar, TypeVarTuple

import chainlit as cl

from agent.coach import Coach
from salescoach.errors import CoachError
from tools.phrases import count

T = TypeVar("T")
Args = TypeVarTuple("Args")


class WaitingOnPage:
    """A step that says how many are ahead, for as long as it is so."""

    def __init__(self) -> None:
        self._step: cl.Step | None = None

    async def say(self, n_ahead: int) -> None:
        """How many are ahead now."""
        name = waiting_title(n_ahead)
        if self._step is not None:
            self._step.name = name
            await self._step.update()
            return
        run = cl.context.current_step
        self._step = cl.Step(
            name=name,
            type="tool",
            show_input=False,
            parent_id=run.id if run is not None else None,
            metadata={"avatarName": "default"},  # else a step's name is looked up as a picture
        )
        await self._step.send()

    async def end(self) -> None:
        """Takes it away."""
        if self._step is not None:
            step, self._step = self._step, None
            await step.remove()


async def in_turn(coach: Coach, user: str | None, work: Callable[[*Args], T], *args: *Args) -> T:
    """Does work in a thread when its turn has come, and says so where it has to wait.

    Args:
        coach: whose queue it goes through.
        user: who asked for it; None: nobody did, and it takes no place from anybody.
        work: what to do.
        args: for it.

    Raises:
        NoPlaceError: too many wait already.
        CoachError: it took too long.
        Exception: what the work raised.
    """
    shown = WaitingOnPage()
    with coach.queue.place(user) as place:
        try:
            async with aclosing(place.wait()) as waiting:
                async for n_ahead in waiting:
                    await shown.say(n_ahead)
        finally:
            await shown.end()
        try:
            return await place.run(work, *args)
        except TimeoutError:
            raise CoachError("That takes too long just now; try again in a minute.") from None


def waiting_title(n_ahead: int) -> str:
    """How many are ahead, in words."""
    return f"Waiting: {count(n_ahead, 'question')} {'is' if n_ahead == 1 else 'are'} ahead of this one"
