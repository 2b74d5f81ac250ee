"""A trained classifier -> a calibrated head with bootstrap members, which give the interval."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from salescoach.head import Head, sigmoid
from salescoach.splits import GroupBootstrap

STRENGTH = 1e-4  # C of the members' logistic regression: strongly regularised
N_MEMBERS = 60
N_FOLDS = 4
MIN_EFFECT = 0.15


def fit_head(
    weights: np.ndarray,
    bias: float,
    train: np.ndarray,
    train_labels: np.ndarray,
    train_groups: Sequence[str],
    held_out: np.ndarray,
    held_out_labels: np.ndarray,
    held_out_groups: Sequence[str],
    rng: np.random.Generator,
) -> Head:
    """A calibrated head whose members differ as refits on other accounts would.

    Member 0 is the trained classifier. The classifier itself is too dear to train sixty times, so each other member is
    it, moved as far as a logistic regression on the same call vectors moves when the accounts are resampled, and
    calibrated on resampled held-out accounts.

    Args:
        weights: of the trained classifier, shape (dimension,).
        bias: of the trained classifier.
        train: call vectors that it was trained on, shape (n_train, dimension).
        train_labels: shape (n_train,), 1 converted, 0 lost.
        train_groups: accounts of the training calls.
        held_out: call vectors that only the calibrator sees, shape (n_held_out, dimension).
        held_out_labels: shape (n_held_out,).
        held_out_groups: accounts of the held-out calls.
        rng: draws the resamples.
    """
    space = _Standardised(train)
    reduced = space.apply(train)
    draws, held_out_draws = GroupBootstrap(train_groups), GroupBootstrap(held_out_groups)
    unmoved = _refit(space, reduced, train_labels)
    scale = float(np.linalg.norm(weights)) / max(float(np.linalg.norm(unmoved)), 1e-12)
    members = []
    for member in range(N_MEMBERS + 1):
        moved = weights.astype(np.float64)
        rows = draws.draw(train_labels, rng) if member else None
        judged = held_out_draws.draw(held_out_labels, rng) if member else None
        rows = np.arange(len(train)) if rows is None else rows
        judged = np.arange(len(held_out)) if judged is None else judged
        if member:
            moved = moved + scale * (_refit(space, reduced[rows], train_labels[rows]) - unmoved)
        rate = float(np.concatenate([train_labels[rows], held_out_labels[judged]]).mean())
        slope, offset = fit_calibrator(held_out[judged] @ moved + bias, held_out_labels[judged], rate)
        members.append((slope * moved, slope * bias + offset))
    # float32 is what is stored, so it is also what everything after this is measured with.
    return Head(
        np.stack([moved for moved, _ in members]).astype(np.float32).astype(np.float64),
        np.array([offset for _, offset in members]).astype(np.float32).astype(np.float64),
    )


def fit_calibrator(logits: np.ndarray, labels: np.ndarray, rate: float | None = None) -> tuple[float, float]:
    """Slope and offset of Platt scaling (Platt, 1999), with his smoothed targets so that few calls can't overfit.

    A standard deviation of the logits moves the log-odds by at least ``MIN_EFFECT``: a calibrator must not turn a
    ranking round. Where held-out calls don't bear the ranking out, every probability lies near the base rate, and each
    turn still counts.

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
    scale = float(logits.std()) or 1.0
    regression = LogisticRegression(C=1.0)
    regression.fit(
        np.concatenate([logits, logits])[:, None] / scale,
        np.repeat([1, 0], len(logits)),
        sample_weight=np.concatenate([targets, 1 - targets]),
    )
    effect, offset = float(regression.coef_[0, 0]), float(regression.intercept_[0])
    if rate is None and effect >= MIN_EFFECT:
        return effect / scale, offset
    slope = max(effect, MIN_EFFECT) / scale
    rate = (n_converted + 1) / (len(labels) + 2) if rate is None else rate
    # Every logit lies within this of the offset, so the root lies inside.
    reach = float(np.abs(slope * logits).max()) + 30.0
    return slope, float(brentq(lambda at: float(sigmoid(slope * logits + at).mean()) - rate, -reach, reach))


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


def _refit(space: "_Standardised", reduced: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression on raw vectors: shape (dimension,)."""
    return space.unfold(LogisticRegression(C=STRENGTH, max_iter=2000).fit(reduced, labels).coef_[0])
