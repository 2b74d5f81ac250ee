"""Measures of a model on labelled calls, each with a bootstrap interval that resamples accounts.

Labels are 1 (converted) or 0 (lost), probabilities are in [0, 1]; both have shape (n_calls,). What each measure means,
and why it is there, is in ``docs/evaluation.md``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from salescoach.stats.splits import GroupBootstrap
from salescoach.types import Frozen

N_BINS = 10
N_RESAMPLES = 400
MIN_RESAMPLES = 20
INTERVAL = (0.025, 0.975)
TOP_SHARE = 0.1


class Measure(Frozen):
    """A figure and its 95 % interval; the interval is None where resampling can't give one."""

    value: float
    ci: tuple[float, float] | None

    def __str__(self) -> str:
        """Such as ``0.731 (0.650 to 0.801)``."""
        return f"{self.value:.3f}" + (f" ({self.ci[0]:.3f} to {self.ci[1]:.3f})" if self.ci else "")


class Gap(Frozen):
    """A difference of two models on the same calls; ``p_value``: two-sided, of the paired bootstrap."""

    value: float
    ci: tuple[float, float] | None
    p_value: float | None

    def __str__(self) -> str:
        """Such as ``+0.031 (+0.013 to +0.053)``."""
        return f"{self.value:+.3f}" + (f" ({self.ci[0]:+.3f} to {self.ci[1]:+.3f})" if self.ci else "")


class Thresholds(Frozen):
    """From which probability on a call counts as converted, for each measure that needs a yes or no.

    Chosen on calls of the training side, never on those that are judged.
    """

    f1: float = 0.5
    accuracy: float = 0.5
    balanced_accuracy: float = 0.5


@dataclass(frozen=True)
class Judged:
    """Probabilities for calls that no fit has seen, such as those of one fold.

    ``labels`` and ``probabilities`` have shape (n_calls,); ``groups`` names the account of each call.

    Raises:
        ValueError: a probability is NaN or infinite.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    groups: Sequence[str]
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        if not np.isfinite(self.probabilities).all():
            raise ValueError("probabilities must be finite")


Metric = Callable[[np.ndarray, np.ndarray, Thresholds], float]

# The measures up to ``log_loss`` are those of scikit-learn to 1e-12 (a test compares them). Its functions spend most of
# their time on checking their arguments, and a bootstrap calls them tens of thousands of times.


def roc_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of (converted, lost) pairs in which the converted call scores higher; a tie counts half.

    NaN where a class is missing.
    """
    if not 0 < labels.sum() < len(labels):
        return float("nan")
    hits, alarms = _hits_and_alarms(labels, probabilities)
    # Each step's area under the curve, in pairs of calls: whole numbers and halves, so nothing is rounded.
    area = np.diff(alarms, prepend=0) @ (hits - np.diff(hits, prepend=0) / 2)
    return float(area / (hits[-1] * alarms[-1]))


def average_precision(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Precision at each threshold, weighted by the recall that it adds; 0 where no call converted."""
    hits, alarms = _hits_and_alarms(labels, probabilities)
    return float(np.diff(hits, prepend=0) @ (hits / (hits + alarms)) / max(hits[-1], 1))


def f1(labels: np.ndarray, called: np.ndarray) -> float:
    """Harmonic mean of precision and recall of the calls that ``called`` (bool) names; 0 if there are none."""
    n_either = int(called.sum() + labels.sum())
    return 2 * float(labels[called].sum()) / n_either if n_either else 0.0


def balanced_accuracy(labels: np.ndarray, called: np.ndarray) -> float:
    """Mean share of rightly ``called`` (bool) calls over the classes that there are."""
    is_right, is_converted = called == labels, labels == 1
    return float(np.mean([is_right[rows].mean() for rows in (is_converted, ~is_converted) if rows.any()]))


def brier_score(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared distance of probability and label, in [0, 1].

    Raises:
        ValueError: a probability is outside [0, 1].
    """
    return float(np.mean((_in_range(probabilities) - labels) ** 2))


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean negative log likelihood, in nats; a probability of 0 or 1 counts as the nearest number within.

    Raises:
        ValueError: a probability is outside [0, 1].
    """
    of_label = np.where(labels == 1, _in_range(probabilities), 1 - probabilities)
    eps = np.finfo(of_label.dtype).eps
    return -float(np.mean(np.log(np.clip(of_label, eps, 1 - eps))))


def _hits_and_alarms(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Converted and lost calls at or above each different probability, highest first: shapes (n_different,)."""
    order = np.argsort(-probabilities, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(probabilities[order])), len(order) - 1)
    hits = np.cumsum(labels[order])[ends]
    return hits, ends + 1 - hits


