"""What the tools are called with. A client's model reads the descriptions."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from salescoach.reading.limits import MAX_BYTES, MAX_LABEL_CHARS
from salescoach.types import DEFAULT_DIVERSITY, OutcomeChoice

MAX_QUERY_CHARS = 1_000
Who = Annotated[str, Field(min_length=1, max_length=MAX_LABEL_CHARS)]


class Asked(BaseModel):
    """Base of what tools are called with: no argument that we don't know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClientCall(Asked):
    """A call: its text, or the id of one of the library; one of the two."""

    transcript: str | None = Field(
        None, max_length=MAX_BYTES, description="the call's text, a line a turn, such as “Rep: …”; any usual format"
    )
    call_id: str | None = Field(None, max_length=200, description="or the id of a call of the library")
    rep: list[Who] = Field([], max_length=50, description="who in the transcript is on the seller's side")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.transcript is None) == (self.call_id is None):
            raise ValueError("give either `transcript` or `call_id`")
        return self


class AskedScore(ClientCall):
    """A call to score."""

    force: bool = Field(False, description="where the coach abstains, give the number all the same, uncalibrated")


class AskedBrief(ClientCall):
    """A call to sum up."""

    email: bool = Field(False, description="draft a follow-up mail too")


class AskedSimilar(ClientCall):
    """A call whose like is looked for."""

    outcome: OutcomeChoice = Field("any", description="only past calls that converted, or that were lost")
    k: int = Field(5, ge=1, le=20, description="how many calls")
    diversity: float = Field(DEFAULT_DIVERSITY, ge=0, le=1, description="1 likeness only, 0 variety only")


class AskedMetrics(ClientCall):
    """A call to measure."""

    industry: str | None = Field(None, max_length=100, description="set it beside past calls of this industry")
    call_type: str | None = Field(None, max_length=100, description="set it beside past calls of this type")


class AskedDeals(Asked):
    """Which deals."""

    also_closed: bool = Field(False, description="deals that were won or lost, too")
    on: date | None = Field(None, description="the day to look at them from; default: today")


class AskedSearch(Asked):
    """What to look for."""

    query: str = Field(min_length=1, max_length=MAX_QUERY_CHARS, description="what is said in the calls looked for")


class AskedFetch(Asked):
    """Which call."""

    id: str = Field(min_length=1, max_length=700, description="the id of a call, as `search` gives it")
