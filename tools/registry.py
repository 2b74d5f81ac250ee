"""The list of the tools, and the tools as LangChain sees them: nothing unknown let through, text beside the result."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel

from salescoach.types import Frozen
from tools import (
    brief,
    compare_calls,
    deals,
    explain_turn,
    find_similar_calls,
    look_up_library,
    look_up_metrics,
    look_up_scorecard,
    look_up_tracker,
    model_quality,
    score_call,
    score_trajectory,
    what_if,
    what_won_calls_did,
    won_and_lost,
)
from tools.parts import Parts
from tools.spec import ToolSpec

SPECS: Final[tuple[ToolSpec[Any], ...]] = (
    score_call.SPEC,
    explain_turn.SPEC,
    score_trajectory.SPEC,
    what_if.SPEC,
    compare_calls.SPEC,
    find_similar_calls.SPEC,
    what_won_calls_did.SPEC,
    look_up_metrics.SPEC,
    look_up_tracker.SPEC,
    model_quality.SPEC,
    look_up_library.SPEC,
    won_and_lost.SPEC,
    deals.SPEC,
    look_up_scorecard.SPEC,
    brief.SPEC,
)
TOOL_OF: Final[Mapping[str, ToolSpec[Any]]] = {intent: spec for spec in SPECS for intent in spec.intents}
_BY_RESULT: Final = {spec.result: spec for spec in SPECS}


def spec_of(result: BaseModel) -> ToolSpec[Any]:
    """The tool that a result is from.

    Raises:
        TypeError: no tool gives such results.
    """
    spec = _BY_RESULT.get(type(result))
    if spec is None:
        raise TypeError(f"no tool gives a {type(result).__name__}")
    return spec


def make_tools(parts: Parts) -> Sequence[BaseTool]:
    """Every tool over the given parts."""
    return [_tool(spec, parts) for spec in SPECS]


def _tool(spec: ToolSpec[Any], parts: Parts) -> StructuredTool:
    def run(**given: object) -> tuple[str, Frozen]:
        result = spec.function(parts, **given)
        return result.model_dump_json(exclude={"score"}), result

    return StructuredTool.from_function(
        func=run,
        name=spec.name,
        description=spec.description,
        args_schema=spec.arguments,
        response_format="content_and_artifact",
    )
