"""Who may ask: a key as ``Authorization: Bearer``, what it may do, and how often."""

import math
import time
from typing import Annotated, Final

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer as BearerModel
from fastapi.security.base import SecurityBase
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from serving.api.problems import ProblemError
from serving.usecases.api_keys import ApiKey, ApiKeys, Scope


class Admission:
    """The keys of a home, how often each may ask, and whether anybody gets in without one."""

    def __init__(self, settings: Settings) -> None:
        self.keys = ApiKeys(settings.api_keys_file)
        self._limit = limit_of(settings)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def key_of(self, authorization: str | None) -> ApiKey | None:
        """The key that a request comes with, which is counted; None where there are no keys.

        Raises:
            ProblemError: it comes without a key that holds, or the key has asked too often.
            CoachError: the file of keys can't be read.
        """
        key = self._found(authorization)
        if key is not None:
            self._count(key)
        return key

    def holds(self, authorization: str | None, scope: Scope) -> bool:
        """Whether the key of who was admitted still allows ``scope``; it is not counted."""
        try:
            check_scope(self._found(authorization), scope)
        except (ProblemError, CoachError):
            return False
        return True

    def _found(self, authorization: str | None) -> ApiKey | None:
        if not self.keys.in_use:
            return None
        kind, _, secret = (authorization or "").partition(" ")
        key = self.keys.find(secret.strip()) if kind.casefold() == "bearer" and secret.strip() else None
        if key is None:
            given = ' error="invalid_token"' if authorization else ""
            raise ProblemError(
                "no-key",
                "Send a key that holds as `Authorization: Bearer …`; `coach key add NAME` on the server makes one.",
                headers={"WWW-Authenticate": f"Bearer{given}"},
            )
        return key

    def admit(self, authorization: str | None, scope: Scope) -> str | None:
        """The name of the key that a request comes with, if it allows ``scope``; None where there are no keys.

        Raises:
            ProblemError: as ``key_of``, or the key may not do this.
        """
        key = self.key_of(authorization)
        check_scope(key, scope)
        return None if key is None else key.name

    def _count(self, key: ApiKey) -> None:
        if self._limiter.hit(self._limit, key.hash):
            return
        window = self._limiter.get_window_stats(self._limit, key.hash)
        raise ProblemError(
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


def check_scope(key: ApiKey | None, scope: Scope) -> None:
    """Raises ProblemError where a key may not do this; without keys everybody at this machine may do everything."""
    if key is not None and not key.allows(scope):
        raise ProblemError(
            "not-allowed",
            f"This key may do: {', '.join(key.scopes)}; this needs {scope}.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
        )


class Required(SecurityBase):
    """A FastAPI dependency of requests that gives the key's name; None where there are no keys."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.scheme_name = "key"
        self.model = BearerModel(description="A key of `coach key add NAME`; its scopes are read, write and admin.")

    async def __call__(self, request: Request) -> str | None:
        """Looks whether the key of a request, which ``Front`` has found already, may do this.

        Raises:
            ProblemError: it may not.
        """
        key: ApiKey | None = request.state.key
        check_scope(key, self.scope)
        return None if key is None else key.name


_REQUIRED: Final[dict[Scope, Required]] = {scope: Required(scope) for scope in ("read", "write", "admin")}


def require(scope: Scope) -> Required:
    """What an endpoint depends on, as ``Annotated[str | None, Depends(require("read"))]``: a key that allows it."""
    return _REQUIRED[scope]


# For endpoints: the name of the key, which allows this.
Reading = Annotated[str | None, Depends(require("read"))]
Writing = Annotated[str | None, Depends(require("write"))]
Administering = Annotated[str | None, Depends(require("admin"))]
