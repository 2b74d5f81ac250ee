"""The messages of a running call, in and out, as ``docs/live.md`` has them. No error repeats what was sent."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from salescoach.types import Frozen
from serving.api.bodies import RepNames
from serving.usecases.live import MAX_PLANNED_S
from serving.usecases.live_turns import LiveTurn

MAX_MESSAGE_CHARS: Final = 200_000
CallId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w.:@-]+$")]


class Begin(Frozen):
    """Begins a call, or goes on with one after the connection broke off."""

    model_config = ConfigDict(strict=True)

    type: Literal["begin"]
    call_id: CallId | None = None
    rep: RepNames = Field(default_factory=list)
    planned_s: float | None = Field(None, gt=0, le=MAX_PLANNED_S, allow_inf_nan=False)


class Said(LiveTurn):
    """A turn, as far as it is understood, or its revision."""

    model_config = ConfigDict(strict=True)

    type: Literal["turn"]


class End(Frozen):
    """The call is over."""

    type: Literal["end"]


class Watch(Frozen):
    """Follows a call that another connection drives; without a ``call_id`` the one that began last."""

    type: Literal["watch"]
    call_id: CallId | None = None


class Ping(Frozen):
    """Keeps a quiet connection open; answered by ``pong``."""

    type: Literal["ping"]


Incoming = Begin | Said | End | Watch | Ping
_INCOMING: Final[TypeAdapter[Incoming]] = TypeAdapter(Annotated[Incoming, Field(discriminator="type")])

ErrorCode = Literal[
    "malformed", "not_begun", "begun_already", "only_watching", "turn_refused", "nothing_said", "no_such_call", "busy",
    "unavailable",
]  # fmt: skip


class NotReadableError(Exception):
    """A message has not the form that is asked for; says so without its words."""


def read(text: str) -> Incoming:
    """A message that came in.

    Raises:
        NotReadableError: it is none.
    """
    if len(text) > MAX_MESSAGE_CHARS:
        raise NotReadableError(f"A message has at most {MAX_MESSAGE_CHARS:,} characters.")
    try:
        return _INCOMING.validate_json(text)
    except ValidationError as error:
        raise NotReadableError(_said_of(error)) from None


def _said_of(error: ValidationError) -> str:
    """Which fields are at fault: names of ours only, as those of others may be anything."""
    first = error.errors(include_input=False, include_context=False, include_url=False)[0]
    if first["type"] in ("json_invalid", "json_type"):
        return "This is no JSON object; send one in each message."
    if first["type"].startswith("union_tag") or not first["loc"]:
        return 'A message is an object with a "type": begin, turn, end, watch or ping.'
    if first["type"] == "extra_forbidden":
        return "The message has a field that there isn't; docs/live.md lists the fields."
    field = str(first["loc"][1]) if len(first["loc"]) > 1 else "type"
    return f"The field {field} {_FAULTS.get(first['type'], 'is not as asked for')}; docs/live.md says what it holds."


_FAULTS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "string_type": "has to be text",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "has characters that an id can't have",
    "int_type": "has to be a whole number",
    "bool_type": "has to be true or false",
    "float_type": "has to be a number",
    "finite_number": "has to be a finite number",
    "greater_than": "is too small",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
    "literal_error": "is none of the values that it can have",
    "list_type": "has to be a list",
    "too_long": "has too many entries",
}


def error(code: ErrorCode, detail: str, turn_order: int | None = None) -> str:
    """An error as it is sent."""
    return sent({"type": "error", "code": code, "detail": detail, "turn_order": turn_order})


def sent(message: Frozen | Mapping[str, Any]) -> str:
    """A message as it goes out."""
    return message.model_dump_json() if isinstance(message, Frozen) else json.dumps(message, ensure_ascii=False)


def turn_shown(turn: LiveTurn) -> dict[str, Any]:
    """A turn as it came, for those who watch."""
    return {"type": "turn", **turn.model_dump(mode="json", include=set(LiveTurn.model_fields))}
