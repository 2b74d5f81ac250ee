"""One queue for heavy work: first come, first served, and only so much at a time.

Where all questions are worked on at once they share the processor and all end late; one after another, the first ends
first. A place in the queue belongs to one question. Whatever work the question needs, it comes before the work of every
question that came later; and between two pieces of work its slot is kept for a moment, so that it is finished first.
"""

import asyncio
import heapq
import itertools
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar, TypeVarTuple

from salescoach.errors import CoachError

logger = logging.getLogger(__name__)

MAX_PLACES = 50  # of questions that wait or are worked on
MAX_OF_OWNER = 3  # of these
LIMIT_S = 60.0  # for one piece of work
LEFT_S = 10.0  # that work which nobody waits for any more may keep its slot: it still takes the processor
KEPT_S = 0.5  # that an idle slot is kept for the question that had it
SAID_AFTER_S, SAID_EVERY_S = 1.0, 5.0  # how long somebody waits before they are told, and are told again
BUSY = "Too many questions are waiting to be answered just now; try again in a minute."
ENOUGH = f"You have {MAX_OF_OWNER} questions waiting already; ask again when one of them is answered."

T = TypeVar("T")
Args = TypeVarTuple("Args")


class NoPlaceError(CoachError):
    """The queue is full, or the user has as many places in it as one may have."""


class WorkQueue:
    """Gives out ``slots`` to the oldest of at most ``limit`` places. It belongs to one event loop."""

    def __init__(self, slots: int = 1, limit: int = MAX_PLACES) -> None:
        self._n_free = slots
        self._limit = limit
        self._numbers = itertools.count()
        self._open: dict[int, str | None] = {}  # the number of a place -> whose it is
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []  # a heap: the oldest place first

    @property
    def n_open(self) -> int:
        """How many questions have a place: those that are worked on, and those that wait."""
        return len(self._open)

    @contextmanager
    def place(self, owner: str | None = None) -> Iterator["Place"]:
        """A place at the end of the queue, which is left at the end of the block.

        Args:
            owner: the user whose question it is, who may have three places; None: nobody's, such as the operator's, who
                may have all, or what a page needs that asked nothing.

        Raises:
            NoPlaceError: the queue is full, or the owner has as many places as one may have.
        """
        if owner is not None and sum(other == owner for other in self._open.values()) >= MAX_OF_OWNER:
            raise NoPlaceError(ENOUGH)
        if len(self._open) >= self._limit:
            raise NoPlaceError(BUSY)
        number = next(self._numbers)
        self._open[number] = owner
        place = Place(self, number)
        try:
            yield place
        finally:
            del self._open[number]
            place.give_up()

    def n_ahead(self, number: int) -> int:
        """How many places that were taken earlier are still in use."""
        return sum(other < number for other in self._open)

    async def take(self, number: int) -> None:
        """Waits for a slot."""
        if self._n_free:
            self._n_free -= 1
            return
        given = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (number, next(self._numbers), given))
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Passes a slot on to the oldest place that waits for one."""
        while self._waiting:
            *_, given = heapq.heappop(self._waiting)
            if not given.done():
                given.set_result(None)
                return
        self._n_free += 1


class Place:
    """A place in the queue. It runs one piece of work at a time."""

    def __init__(self, queue: WorkQueue, number: int) -> None:
        self._queue = queue
        self._number = number
        self._lock = asyncio.Lock()
        self._has_slot = False
        self._kept: asyncio.TimerHandle | None = None

    async def wait(self) -> AsyncGenerator[int, None]:
        """Ends when it is this place's turn. Until then: how many are ahead, now and then."""
        taking = asyncio.create_task(self._take())
        patience, said = SAID_AFTER_S, None
        try:
            while not (await asyncio.wait({taking}, timeout=patience))[0]:
                patience, n_ahead = SAID_EVERY_S, self._queue.n_ahead(self._number)
                if n_ahead and n_ahead != said:
                    said = n_ahead
                    yield n_ahead
        finally:
            taking.cancel()  # nothing, once it is done
        self._keep()

    async def run(self, work: Callable[[*Args], T], *args: *Args, seconds: float = LIMIT_S) -> T:
        """Does work in a thread, as soon as it is this place's turn.

        Nothing stops a thread. One that isn't waited for any more, because it took too long or was given up, keeps its
        slot until it ends, for ten seconds at most.

        Args:
            work: what to do.
            args: for it.
            seconds: that it may take, from its start on.

        Raises:
            TimeoutError: it took longer.
            Exception: what the work raised.
        """
        async with self._lock:
            await self._take()
            running = asyncio.wrap_future(in_thread(work, *args))
            try:
                async with asyncio.timeout(seconds):
                    return await asyncio.shield(running)
            finally:
                if running.done():
                    self._keep()
                else:
                    self._leave(running)

    def give_up(self) -> None:
        """Passes the slot on, if there is one that isn't worked in."""
        self._stop_clock()
        if self._has_slot and not self._lock.locked():
            self._has_slot = False
            self._queue.give_back()

    async def _take(self) -> None:
        self._stop_clock()
        if not self._has_slot:
            await self._queue.take(self._number)
            self._has_slot = True

    def _stop_clock(self) -> None:
        if self._kept is not None:
            self._kept.cancel()
            self._kept = None

    def _keep(self) -> None:
        self._kept = asyncio.get_running_loop().call_later(KEPT_S, self.give_up)

    def _leave(self, running: "asyncio.Future[T]") -> None:
        self._has_slot = False
        is_free = False

        def free(*_: object) -> None:
            nonlocal is_free
            if not is_free:
                is_free = True
                self._queue.give_back()

        running.add_done_callback(_log_failure)
        running.add_done_callback(free)
        asyncio.get_running_loop().call_later(LEFT_S, free)


def _log_failure(ended: "asyncio.Future[T]") -> None:
    if not ended.cancelled() and (error := ended.exception()) is not None:
        logger.warning("Work that nobody waited for any more failed: %s", error)


def in_thread(work: Callable[[*Args], T], *args: *Args) -> "Future[T]":
    """Does work in a thread of its own, which ends with the process at the latest: a pool's would be waited for."""
    future: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        future.set_running_or_notify_cancel()
        try:
            future.set_result(context.run(work, *args))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name="coach-work").start()
    return future
