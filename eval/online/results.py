"""What monitoring found, as programs get it: figures that came true, an estimate until then, drift, and alarms."""

from typing import Literal

from pydantic import Field

from salescoach.stats.measures import Measure
from salescoach.types import Frozen

AlarmKind = Literal[
    "base_rate", "calibration", "score", "unlikeness", "length", "sides", "punctuation", "abstentions", "sides_unknown",
    "language", "too_short", "times",
]  # fmt: skip


class SaidBin(Frozen):
    """Of calls that were given a probability in [low, high), how many converted. ``ci``: 95 %, by accounts."""

    low: float
    high: float
    n: int
    converted: int
    said: float | None = Field(description="mean probability that was said")
    rate: float | None
    ci: tuple[float, float] | None


class JudgedGroup(Frozen):
    """Calls of one industry, type, month or model. ``brier_base``: of always saying the share that converted."""

    name: str
    n: int
    converted: int
    said: float
    rate: float
    ci: tuple[float, float] | None
    brier: Measure
    brier_base: float


class AgainstOther(Frozen):
    """The scores beside something else that was said of the same calls, or of earlier ones.

    ``difference``: Brier of the coach less the other's, with its 95 % interval; below 0 the coach is better.
    """

    name: str
    n: int
    brier: float
    other: float
    difference: Measure
    is_paired: bool = True


class FollowUp(Frozen):
    """The calls that were scored at least ``days`` ago, which slow outcomes don't distort.

    ``open``: of those without an outcome until now.
    """

    days: int
    n: int
    converted: int
    lost: int
    open: int
    said: float | None = None
    rate: Measure | None = None
    brier: Measure | None = None


class TimeToOutcome(Frozen):
    """How long it takes from a score to the outcome, by Kaplan and Meier; calls without an outcome count as open.

    ``median_days``: None where fewer than half of the calls have ended. ``still_open``: (day, share, low, high).
    """

    n: int
    ended: int
    median_days: float | None
    ci: tuple[float | None, float | None]
    nine_tenths_days: float | None
    still_open: tuple[tuple[float, float, float, float], ...] = ()


class OutcomeEstimate(Frozen):
    """What is to be expected of calls whose outcome hasn't come, if each probability is right. No measurement."""

    is_estimate: Literal[True] = True
    n: int
    converted: float
    converted_interval: tuple[float, float]
    brier: float
    text: str


class WatchedStream(Frozen):
    """What is watched for changes. ``statistic`` and ``threshold`` are in nats; at the threshold there is an alarm.

    ``before``: the mean of the baseline, of ``n_baseline`` values. ``now``: that of the last values. Both are None
    where there are too few values to watch.
    """

    kind: AlarmKind
    what: str
    n: int
    n_baseline: int
    before: float | None = None
    now: float | None = None
    statistic: float | None = None
    threshold: float | None = None


class Alarm(Frozen):
    """Something has changed.

    ``since``: the day from which on it is likely to be otherwise; ``noticed``: when the alarm went off. Days are UTC.
    """

    kind: AlarmKind
    since: str
    noticed: str
    text: str


class CameTrue(Frozen):
    """Whether scores came true. ``n``: calls whose first score was noted before their outcome came.

    ``pending``: scored calls without an outcome. ``abstained``: calls without a number; ``late``, ``undated`` and
    ``unmatched``: calls that can't be judged, see docs/monitoring.md. ``brier_base``: of always saying the share that
    converted, which nobody knew before. ``parts``: Brier = reliability - resolution + uncertainty, about.
    """

    as_of: str
    n: int
    accounts: int
    pending: int
    abstained: int
    late: int
    undated: int
    unmatched: int
    said: float | None = None
    rate: Measure | None = None
    brier: float | None = None
    brier_ci: tuple[float, float] | None = None
    brier_base: float | None = None
    parts: dict[str, Measure] = Field(default_factory=dict)
    auc: Measure | None = None
    reliability: tuple[SaidBin, ...] = ()
    by_model: tuple[JudgedGroup, ...] = ()
    by_industry: tuple[JudgedGroup, ...] = ()
    by_type: tuple[JudgedGroup, ...] = ()
    by_month: tuple[JudgedGroup, ...] = ()
    against: tuple[AgainstOther, ...] = ()
    follow_up: FollowUp
    time_to_outcome: TimeToOutcome | None = None
    estimate: OutcomeEstimate | None = None
    estimate_of_judged: OutcomeEstimate | None = Field(default=None, description="beside what was measured")
    watched: tuple[WatchedStream, ...] = ()
    alarms: tuple[Alarm, ...] = ()
