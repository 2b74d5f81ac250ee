"""Answers: the JSON that the command line prints with ``--json``, to the last digit."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

from serving.usecases.as_json import plain


def answer(
    found: BaseModel | dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A result as a response."""
    return JSONResponse(plain(found), status, headers)
