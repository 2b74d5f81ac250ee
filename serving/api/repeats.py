"""A request that names itself with ``Idempotency-Key`` is done once, however often it is sent.

After the IETF's draft (draft-ietf-httpapi-idempotency-key-header): the same key with another request is refused with
422, one that is still running with 409, and one that was answered gets the answer that it got. A request that failed is
forgotten, so that it may be sent again.
"""

import asyncio
import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from serving.api.problems import ProblemError
from serving.api.routes import Handler, StrictRoute
from serving.usecases.answered import Answered, AnsweredRequests, OtherRequestError, StillRunningError, fingerprint_of

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"  # on an answer that was given before

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_SENT_AGAIN: Final = frozenset({"location", "content-type"})


def _named(
    key: Annotated[str | None, Header(alias=HEADER, max_length=200, description="sent again, it is done once")] = None,
) -> None:
    """For /openapi.json: ``OnceOnly`` reads it."""


def writing_routes(tag: str) -> APIRouter:
    """A router for endpoints that write."""
    return APIRouter(prefix="/v1", tags=[tag], route_class=OnceOnly, dependencies=[Depends(_named)])


class OnceOnly(StrictRoute):
    """The route of an endpoint that writes.

    Whoever goes away, the work is finished; ``app.state.answered`` keeps its answer.
    """

    def get_route_handler(self) -> Handler:
        """The endpoint's handler, which runs once for each key."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            whole = request.app.state.coach.run_whole
            key = request.headers.get(HEADER)
            if key is None:
                return await whole(handle(request))  # type: ignore[no-any-return]
            return await whole(_once(request, key, handle))  # type: ignore[no-any-return]

        return once


async def _once(request: Request, key: str, handle: Handler) -> Response:
    key = key.strip('"')  # as in the IETF's draft, or bare
    if not _KEY.fullmatch(key):
        raise ProblemError("invalid-request", f"{HEADER} has 1 to 200 visible ASCII characters, such as a UUID.")
    kept: AnsweredRequests = request.app.state.answered
    owner = "" if request.state.key is None else request.state.key.name
    fingerprint = fingerprint_of(request.method, request.url.path, await request.body())
    try:
        before = await asyncio.to_thread(kept.begin, owner, key, fingerprint)
    except OtherRequestError:
        raise ProblemError("key-reused", f"This {HEADER} was used for another request; give each its own.") from None
    except StillRunningError:
        raise ProblemError(
            "still-running",
            "The first request with this key is not done yet; ask again in a moment.",
            headers={"Retry-After": "2"},
        ) from None
    if before is not None:
        return Response(before.body, before.status, {**before.headers, REPLAYED: "true"})
    try:
        response = await handle(request)
    except BaseException:
        await asyncio.to_thread(kept.give_up, owner, key)
        raise
    headers = {name: value for name, value in response.headers.items() if name in _SENT_AGAIN}
    await asyncio.to_thread(kept.finish, owner, key, Answered(response.status_code, headers, bytes(response.body)))
    return response
