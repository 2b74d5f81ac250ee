"""The tools as LangChain sees them: typed arguments, nothing unknown let through, text beside the typed result."""

from collections.abc import Callable, Sequence
from typing import Annotated

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field

from salescoach.types import Frozen
from tools.find_similar_calls import DEFAULT_DIVERSITY, DEFAULT_RESULTS, OutcomeChoice, find_similar_calls
from tools.look_up_metrics import look_up_metrics
from tools.parts import Parts
from tools.score_call import score_call
from tools.what_won_calls_did import DEFAULT_REPLIES, what_won_calls_did

CallId = Annotated[str, Field(pattern=r"^[\w.:-]{1,100}$", description="id of a call of this conversation")]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CallArguments(_Arguments):
    """Which call."""

    call_id: CallId


class SimilarArguments(_Arguments):
    """Which call, and what to look for."""

    call_id: CallId
    outcome: OutcomeChoice = Field("any", description="only calls that converted, or that were lost")
    k: int = Field(DEFAULT_RESULTS, ge=1, le=10, description="how many calls")
    diversity: float = Field(DEFAULT_DIVERSITY, ge=0, le=1, description="1 likeness only, 0 variety only")


class RepliesArguments(_Arguments):
    """Which call, and which moment of it."""

    call_id: CallId
    turn: int | None = Field(
        None, ge=1, description="turn whose like is looked for; default: what the customer said against it"
    )
    k: int = Field(DEFAULT_REPLIES, ge=1, le=10, description="how many won and how many lost calls")


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
            find_similar_calls,
            parts,
            SimilarArguments,
            "The most similar past calls, converted or lost, each with its most relevant quoted moment.",
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
