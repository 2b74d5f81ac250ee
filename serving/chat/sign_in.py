"""Who a request to the chat is from: the sign-in by password, and what stands before Chainlit to make it hold."""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from salescoach.errors import CoachError
from serving.chat.accounts import Accounts, Throttle
from serving.chat.asgi import refuse
from serving.chat.sessions import Sessions
from serving.web.asgi import App, Headers, Message, Receive, Send

logger = logging.getLogger(__name__)

LOCAL_USER: Final = "local"

_HASHES_AT_ONCE: Final = 2
_RENEW_AFTER_S: Final = 600
_LOOK_EVERY_S: Final = 1.0
_SIGN_OUT: Final = "/logout"
# Where much is read or kept before Chainlit asks who it is from.
_FOR_USERS: Final = ("/ws/", "/project/file")
_BROWSER_DAYS: Final = 365
_LOG_KEY: Final = secrets.token_bytes(16)


@dataclass
class _Asking:
    """What of a request the password check needs to know, and what it says about it: who has just signed in."""

    address: str = ""
    browser: str = ""
    signed_in: str = ""


_asking: ContextVar[_Asking | None] = ContextVar("asking", default=None)


class SignIn:
    """Pure ASGI middleware: decides who a request is from. Chainlit checks nothing but the signature of a cookie.

    With accounts, a session that has been ended, whose time is over, or whose account is gone or has a new password,
    is none any more, and an open socket of it is closed. A session comes in its cookie only: an ``Authorization``
    header counts for nothing. Without accounts, every request is the local user's: ``Guard`` lets none through but
    this machine's own, and nobody has to sign in.
    """

    def __init__(self, app: App, sessions: Sessions | None) -> None:
        self._app = app
        self._sessions = sessions
        self._local: tuple[float, str] = (0.0, "")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on as whose it is."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers: Headers = scope["headers"]
        if self._sessions is None:
            local = f"{_cookie_name()}={self._local_token()}"
            await self._app({**scope, "headers": _with_session(headers, local)}, receive, send)
            return
        cookies = _cookies(headers)
        asking = _Asking((scope.get("client") or ("",))[0], cookies.get(_browser_cookie(), ""))
        _asking.set(asking)
        session_id = _session_id(_token(cookies))
        if not _holds(self._sessions, session_id):
            session_id = ""
            headers = _with_session(headers, None)
            if scope["path"].startswith(_FOR_USERS):
                await refuse(scope, send, 401, "Sign in first.")
                return
        elif scope["path"] == _SIGN_OUT and scope.get("method") == "POST":
            self._sessions.end(session_id)
        scope = {**scope, "headers": [(name, value) for name, value in headers if name != b"authorization"]}
        if scope["type"] == "websocket":
            socket = _Socket(lambda: _holds(self._sessions, session_id), receive, send)
            await socket.run(self._app, scope)
        else:
            await self._app(scope, receive, _with_cookies(scope, send, asking))

    def _local_token(self) -> str:
        from chainlit.auth import create_jwt
        from chainlit.user import User

        made_at, token = self._local
        if time.monotonic() - made_at > _RENEW_AFTER_S or not token:
            token = str(create_jwt(User(identifier=LOCAL_USER, display_name="This machine")))
            self._local = (time.monotonic(), token)
        return token


class _Socket:
    """An open socket that is closed when its session is over: nothing goes through it after that, in either way."""

    def __init__(self, holds: Callable[[], bool], receive: Receive, send: Send) -> None:
        self._holds = holds
        self._receive = receive
        self._send = send
        self._is_closed = False

    async def run(self, app: App, scope: Message) -> None:
        """Passes the socket on; ends with it."""
        watch = asyncio.create_task(self._watch())
        try:
            await app(scope, self._received, self._sent)
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while self._holds():
            await asyncio.sleep(_LOOK_EVERY_S)
        with contextlib.suppress(OSError, RuntimeError):  # the other side was faster
            await self._close()

    async def _close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            await self._send({"type": "websocket.close", "code": 1008})

    async def _received(self) -> Message:
        message = await self._receive()
        return message if self._holds() else {"type": "websocket.disconnect", "code": 1008}

    async def _sent(self, message: Message) -> None:
        if not self._holds():
            await self._close()
        elif not self._is_closed:
            self._is_closed = message["type"] == "websocket.close"
            await self._send(message)


