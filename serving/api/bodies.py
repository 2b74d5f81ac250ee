"""The bodies of requests: a call in one of three ways, and the options that the command line has."""

import contextlib
import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from salescoach.reading.limits import MAX_BYTES, MAX_LABEL_CHARS, MAX_TURN_CHARS, MAX_TURNS
from salescoach.types import Role, Transcript
from serving.api.state import ApiState

MAX_ID_CHARS: Final = 200
MAX_REPS: Final = 50

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(given: object) -> date:
    """Nothing but an ISO day: pydantic by itself also takes seconds since 1970, as text too."""
    if isinstance(given, str) and _DAY.fullmatch(given):
        with contextlib.suppress(ValueError):
            return date.fromisoformat(given)
    raise PydanticCustomError("day", "It has to be a day such as 2026-03-31.")


Day = Annotated[date, BeforeValidator(_day)]
RepNames = Annotated[list[Annotated[str, Field(min_length=1, max_length=MAX_LABEL_CHARS)]], Field(max_length=MAX_REPS)]
CallId = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS, description="the id of a call of the library")]


class Body(BaseModel):
    """Base of all bodies: a field that isn't known is an error, and text isn't taken for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class GivenTurn(Body):
    """One entry of a call. Entries of one speaker that follow each other become one turn, as in a file."""

    speaker: Annotated[str, Field(max_length=MAX_LABEL_CHARS)] | None = None
    role: Role | None = Field(None, description="the speaker's side, where it is known")
    text: Annotated[str, Field(max_length=MAX_TURN_CHARS)]
    start_s: float | None = Field(None, ge=0, allow_inf_nan=False, description="seconds from the start of the call")


class MaybeCall(Body):
    """A call, or none: at most one of ``transcript``, ``turns`` and ``call_id``."""

    transcript: Annotated[str, Field(max_length=MAX_BYTES)] | None = Field(
        None, description="text of any format that the coach reads", examples=["Rep: Good morning.\nCustomer: Hello."]
    )
    turns: Annotated[list[GivenTurn], Field(max_length=MAX_TURNS)] | None = None
    call_id: CallId | None = None
    rep: RepNames = Field([], description="who is on your side; without it, the saved team or what the call says")

    @model_validator(mode="after")
    def _is_at_most_one(self) -> Self:
        if self.n_given > 1:
            raise PydanticCustomError("one_of", "Give one of transcript, turns and call_id.")
        return self

    @property
    def n_given(self) -> int:
        """In how many of the three ways there is a call."""
        return sum(given is not None for given in (self.transcript, self.turns, self.call_id))


class GivenCall(MaybeCall):
    """A call: exactly one of ``transcript``, ``turns`` and ``call_id``."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.n_given != 1:
            raise PydanticCustomError("one_of", "Give one of transcript, turns and call_id.")
        return self


async def transcript_of(state: ApiState, given: MaybeCall) -> Transcript:
    """The call that a body gives: read as a file would be, or taken from the library as it is there.

    Raises:
        NoSuchCallError: there is no call of that id.
        TranscriptError: there is nothing to read, or too much.
        InputError: reading took too long, or somebody in ``rep`` doesn't speak in it.
    """
    if given.call_id is not None:
        return await state.run(_of_library, state, given.call_id)
    if given.transcript is not None:
        return await state.read(given.transcript.encode("utf-8", "surrogatepass"), given.rep)
    return await state.read(as_text(given.turns or ()).encode(), given.rep, "turns.json")


def as_text(turns: Sequence[GivenTurn]) -> str:
    """Turns as a file of them has them."""
    return json.dumps({"turns": [turn.model_dump(exclude_none=True) for turn in turns]})


def _of_library(state: ApiState, call_id: str) -> Transcript:
    found = state.parts.library.get(call_id)
    return found.transcript.model_copy(update={"call_id": found.call_id})
