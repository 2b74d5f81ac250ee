"""Calls of the library: adding, looking at and deleting one, and how its deal ended."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from urllib.parse import quote

from fastapi import Path
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from salescoach.progress import silent
from salescoach.types import Outcome
from serving.api.answers import answer
from serving.api.bodies import MAX_ID_CHARS, Body, Day, GivenCall, transcript_of
from serving.api.keys import Administering, Reading, Writing
from serving.api.repeats import writing_routes
from serving.api.routes import routes
from serving.api.state import ApiState, State
from serving.usecases.calls import KeptCall, kept_call
from serving.usecases.delete import Deletion, delete_call
from serving.usecases.lost_library import check_library
from serving.usecases.outcomes import Ending, OutcomeEntered, add_call, enter_outcome
from serving.usecases.who import user_here

T = TypeVar("T")

INDEXING_S: Final = 600.0  # deleting and indexing look at every call of the library

Ended = Literal["converted", "lost", "open"]

reading = routes("library")
writing = writing_routes("library")

PathId = Annotated[str, Path(max_length=MAX_ID_CHARS, description="the id of a call, as the library has it")]


class ToAdd(GivenCall):
    """A call to add, as text or turns, with what is known of its deal."""

    outcome: Ended | None = Field(None, description="how the deal ended; without it, it is open")
    at: Day | None = Field(None, description="the day it ended")
    account_id: str | None = Field(
        None, min_length=1, max_length=MAX_ID_CHARS, description="the customer's id; its calls belong together"
    )

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if self.call_id is not None:
            raise PydanticCustomError("needs_words", "Give the call's transcript or turns.")
        return self


class ToEnd(Body):
    """How a deal ended."""

    outcome: Ended = Field(description="open: it is not known yet")
    at: Day | None = Field(None, description="the day it ended")


@writing.post(
    "/calls",
    response_model=OutcomeEntered,
    status_code=201,
    summary="Add a call to the library",
    responses={200: {"model": OutcomeEntered, "description": "The call was there already"}},
)
async def post_call(body: ToAdd, state: State, key: Writing) -> Any:
    """201 for a new call; 200 for one that is there already, which keeps its id and gets what is said here."""
    call = await transcript_of(state, body)

    def work() -> tuple[bool, OutcomeEntered]:
        check_library(state.settings)
        library, scorer = state.parts.library, state.parts.scorer
        is_new = library.find(call) is None
        ending = Ending(outcome=_outcome(body.outcome), at=_moment(body.at), by=key or user_here())
        return is_new, add_call(state.settings, library, call, ending, account_id=body.account_id, scorer=scorer)

    is_new, done = await state.run_alone(work, seconds=INDEXING_S)
    location = f"/v1/calls/{quote(done.call_id, safe='')}"
    return answer(done, 201 if is_new else 200, {"Location": location})


@reading.get("/calls/{call_id}", response_model=KeptCall, summary="A call of the library")
async def get_call(call_id: PathId, state: State, _: Reading) -> Any:
    """Its turns, and what is known about it."""
    return answer(await state.run(_looked_up, state, kept_call, call_id))


@writing.delete("/calls/{call_id}", response_model=Deletion, summary="Delete a call")
async def remove_call(call_id: PathId, state: State, _: Administering) -> Any:
    """From library, index, caches, conversations and uploads; the answer names models that learned from it."""

    def work() -> Deletion:
        check_library(state.settings, must_exist=True)
        return delete_call(state.settings, call_id, silent, state.parts.scorer)

    return answer(await state.run_alone(work, seconds=INDEXING_S))


@writing.put("/calls/{call_id}/outcome", response_model=OutcomeEntered, summary="Enter how a deal ended")
async def put_outcome(call_id: PathId, body: ToEnd, state: State, key: Writing) -> Any:
    """Enters or corrects it, or opens the deal again."""

    def work() -> OutcomeEntered:
        check_library(state.settings, must_exist=True)
        return enter_outcome(
            state.settings, state.parts.library, call_id, _outcome(body.outcome),
            at=_moment(body.at), by=key or user_here(), scorer=state.parts.scorer,
        )  # fmt: skip

    return answer(await state.run_alone(work, seconds=INDEXING_S))


def _looked_up(state: ApiState, look: Callable[[Any, str], T], call_id: str) -> T:
    check_library(state.settings, must_exist=True)
    return look(state.parts.library, call_id)


def _outcome(ended: Ended | None) -> Outcome | None:
    return None if ended is None or ended == "open" else ended


def _moment(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())
