"""Who a request to the chat is from: the sign-in by password, and what stands before Chainlit to make it hold."""

import asyncio
import logging
import time
from contextvars import ContextVar
from typing import Any, Final

from salescoach.errors import CoachError
from serving.accounts import Accounts, Throttle
from serving.web import App, Message, Receive, Send

logger = logging.getLogger(__name__)

LOCAL_USER: Final = "local"

_HASHES_AT_ONCE: Final = 2
_RENEW_AFTER_S: Final = 3_600

Headers = list[tuple[bytes, bytes]]

_address: ContextVar[str] = ContextVar("address", default="")


class SignIn:
    """Pure ASGI middleware: decides who a request is from. Chainlit checks nothing but the signature of a cookie.

    With accounts, a session whose account is gone or has a new password is none any more. Without accounts, every
    request is the local user's: ``Guard`` lets none through but this machine's own, and nobody has to sign in.
    """

    def __init__(self, app: App, accounts: Accounts | None) -> None:
        self._app = app
        self._accounts = accounts
        self._local: tuple[float, str] = (0.0, "")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on as whose it is."""
        if scope["type"] in ("http", "websocket"):
            _address.set((scope.get("client") or ("",))[0])
            scope = {**scope, "headers": self._headers(scope["headers"])}
        await self._app(scope, receive, send)

    def _headers(self, headers: Headers) -> Headers:
        if self._accounts is None:
            return _with_session(headers, f"{_cookie_name()}={self._local_token()}")
        is_over = any(not _is_valid(self._accounts, token) for token in _tokens(headers))
        return _with_session(headers, None) if is_over else headers

    def _local_token(self) -> str:
        from chainlit.auth import create_jwt
        from chainlit.user import User

        made_at, token = self._local
        if time.monotonic() - made_at > _RENEW_AFTER_S or not token:
            token = str(create_jwt(User(identifier=LOCAL_USER, display_name="This machine")))
            self._local = (time.monotonic(), token)
        return token


class PasswordCheck:
    """Checks a password as the login page gives it: never many at once, and slowly after failures."""

    def __init__(self, accounts: Accounts, throttle: Throttle | None = None) -> None:
        self._accounts = accounts
        self._throttle = throttle or Throttle()
        self._turn = asyncio.Semaphore(_HASHES_AT_ONCE)

    async def __call__(self, name: str, password: str) -> str | None:
        """The name of the account, or None where name or password is wrong, or there were too many failures."""
        name, address = name.strip().casefold()[:100], _address.get()
        if self._throttle.is_closed(name, address):
            logger.warning("Too many wrong passwords for %r from %s; nothing is tried for a while.", name, address)
            return None
        async with self._turn:
            found = await asyncio.to_thread(self._accounts.check, name, password)
        if found is None:
            self._throttle.failed(name, address)
            logger.warning("A wrong name or password for %r from %s.", name, address)
        else:
            self._throttle.succeeded(name, address)
        return found


def _is_valid(accounts: Accounts, token: str) -> bool:
    import jwt
    from chainlit.auth.jwt import get_jwt_secret

    try:
        claims: dict[str, Any] = jwt.decode(token, get_jwt_secret(), algorithms=["HS256"])
        return accounts.admits(str(claims["identifier"]), float(claims["iat"]))
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        return False
    except CoachError as error:
        logger.error("%s Nobody can sign in.", error)
        return False


def _cookie_name() -> str:
    from chainlit.auth.cookie import _auth_cookie_name

    return str(_auth_cookie_name)


def _tokens(headers: Headers) -> list[str]:
    """Everything in a request that Chainlit would take for a session."""
    from chainlit.auth import get_token_from_cookies

    bearers = [value.decode("latin-1").partition(" ")[2].strip() for name, value in headers if name == b"authorization"]
    cookie = get_token_from_cookies(_cookies(headers))
    return bearers if cookie is None else [cookie, *bearers]


def _cookies(headers: Headers) -> dict[str, str]:
    from starlette.requests import cookie_parser

    return dict(cookie_parser("; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")))


def _with_session(headers: Headers, session: str | None) -> Headers:
    """The request with this session in place of what it came with; None: with none."""
    others = [f"{name}={value}" for name, value in _cookies(headers).items() if not name.startswith(_cookie_name())]
    cookies = "; ".join([*others, *([session] if session else [])])
    kept = [(name, value) for name, value in headers if name not in (b"cookie", b"authorization")]
    return [*kept, (b"cookie", cookies.encode("latin-1"))] if cookies else kept
