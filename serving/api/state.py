"""What one serving process holds open, from its start to its end, and the queue that all work with calls waits in."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final, TypeVar, TypeVarTuple

from fastapi import Depends
from starlette.requests import HTTPConnection

from agent.build import build_coach, build_parts
from agent.coach import Coach
from agent.queue import LIMIT_S, WorkQueue
from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.model.loading import BundledReader
from salescoach.moves.reader import MoveReader
from salescoach.types import Transcript, Turn
from serving.usecases.lost_library import check_library
from serving.usecases.reader_process import Reader
from serving.usecases.team import our_side
from serving.usecases.whole_work import WholeWork
from tools.parts import Parts
from vectorstore.search import PastCalls

T = TypeVar("T")
Args = TypeVarTuple("Args")

_HELLO: Final = Transcript(turns=(Turn(speaker="Rep", role="rep", text="Hello."),))


class ApiState:
    """Model, library, index, reader and coach. Belongs to one event loop.

    All work with calls goes through ``run``: in a thread of its own, so that the event loop stays free, and only as
    much at a time as there are slots. Each piece of work is of one call, and turns are encoded within it, so no call's
    numbers depend on what came in beside it.
    """

    def __init__(self, settings: Settings, parts: Parts, reader: Reader) -> None:
        self.settings = settings
        self.parts = parts
        self.reader = reader
        self.queue = WorkQueue(settings.slots)
        self.whole = WholeWork()
        self._coach: Coach | None = None
        self._opening = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._at_work = threading.Lock()

    async def coach(self) -> Coach:
        """The one coach of this process, which is built when it is first asked and waits in the same queue."""
        async with self._opening:
            if self._coach is None:
                self._coach = await asyncio.to_thread(build_coach, self.settings, self.parts, queue=self.queue)
            return self._coach

    @property
    def move_reader(self) -> MoveReader:
        """What reads moves: the scorer's own reader, which is loaded once."""
        return self.parts.scorer.reader or BundledReader(self.settings)

    async def warm_up(self) -> None:
        """Loads what the first requests would have to wait for. What can't be loaded is said to who asks for it."""
        with contextlib.suppress(CoachError, TimeoutError):
            await self.run(lambda: self.move_reader.read(_HELLO))
            await self.coach()

    async def run(self, work: Callable[[*Args], T], *args: *Args, seconds: float = LIMIT_S) -> T:
        """Does work of one request in a thread, as soon as it is its turn.

        Raises:
            NoPlaceError: too much waits already.
            TimeoutError: it took longer than ``seconds``.
        """
        with self.queue.place() as place:
            return await place.run(work, *args, seconds=seconds)

    async def run_alone(self, work: Callable[[*Args], T], *args: *Args, seconds: float = LIMIT_S) -> T:
        """As ``run``, for work that changes library and index: one piece of it after another.

        Raises:
            NoPlaceError: too much waits already.
            TimeoutError: it took longer than ``seconds``.
        """

        def alone(*given: *Args) -> T:
            with self._at_work:  # the work of a request that stopped waiting still goes on
                return work(*given)

        with self.queue.place() as place:
            async with self._changing:  # so that those who wait take no slot
                return await place.run(alone, *args, seconds=seconds)

    async def run_whole(self, work: Coroutine[object, object, T]) -> T:
        """Runs what may not be left by halves: the client may leave and the server stop; the work is finished."""
        return await self.whole.run(work)

    async def read(self, content: bytes, rep: Sequence[str] = (), name: str = "") -> Transcript:
        """A call as a file of this content would be read, in the reader's process, with the sides of the saved team.

        Raises:
            TranscriptError: there is nothing to read, or too much.
            InputError: it took too long, or somebody in ``rep`` doesn't speak in it.
        """
        return await self.reader.file(content, name, our_side(self.settings, rep))


@asynccontextmanager
async def open_state(settings: Settings) -> AsyncIterator[ApiState]:
    """Opens what requests need, and closes it after what is under way.

    Raises:
        ModelError: there is no model, or it is damaged.
        CoachError: the library is lost or can't be opened.
    """
    await asyncio.to_thread(check_library, settings)
    reader = Reader()
    warming = asyncio.create_task(reader.warm_up())
    try:
        parts = await asyncio.to_thread(build_parts, settings)
        try:
            await warming
            state = ApiState(settings, parts, reader)
            yield state
            await state.whole.finish()
        finally:
            if isinstance(parts.index, PastCalls):
                parts.index.close()
            parts.library.close()
    finally:
        await asyncio.gather(warming, return_exceptions=True)
        await reader.close()


def state_of(connection: HTTPConnection) -> ApiState:
    """What the process that answers holds open; a FastAPI dependency of requests and WebSockets."""
    state: ApiState = connection.app.state.coach
    return state


State = Annotated[ApiState, Depends(state_of)]
