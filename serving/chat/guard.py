"""The outermost of what stands before Chainlit: what is answered at all, and with which headers."""

import ipaddress
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from agent.chat_models import is_this_machine
from serving.chat import bodies
from serving.chat.asgi import App, Message, Receive, Send, refuse
from serving.chat.page import content_policy

_EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})
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
        self._hosts = frozenset(host.strip("[]").casefold() for host in hosts)
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
                raise bodies.RefusedError(403, "This address answers only to its own page.")
            if self._is_closed(scope["type"], path):
                raise bodies.RefusedError(404, "There is nothing here.")
            bodies.check_length(scope, headers.get(b"content-length", "0"))
        except bodies.RefusedError as error:
            await refuse(scope, send, error.status, error.reason)
            return
        await self._app(scope, receive, send)

    def _is_own(self, headers: dict[bytes, str]) -> bool:
        asked = _place(f"//{headers.get(b'host', '')}")
        if asked is None or not self._is_meant(asked[0]):
            return False
        origin = headers.get(b"origin")
        return origin is None or _place(origin) == asked

    def _is_meant(self, host: str) -> bool:
        if is_this_machine(host) or host in self._hosts:
            return True
        return bool(self._hosts & _EVERY_ADDRESS) and _is_number(host)

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


def _place(address: str) -> tuple[str, int | None] | None:
    """Host and port of an address; None as the port stands for the usual one."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return None if not host else (host.casefold(), None if port in (80, 443) else port)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
