"""Bodies of requests: so many bytes, counted as they arrive, and strict JSON."""

import json
from typing import Any, Final

from serving.web.asgi import Message, Receive

_LARGEST_INTEGER: Final = 2**63 - 1  # SQLite's
_MOST_DIGITS: Final = 18


class RefusedError(Exception):
    """A request is refused, with the status and the sentence that say why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def check_length(given: str, limit: int) -> None:
    """Looks at how long a body is said to be, so that one that is too large needn't be sent.

    Raises:
        RefusedError: it is longer than ``limit`` bytes, or that is no length.
    """
    if not (given.isascii() and given.isdigit()):
        raise RefusedError(400, "That is no length.")
    if len(given) > _MOST_DIGITS or int(given) > limit:
        raise RefusedError(413, "That is too large.")


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body. The bytes are counted as they arrive: a body in chunks doesn't say how long it is.

    Raises:
        RefusedError: it is longer than ``limit`` bytes, or the request broke off.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "The request broke off.")
        body += message.get("body", b"")
        if len(body) > limit:
            raise RefusedError(413, "That is too large.")
        if not message.get("more_body", False):
            return bytes(body)


def strict_json(body: bytes) -> Any:
    """What a body says, unless some parsers take it for JSON and others can't write it.

    Raises:
        RefusedError: it is no JSON, or holds NaN, half of a character or an integer without end.
    """
    try:
        value = json.loads(body, parse_int=_integer, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise RefusedError(422, "That is no JSON that can be used.") from None
    return value


def again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read once more, and then whatever comes after it."""
    is_given = False

    async def given() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return given


def _integer(digits: str) -> int:
    value = int(digits)
    if abs(value) > _LARGEST_INTEGER:
        raise ValueError(digits)
    return value


def _no_number(name: str) -> Any:
    raise ValueError(name)
