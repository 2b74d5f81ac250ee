"""``WS /v1/live``: a call while it goes on, and the page at ``/live`` that shows one.

That a page which asks is no other site's is seen to before (``serving.api.front``, ``serving.chat.guard``); whose a
connection is says ``LiveDoor``. What a connection says is read by ``live_messages``; calls and their connections
are kept by ``live_channels``.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from salescoach.errors import CoachError, InputError, TranscriptError, without_paths
from salescoach.model.scoring import CallScorer
from serving.api import live_messages as messages
from serving.api.keys import Admission
from serving.api.live_channels import Channel, LiveChannels, TooManyCallsError
from serving.api.live_page import add_page
from serving.api.problems import ProblemError
from serving.api.state import ApiState
from serving.usecases.live import LiveParts
from serving.usecases.live_precedents import PastCallsOf
from serving.usecases.live_replay import TAKEN_OVER
from serving.usecases.score_log import log_to
from serving.usecases.team import our_side

PATH: Final = "/v1/live"
KEY_PROTOCOL: Final = "coach.key."  # a browser can't set headers of a socket, only protocols
PROTOCOL: Final = "coach.live.v1"
MAX_FAULTS: Final = 20
FIRST_MESSAGE_S: Final = 20.0
IDLE_S: Final = 1_800.0
_NORMAL, _AWAY, _POLICY, _LATER = 1000, 1001, 1008, 1013


@dataclass(frozen=True)
class LiveDoor:
    """What a server that offers running calls says about itself.

    ``owner``: whose a connection is, or None where it isn't let in; ``our_side``: who is on our side where a call
    doesn't say so; ``needs_key``: whether the page has to ask for a key; ``is_still_in``: whether who was let in would
    still be, which is asked before each message in and out.
    """

    channels: Callable[[], LiveChannels]
    owner: Callable[[WebSocket], Awaitable[str | None]]
    our_side: Callable[[Sequence[str]], Sequence[str]]
    needs_key: Callable[[], bool] = lambda: False
    is_still_in: Callable[[WebSocket], bool] = lambda _: True


def add_live(app: FastAPI) -> None:
    """Adds the socket and the page to the REST interface, with its model, library, index and keys."""
    add_routes(app, _door_of(app))


def add_routes(router: FastAPI | APIRouter, door: LiveDoor) -> None:
    """Adds the socket and the page, for those whom the door lets in."""

    async def live(socket: WebSocket) -> None:
        owner = await door.owner(socket)
        if owner is None:
            await socket.close(_POLICY)
            return
        offered = socket.scope.get("subprotocols") or []
        await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        await _Connection(socket, door, owner).run()

    router.add_api_websocket_route(PATH, live)
    add_page(router, door.needs_key)


class _Connection:
    """One socket from its first message to its end."""

    def __init__(self, socket: WebSocket, door: LiveDoor, owner: str) -> None:
        self._socket = socket
        self._door = door
        self._owner = owner
        self._channel: Channel | None = None
        self._is_driver = False
        self._n_faults = 0
        self._sending: asyncio.Task[None] | None = None
        self._sends = asyncio.Lock()

    async def run(self) -> None:
        """Answers until the socket is closed."""
        try:
            while await self._one(FIRST_MESSAGE_S if self._channel is None else IDLE_S):
                pass
        except (WebSocketDisconnect, RuntimeError):  # the latter where it was closed while something was sent
            pass
        except TimeoutError:
            await self._close(_AWAY)
        finally:
            if self._sending is not None:
                self._sending.cancel()
                await asyncio.gather(self._sending, return_exceptions=True)
            if self._channel is not None and self._is_driver:
                self._channel.leave(self)

    async def _one(self, seconds: float) -> bool:
        """Takes one message; says whether to go on."""
        received = await asyncio.wait_for(self._socket.receive(), seconds)
        if received["type"] == "websocket.disconnect":
            return False
        if not self._door.is_still_in(self._socket):
            await self._close(_POLICY)
            return False
        text = received.get("text")
        try:
            if text is None:
                raise messages.NotReadableError("Messages are text, one JSON object each; sound isn't taken.")
            await self._take(messages.read(text))
        except messages.NotReadableError as fault:
            self._n_faults += 1
            await self._send(messages.error("malformed", str(fault)))
            if self._n_faults >= MAX_FAULTS:
                await self._close(_POLICY)
                return False
        return True

    async def _take(self, message: messages.Incoming) -> None:
        if isinstance(message, messages.Ping):
            await self._send(messages.sent({"type": "pong"}))
        elif isinstance(message, messages.Begin):
            await self._begin(message)
        elif isinstance(message, messages.Watch):
            await self._watch(message)
        elif self._channel is None:
            await self._send(messages.error("not_begun", 'Send {"type": "begin"} first.'))
        elif not self._is_driver:
            await self._send(messages.error("only_watching", "This connection watches; turns come by another one."))
        elif isinstance(message, messages.Said):
            await self._put(self._channel, message)
        else:
            await self._end(self._channel)

    async def _begin(self, message: messages.Begin) -> None:
        if self._channel is not None:
            await self._send(messages.error("begun_already", "A connection is for one call; open another one."))
            return
        try:
            rep = self._door.our_side(message.rep)
            channel, is_resumed = await self._door.channels().begin(
                self._owner, message.call_id, rep, message.planned_s
            )
        except TooManyCallsError as problem:
            await self._send(messages.error("busy", str(problem)))
            await self._close(_LATER)
            return
        except CoachError as problem:
            await self._send(messages.error("unavailable", without_paths(str(problem))))
            await self._close(_LATER)
            return
        self._channel, self._is_driver = channel, True
        channel.drive(self)
        seen = channel.seen
        begun = {
            "type": "begun",
            "call_id": channel.call.call_id,
            "resumed": is_resumed,
            "last_order": channel.call.turns.last_order,
            "cues": [cue.model_dump(mode="json") for cue in channel.call.pace.given],
        }
        await self._send(messages.sent(begun))
        if is_resumed:  # how it stands may have been told to nobody
            seen = replace(seen, n_updates=max(0, seen.n_updates - 1))
        self._sending = asyncio.create_task(self._pass_on(channel, channel.messages(seen, self)))

    async def _watch(self, message: messages.Watch) -> None:
        if self._channel is not None:
            await self._send(messages.error("begun_already", "A connection is for one call; open another one."))
            return
        channel = self._door.channels().find(self._owner, message.call_id)
        if channel is None:
            await self._send(messages.error("no_such_call", "No such call goes on; watch it when it has begun."))
            return
        self._channel = channel
        seen, history = channel.seen, channel.history()
        await self._send(messages.sent(history))
        self._sending = asyncio.create_task(self._pass_on(channel, channel.messages(seen, None)))

    async def _put(self, channel: Channel, message: messages.Said) -> None:
        try:
            channel.put(message)
        except InputError as problem:
            await self._send(messages.error("turn_refused", str(problem), message.turn_order))

    async def _end(self, channel: Channel) -> None:
        try:
            await channel.end()
        except TranscriptError:
            await self._send(messages.error("nothing_said", "No turn is final yet, so there is nothing to score."))
        except CoachError as problem:
            await self._send(messages.error("unavailable", without_paths(str(problem))))

    async def _pass_on(self, channel: Channel, following: AsyncIterator[str]) -> None:
        """Sends what comes of the call until it ends, is dropped, or another connection takes it over."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            async for text in following:
                await self._send(text)
            is_over = channel.call.score is not None or not self._is_driver
            await self._close(_NORMAL if is_over else TAKEN_OVER)

    async def _send(self, text: str) -> None:
        async with self._sends:
            if not self._door.is_still_in(self._socket):
                await self._close(_POLICY)
                raise WebSocketDisconnect(_POLICY)
            await self._socket.send_text(text)

    async def _close(self, code: int) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(code)


