"""A trained classifier -> a calibrated head with bootstrap members, which give the interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from salescoach.model.head import Head, sigmoid
from salescoach.stats.splits import GroupBootstrap

STRENGTH = 1e-4  # C of the members' logistic regression: strongly regularised
N_MEMBERS = 60
N_FOLDS = 4
MIN_EFFECT = 0.05  # of a standard deviation of logits, in log-odds: one point of probability at most
MIN_SPREAD = 1e-9  # of logits; what rounding leaves of equal ones is none


@dataclass(frozen=True)
class Classifier:
    """A linear classifier on call vectors, with what it was trained on.

    ``weights``: shape (dimension,); ``vectors``: shape (n_calls, dimension); ``labels``: shape (n_calls,), 1 converted,
    0 lost; ``groups``: the account of each call.
    """

    weights: np.ndarray
    bias: float
    vectors: np.ndarray
    labels: np.ndarray
    groups: Sequence[str]


def fit_head(
    honest: Classifier,
    held_out: np.ndarray,
    held_out_labels: np.ndarray,
    held_out_groups: Sequence[str],
    rng: np.random.Generator,
    final: Classifier | None = None,
) -> tuple[Head, np.ndarray]:
    """A calibrated head whose members differ as refits on other accounts would.

    Member 0 is the trained classifier. The classifier itself is too dear to train sixty times, so each other member is
    it, moved as far as a logistic regression on the same call vectors moves when the accounts are resampled, and
    calibrated on resampled held-out accounts.

    Args:
        honest: the classifier that has not learned from the held-out calls.
        held_out: call vectors that only its calibrator sees, shape (n_held_out, dimension).
        held_out_labels: shape (n_held_out,).
        held_out_groups: accounts of the held-out calls.
        rng: draws the resamples.
        final: the classifier of the head, where it is not ``honest`` but one that was trained again; its members are
            calibrated as those of ``honest``.

    Returns:
        The head, and calibrated logits of the held-out calls by ``honest``, shape (n_held_out,).
    """
    draws = GroupBootstrap(held_out_groups)
    scoring = honest if final is None else final
    moving, moving_final = _Moving(honest), None if final is None else _Moving(final)
    members, said = [], np.empty(0)
    for member in range(N_MEMBERS + 1):
        draw_from = rng if member else None
        weights, rows = moving.member(draw_from)
        judged = draws.draw(held_out_labels, rng) if member else None
        judged = np.arange(len(held_out)) if judged is None else judged
        rate = float(np.concatenate([honest.labels[rows], held_out_labels[judged]]).mean())
        slope, offset = fit_calibrator(held_out[judged] @ weights + honest.bias, held_out_labels[judged], rate)
        if not member:
            said = slope * (held_out @ weights + honest.bias) + offset
        if moving_final is not None:
            weights, _ = moving_final.member(draw_from)
        members.append((slope * weights, slope * scoring.bias + offset))
    # float32 is what is stored, so it is also what everything after this is measured with.
    head = Head(
        np.stack([weights for weights, _ in members]).astype(np.float32).astype(np.float64),
        np.array([offset for _, offset in members]).astype(np.float32).astype(np.float64),
    )
    return head, said


def fit_calibrator(logits: np.ndarray, labels: np.ndarray, rate: float | None = None) -> tuple[float, float]:
    """Slope and offset of Platt scaling (Platt, 1999), shrunk as far as the calls leave open that there is any slope.

    Platt's smoothed targets keep few calls from overfitting. The effect of a standard deviation of the logits, in
    log-odds, is then multiplied by 1 - variance / effect^2, where variance is the squared standard error of the effect,
    and by 0 where that is negative (the positive-part estimator of James and Stein, 1961). So a ranking that held-out
    calls don't bear out ends at the base rate, and one that they do bear out keeps nearly all of its effect. At least
    ``MIN_EFFECT`` is left: a calibrator must not turn a ranking round, and each turn still counts.

    Args:
        logits: of calls that no fit has seen, shape (n_calls,).
        labels: shape (n_calls,), 1 converted, 0 lost.
        rate: the share of converted calls where more calls than these tell it: the mean probability is made to be that.
    """
    n_converted, n_lost = int(labels.sum()), int(len(labels) - labels.sum())
    if min(n_converted, n_lost) == 0:
        return 1.0, 0.0
    targets = np.where(labels == 1, (n_converted + 1) / (n_converted + 2), 1 / (n_lost + 2))
    # A soft target is two weighted hard ones; scaled, so that the penalty is the same whatever the logits' size.
    spread = float(logits.std())
    scale = spread if spread > MIN_SPREAD else 1.0
    scaled = logits / scale
    regression = LogisticRegression(C=1.0)
    regression.fit(
        np.concatenate([scaled, scaled])[:, None],
        np.repeat([1, 0], len(logits)),
        sample_weight=np.concatenate([targets, 1 - targets]),
    )
    effect = float(regression.coef_[0, 0])
    variance = _variance_of_effect(scaled, sigmoid(effect * scaled + float(regression.intercept_[0])))
    shrunk = effect * max(0.0, 1 - variance / effect**2) if effect > 0 else 0.0
    slope = max(shrunk, MIN_EFFECT) / scale
    rate = (n_converted + 1) / (len(labels) + 2) if rate is None else rate
    # Every logit lies within this of the offset, so the root lies inside.
    reach = float(np.abs(slope * logits).max()) + 30.0
    return slope, float(brentq(lambda at: float(sigmoid(slope * logits + at).mean()) - rate, -reach, reach))


def _variance_of_effect(scaled: np.ndarray, probabilities: np.ndarray) -> float:
    """The squared standard error of the slope of a logistic regression with an intercept and a penalty of one."""
    information = probabilities * (1 - probabilities)
    center = float((information * scaled).sum() / information.sum())
    return float(1 / ((information * (scaled - center) ** 2).sum() + 1))


def cross_calibrated(
    logits: np.ndarray, labels: np.ndarray, groups: Sequence[str], rng: np.random.Generator
) -> np.ndarray:
    """Probabilities of held-out calls, each from a calibrator that has not seen its account: shape (n_calls,)."""
    names = sorted(set(groups))
    fold_of = dict(zip(rng.permutation(names), np.arange(len(names)) % N_FOLDS, strict=True))
    folds = np.array([fold_of[group] for group in groups])
    probabilities = np.empty(len(logits))
    for fold in range(N_FOLDS):
        slope, offset = fit_calibrator(logits[folds != fold], labels[folds != fold])
        probabilities[folds == fold] = sigmoid(slope * logits[folds == fold] + offset)
    return probabilities


class _Moving:
    """A classifier that moves as a logistic regression does when the accounts are resampled."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._space = _Standardised(classifier.vectors)
        self._reduced = self._space.apply(classifier.vectors)
        self._draws = GroupBootstrap(classifier.groups)
        self._refitted = self._refit(np.arange(len(classifier.labels)))
        size = float(np.linalg.norm(self._refitted))
        self._scale = float(np.linalg.norm(classifier.weights)) / max(size, 1e-12)

    def member(self, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        """Moved weights, shape (dimension,), float64, and the rows that moved them; None: its own, and all rows."""
        weights, rows = self._classifier.weights.astype(np.float64), np.arange(len(self._classifier.labels))
        if rng is None:
            return weights, rows
        drawn = self._draws.draw(self._classifier.labels, rng)
        rows = rows if drawn is None else drawn
        return weights + self._scale * (self._refit(rows) - self._refitted), rows

    def _refit(self, rows: np.ndarray) -> np.ndarray:
        fitted = LogisticRegression(C=STRENGTH, max_iter=2000).fit(self._reduced[rows], self._classifier.labels[rows])
        return self._space.unfold(fitted.coef_[0])


class _Standardised:
    """Call vectors scaled to unit variance and turned into the space that the training calls span.

    With fewer calls than dimensions an L2-regularised fit is the same there (its weights lie in that span), and faster.
    """

    def __init__(self, train: np.ndarray) -> None:
        self._scaler = StandardScaler().fit(train)
        scaled = self._scaler.transform(train)
        self._basis = np.linalg.svd(scaled, full_matrices=False)[2].T if len(train) < train.shape[1] else None

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        scaled = self._scaler.transform(vectors)
        return np.asarray(scaled if self._basis is None else scaled @ self._basis)

    def unfold(self, weights: np.ndarray) -> np.ndarray:
        """Weights on the raw vectors: shape (dimension,), float64."""
        scaled = weights if self._basis is None else self._basis @ weights
        return np.asarray(scaled / self._scaler.scale_)
