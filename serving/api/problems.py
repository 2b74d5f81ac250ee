"""What went wrong, as ``application/problem+json`` (RFC 9457): stable types, and never a word of a call.

A problem's ``type`` is ``urn:coach:problem:NAME``; the names are those of ``PROBLEMS`` and are never given another
meaning. ``detail`` is a sentence to act on. Where something in the request is at fault, ``errors`` points to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import compile_path

from agent.queue import NoPlaceError
from salescoach.errors import (
    CoachError,
    DataError,
    InputError,
    ModelError,
    NoSuchCallError,
    SpeakerError,
    TableError,
    TranscriptError,
    without_paths,
)

MEDIA_TYPE: Final = "application/problem+json"
PREFIX: Final = "urn:coach:problem:"


@dataclass(frozen=True)
class Kind:
    """A kind of problem: the HTTP status that it has, and its title."""

    status: int
    title: str


PROBLEMS: Final[Mapping[str, Kind]] = {
    "malformed-json": Kind(400, "The body is no JSON that can be used"),
    "broken-off": Kind(400, "The request broke off"),
    "no-key": Kind(401, "A key is needed"),
    "not-allowed": Kind(403, "The key may not do this"),
    "foreign-page": Kind(403, "Pages from elsewhere may not ask"),
    "no-such-path": Kind(404, "There is nothing at this path"),
    "no-such-call": Kind(404, "There is no such call"),
    "no-such-job": Kind(404, "There is no such job"),
    "no-such-method": Kind(405, "This path doesn't answer to that method"),
    "still-running": Kind(409, "The first request with this Idempotency-Key is still running"),
    "conflict": Kind(409, "What is there already says otherwise"),
    "too-large": Kind(413, "The body is too large"),
    "no-json": Kind(415, "The body has to be JSON"),
    "invalid-request": Kind(422, "The request has not the form that is asked for"),
    "unreadable-call": Kind(422, "The call can't be read"),
    "unusable-input": Kind(422, "What was given can't be used"),
    "key-reused": Kind(422, "This Idempotency-Key was used for another request"),
    "too-many-requests": Kind(429, "Too many requests"),
    "internal-error": Kind(500, "Something went wrong in the coach"),
    "unavailable": Kind(503, "A part that this needs can't answer just now"),
    "busy": Kind(503, "Too much is waiting already"),
    "took-too-long": Kind(503, "It took too long"),
}


class Fault(BaseModel):
    """One thing in the request that is at fault, where it is, and never its value."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(
        description="a JSON pointer into the body, or the name of the parameter", examples=["/turns/2"]
    )
    detail: str
    turn: int | None = Field(None, description="the turn of the call at fault, from 1")
    line: int | None = Field(None, description="the line of the text at fault, from 1")


class ProblemDocument(BaseModel):
    """A problem as it is sent (RFC 9457)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:coach:problem:no-such-call",
                    "title": "There is no such call",
                    "status": 404,
                    "detail": "There is no call 'c-9' in the library; give the id of a call that was added.",
                    "instance": "urn:uuid:4a1f3c1e-8f5e-4a52-9f3c-3f0f0a3f3a10",
                }
            ]
        },
    )

    type: str = Field(description="the kind of problem; stable")
    title: str
    status: int
    detail: str = Field(description="what was expected, what came, what to do")
    instance: str = Field(description="names this request; the server's log has it too")
    errors: list[Fault] | None = Field(None, description="what in the request is at fault")


class ProblemError(Exception):
    """Ends a request with a problem of a kind of ``PROBLEMS``."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.kind].status


# The first that fits decides; the last one is for any other CoachError, such as one about disk or library.
_OF_ERRORS: Final[tuple[tuple[type[CoachError], str, Mapping[str, str]], ...]] = (
    (NoPlaceError, "busy", {"Retry-After": "5"}),
    (NoSuchCallError, "no-such-call", {}),
    (DataError, "conflict", {}),
    (TranscriptError, "unreadable-call", {}),
    (ModelError, "unavailable", {"Retry-After": "60"}),
    (InputError, "unusable-input", {}),
    (CoachError, "unavailable", {"Retry-After": "60"}),
)


