"""Work that may not be left by halves, whoever stops waiting for it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


class WholeWork:
    """What is under way; the process ends after it. Belongs to one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    async def run(self, work: Coroutine[object, object, T]) -> T:
        """Runs what may not be left by halves: a stop ends the waiting alone.

        Raises:
            Exception: what the work raised.
        """
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_log_failure)
            raise

    @property
    def n_open(self) -> int:
        """How much is under way."""
        return len(self._tasks)

    async def finish(self) -> None:
        """Waits for all of it."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _log_failure(task: asyncio.Task[T]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("What was stopped while it could not be left failed: %s", error)
