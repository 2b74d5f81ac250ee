"""What is watched: outcomes against what was said and against how they were, and the calls that come in.

Inputs are those of the model that scored last, of each call once, in the order in which they came: a new model has
scores of its own, and begins a baseline of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from eval.online.first_scores import ARMS, first_rows
from eval.online.results import AlarmKind, WatchedStream
from salescoach.library.scored_calls import ScoredLog
from salescoach.stats.changes import Change, Kind, baseline_length, find_change, find_miscalibration
from salescoach.stats.waiting import WaitingCurve

SHARE_OVER: Final = 0.8  # of the calls: until so many have ended, only the fast outcomes have come
DIGITS: Final = 4


@dataclass(frozen=True)
class Stream:
    """Something that is watched. ``at``: the day of each value, shape (n,). ``unit``: how means are worded."""

    shown: WatchedStream
    change: Change | None
    at: np.ndarray
    is_share: bool


def watch_outcomes(judged: ScoredLog, curve: WaitingCurve | None, days: int, baseline: int) -> tuple[Stream, ...]:
    """The base rate and the calibration, of one call an account, in the order in which the deals ended.

    In the beginning only the fast outcomes have come. Those are left out: the baseline begins when four of five calls
    have had the time to end, by the curve, or after ``days``.
    """
    if len(judged) and curve is not None:
        until = curve.until(SHARE_OVER)
        begin = judged.scored.min() + (days if until is None else min(until, days))
        judged = judged.take(judged.ended >= begin)
        judged = judged.take(np.argsort(judged.ended, kind="stable"))
        judged = judged.take(first_rows(judged.account))
    at, y, p = judged.ended, judged.outcome, judged.probability
    per_look = _per_day(at)
    n_baseline = baseline_length(baseline, per_look)
    return (
        _stream("base_rate", "share of deals that convert", y, at, n_baseline,
                find_change(y, "outcome", baseline=baseline, per_look=per_look), is_share=True),
        _stream("calibration", "outcomes less what was said", y - p, at, n_baseline,
                find_miscalibration(p, y, baseline=baseline, per_look=per_look), is_share=True),
    )  # fmt: skip


def watch_inputs(log: ScoredLog, baseline: int) -> tuple[Stream, ...]:
    """Scores, abstentions, and what calls are like."""
    calls = log.take(log.scorer.where(ARMS.__contains__))
    if len(calls):
        calls = calls.take(calls.model.codes == calls.model.codes[-1])
        calls = calls.take(first_rows(calls.key))
    return tuple(_watch(calls, kind, what, of, form, baseline) for kind, what, of, form in INPUTS)


def _watch(
    calls: ScoredLog,
    kind: AlarmKind,
    what: str,
    of: Callable[[ScoredLog], np.ndarray],
    form: Kind,
    baseline: int,
) -> Stream:
    values = of(calls)
    is_there = np.isfinite(values)
    values, at = values[is_there], calls.scored[is_there]
    per_look = _per_day(at)
    change = find_change(values, form, baseline=baseline, per_look=per_look)
    return _stream(
        kind, what, values, at, baseline_length(baseline, per_look), change, is_share=form == "share" or kind == "score"
    )


def _has(code: str) -> Callable[[ScoredLog], np.ndarray]:
    def of(calls: ScoredLog) -> np.ndarray:
        known = np.isfinite(calls.shape["n_turns"])
        return np.where(known, calls.reasons.where(lambda reasons: code in reasons.split(",")), np.nan)

    return of


def _number(name: str) -> Callable[[ScoredLog], np.ndarray]:
    return lambda calls: calls.shape[name]


def _is_timed(calls: ScoredLog) -> np.ndarray:
    share = calls.shape["timed_share"]
    return np.where(np.isfinite(share), share > 0.5, np.nan)


# Ten, so that each may err once in two hundred times, and all of them together once in twenty.
INPUTS: Final[tuple[tuple[AlarmKind, str, Callable[[ScoredLog], np.ndarray], Kind], ...]] = (
    ("score", "probability", lambda calls: calls.probability, "level"),
    ("unlikeness", "unlikeness to the training calls (1 is too unlike)", _number("unlikeness"), "level"),
    ("length", "turns of a call", _number("n_turns"), "level"),
    ("sides", "share of words that the customer says", _number("customer_share"), "level"),
    ("punctuation", "punctuation marks per word", _number("marks_per_word"), "level"),
    ("abstentions", "share of calls without a number", lambda calls: calls.abstained.astype(float), "share"),
    ("sides_unknown", "share of calls with unknown sides", _has("sides_unknown"), "share"),
    ("language", "share of calls that are not in English", _has("not_english"), "share"),
    ("too_short", "share of calls that are too short", _has("too_short"), "share"),
    ("times", "share of calls with times", _is_timed, "share"),
)


def _stream(
    kind: AlarmKind, what: str, values: np.ndarray, at: np.ndarray, n_baseline: int, change: Change | None,
    *, is_share: bool,
) -> Stream:  # fmt: skip
    shown = WatchedStream(kind=kind, what=what, n=len(values), n_baseline=n_baseline)
    if change is not None:
        shown = shown.model_copy(
            update={
                "before": round(change.before, DIGITS),
                "now": None if change.now is None else round(change.now, DIGITS),
                "statistic": round(change.statistic, 2),
                "threshold": round(change.threshold, 2),
            }
        )
    return Stream(shown=shown, change=change, at=at, is_share=is_share)


def _per_day(at: np.ndarray) -> float:
    """How many values come a day, at least 1: a look a day sees so many new ones."""
    if len(at) < 2:
        return 1.0
    return max(1.0, len(at) / max(1.0, float(at.max() - at.min())))