def _door_of(app: FastAPI) -> LiveDoor:
    """The REST interface's: its own keys, and the model, library and index that its process holds open."""
    admission: Admission = app.state.admission

    async def owner(socket: WebSocket) -> str | None:
        try:
            return admission.admit(_authorization(socket), "read") or ""
        except (ProblemError, CoachError):
            return None

    def ours(rep: Sequence[str]) -> Sequence[str]:
        return our_side(app.state.coach.settings, rep)

    return LiveDoor(
        channels=lambda: app.state.live,
        owner=owner,
        our_side=ours,
        needs_key=lambda: admission.keys.in_use,
        is_still_in=lambda socket: admission.holds(_authorization(socket), "read"),
    )


@asynccontextmanager
async def open_live(app: FastAPI) -> AsyncIterator[None]:
    """Keeps the running calls, while it is open."""
    state: ApiState = app.state.coach

    def open_parts() -> LiveParts:
        assert isinstance(state.parts.scorer, CallScorer)
        return LiveParts(state.parts.scorer, PastCallsOf(state.parts), log_to(state.settings.library_file, "api"))

    app.state.live = LiveChannels(open_parts, state.settings.slots)
    try:
        yield
    finally:
        await app.state.live.close()


def _authorization(socket: WebSocket) -> str | None:
    """The header or, from a browser, the key among the protocols that it offers."""
    given = socket.headers.get("authorization")
    if given is not None:
        return given
    offered: list[str] = socket.scope.get("subprotocols") or []
    keys = [one.removeprefix(KEY_PROTOCOL) for one in offered if one.startswith(KEY_PROTOCOL)]
    return f"Bearer {keys[0]}" if keys else None
