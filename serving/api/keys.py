"""Who may ask: a key as ``Authorization: Bearer``, what it may do, and how often."""

import math
import time
from typing import Final

from fastapi.openapi.models import HTTPBearer as BearerModel
from fastapi.security.base import SecurityBase
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection

from salescoach.config import Settings
from salescoach.errors import InputError
from serving.api.problems import Problem
from serving.usecases.api_keys import ApiKey, ApiKeys, Scope

_POLICY_VIOLATION: Final = 1008


class Admission:
    """The keys of a home, how often each may ask, and whether anybody gets in without one."""

    def __init__(self, settings: Settings) -> None:
        self.keys = ApiKeys(settings.api_keys_file)
        self._limit = limit_of(settings)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def admit(self, authorization: str | None, scope: Scope) -> str | None:
        """The name of the key that a request comes with; None where there are no keys.

        Raises:
            Problem: it comes without a key that holds, the key may not do this, or it has asked too often.
        """
        if not self.keys.in_use:
            return None
        key = self._found(authorization)
        if not key.allows(scope):
            raise Problem(
                "not-allowed",
                f"This key may do: {', '.join(key.scopes)}; this needs {scope}.",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        self._count(key)
        return key.name

    def _found(self, authorization: str | None) -> ApiKey:
        kind, _, secret = (authorization or "").partition(" ")
        key = self.keys.find(secret.strip()) if kind.casefold() == "bearer" and secret.strip() else None
        if key is None:
            given = ' error="invalid_token"' if authorization else ""
            raise Problem(
                "no-key",
                "Send a key that holds as `Authorization: Bearer …`; `coach key add NAME` on the server makes one.",
                headers={"WWW-Authenticate": f"Bearer{given}"},
            )
        return key

    def _count(self, key: ApiKey) -> None:
        if self._limiter.hit(self._limit, key.hash):
            return
        window = self._limiter.get_window_stats(self._limit, key.hash)
        raise Problem(
            "too-many-requests",
            f"A key may ask {self._limit.amount} times in {self._limit.get_expiry()} seconds; ask again later.",
            headers={"Retry-After": str(max(1, math.ceil(window.reset_time - time.time())))},
        )


def limit_of(settings: Settings) -> RateLimitItem:
    """How often a key may ask.

    Raises:
        InputError: the setting can't be read.
    """
    try:
        return parse(settings.api_rate)
    except ValueError:
        raise InputError(
            f"The setting COACH_API_RATE can't be used: {settings.api_rate!r}; give a number and a time, such as "
            "120/minute."
        ) from None


class Required(SecurityBase):
    """A FastAPI dependency, of requests and WebSockets, that gives the key's name; None where there are no keys."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.scheme_name = "key"
        self.model = BearerModel(description="A key of `coach key add NAME`; its scopes are read, write and admin.")

    async def __call__(self, connection: HTTPConnection) -> str | None:
        """Admits a request.

        Raises:
            Problem: it is not admitted.
            WebSocketException: a WebSocket is not.
        """
        admission: Admission = connection.app.state.admission
        try:
            name = admission.admit(connection.headers.get("authorization"), self.scope)
        except Problem as problem:
            if connection.scope["type"] == "websocket":
                raise WebSocketException(_POLICY_VIOLATION, problem.detail) from None
            raise
        connection.scope.setdefault("state", {})["key_name"] = name
        return name


def require(scope: Scope) -> Required:
    """What an endpoint depends on, as ``Annotated[str | None, Depends(require("read"))]``: a key that allows it."""
    return _REQUIRED[scope]


_REQUIRED: Final[dict[Scope, Required]] = {scope: Required(scope) for scope in ("read", "write", "admin")}
