"""The OpenAPI document: FastAPI's, with the problems that each endpoint may answer with, and examples."""

import json
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.api.problems import MEDIA_TYPE, PROBLEMS, ProblemDocument
from serving.api.repeats import HEADER

_EXAMPLES: Final = Path(__file__).with_name("examples.json")
_SCHEMA: Final = "#/components/schemas/ProblemDocument"
_ABOUT: Final = """Scores sales calls: a calibrated probability, the turns behind it, what they do, and similar past \
calls. The answers are those of the command line with `--json`, to the last digit.

Calls are judged, not people: don't rank, pay or dismiss anybody by these numbers."""
# FastAPI's own forms of errors, which repeat what was sent; ours are problems.
_UNUSED: Final = ("HTTPValidationError", "ValidationError")
_ALWAYS: Final = ("internal-error", "unavailable", "foreign-page")
_WITH_KEY: Final = ("no-key", "not-allowed", "too-many-requests")
_WITH_PARAMETERS: Final = ("invalid-request", "unusable-input", "busy", "took-too-long")
_WITH_BODY: Final = (*_WITH_PARAMETERS, "malformed-json", "broken-off", "too-large", "no-json", "unreadable-call")
_WRITING: Final = ("invalid-request", "still-running", "key-reused", "conflict")


def describe(app: FastAPI) -> None:
    """Replaces how the app describes itself."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title="Sales Coach", version="1", description=_ABOUT, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _UNUSED:
        schemas.pop(name, None)
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemDocument"] = problem
    _without_zones(schemas)
    examples = json.loads(_EXAMPLES.read_text(encoding="utf-8"))
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _add_problems(path, operation)
            _add_examples(examples, operation)
    return document


def _without_zones(schema: Any) -> None:
    """Times in answers are UTC and don't say so, as on the command line; ``date-time`` would promise a zone."""
    if isinstance(schema, dict):
        if schema.get("format") == "date-time":
            del schema["format"]
            schema["description"] = "date and time in UTC, such as 2026-03-31T14:00:00"
        for value in schema.values():
            _without_zones(value)
    elif isinstance(schema, list):
        for value in schema:
            _without_zones(value)


def _add_problems(path: str, operation: dict[str, Any]) -> None:
    kinds = _kinds_of(path, operation)
    by_status: dict[int, list[str]] = {}
    for kind in PROBLEMS:
        if kind in kinds:
            by_status.setdefault(PROBLEMS[kind].status, []).append(kind)
    operation["responses"].pop("422", None)
    for status, names in by_status.items():
        operation["responses"][str(status)] = {
            "description": "; ".join(f"`{name}`: {PROBLEMS[name].title}" for name in names),
            "content": {MEDIA_TYPE: {"schema": {"$ref": _SCHEMA}}},
        }


def _kinds_of(path: str, operation: dict[str, Any]) -> set[str]:
    parameters = {(one["in"], one["name"]) for one in operation.get("parameters", [])}
    found = {
        _ALWAYS: True,
        _WITH_KEY: "security" in operation,
        _WITH_BODY: "requestBody" in operation,
        _WITH_PARAMETERS: any(place != "header" for place, _ in parameters),
        _WRITING: ("header", HEADER) in parameters,
        ("no-such-call",): "call_id" in path or "requestBody" in operation,
        ("no-such-job",): "job_id" in path,
    }
    return {kind for kinds, applies in found.items() if applies for kind in kinds}


def _add_examples(examples: dict[str, Any], operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    if name in examples["requests"]:
        operation["requestBody"]["content"]["application/json"]["examples"] = {
            title: {"value": value} for title, value in examples["requests"][name].items()
        }
    for status in ("200", "201"):
        content = operation["responses"].get(status, {}).get("content", {}).get("application/json")
        if content is not None and name in examples["answers"]:
            content["example"] = examples["answers"][name]
