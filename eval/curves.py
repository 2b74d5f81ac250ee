"""Curves of the report, each with a band from resampling accounts, as every figure of an evaluation has one."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from pydantic import Field
from sklearn.metrics import precision_recall_curve, roc_curve

from eval.comparison import AtShare
from eval.judgements import Judgements
from salescoach.stats.measures import (
    INTERVAL,
    METRICS,
    MIN_RESAMPLES,
    Judged,
    Measure,
    interval,
    measure_all,
    precision_at,
    resample,
)
from salescoach.stats.splits import GroupBootstrap
from salescoach.types import Frozen

N_RESAMPLES = 200
N_POINTS = 51
N_BINS = 10
MIN_IN_BIN = 20  # calls
MIN_GROUP = 30  # calls; fewer say nothing
GROUPED_BY = ("industry", "call_type")
TOP_COUNTS = (5, 10, 20, 30, 40, 50, 75, 100, 150, 200)
GAINS = (0.02, 0.05)  # of AUROC, that more calls might bring
MAX_DOUBLINGS = 3.0  # further out, nothing measured here bears a number

Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]  # labels, probabilities -> shape (n_points,)


class Band(Frozen):
    """A curve: at each ``x`` its ``y``, averaged over folds, and the 95 % interval."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = Field(description="empty where resampling gives no interval")
    high: tuple[float, ...]


class Bin(Frozen):
    """Calls that were given about the same probability. ``rate``: the share of them that converted."""

    n: int
    probability: float
    rate: Measure


class GroupMeasure(Frozen):
    """How good an arm is on the calls of one industry or type."""

    column: str
    value: str
    n: int
    positives: int
    auc: Measure | None = Field(description="None where there are too few calls, or one outcome only")


class LearningPoint(Frozen):
    """AUROC after learning from a share of the training accounts."""

    n_calls: int
    auc: Measure


class LearningCurve(Frozen):
    """What more calls brought. ``per_doubling``: the slope of AUROC over the doublings of the calls."""

    arm: str
    points: tuple[LearningPoint, ...]
    per_doubling: Measure
    calls_needed: dict[str, int | None] = Field(
        description="gain in AUROC -> calls to learn from, if doublings went on like this; None: can't be said"
    )


class Curves(Frozen):
    """All curves of a report, by arm; ``groups`` and the first of each are those of the best arm."""

    roc: dict[str, Band]
    precision_recall: dict[str, Band]
    precision_at: dict[str, Band]
    reliability: dict[str, tuple[Bin, ...]]
    by_share: dict[str, tuple[AtShare, ...]]
    best: str
    groups: tuple[GroupMeasure, ...]
    learning: tuple[LearningCurve, ...] = ()


def all_curves(
    judgements: Judgements, arms: Sequence[str], best: str, by_share: dict[str, tuple[AtShare, ...]], seed: int
) -> Curves:
    """Of the arms that are drawn, the best first."""
    judged = {arm: judgements.judged(arm) for arm in sorted(arms, key=lambda arm: arm != best)}
    return Curves(
        roc={arm: roc(folds, seed) for arm, folds in judged.items()},
        precision_recall={arm: precision_recall(folds, seed) for arm, folds in judged.items()},
        precision_at={arm: precision_at_counts(folds, seed) for arm, folds in judged.items()},
        reliability={arm: reliability(folds, seed) for arm, folds in judged.items()},
        by_share=by_share,
        best=best,
        groups=by_group(judgements, best, seed),
    )


