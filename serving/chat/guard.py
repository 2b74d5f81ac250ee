"""The outermost of what stands before Chainlit: what is answered at all, and with which headers."""

from collections.abc import Collection
from typing import Final

from serving.chat.asgi import refuse
from serving.chat.bodies import limit_of
from serving.chat.page import content_policy
from serving.web.addresses import is_meant, place, tidy_hosts
from serving.web.asgi import App, Message, Receive, Send
from serving.web.bodies import RefusedError, check_length

_PUBLIC: Final = "/public/"
_SOCKETS: Final = "/ws/"
# What Chainlit and FastAPI serve besides, and this page has no use for.
_CLOSED: Final = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/mcp", "/project/element"})
_CLOSED_FOLDERS: Final = ("/copilot/", "/auth/oauth/", "/slack/", "/teams/")
# What may lie in a cache: it is the same for everybody.
_STATIC: Final = ("/assets/", _PUBLIC, "/favicon", "/logo", "/avatars/")
# Files that people gave or the coach made: opened by themselves they can do nothing.
_FILES: Final = ("/project/file/", "/history/element/")
_FILE_POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"

_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Guard:
    """Pure ASGI middleware: security headers on every response, and no request but its own page's.

    Chainlit lets any website that the user has open connect to its socket. A page elsewhere must not be able to read
    calls, so the page that asks has to come from the very address that is asked. And that address has to be one that
    is meant: otherwise a website could point a name of its own at this machine and be such a page (DNS rebinding).
    Meant are this machine, the address that is listened on and the names that were given. Where every address is
    listened on, any number will do: a page can't be opened by a number that is not its server's.

    Args:
        app: what it stands before.
        hosts: names and addresses that are meant besides this machine.
        policy: the content security policy of the page.
        public: the paths below ``/public/`` that are served; whatever else gets there is not.
    """

    def __init__(
        self, app: App, hosts: Collection[str] = (), policy: str = content_policy(), public: Collection[str] = ()
    ) -> None:
        self._app = app
        self._hosts = tidy_hosts(hosts)
        self._policy = policy
        self._public = frozenset(public)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        path = scope.get("path", "")
        send = self._with_headers(path, send)
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        try:
            if not self._is_own(headers):
                raise RefusedError(403, "This address answers only to its own page.")
            if self._is_closed(scope["type"], path):
                raise RefusedError(404, "There is nothing here.")
            check_length(headers.get(b"content-length", "0"), limit_of(scope))
        except RefusedError as error:
            await refuse(scope, send, error.status, error.reason)
            return
        await self._app(scope, receive, send)

    def _is_own(self, headers: dict[bytes, str]) -> bool:
        asked = place(f"//{headers.get(b'host', '')}")
        if asked is None or not is_meant(asked[0], self._hosts):
            return False
        origin = headers.get(b"origin")
        return origin is None or place(origin) == asked

    def _is_closed(self, kind: str, path: str) -> bool:
        """Also the socket's other transport, by single requests: who asks is looked at when it is opened, not later."""
        if path.startswith(_PUBLIC):
            return path not in self._public
        return path in _CLOSED or path.startswith(_CLOSED_FOLDERS) or (kind == "http" and path.startswith(_SOCKETS))

    def _with_headers(self, path: str, send: Send) -> Send:
        policy = _FILE_POLICY if path.startswith(_FILES) else self._policy
        given = [*_HEADERS, (b"content-security-policy", policy.encode())]
        if not path.startswith(_STATIC):
            given.append((b"cache-control", b"no-store"))
        names = {name for name, _ in given}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in names]
                message = {**message, "headers": [*kept, *given]}
            await send(message)

        return send_with_headers
