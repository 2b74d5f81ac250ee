"""The running calls of a process, and who is connected to each. All of it belongs to one event loop.

A call has one connection that drives it and any number that watch. What is heavy runs in a few threads, one update of a
call at a time; turns that come meanwhile are in the next update, so that nothing piles up: the newest counts. A call
whose connection breaks off is kept for a while and goes on where the next one begins it again.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from salescoach.errors import CoachError, without_paths
from serving.api.live_messages import error, sent, turn_shown
from serving.usecases.live import LiveCall, LiveParts, warm_up
from serving.usecases.live_turns import LiveTurn

logger = logging.getLogger(__name__)

MAX_CALLS: Final = 100
MAX_CALLS_OF_OWNER: Final = 50
KEPT_S: Final = 900.0  # without a connection, or after the end
MAX_BEHIND: Final = 50  # updates that a slow connection may lag; then only the newest is sent
_T = TypeVar("_T")


class TooManyCallsError(CoachError):
    """As many calls go on as may."""


@dataclass(frozen=True)
class Seen:
    """How much of a call a connection has been told: so many turns, updates and failures, from the first."""

    n_heard: int
    n_updates: int
    n_failures: int


class Channel:
    """One call with its connections."""

    def __init__(self, channels: "LiveChannels", owner: str, call: LiveCall) -> None:
        self.owner = owner
        self.call = call
        self.driver: object | None = None  # whoever drives it now
        self.is_dropped = False
        self._heard: list[int] = []  # orders of turns, each time one came or changed
        self._failures: list[str] = []  # why updates were missed
        self._channels = channels
        self._changed = asyncio.Event()  # set when something has happened, and then replaced
        self._work = asyncio.Lock()
        self._updating: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def seen(self) -> Seen:
        """All that there is by now."""
        return Seen(len(self._heard), len(self.call.updates), len(self._failures))

    def drive(self, driver: object) -> None:
        """Makes this connection the one that drives the call; the messages of the one before end."""
        self._keep()
        self.driver = driver
        self._tell()

    def leave(self, driver: object) -> None:
        """The connection is gone. Unless another one drives the call by now, it is dropped after a while."""
        if self.driver is driver:
            self.driver = None
            self._expiry = asyncio.get_running_loop().call_later(self._channels.kept_s, self._channels.drop, self)

    def put(self, turn: LiveTurn) -> None:
        """Takes a turn; raises InputError where it is left out."""
        before = self.call.turns.latest(turn.turn_order)
        is_news = self.call.put(turn)
        if self.call.turns.latest(turn.turn_order) is not before:
            self._heard.append(turn.turn_order)
            self._tell()
        if is_news and (self._updating is None or self._updating.done()):
            self._updating = asyncio.create_task(self._update())

    async def end(self) -> None:
        """Scores the whole call.

        Raises:
            TranscriptError: nobody has said anything.
            ModelError: a number came out that is not finite.
        """
        async with self._work:
            await self._channels.run(self.call.end)
        self._tell()

    async def messages(self, seen: Seen, driver: object | None) -> AsyncIterator[str]:
        """What goes out after ``seen``: to the connection that drives or, without a ``driver``, to one that watches.

        Ends with the call, when it is dropped, or when another connection drives it.
        """
        while True:
            changed, now = self._changed, self.seen
            if driver is None:
                for order in dict.fromkeys(self._heard[seen.n_heard : now.n_heard]):
                    if (turn := self.call.turns.latest(order)) is not None:
                        yield sent(turn_shown(turn))
            new = self.call.updates[seen.n_updates : now.n_updates]
            for update in new[-1:] if len(new) > MAX_BEHIND else new:
                yield sent(update)
            for why in self._failures[seen.n_failures : now.n_failures]:
                yield error("unavailable", why)
            seen = now
            if self.call.score is not None:
                score = self.call.score.model_dump(mode="json")
                yield sent({"type": "ended", "call_id": self.call.call_id, "score": score})
                return
            if self.is_dropped or (driver is not None and self.driver is not driver):
                return
            await changed.wait()

    def history(self) -> dict[str, Any]:
        """What there was so far, for a connection that begins to watch."""
        turns = [turn_shown(turn) for turn in self.call.turns.all()]
        updates = [update.model_dump(mode="json") for update in self.call.updates]
        return {"type": "watching", "call_id": self.call.call_id, "turns": turns, "updates": updates}

    def forget(self) -> None:
        """The call is dropped: whoever watches is told, and nothing is planned any more."""
        self._keep()
        self.is_dropped = True
        self._tell()

    def _keep(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    async def _update(self) -> None:
        """Updates until nothing new has come meanwhile."""
        while self.call.is_behind and self.call.score is None:
            try:
                async with self._work:
                    await self._channels.run(self.call.update)
            except CoachError as problem:
                self._failures.append(without_paths(str(problem)))
                return
            except Exception as problem:  # its words may be those of the call
                logger.error("An update of a running call failed: %s.", type(problem).__name__)
                self._failures.append("The call could not be read on; end it, and score its transcript.")
                return
            finally:
                self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class LiveChannels:
    """All running calls of a process."""

    def __init__(
        self,
        open_parts: Callable[[], LiveParts],
        n_threads: int,
        *,
        kept_s: float = KEPT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``open_parts`` is called in a thread when the first call begins."""
        self.kept_s = kept_s
        self._open_parts = open_parts
        self._clock = clock
        self._threads = ThreadPoolExecutor(n_threads, thread_name_prefix="live")
        self._parts: LiveParts | None = None
        self._opening = asyncio.Lock()
        self._channels: dict[tuple[str, str], Channel] = {}

    async def run(self, work: Callable[[], _T]) -> _T:
        """Does work in one of the threads; it is finished even where nobody waits for it any more."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._threads, work))

    async def begin(
        self, owner: str, call_id: str | None, rep: Sequence[str], planned_s: float | None
    ) -> tuple[Channel, bool]:
        """The channel of a call, and whether the call had begun before.

        Raises:
            TooManyCallsError: as many go on as may.
            CoachError: the model or its move reader can't be used.
        """
        known = self.find(owner, call_id) if call_id is not None else None
        if known is not None:
            return known, True
        parts = await self._loaded()
        usual = None if parts.past is None else await self.run(parts.past.usual)
        name = call_id or uuid.uuid4().hex
        if (known := self.find(owner, name)) is not None:  # another connection was faster
            return known, True
        self._check(owner)
        call = LiveCall(parts, name, rep=rep, planned_s=planned_s, usual=usual, clock=self._clock)
        channel = self._channels[owner, name] = Channel(self, owner, call)
        return channel, False

    def find(self, owner: str, call_id: str | None) -> Channel | None:
        """An owner's call; without an id the one that began last."""
        if call_id is not None:
            return self._channels.get((owner, call_id))
        own = [channel for channel in self._channels.values() if channel.owner == owner]
        return own[-1] if own else None

    def drop(self, channel: Channel) -> None:
        """Forgets a call and what was said in it."""
        channel.forget()
        self._channels.pop((channel.owner, channel.call.call_id), None)

    async def close(self) -> None:
        """Forgets all calls, and ends after the work that is under way."""
        for channel in list(self._channels.values()):
            self.drop(channel)
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    async def _loaded(self) -> LiveParts:
        async with self._opening:
            if self._parts is None:
                parts = await self.run(self._open_parts)
                await self.run(lambda: warm_up(parts))
                self._parts = parts
            return self._parts

    def _check(self, owner: str) -> None:
        """Makes room by dropping calls that have ended, the oldest first."""
        ended = [one for one in self._channels.values() if one.call.score is not None and one.driver is None]
        own = [channel for channel in self._channels.values() if channel.owner == owner]
        if len(own) >= MAX_CALLS_OF_OWNER:
            ended = [one for one in ended if one.owner == owner]
        elif len(self._channels) < MAX_CALLS:
            return
        if not ended:
            raise TooManyCallsError("As many calls go on as may at a time; end one, or try again later.")
        self.drop(ended[0])