def roc(folds: Sequence[Judged], seed: int) -> Band:
    """Share of the converted calls that are found, for each share of the lost calls that are let in with them."""
    grid = np.linspace(0, 1, N_POINTS)

    def curve(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        false_rate, true_rate, _ = roc_curve(labels, probabilities)
        return np.asarray(np.interp(grid, false_rate, true_rate))

    return _band(folds, grid, curve, seed)


def precision_recall(folds: Sequence[Judged], seed: int) -> Band:
    """Share of converted calls among those taken, for each share of the converted calls that is found."""
    grid = np.linspace(0.02, 1, N_POINTS - 2)

    def curve(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        precision, recall, _ = precision_recall_curve(labels, probabilities)
        precision, recall = precision[:-1][::-1], recall[:-1][::-1]  # from the top of the list down
        return np.asarray(precision[np.searchsorted(recall, grid - 1e-9)])

    return _band(folds, grid, curve, seed)


def precision_at_counts(folds: Sequence[Judged], seed: int) -> Band:
    """Share of converted calls among the highest K, as far as half of the smallest fold."""
    limit = min(len(fold.labels) for fold in folds) / 2
    counts = np.array([k for k in TOP_COUNTS if k <= limit] or [max(1, int(limit))])
    return _band(folds, counts, lambda y, p: np.array([precision_at(y, p, k) for k in counts.tolist()]), seed)


def reliability(folds: Sequence[Judged], seed: int) -> tuple[Bin, ...]:
    """Up to ten bins of about equal size, ``MIN_IN_BIN`` calls or more; the folds' calls are put together."""
    labels = np.concatenate([fold.labels for fold in folds])
    probabilities = np.concatenate([fold.probabilities for fold in folds])
    groups = [group for fold in folds for group in fold.groups]
    n_bins = min(N_BINS, max(2, len(labels) // MIN_IN_BIN))
    edges = np.quantile(probabilities, np.linspace(0, 1, n_bins + 1)[1:-1])
    _, codes = np.unique(np.searchsorted(edges, probabilities, side="right"), return_inverse=True)
    bootstrap, rng = GroupBootstrap(groups), np.random.default_rng(seed)
    drawn: list[list[float]] = [[] for _ in range(codes.max() + 1)]
    for _ in range(N_RESAMPLES):
        rows = bootstrap.draw(labels, rng)
        if rows is not None:
            for code, rates in enumerate(drawn):
                inside = labels[rows][codes[rows] == code]
                if len(inside):
                    rates.append(float(inside.mean()))
    return tuple(
        Bin(
            n=int((codes == code).sum()),
            probability=round(float(probabilities[codes == code].mean()), 4),
            rate=Measure(value=round(float(labels[codes == code].mean()), 4), ci=interval(np.array(rates))),
        )
        for code, rates in enumerate(drawn)
    )


def by_group(judgements: Judgements, arm: str, seed: int) -> tuple[GroupMeasure, ...]:
    """AUROC by industry and by type of call, where the calls say what they are."""
    found = []
    for column in GROUPED_BY:
        cells = [np.array([call.metadata.get(column, "") for call in test]) for test in judgements.tests]
        for value in sorted(set(np.concatenate(cells).tolist()) - {""}):
            rows = [np.flatnonzero(own == value) for own in cells]
            calls = [test[row] for test, kept in zip(judgements.tests, rows, strict=True) for row in kept.tolist()]
            part = judgements.of_calls(rows)
            auc = None
            if len(calls) >= MIN_GROUP and part.tests:
                metric = {"auc": METRICS["auc"]}
                auc = measure_all(part.judged(arm), np.random.default_rng(seed), N_RESAMPLES, metric)["auc"]
            n_converted = sum(call.outcome == "converted" for call in calls)
            found.append(GroupMeasure(column=column, value=value, n=len(calls), positives=n_converted, auc=auc))
    return tuple(found)


def learning_curve(arm: str, by_size: Mapping[int, Sequence[Judged]], seed: int) -> LearningCurve | None:
    """What more calls brought, and how many more a gain might take.

    Args:
        arm: its name.
        by_size: calls to learn from -> what was judged; the same calls in the same folds for every size.
        seed: of the resampling; the same accounts are drawn for every size.

    Returns:
        None for fewer than three sizes: two points make any curve a line.
    """
    sizes = sorted(by_size)
    if len(sizes) < 3:
        return None
    metric = {"auc": METRICS["auc"]}
    samples = [resample(by_size[n], np.random.default_rng(seed), N_RESAMPLES, metric)["auc"] for n in sizes]
    doublings = np.log2(sizes)
    values = np.array(
        [np.mean([METRICS["auc"](f.labels, f.probabilities, f.thresholds) for f in by_size[n]]) for n in sizes]
    )
    slopes = _slopes(doublings, np.array(samples))
    slope = Measure(value=round(float(_slopes(doublings, values[:, None])[0]), 4), ci=interval(slopes))
    return LearningCurve(
        arm=arm,
        points=tuple(
            LearningPoint(n_calls=n, auc=Measure(value=round(float(value), 4), ci=interval(drawn)))
            for n, value, drawn in zip(sizes, values, samples, strict=True)
        ),
        per_doubling=slope,
        calls_needed={f"{gain:+.2f}": _calls_needed(sizes[-1], gain, slope) for gain in GAINS},
    )


def _calls_needed(n_now: int, gain: float, slope: Measure) -> int | None:
    """Only where more calls have surely helped, and not too far out."""
    if slope.ci is None or slope.ci[0] <= 0 or gain / slope.value > MAX_DOUBLINGS:
        return None
    return int(round(n_now * 2 ** (gain / slope.value), -1))


def _slopes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least squares; ``x``: shape (n,), ``y``: shape (n, n_lines). Shape (n_lines,)."""
    centred = x - x.mean()
    return np.asarray(centred @ y / (centred @ centred))


def _band(folds: Sequence[Judged], x: np.ndarray, curve: Curve, seed: int) -> Band:
    """A curve averaged over folds, with its interval at each point."""
    rng = np.random.default_rng(seed)
    bootstraps = [GroupBootstrap(fold.groups) for fold in folds]
    drawn = []
    for _ in range(N_RESAMPLES):
        draws = [bootstrap.draw(fold.labels, rng) for bootstrap, fold in zip(bootstraps, folds, strict=True)]
        curves = [
            curve(fold.labels[rows], fold.probabilities[rows])
            for fold, rows in zip(folds, draws, strict=True)
            if rows is not None
        ]
        if len(curves) == len(folds):
            drawn.append(np.mean(curves, axis=0))
    y = np.mean([curve(fold.labels, fold.probabilities) for fold in folds], axis=0)
    low, high = np.quantile(drawn, INTERVAL, axis=0) if len(drawn) >= MIN_RESAMPLES else (np.array([]), np.array([]))
    return Band(x=_rounded(x), y=_rounded(y), low=_rounded(low), high=_rounded(high))


def _rounded(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)
