"""What a request may carry: so many bytes, strict JSON, and ids of sessions that can't be anything else."""

import uuid
from typing import Final
from urllib.parse import parse_qs

from serving.chat.asgi import refuse
from serving.web.asgi import App, Message, Receive, Send
from serving.web.bodies import RefusedError, again, read_body, strict_json

MAX_BYTES: Final = 100_000
MAX_UPLOAD_BYTES: Final = 4_000_000  # twice the largest file, with what a form puts around it

_UPLOADS: Final = "/project/file"
_FORMS: Final = (b"multipart/form-data", b"application/x-www-form-urlencoded")
_NO_BODY: Final = frozenset({"GET", "HEAD"})  # Chainlit reads none of theirs


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


async def _checked(scope: Message, receive: Receive) -> Receive:
    # Read first: where a body is left unread the connection is reset, and the answer can be lost with it.
    body = b"" if scope["method"] in _NO_BODY else await read_body(receive, limit_of(scope))
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if not all(map(is_session_id, query.get("session_id", ()))):
        raise RefusedError(400, "That is no id of a session.")
    if scope["method"] in _NO_BODY:
        return receive
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if body and not kind.strip().lower().startswith(_FORMS):
        _check_json(body)
    return again(body, receive)


def limit_of(scope: Message) -> int:
    """How many bytes are taken at a path."""
    return MAX_UPLOAD_BYTES if scope.get("path") == _UPLOADS and scope.get("method") == "POST" else MAX_BYTES


def _check_json(body: bytes) -> None:
    value = strict_json(body)
    if isinstance(value, dict):
        for name in ("sessionId", "session_id"):
            if name in value and not is_session_id(value[name]):
                raise RefusedError(400, "That is no id of a session.")
