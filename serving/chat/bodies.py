"""What a request may carry: so many bytes, strict JSON, and ids of sessions that can't be anything else."""

import json
import uuid
from typing import Any, Final
from urllib.parse import parse_qs

from serving.chat.asgi import App, Message, Receive, Send, refuse

MAX_BYTES: Final = 100_000
MAX_UPLOAD_BYTES: Final = 4_000_000  # twice the largest file, with what a form puts around it

_UPLOADS: Final = "/project/file"
_FORMS: Final = (b"multipart/form-data", b"application/x-www-form-urlencoded")
_NO_BODY: Final = frozenset({"GET", "HEAD"})  # Chainlit reads none of theirs
_LARGEST_INTEGER: Final = 2**63 - 1  # SQLite's
_MOST_DIGITS: Final = 18


class RefusedError(Exception):
    """A request is refused, with the status and the sentence that say why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def is_session_id(value: object) -> bool:
    """Whether it is a UUID as the page writes it, and nothing that could be a path."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


class Bodies:
    """Pure ASGI middleware: reads a request's body and checks it, before Chainlit looks at it.

    The bytes are counted as they arrive: a body in chunks doesn't say how long it is.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on with its body, or refuses it."""
        try:
            receive = await _checked(scope, receive) if scope["type"] == "http" else receive
        except RefusedError as error:
            await refuse(scope, send, error.status, error.reason)
            return
        await self._app(scope, receive, send)


def check_length(scope: Message, given: str) -> None:
    """Looks at how long a body is said to be, so that one that is too large needn't be sent.

    Raises:
        RefusedError: it is longer than is taken there, or that is no length.
    """
    if not (given.isascii() and given.isdigit()):
        raise RefusedError(400, "That is no length.")
    if len(given) > _MOST_DIGITS or int(given) > _limit(scope):
        raise RefusedError(413, "That is too large.")


async def _checked(scope: Message, receive: Receive) -> Receive:
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if not all(map(is_session_id, query.get("session_id", ()))):
        raise RefusedError(400, "That is no id of a session.")
    if scope["method"] in _NO_BODY:
        return receive
    body = await _read(receive, _limit(scope))
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if body and not kind.strip().lower().startswith(_FORMS):
        _check_json(body)
    return _again(body, receive)


def _limit(scope: Message) -> int:
    return MAX_UPLOAD_BYTES if scope.get("path") == _UPLOADS and scope.get("method") == "POST" else MAX_BYTES


async def _read(receive: Receive, limit: int) -> bytes:
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


def _check_json(body: bytes) -> None:
    """Refuses what some parsers take for JSON and others can't write: NaN, halves of characters, endless integers."""
    try:
        value = json.loads(body, parse_int=_integer, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise RefusedError(422, "That is no JSON that can be used.") from None
    if isinstance(value, dict):
        for name in ("sessionId", "session_id"):
            if name in value and not is_session_id(value[name]):
                raise RefusedError(400, "That is no id of a session.")


def _integer(digits: str) -> int:
    value = int(digits)
    if abs(value) > _LARGEST_INTEGER:
        raise ValueError(digits)
    return value


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _again(body: bytes, receive: Receive) -> Receive:
    is_given = False

    async def given() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return given
