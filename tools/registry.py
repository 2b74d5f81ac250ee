"""The tools as LangChain sees them: typed arguments, nothing unknown let through, text beside the typed result."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field

from salescoach.lookups import By
from salescoach.types import Frozen
from tools.compare_calls import compare_calls
from tools.explain_turn import explain_turn
from tools.find_similar_calls import DEFAULT_DIVERSITY, DEFAULT_RESULTS, OutcomeChoice, find_similar_calls
from tools.look_up_library import MEASURES, WIN_RATE, look_up_library
from tools.look_up_metrics import look_up_metrics
from tools.model_quality import model_quality
from tools.parts import Parts
from tools.score_call import score_call
from tools.score_trajectory import score_trajectory
from tools.what_if import MAX_EDITS, Edit, what_if
from tools.what_won_calls_did import DEFAULT_REPLIES, what_won_calls_did

CallId = Annotated[str, Field(pattern=r"^[\w.:-]{1,100}$", description="id of a call of this conversation")]
TurnNumber = Annotated[int, Field(ge=1, le=100_000, description="number of the turn, from 1")]
Value = Annotated[str, Field(min_length=1, max_length=100)]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoArguments(_Arguments):
    """Nothing: it is about the model."""


class CallArguments(_Arguments):
    """Which call."""

    call_id: CallId


class TurnArguments(CallArguments):
    """Which turn of which call."""

    turn: TurnNumber


class WhatIfArguments(CallArguments):
    """Which call, and what in it would have been said otherwise."""

    edits: list[Edit] = Field(min_length=1, max_length=MAX_EDITS, description="all of them are made at once")


class CompareArguments(CallArguments):
    """Which two calls."""

    other_call_id: CallId


class SimilarArguments(_Arguments):
    """Which call, and what to look for."""

    call_id: CallId
    outcome: OutcomeChoice = Field("any", description="only calls that converted, or that were lost")
    k: int = Field(DEFAULT_RESULTS, ge=1, le=10, description="how many calls")
    diversity: float = Field(DEFAULT_DIVERSITY, ge=0, le=1, description="1 likeness only, 0 variety only")
    turn: int | None = Field(
        None, ge=1, le=100_000, description="turn whose like is looked for; default: calls like this one as a whole"
    )
    industry: Value | None = Field(None, description="only past calls of this industry")
    call_type: Value | None = Field(None, description="only past calls of this type")
    objection: bool = Field(False, description="look for the like of what this call's customer has against it")


class RepliesArguments(_Arguments):
    """Which call, and which moment of it."""

    call_id: CallId
    turn: int | None = Field(
        None, ge=1, le=100_000, description="turn whose like is looked for; default: what the customer said against it"
    )
    k: int = Field(DEFAULT_REPLIES, ge=1, le=10, description="how many won and how many lost calls")


class LibraryArguments(_Arguments):
    """Which numbers of which calls of the team. It is about no call of the conversation, so it takes no call id."""

    measure: str = Field(WIN_RATE, description="what is asked for", json_schema_extra={"enum": list(MEASURES)})
    by: By = Field("nothing", description="one number for each industry, call type, account or period")
    industry: Value | None = None
    call_type: Value | None = None
    account: Value | None = None
    rep: Value | None = None
    since: date | None = Field(None, description="first day of the period")
    until: date | None = Field(None, description="last day of the period")


def make_tools(parts: Parts) -> Sequence[BaseTool]:
    """Every tool over the given parts."""
    return [
        _tool(
            score_call,
            parts,
            CallArguments,
            "The calibrated probability that a call converts, its interval, and the quoted turns that moved it.",
        ),
        _tool(
            explain_turn,
            parts,
            TurnArguments,
            "Why one turn counts: its effect on the score, its rank among all turns, and what was said around it.",
        ),
        _tool(
            score_trajectory,
            parts,
            CallArguments,
            "When a call turned: the score after each turn, and the quoted turns with which it changed most.",
        ),
        _tool(
            what_if,
            parts,
            WhatIfArguments,
            "The score if some turns had been said otherwise, added or left out: an association, not a cause.",
        ),
        _tool(
            compare_calls,
            parts,
            CompareArguments,
            "Two calls of this conversation side by side: scores, the turns that moved them, and metrics.",
        ),
        _tool(
            find_similar_calls,
            parts,
            SimilarArguments,
            "Similar past calls, converted or lost, also by industry, call type or turn, each with a quoted moment.",
        ),
        _tool(
            what_won_calls_did,
            parts,
            RepliesArguments,
            "Moments of past calls like one of this call's, and what the rep said next, in won and in lost calls.",
        ),
        _tool(
            look_up_metrics,
            parts,
            CallArguments,
            "Talk ratio, questions, monologues, next step and more of a call, beside the team's won and lost calls.",
        ),
        _tool(
            model_quality,
            parts,
            NoArguments,
            "How good the model is and how that is known: measures on calls it hasn't seen, what its number is for.",
        ),
        _tool(
            look_up_library,
            parts,
            LibraryArguments,
            "Win rates, counts and metric quartiles of the team's calls, by industry, call type, account or period.",
        ),
    ]


def _tool(
    function: Callable[..., Frozen], parts: Parts, arguments: type[BaseModel], description: str
) -> StructuredTool:
    def run(**given: object) -> tuple[str, Frozen]:
        result = function(parts, **given)
        return result.model_dump_json(exclude={"score"}), result

    return StructuredTool.from_function(
        func=run,
        name=function.__name__,
        description=description,
        args_schema=arguments,
        response_format="content_and_artifact",
    )
