"""Measures of a model on labelled calls, each with a bootstrap interval that resamples accounts.

Labels are 1 (converted) or 0 (lost), probabilities are in [0, 1]; both have shape (n_calls,).
"""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    roc_auc_score,
)

from salescoach.splits import GroupBootstrap
from salescoach.types import Frozen

THRESHOLD = 0.5
ECE_BINS = 10
INTERVAL = (0.025, 0.975)

Metric = Callable[[np.ndarray, np.ndarray], float]


class Measure(Frozen):
    """A figure and its 95 % interval; the interval is None where resampling can't give one."""

    value: float
    ci: tuple[float, float] | None


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean gap between probability and observed rate over ten bins of equal size (Naeini et al., AAAI 2015)."""
    order = np.argsort(probabilities, kind="stable")
    gaps = [
        len(part) * abs(float(labels[part].mean()) - float(probabilities[part].mean()))
        for part in np.array_split(order, min(ECE_BINS, len(order)))
    ]
    return sum(gaps) / len(order)


def precision_at_10(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of converted calls among the ten with the highest probability."""
    top = np.argsort(-probabilities, kind="stable")[:10]
    return float(labels[top].mean())


METRICS: dict[str, Metric] = {
    "auc": lambda y, p: float(roc_auc_score(y, p)),
    "average_precision": lambda y, p: float(average_precision_score(y, p)),
    "f1": lambda y, p: float(f1_score(y, p >= THRESHOLD, zero_division=0)),
    "accuracy": lambda y, p: float(accuracy_score(y, p >= THRESHOLD)),
    "balanced_accuracy": lambda y, p: float(balanced_accuracy_score(y, p >= THRESHOLD)),
    "brier": lambda y, p: float(brier_score_loss(y, p)),
    "ece": expected_calibration_error,
    "log_loss": lambda y, p: float(log_loss(y, p, labels=[0, 1])),
    "precision_at_10": precision_at_10,
}


def measure_all(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: Sequence[str],
    rng: np.random.Generator,
    n_resamples: int = 200,
) -> dict[str, Measure]:
    """Every measure with its interval from resampling whole groups (accounts) with replacement.

    Raises:
        ValueError: the labels hold one class only, for which AUROC is not defined.
    """
    if len(np.unique(labels)) < 2:
        raise ValueError("measures need converted and lost calls")
    bootstrap = GroupBootstrap(groups)
    resampled: dict[str, list[float]] = {name: [] for name in METRICS}
    for _ in range(n_resamples):
        rows = bootstrap.draw(labels, rng)
        if rows is not None:
            for name, metric in METRICS.items():
                resampled[name].append(metric(labels[rows], probabilities[rows]))
    return {
        name: Measure(value=round(metric(labels, probabilities), 4), ci=_interval(resampled[name]))
        for name, metric in METRICS.items()
    }


def _interval(values: list[float]) -> tuple[float, float] | None:
    if len(values) < 20:
        return None
    low, high = np.quantile(values, INTERVAL)
    return round(float(low), 4), round(float(high), 4)
