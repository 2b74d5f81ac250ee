"""What a tool does and found, in human words, for the step that the chat shows while it works. Safe to render."""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any, Final

from pydantic import BaseModel

from serving.chat_view import escape
from tools.compare_calls import CompareResult
from tools.explain_turn import ExplainResult
from tools.find_similar_calls import SimilarResult
from tools.look_up_library import LibraryResult
from tools.look_up_metrics import MetricsResult
from tools.model_quality import QualityResult
from tools.phrases import count
from tools.score_call import ScoreResult
from tools.score_trajectory import TrajectoryResult
from tools.what_if import WhatIfResult
from tools.what_won_calls_did import RepliesResult
from tools.won_and_lost import WonAndLostResult

_DOING: Final = {
    "score_call": "Scoring the call",
    "explain_turn": "Looking at a turn",
    "score_trajectory": "Following the score",
    "what_if": "Scoring the changed call",
    "compare_calls": "Comparing two calls",
    "find_similar_calls": "Looking for similar calls",
    "what_won_calls_did": "Looking for moments like this",
    "look_up_metrics": "Measuring the call",
    "look_up_library": "Looking numbers up",
    "won_and_lost": "Comparing won and lost calls",
    "model_quality": "Looking at the model",
}
_ARGUMENTS: Final = {
    "call_id": "the call",
    "other_call_id": "the other call",
    "k": "how many",
    "diversity": "likeness or variety (λ)",
}
_KINDS: Final = {"converted": "won", "lost": "lost", "any": "past"}


def step_title(tool: str) -> str:
    """What a tool is doing, while it does it."""
    return _DOING.get(tool, "Looking something up")


def step_result(tool: str, result: BaseModel | None) -> str:
    """What a tool found, in one line of plain text."""
    return f"{step_title(tool)}: not possible" if result is None else _found(result) or step_title(tool)


def step_details(result: BaseModel | None, text: str, args: Mapping[str, Any]) -> str:
    """What a tool was asked and found, in Markdown, for whoever opens the step; ``text`` stands in without a result."""
    asked = [_asked(name, value) for name, value in args.items() if value is not None]
    found = [text] if result is None else [line for line in _lines(result) if line]
    return "\n".join(f"- {escape(line)}" for line in [*asked, *found])


def _asked(name: str, value: object) -> str:
    """An argument of a tool in human words."""
    if name == "edits" and isinstance(value, list):
        return f"Asked with {count(len(value), 'change')} to the call."
    said = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"Asked with {_ARGUMENTS.get(name, name.replace('_', ' '))}: {said}."


@singledispatch
def _found(result: BaseModel) -> str:
    return ""


@singledispatch
def _lines(result: BaseModel) -> list[str]:
    """Facts about what was found, unescaped."""
    return []


@_found.register
def _(result: ScoreResult) -> str:
    if result.probability_percent is None:
        return "Scored the call: no probability"
    return f"Scored the call: {result.probability_percent} %"


@_lines.register
def _(result: ScoreResult) -> list[str]:
    lines = [f"{count(result.n_turns, 'turn')}, scored by {result.model_id}."]
    if result.interval_percent is not None:
        low, high = result.interval_percent
        lines.append(f"Between {low} % and {high} %; {result.base_rate_percent} % of the training calls converted.")
    return [*lines, *result.reasons, *result.warnings]


@_found.register
def _(result: SimilarResult) -> str:
    if result.unavailable is not None:
        return "Similar calls are unavailable"
    return f"Found {count(len(result.results), f'similar {_KINDS[result.outcome]} call')}".replace(
        "Found 0", "Found no"
    )


@_lines.register
def _(result: SimilarResult) -> list[str]:
    if result.unavailable is not None:
        return [result.unavailable]
    focus = f"Compared with turn {result.focus} of this call." if result.focus else ""
    found = [f"{one.call_id}: likeness {one.similarity:.2f}" for one in result.results]
    return [focus, *found] if found else ["The library holds no such calls."]


@_found.register
def _(result: RepliesResult) -> str:
    if result.unavailable is not None:
        return "No moment to look for"
    found = f"Found {count(result.n_won, 'won moment')} and {count(result.n_lost, 'lost moment')} like this"
    return found.replace("Found 0", "Found no").replace("and 0", "and no")


@_found.register
def _(result: ExplainResult) -> str:
    if result.effect_points is None:
        return f"Looked at turn {result.turn}: no score"
    return f"Turn {result.turn} is number {result.rank} of {result.n_turns} by effect"


@_found.register
def _(result: TrajectoryResult) -> str:
    if not result.points_of_call:
        return "Followed the score: none"
    return f"Followed the score over {count(len(result.points_of_call), 'turn')}"


@_found.register
def _(result: WhatIfResult) -> str:
    if result.unavailable is not None:
        return "Can't score the changed call"
    return f"Scored the changed call: {result.after_percent} %, before {result.before_percent} %"


@_lines.register
def _(result: WhatIfResult) -> list[str]:
    return [result.unavailable or result.reading]


@_found.register
def _(result: CompareResult) -> str:
    return "Compared two calls"


@_lines.register
def _(result: CompareResult) -> list[str]:
    return [result.reading]


@_found.register
def _(result: MetricsResult) -> str:
    n_measured = sum(reading.value is not None for reading in result.metrics)
    if not result.n_won and not result.n_lost:
        return f"Measured {count(n_measured, 'metric')} of the call"
    return f"Compared {count(n_measured, 'metric')} with {result.n_won} won and {count(result.n_lost, 'lost call')}"


@_lines.register
def _(result: MetricsResult) -> list[str]:
    return [reading.reading for reading in result.metrics if reading.value is not None]


@_found.register
def _(result: LibraryResult) -> str:
    return f"Looked at {count(result.n_calls, 'call')} of the library"


@_found.register
def _(result: WonAndLostResult) -> str:
    compared = f"Compared {result.n_won} won with {count(result.n_lost, 'lost call')}"
    if result.n_won_missing or result.n_lost_missing:
        return f"{compared}: too few"
    return f"{compared}: {result.n_clear} of {count(result.n_metrics, 'metric')} clear"


@_lines.register
def _(result: WonAndLostResult) -> list[str]:
    return [*(one.reading for one in result.differences), *result.warnings] or [result.reading]


@_found.register
def _(result: QualityResult) -> str:
    if result.n_judged is None:
        return "Looked at the model: nothing judged it"
    return f"Looked at the model, which {count(result.n_judged, 'call')} judged"


@_lines.register
def _(result: QualityResult) -> list[str]:
    return [*(one.reading for one in result.measures), *(one.reading for one in result.behaviour)]
