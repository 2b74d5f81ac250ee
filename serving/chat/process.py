"""What one process of the chat holds open, from its start to its end."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import TypeVar

from chainlit.config import FILES_DIRECTORY
from chainlit.session import ws_sessions_id

from agent.build import open_coach
from agent.coach import Coach
from salescoach.config import Settings
from salescoach.errors import CoachError
from serving.chat.history import ChatHistory
from serving.chat.stored_files import sweep_regularly
from serving.usecases.lost_library import check_library
from serving.usecases.owners import give_owners
from serving.usecases.reader_process import Reader
from serving.usecases.whole_work import WholeWork

logger = logging.getLogger(__name__)

T = TypeVar("T")


class ChatProcess:
    """The coach, the history and the reader, each opened when it is first needed. Belongs to one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.reader = Reader()
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._coach: Coach | None = None
        self._history: ChatHistory | None = None
        self._aside: set[asyncio.Task[None]] = set()
        self._whole = WholeWork()

    async def coach(self) -> Coach:
        """The one coach of this process.

        Raises:
            CoachError: it can't be opened; says what to do.
        """
        async with self._opening:
            if self._coach is None:
                await asyncio.to_thread(check_library, self.settings)
                self._coach = await self._stack.enter_async_context(open_coach(self.settings))
            return self._coach

    def history(self) -> ChatHistory:
        """What was said and shown, kept under ``COACH_HOME`` whatever database the environment happens to name.

        Raises:
            CoachError: the file can't be opened.
        """
        if self._history is None:
            self._history = ChatHistory(self.settings)
        return self._history

    def run_aside(self, work: Coroutine[object, object, None]) -> None:
        """Runs what nobody waits for, until it ends or the process does."""
        self._aside.add(task := asyncio.create_task(work))
        task.add_done_callback(self._aside.discard)

    async def run_whole(self, work: Coroutine[object, object, T]) -> T:
        """Runs what may not be left by halves: a stop ends the waiting alone, and the process ends after the work.

        Raises:
            Exception: what the work raised.
        """
        return await self._whole.run(work)

    async def start(self) -> None:
        """Opens what the first question would have to wait for. Without a model the page says what is missing."""
        self.run_aside(sweep_regularly(FILES_DIRECTORY, lambda: frozenset(ws_sessions_id)))
        await self.reader.warm_up()
        try:
            await asyncio.to_thread(give_owners, self.settings)
            await self.coach()
        except CoachError as error:
            logger.warning("%s", error)

    async def close(self) -> None:
        """Closes what is open, all of it whatever fails; the last error is raised."""
        async with AsyncExitStack() as closing:
            if self._history is not None:
                closing.push_async_callback(self._history.close)
            closing.push_async_callback(self._stack.aclose)
            closing.push_async_callback(self.reader.close)
            for task in self._aside:
                task.cancel()
            await asyncio.gather(*self._aside, self._whole.finish(), return_exceptions=True)
