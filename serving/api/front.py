"""What every request passes before its endpoint: who asks, how much is sent, and what becomes of it in the end."""

import logging
import re
import time
import traceback
import uuid
from collections.abc import Collection
from typing import Final

from starlette.datastructures import Headers

from salescoach.errors import CoachError
from serving.api.keys import Admission
from serving.api.live_page import PAGES as LIVE_PAGES
from serving.api.problems import ProblemError, problem_of, response_to
from serving.usecases.trouble import said_of
from serving.web.addresses import is_meant, place, tidy_hosts
from serving.web.asgi import App, Message, Receive, Send
from serving.web.bodies import RefusedError, again, check_length, read_body

MAX_BODY_BYTES: Final = 4_000_000  # the largest call, with what JSON may make of each character
REQUEST_ID: Final = "X-Request-Id"
# What anybody may ask, as monitors of services have no keys, nor has a browser that opens a page.
OPEN_PATHS: Final = ("/healthz", "/readyz", "/openapi.json", *LIVE_PAGES)

logger = logging.getLogger(__name__)
access = logging.getLogger("serving.api.access")  # one line a request, at INFO

_NO_BODY: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Front:
    """Pure ASGI middleware. What it refuses costs no more than its headers, but for a body that is too large.

    Without keys whoever can reach this machine's own address is its user. A website that the user has open must not be:
    so requests of other pages are refused, and so are those to a name that isn't meant, which may be the website's own
    (DNS rebinding). Keys are not sent by browsers on their own, so with them only other pages are refused.

    Args:
        app: what it stands before.
        admission: knows keys.
        hosts: names and addresses that are meant besides this machine.
        origins: pages elsewhere that may ask.
        open_paths: what anybody may ask.
    """

    def __init__(
        self,
        app: App,
        admission: Admission,
        hosts: Collection[str] = (),
        origins: Collection[str] = (),
        open_paths: Collection[str] = OPEN_PATHS,
    ) -> None:
        self._app = app
        self._admission = admission
        self._hosts = tidy_hosts(hosts)
        self._origins = frozenset(origins)
        self._open_paths = open_paths

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it, and notes what became of it."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket" and (problem := self._of_elsewhere(scope)) is not None:
            logger.info("A WebSocket was refused: %s", problem.kind)
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Message, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 0
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {}).update(request_id=request_id, key=None)

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in _HEADERS}
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in own]
                kept.append((REQUEST_ID.lower().encode(), request_id.encode()))
                message = {**message, "headers": [*kept, *_HEADERS]}
            await send(message)

        try:
            problem = self._of_elsewhere(scope)
            if problem is not None:
                raise problem
            receive = await self._admitted(scope, receive)
            await self._app(scope, receive, send_on)
        except Exception as error:
            problem = _explained(error, request_id)
            if status:  # the answer has begun: all that is left is to break it off
                raise ConnectionError("An answer was broken off.") from None
            await response_to(problem, request_id)(scope, receive, send_on)
        finally:
            route = getattr(scope.get("route"), "path", "-")  # not the path, which may be anything
            ms = 1_000 * (time.perf_counter() - began)
            key = scope["state"]["key"]
            access.info(
                "%s %s %d %.0f ms key=%s id=%s",
                scope["method"], route, status, ms, "-" if key is None else key.name, request_id,
            )  # fmt: skip

    def _of_elsewhere(self, scope: Message) -> ProblemError | None:
        """What is wrong with where a request comes from, or goes to."""
        headers = Headers(scope=scope)
        asked = place(f"//{headers.get('host', '')}")
        if not self._admission.keys.in_use and (asked is None or not is_meant(asked[0], self._hosts)):
            return ProblemError("foreign-page", "Without keys only this machine's own addresses are answered.")
        origin = headers.get("origin")
        if origin is None or origin in self._origins or place(origin) == asked:
            return None
        return ProblemError("foreign-page", "Pages from elsewhere may ask only where COACH_API_ORIGINS names them.")

    async def _admitted(self, scope: Message, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        if scope["path"] not in self._open_paths:
            scope["state"]["key"] = self._admission.key_of(headers.get("authorization"))
        if scope["method"] in _NO_BODY:
            return receive
        try:
            check_length(headers.get("content-length", "0"), MAX_BODY_BYTES)
            body = await read_body(receive, MAX_BODY_BYTES)
            if body:
                _check_kind(headers.get("content-type", ""))
        except RefusedError as error:
            raise _refused(error) from None
        return again(body, receive)


def _check_kind(content_type: str) -> None:
    """A form or plain text could be sent by any page without asking first."""
    if content_type.partition(";")[0].strip().casefold() != "application/json":
        raise ProblemError("no-json", "Send the body as JSON, with the header Content-Type: application/json.")


def _refused(error: RefusedError) -> ProblemError:
    if error.status == 413:
        return ProblemError("too-large", f"A body may have {MAX_BODY_BYTES:,} bytes; send one call at a time.")
    return ProblemError("broken-off", f"{error.reason} Send the request once more.")


def _explained(error: Exception, request_id: str) -> ProblemError:
    """An error that nobody expected is noted without its words, which may be those of a call."""
    if isinstance(error, ProblemError | CoachError | TimeoutError):
        return problem_of(error)
    if (said := said_of(error)) is not None:
        logger.error("Request %s: %s", request_id, said)
        return ProblemError("unavailable", "The server's disk can't be used as needed; its log says why.")
    frames = " < ".join(
        f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})"
        for frame in reversed(traceback.extract_tb(error.__traceback__)[-8:])
    )
    logger.error("Request %s failed: %s at %s", request_id, type(error).__name__, frames)
    return ProblemError("internal-error", "Something went wrong; the server's log has it under this request's id.")