def problem_of(error: Exception) -> ProblemError:
    """The problem that an error of ours is, for somebody at another machine: without folders of this one."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, TimeoutError):
        return ProblemError(
            "took-too-long",
            "The work took longer than it may and goes on without an answer; send less at a time, or ask again later.",
            headers={"Retry-After": "30"},
        )
    kind, headers = next((kind, headers) for of, kind, headers in _OF_ERRORS if isinstance(error, of))
    said, faults = _said(error)
    return ProblemError(kind, said, faults=faults, headers=headers)


def _said(error: Exception) -> tuple[str, list[Fault]]:
    """What an error says and where it is, without words of the call."""
    if isinstance(error, TableError):
        return "The text was read as a table that can't be used; `coach read FILE` says why, where the file is.", []
    if isinstance(error, SpeakerError):
        said = "Who is named in rep means no speaker of the call, or more than one; give names as the call has them."
        return said, [Fault(pointer="/rep", detail=said)]
    said = without_paths(str(error))
    if isinstance(error, TranscriptError) and (error.line is not None or error.turn is not None):
        pointer = "" if error.line is None else "/transcript"
        return said, [Fault(pointer=pointer, detail=said, turn=error.turn, line=error.line)]
    return said, []


def as_document(problem: ProblemError, request_id: str) -> dict[str, Any]:
    """The problem as plain values."""
    document = ProblemDocument(
        type=PREFIX + problem.kind,
        title=PROBLEMS[problem.kind].title,
        status=problem.status,
        detail=problem.detail,
        instance=request_id,
        errors=list(problem.faults) or None,
    )
    return document.model_dump(mode="json", exclude_none=True)


def response_to(problem: ProblemError, request_id: str) -> JSONResponse:
    """The problem as it is sent."""
    return JSONResponse(as_document(problem, request_id), problem.status, problem.headers, media_type=MEDIA_TYPE)


def request_id_of(scope: Any) -> str:
    """The id that the request was given when it came in."""
    return str(scope.get("state", {}).get("request_id", "about:blank"))


def add_problems(app: FastAPI) -> None:
    """Makes every error of an endpoint a problem."""

    async def explain(request: Request, error: Exception) -> JSONResponse:
        return response_to(problem_of(error), request_id_of(request.scope))

    async def explain_invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return response_to(_invalid(error), request_id_of(request.scope))

    async def explain_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return response_to(_of_http(request, error), request_id_of(request.scope))

    for kind in (ProblemError, CoachError, TimeoutError):
        app.add_exception_handler(kind, explain)
    app.add_exception_handler(RequestValidationError, explain_invalid)
    app.add_exception_handler(HTTPException, explain_http)


def _invalid(error: RequestValidationError) -> ProblemError:
    """Without pydantic's ``input`` and ``ctx``, which hold what was sent."""
    faults = [_fault(one) for one in error.errors()[:20]]
    if faults and error.errors()[0]["type"] == "json_invalid":
        return ProblemError("malformed-json", "The body is no JSON; send one JSON object.")
    at = ", ".join(dict.fromkeys(fault.pointer or "the body" for fault in faults))
    return ProblemError("invalid-request", f"Not as asked for: {at}; /openapi.json says what is.", faults=faults)


def _fault(one: Mapping[str, Any]) -> Fault:
    where, *rest = one["loc"] or ("body",)
    parts = [str(part) for part in rest if not isinstance(part, str) or not part.startswith("function-")]
    is_turn = where == "body" and len(parts) > 1 and parts[0] == "turns" and parts[1].isdigit()
    pointer = "".join(f"/{part}" for part in parts) if where == "body" else ".".join(parts)
    return Fault(
        pointer=pointer, detail=_SAID.get(one["type"], one["type"]), turn=int(parts[1]) + 1 if is_turn else None
    )


# By pydantic's types, because its sentences may repeat what was sent.
_SAID: Final = {
    "missing": "It is missing.",
    "extra_forbidden": "There is no such field.",
    "string_type": "It has to be text.",
    "string_too_long": "It is too long.",
    "string_too_short": "It is too short.",
    "string_pattern_mismatch": "It has not the form that is asked for.",
    "int_type": "It has to be a whole number.",
    "int_parsing": "It has to be a whole number.",
    "int_from_float": "It has to be a whole number.",
    "float_type": "It has to be a number.",
    "float_parsing": "It has to be a number.",
    "finite_number": "It has to be a finite number.",
    "bool_type": "It has to be true or false.",
    "bool_parsing": "It has to be true or false.",
    "literal_error": "It has to be one of the values that are listed for it.",
    "greater_than_equal": "It is too small.",
    "less_than_equal": "It is too large.",
    "list_type": "It has to be a list.",
    "too_long": "It has too many entries.",
    "too_short": "It has too few entries.",
    "model_attributes_type": "It has to be an object.",
    "model_type": "It has to be an object.",
    "day": "It has to be a day such as 2026-03-31.",
    "needs_words": "Give the call's transcript or turns.",
    "one_of": "Give one of transcript, turns and call_id.",
}


def _of_http(request: Request, error: HTTPException) -> ProblemError:
    if error.status_code == 404:
        return ProblemError("no-such-path", "There is nothing at this path; /openapi.json lists what there is.")
    if error.status_code == 405:
        allowed = ", ".join(_methods(request))
        said = f"This path answers to {allowed}, and not to that method."
        return ProblemError("no-such-method", said, headers={"Allow": allowed})
    return ProblemError("malformed-json", "The body is no JSON that can be used; send one JSON object in UTF-8.")


def _methods(request: Request) -> list[str]:
    """What the path answers to: of several endpoints at one path the framework names only the first one's methods."""
    paths = request.app.openapi()["paths"]
    return sorted(
        method.upper()
        for path, operations in paths.items()
        if compile_path(path)[0].match(request.url.path)
        for method in operations
    )