class PasswordCheck:
    """Checks a password as the login page gives it: never many at once, and slowly after failures."""

    def __init__(self, accounts: Accounts, throttle: Throttle | None = None) -> None:
        self._accounts = accounts
        self._throttle = throttle or Throttle()
        self._turn = asyncio.Semaphore(_HASHES_AT_ONCE)

    async def __call__(self, name: str, password: str) -> str | None:
        """The name of the account, or None where name or password is wrong, or there were too many failures."""
        asking = _asking.get() or _Asking()
        name = name.strip().casefold()[:100]
        who = (name, asking.address, asking.browser if _is_known(name, asking.browser) else "")
        # What is typed as a name may be a password: the log tells attempts apart, and no more.
        of = f"{hmac.digest(_LOG_KEY, name.encode('utf-8', 'replace'), 'sha256').hex()[:8]} from {asking.address}"
        if self._throttle.is_closed(*who):  # before the queue, which a flood must not fill
            logger.warning("Too many wrong passwords for the name #%s; nothing is tried for a while.", of)
            return None
        async with self._turn:
            if self._throttle.is_closed(*who):
                return None
            self._throttle.failed(*who)  # it may be: those that are tried at the same time have to know
            try:
                found = await asyncio.to_thread(self._accounts.check, name, password)
            except CoachError as error:
                logger.error("%s Nobody can sign in.", error)
                return None
        if found is None:
            logger.warning("A wrong name or password for the name #%s.", of)
        else:
            self._throttle.succeeded(*who)
            asking.signed_in = found
        return found


def signed_in(name: str, sessions: Sessions) -> Any:
    """Chainlit's user of a session that begins now; its cookie names the session."""
    from chainlit.user import User

    return User(identifier=name, metadata={"session": sessions.begin(name)})


def _holds(sessions: Sessions | None, session_id: str) -> bool:
    try:
        return sessions is not None and bool(session_id) and sessions.user(session_id) is not None
    except CoachError as error:
        logger.error("%s Nobody can sign in.", error)
        return False


def _session_id(token: str) -> str:
    """The session that a cookie is signed for; empty where it is none."""
    import jwt
    from chainlit.auth.jwt import get_jwt_secret

    try:
        claims: dict[str, Any] = jwt.decode(token, get_jwt_secret(), algorithms=["HS256"])
        return str(claims["metadata"]["session"])
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        return ""


def _cookie_name() -> str:
    from chainlit.auth.cookie import _auth_cookie_name

    return str(_auth_cookie_name)


def _token(cookies: dict[str, str]) -> str:
    """What Chainlit would take for a session."""
    from chainlit.auth import get_token_from_cookies

    return get_token_from_cookies(cookies) or ""


def _cookies(headers: Headers) -> dict[str, str]:
    from starlette.requests import cookie_parser

    return dict(cookie_parser("; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")))


def _with_session(headers: Headers, session: str | None) -> Headers:
    """The request with this session in place of what it came with; None: with none."""
    others = [f"{name}={value}" for name, value in _cookies(headers).items() if not name.startswith(_cookie_name())]
    cookies = "; ".join([*others, *([session] if session else [])])
    kept = [(name, value) for name, value in headers if name not in (b"cookie", b"authorization")]
    return [*kept, (b"cookie", cookies.encode("latin-1"))] if cookies else kept


def _with_cookies(scope: Message, send: Send, asking: _Asking) -> Send:
    """Cookies go back over TLS only where they came by it; who has signed in is known again by their browser."""

    async def send_with_cookies(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: Headers = list(message.get("headers", ()))
            if asking.signed_in:
                headers.append((b"set-cookie", _remembered(asking.signed_in).encode("latin-1")))
            if scope.get("scheme") == "https":
                headers = [(n, v + b"; Secure" if n.lower() == b"set-cookie" else v) for n, v in headers]
            message = {**message, "headers": headers}
        await send(message)

    return send_with_cookies


# A browser that has signed in to an account before. That lets nobody in; its wrong passwords are counted by themselves.
# https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies


def _browser_cookie() -> str:
    return f"browser_{_cookie_name()}"


def _remembered(name: str) -> str:
    mark = secrets.token_hex(16)
    value = f"{mark}.{_signed(name, mark)}"
    age = _BROWSER_DAYS * 86_400
    return f"{_browser_cookie()}={value}; HttpOnly; Max-Age={age}; Path=/login; SameSite=Lax"


def _is_known(name: str, cookie: str) -> bool:
    mark, _, signature = cookie.partition(".")
    return bool(mark) and hmac.compare_digest(signature.encode(), _signed(name, mark).encode())


def _signed(name: str, mark: str) -> str:
    from chainlit.auth.jwt import get_jwt_secret

    text = f"browser\n{name}\n{mark}".encode("utf-8", "replace")
    return hmac.new((get_jwt_secret() or "").encode(), text, hashlib.sha256).hexdigest()