def _in_range(probabilities: np.ndarray) -> np.ndarray:
    if not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise ValueError("probabilities must be in [0, 1]")
    return probabilities


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean gap between probability and observed rate over ten bins of equal size (Naeini et al., AAAI 2015)."""
    sizes, (converted, expected) = _binned(probabilities, labels, probabilities)
    return float(np.abs(converted - expected).sum() / sizes.sum())


def calibration_error_by_chance(probabilities: np.ndarray) -> float:
    """The calibration error that these probabilities would show on average if each were right.

    The rate of a bin of few calls strays from its probability by chance: of n outcomes with probabilities p, the mean
    gap is sqrt(2 / pi * sum(p * (1 - p))) / n, by the normal approximation of their sum.
    """
    sizes, (variances,) = _binned(probabilities, probabilities * (1 - probabilities))
    return float(np.sqrt(2 / np.pi * variances).sum() / sizes.sum())


def brier_reliability(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean squared gap between probability and observed rate over the bins (Murphy, 1973): 0 is calibrated."""
    sizes, (converted, expected) = _binned(probabilities, labels, probabilities)
    return float(((converted - expected) ** 2 / sizes).sum() / sizes.sum())


def brier_resolution(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """How far the observed rates of the bins lie from the base rate (Murphy, 1973): 0 tells calls apart not at all.

    Brier = reliability - resolution + base rate * (1 - base rate), but for the spread of probabilities inside a bin.
    """
    sizes, (converted,) = _binned(probabilities, labels)
    return float((sizes * (converted / sizes - labels.mean()) ** 2).sum() / sizes.sum())


def precision_at(labels: np.ndarray, probabilities: np.ndarray, k: int) -> float:
    """Share of converted calls among the ``k`` with the highest probability; of equal ones, each counts in part.

    ``k`` is cut to the number of calls.
    """
    k = min(k, len(labels))
    bound = np.partition(probabilities, len(probabilities) - k)[len(probabilities) - k]
    above, tied = probabilities > bound, probabilities == bound
    return float((labels[above].sum() + (k - above.sum()) * labels[tied].mean()) / k)


def lift(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """How many times the base rate the tenth of the calls with the highest probability converts."""
    top = precision_at(labels, probabilities, max(1, round(TOP_SHARE * len(labels))))
    return top / float(labels.mean())


METRICS: dict[str, Metric] = {
    "auc": lambda y, p, _: roc_auc(y, p),
    "average_precision": lambda y, p, _: average_precision(y, p),
    "f1": lambda y, p, at: f1(y, p >= at.f1),
    "accuracy": lambda y, p, at: float(np.mean((p >= at.accuracy) == y)),
    "balanced_accuracy": lambda y, p, at: balanced_accuracy(y, p >= at.balanced_accuracy),
    "brier": lambda y, p, _: brier_score(y, p),
    "brier_reliability": lambda y, p, _: brier_reliability(y, p),
    "brier_resolution": lambda y, p, _: brier_resolution(y, p),
    "ece": lambda y, p, _: expected_calibration_error(y, p),
    "ece_by_chance": lambda _, p, __: calibration_error_by_chance(p),
    "log_loss": lambda y, p, _: log_loss(y, p),
    "precision_at_10": lambda y, p, _: precision_at(y, p, 10),
    "precision_at_50": lambda y, p, _: precision_at(y, p, 50),
    "lift": lambda y, p, _: lift(y, p),
}


# Mean gaps over bins: resampling adds noise, which makes a gap larger and never smaller, so their samples are shifted
# back by that bias.
GAPS = frozenset({"ece", "brier_reliability", "brier_resolution"})


def choose_thresholds(labels: np.ndarray, probabilities: np.ndarray) -> Thresholds:
    """The thresholds that do best on these calls, which are never the judged ones; 0.5 where a class is missing.

    Candidates lie halfway between neighbouring probabilities, so that a call near a threshold stays on its side.
    """
    if len(np.unique(labels)) < 2:
        return Thresholds()
    order = np.argsort(probabilities, kind="stable")
    values, sorted_labels = probabilities[order], labels[order]
    steps = np.flatnonzero(np.diff(values) > 0) + 1
    starts = np.concatenate([[0], steps, [len(labels)]])  # calls from here on count as converted
    candidates = np.concatenate([[0.0], (values[steps - 1] + values[steps]) / 2, [np.nextafter(values[-1], 2)]])
    n_converted = int(labels.sum())
    hits = n_converted - np.concatenate([[0], np.cumsum(sorted_labels)])[starts]
    called = len(labels) - starts
    right_lost = (len(labels) - n_converted) - (called - hits)
    best = {
        "f1": 2 * hits / (called + n_converted),
        "accuracy": (hits + right_lost) / len(labels),
        "balanced_accuracy": hits / n_converted + right_lost / (len(labels) - n_converted),
    }
    return Thresholds(**{name: float(candidates[np.argmax(value)]) for name, value in best.items()})


def measure_all(
    folds: Sequence[Judged],
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    metrics: Mapping[str, Metric] = METRICS,
) -> dict[str, Measure]:
    """Every measure, taken per fold and averaged, with its interval from resampling whole accounts.

    Raises:
        ValueError: a fold holds one class only, for which AUROC is not defined.
    """
    return summarise(folds, resample(folds, rng, n_resamples, metrics), metrics)


def summarise(
    folds: Sequence[Judged], samples: Mapping[str, np.ndarray], metrics: Mapping[str, Metric] = METRICS
) -> dict[str, Measure]:
    """Figures with the intervals of samples that ``resample`` has drawn of the same folds.

    Raises:
        ValueError: a fold holds one class only.
    """
    measures = {}
    for name, metric in metrics.items():
        value = averaged(folds, metric)
        drawn = samples[name]
        if name in GAPS and len(drawn):
            drawn = np.maximum(drawn - drawn.mean() + value, 0.0)
        measures[name] = Measure(value=round(value, 4), ci=interval(drawn))
    return measures


def averaged(folds: Sequence[Judged], metric: Metric) -> float:
    """The mean of a metric over folds.

    Raises:
        ValueError: a fold holds one class only.
    """
    if any(len(np.unique(fold.labels)) < 2 for fold in folds):
        raise ValueError("measures need converted and lost calls")
    return float(np.mean([metric(fold.labels, fold.probabilities, fold.thresholds) for fold in folds]))


def resample(
    folds: Sequence[Judged], rng: np.random.Generator, n_resamples: int, metrics: Mapping[str, Metric]
) -> dict[str, np.ndarray]:
    """Metrics on resampled accounts, averaged over the folds: metric -> shape (n_drawn,), n_drawn <= n_resamples.

    A draw in which a fold has one class only is left out. Two models judged on the same calls with equally seeded
    generators get the same draws, so the difference of their values is a paired bootstrap (Efron & Tibshirani, 1993).
    """
    bootstraps = [GroupBootstrap(fold.groups) for fold in folds]
    values: dict[str, list[float]] = {name: [] for name in metrics}
    for _ in range(n_resamples):
        draws = [bootstrap.draw(fold.labels, rng) for bootstrap, fold in zip(bootstraps, folds, strict=True)]
        drawn = [
            (fold.labels[rows], fold.probabilities[rows], fold.thresholds)
            for fold, rows in zip(folds, draws, strict=True)
            if rows is not None
        ]
        if len(drawn) == len(folds):
            for name, metric in metrics.items():
                values[name].append(float(np.mean([metric(*one) for one in drawn])))
    return {name: np.array(of_metric) for name, of_metric in values.items()}


def paired_gap(first: np.ndarray, second: np.ndarray, value: float) -> Gap:
    """The gap between two models from their values on the same draws, as ``resample`` gives them for equal seeds."""
    gaps = first - second
    # One draw more on either side: that none of so many draws was on a side doesn't make it impossible.
    tails = [(np.sum(gaps <= 0) + 1) / (len(gaps) + 1), (np.sum(gaps >= 0) + 1) / (len(gaps) + 1)]
    ci = interval(gaps)
    p_value = None if ci is None else round(min(1.0, 2 * float(min(tails))), 4)
    return Gap(value=round(value, 4), ci=ci, p_value=p_value)


def interval(samples: np.ndarray) -> tuple[float, float] | None:
    """The middle 95 % of resampled values; None where there are too few."""
    if len(samples) < MIN_RESAMPLES:
        return None
    low, high = np.quantile(samples, INTERVAL)
    return round(float(low), 4), round(float(high), 4)


def _binned(probabilities: np.ndarray, *values: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Sizes and sums of values in up to ten bins of about equal size; equal probabilities are in one bin."""
    edges = np.quantile(probabilities, np.linspace(0, 1, min(N_BINS, len(probabilities)) + 1)[1:-1])
    codes = np.searchsorted(edges, probabilities, side="right")
    sizes = np.bincount(codes)
    is_filled = sizes > 0
    return sizes[is_filled], [np.bincount(codes, weights=value)[is_filled] for value in values]
