"""Plays a transcript as if the call were going on: into a running call here, or into the socket of a server."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

from salescoach.errors import CoachError, InputError
from salescoach.speech.spoken import n_words
from salescoach.types import Score, Transcript, Turn
from serving.usecases.live import LiveCall, LiveParts
from serving.usecases.live_turns import LiveTurn

WORDS_PER_SECOND: Final = 2.5  # of a turn without times
MAX_PAUSE_S: Final = 60.0
ATTEMPTS: Final = 5  # to reach a server again
RETRY_S: Final = 1.0
TAKEN_OVER: Final = 4001  # with which the server closes a connection whose call another one has taken over
PATH: Final = "/v1/live"

Tell = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Pace:
    """How fast a transcript is played. ``speed``: how many times faster than it was said."""

    speed: float = 20.0
    sleep: Callable[[float], None] = time.sleep

    def before_each(self, turns: Sequence[Turn]) -> list[float]:
        """Seconds to wait before each turn: by its time or, where it has none, as long as the turn before takes."""
        waits = [0.0, *(_seconds_between(before, turn) / self.speed for before, turn in pairwise(turns))]
        return waits[: len(turns)]


def live_turns(transcript: Transcript) -> list[LiveTurn]:
    """The turns of a call as messages, final each, with the sides that they were read with."""
    return [
        LiveTurn(
            turn_order=number,
            speaker=turn.speaker,
            role=None if turn.role == "unknown" else turn.role,
            text=turn.text,
            start_s=turn.start_s,
            end_s=turn.end_s,
            final=True,
        )
        for number, turn in enumerate(transcript.turns)
    ]


def replay_here(
    parts: LiveParts, transcript: Transcript, pace: Pace, tell: Tell, *, planned_s: float | None = None
) -> Score:
    """Plays a call in this process.

    Args:
        parts: what it is scored with.
        transcript: the call.
        pace: how fast.
        tell: is given each update.
        planned_s: how long the call is to last, where that is known.

    Raises:
        ModelError: a number came out that is not finite.
    """
    usual = None if parts.past is None else parts.past.usual()
    call_id = transcript.call_id or "replay"
    call = LiveCall(parts, call_id, planned_s=planned_s, usual=usual, clock=time.monotonic)
    for turn, wait in zip(live_turns(transcript), pace.before_each(transcript.turns), strict=True):
        pace.sleep(wait)
        call.put(turn)
        if (found := call.update()) is not None:
            tell(found.model_dump(mode="json"))
    return call.end()


@dataclass(frozen=True)
class LiveAddress:
    """Where running calls are taken. ``url``: ws:// or wss://, with a path or without; ``key``: of the server."""

    url: str
    key: str | None = None

    @property
    def address(self) -> str:
        """With the path of running calls.

        Raises:
            InputError: it is no address of a socket.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise InputError("--url needs an address such as ws://127.0.0.1:8080.")
        return self.url if parts.path.strip("/") else f"{self.url.rstrip('/')}{PATH}"


async def replay_to(
    server: LiveAddress, transcript: Transcript, pace: Pace, tell: Tell, *, planned_s: float | None = None
) -> Score:
    """Plays a call into a server; where the connection breaks off it goes on with the turn after the last that came.

    Args:
        server: takes the call.
        transcript: the call.
        pace: how fast.
        tell: is given each update.
        planned_s: how long the call is to last, where that is known.

    Raises:
        InputError: the address is none, or the server can't be reached or doesn't let this in.
        CoachError: the connection broke off again and again, or the server can't score just now.
    """
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidHandshake

    begin: dict[str, Any] = {"type": "begin"}
    if transcript.call_id is not None:
        begin["call_id"] = transcript.call_id
    if planned_s is not None:
        begin["planned_s"] = planned_s
    headers = {} if server.key is None else {"Authorization": f"Bearer {server.key}"}
    has_begun = False
    for attempt in range(ATTEMPTS):
        try:
            async with connect(
                server.address, additional_headers=headers, max_size=None, proxy=None, open_timeout=10
            ) as socket:
                await socket.send(json.dumps(begin))
                begun = await _next(socket, "begun", tell)
                begin["call_id"], has_begun = begun["call_id"], True
                sending = asyncio.create_task(_send_from(socket, transcript, pace, begun["last_order"]))
                try:
                    ended = await _next(socket, "ended", tell)
                finally:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
                return Score.model_validate(ended["score"])
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code == TAKEN_OVER:
                raise CoachError("Another connection took the call over.") from None
            await asyncio.sleep(RETRY_S * (attempt + 1))
        except (OSError, InvalidHandshake, TimeoutError) as error:
            if not has_begun:
                raise InputError(
                    f"No running call can be begun at {server.address} ({_reason(error)}); check the address and, "
                    "where the server has keys, --key-file."
                ) from None
            await asyncio.sleep(RETRY_S * (attempt + 1))
    raise CoachError(f"The connection to {server.address} broke off {ATTEMPTS} times; is the server well?")


async def _send_from(socket: Any, transcript: Transcript, pace: Pace, last_order: int | None) -> None:
    """Sends the turns after the last one that is there, and the end."""
    first = 0 if last_order is None else last_order + 1
    for turn, wait in list(zip(live_turns(transcript), pace.before_each(transcript.turns), strict=True))[first:]:
        await asyncio.sleep(wait)
        await socket.send(json.dumps({"type": "turn", **turn.model_dump(mode="json")}, ensure_ascii=False))
    await socket.send('{"type": "end"}')


async def _next(socket: Any, wanted: str, tell: Tell) -> dict[str, Any]:
    """The next message of a type; updates are told.

    Raises:
        CoachError: the server says that it can't go on.
    """
    async for text in socket:
        message: dict[str, Any] = json.loads(text)
        if message["type"] == wanted:
            return message
        if message["type"] == "update":
            tell(message)
        elif message["type"] == "error":
            raise CoachError(f"The server says: {message['detail']}")
    raise _closed()


def _closed() -> Exception:
    from websockets.exceptions import ConnectionClosedOK

    return ConnectionClosedOK(None, None)


def _seconds_between(before: Turn, turn: Turn) -> float:
    if before.start_s is not None and turn.start_s is not None:
        return min(max(turn.start_s - before.start_s, 0.0), MAX_PAUSE_S)
    return min(n_words(before.text) / WORDS_PER_SECOND, MAX_PAUSE_S)


def _reason(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"status {status}" if status is not None else getattr(error, "strerror", None) or type(error).__name__
