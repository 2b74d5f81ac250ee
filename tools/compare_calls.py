"""The tool ``compare_calls``: two calls side by side: scores, what moved them, and call metrics."""

from salescoach.errors import InputError
from salescoach.redact.our_words import Ours
from salescoach.speech.call_metrics import call_metrics
from salescoach.speech.metric_list import METRICS, MetricDefinition
from salescoach.speech.readings import amount, unit_of
from salescoach.types import Frozen, Score
from tools.document import AnswerDocument, Block, document, line, listed
from tools.parts import Parts, call_marker, moves_of, percent, points, scored_by, turn_marker
from tools.score_call import ShownTurn, moved, shown_turn
from tools.spec import CallArguments, CallId, Detail, ToolSpec

N_MOVED = 2
COMPARED = ("talk_ratio_words", "rep_questions", "longest_monologue_words", "objections", "next_step")


class CompareArguments(CallArguments):
    """Which two calls."""

    other_call_id: CallId


class ComparedCall(Frozen):
    """One of two calls, with the turns that moved its score most."""

    call_id: str
    probability_percent: int | None
    interval_percent: tuple[int, int] | None
    reasons: Ours[tuple[str, ...]]
    n_turns: int
    turns_that_moved_it: tuple[ShownTurn, ...]


class ComparedMetric(Frozen):
    """A call metric that both calls show."""

    name: str
    unit: str
    value: float
    other_value: float
    reading: Ours[str]


class CompareResult(Frozen):
    """Two calls, the one asked about first. ``is_clear``: the intervals of their probabilities don't overlap.

    Turns of the first call are cited as its own, ``[T3]``, those of the other with its id, ``[call a-1, T3]``.
    """

    call_id: str
    other_call_id: str
    calls: tuple[ComparedCall, ComparedCall]
    difference_points: float | None
    is_clear: bool
    metrics: tuple[ComparedMetric, ...]
    reading: Ours[str]
    scored_by: Ours[str | None] = None


def compare_calls(parts: Parts, call_id: str, other_call_id: str) -> CompareResult:
    """Sets two calls of the library side by side.

    Raises:
        InputError: there is no such call, or both are the same.
    """
    if call_id == other_call_id:
        raise InputError(f"Call {call_id} can't be compared with itself; name two calls.")
    calls = [parts.library.get(known) for known in (call_id, other_call_id)]
    one, other = (call.transcript for call in calls)
    score, other_score = parts.scorer.score(one), parts.scorer.score(other)
    is_clear = _are_apart(score.interval, other_score.interval)
    difference = None
    if score.probability is not None and other_score.probability is not None:
        difference = score.probability - other_score.probability
    values, other_values = (call_metrics(call.transcript, moves_of(parts, call)) for call in calls)
    return CompareResult(
        call_id=call_id,
        other_call_id=other_call_id,
        calls=(
            _compared(call_id, score, [turn_marker(turn.turn) for turn in score.evidence]),
            _compared(
                other_call_id,
                other_score,
                [call_marker(other_call_id, turn.turn, turn.turn) for turn in other_score.evidence],
            ),
        ),
        difference_points=None if difference is None else points(difference),
        is_clear=is_clear,
        metrics=tuple(
            ComparedMetric(
                name=metric.name,
                unit=metric.unit,
                value=value,
                other_value=other_value,
                reading=_metric_reading(metric, value, other_value),
            )
            for metric in METRICS
            if (value := values[metric.name]) is not None and (other_value := other_values[metric.name]) is not None
        ),
        reading=_reading(call_id, other_call_id, difference, is_clear=is_clear),
        scored_by=scored_by(parts.scorer),
    )


def _compared(call_id: str, score: Score, markers: list[str]) -> ComparedCall:
    return ComparedCall(
        call_id=call_id,
        probability_percent=None if score.probability is None else percent(score.probability),
        interval_percent=None if score.interval is None else (percent(score.interval[0]), percent(score.interval[1])),
        reasons=score.reasons,
        n_turns=score.n_turns,
        turns_that_moved_it=tuple(map(shown_turn, score.evidence[:N_MOVED], markers)),
    )


def _are_apart(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    return one is not None and other is not None and (one[1] < other[0] or other[1] < one[0])


def _reading(call_id: str, other_call_id: str, difference: float | None, *, is_clear: bool) -> str:
    if difference is None:
        return "The scores can't be compared, as at least one of the two calls has none."
    if points(difference) == 0:
        return "The two calls have the same score."
    higher, lower = (call_id, other_call_id) if difference > 0 else (other_call_id, call_id)
    gap = f"Call {higher} scores {points(difference)} points above call {lower}"
    if is_clear:
        return f"{gap}, and their intervals don't overlap."
    return f"{gap}, but their intervals overlap or aren't known, so that may be chance."


def _metric_reading(metric: MetricDefinition, value: float, other_value: float) -> str:
    subject = f"{metric.subject[0].upper()}{metric.subject[1:]}"
    if metric.unit == "yes/no":
        said, other_said = ("yes" if one else "no" for one in (value, other_value))
    else:
        said, other_said = (f"{amount(metric, one)}{unit_of(metric)}" for one in (value, other_value))
    return f"{subject}: {said} in this call, {other_said} in the other."


def _words(result: CompareResult, detail: Detail) -> AnswerDocument:
    shown = [one.reading for one in result.metrics if one.name in COMPARED] if detail == "full" else []
    return document(f"**{result.reading}**", *map(_one_of_two, result.calls), listed("**In numbers**", shown))


def _one_of_two(call: ComparedCall) -> Block | None:
    if call.probability_percent is None:
        return listed(f"Call {call.call_id} has no score:", call.reasons)
    title = f"Call {call.call_id}: {call.probability_percent} %"
    if call.interval_percent is not None:
        title += f" ({call.interval_percent[0]} % to {call.interval_percent[1]} %)"
    return listed(title, (moved(call.call_id, turn) for turn in call.turns_that_moved_it)) or line(title)


def _found(result: CompareResult) -> str:
    return "Compared two calls"


def _details(result: CompareResult) -> list[str]:
    return [result.reading]


SPEC = ToolSpec(
    function=compare_calls,
    result=CompareResult,
    arguments=CompareArguments,
    description="Two calls of this conversation side by side: scores, the turns that moved them, and metrics.",
    intents={"compare": "How do the calls of this conversation compare?"},
    words=_words,
    doing="Comparing two calls",
    found=_found,
    details=_details,
)
