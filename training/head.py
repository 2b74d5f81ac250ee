"""Fits the head on call vectors, its calibrator on held-out calls, and the bootstrap that gives the interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from salescoach.head import Head, sigmoid
from salescoach.splits import GroupBootstrap
from training.pooling import CallVectors, fit_pooling, pool_calls

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)  # C of the logistic regression: small means strongly regularised
N_MEMBERS = 60
N_FOLDS = 4
MIN_SLOPE = 0.1


@dataclass(frozen=True)
class CrossFit:
    """Logits of the training calls, each from a pooling and a head that have not seen its account.

    ``logits``: shape (n_train,); nan for a call that no fold could judge. ``strength``: the regularisation they have.
    """

    strength: float
    logits: np.ndarray


def fit_head(
    train: np.ndarray,
    train_labels: np.ndarray,
    train_groups: Sequence[str],
    held_out: np.ndarray,
    held_out_labels: np.ndarray,
    held_out_groups: Sequence[str],
    crossed: CrossFit,
    rng: np.random.Generator,
) -> Head:
    """A calibrated head with its bootstrap members.

    The calibrator sees held-out calls and the cross-fitted logits of the training calls: a few dozen held-out calls
    alone leave its slope to chance.

    Args:
        train: call vectors that the weights are fitted on, shape (n_train, dimension).
        train_labels: shape (n_train,), 1 converted, 0 lost.
        train_groups: accounts of the training calls.
        held_out: call vectors that only the calibrator sees, shape (n_held_out, dimension).
        held_out_labels: shape (n_held_out,).
        held_out_groups: accounts of the held-out calls.
        crossed: from ``cross_fit`` on the training calls.
        rng: draws the resamples, by account.
    """
    space = _Standardised(train)
    reduced = space.apply(train)
    draws, held_out_draws = GroupBootstrap(train_groups), GroupBootstrap(held_out_groups)
    members = []
    for member in range(N_MEMBERS + 1):
        rows = draws.draw(train_labels, rng) if member else None
        held_out_rows = held_out_draws.draw(held_out_labels, rng) if member else None
        rows = np.arange(len(train)) if rows is None else rows
        held_out_rows = np.arange(len(held_out)) if held_out_rows is None else held_out_rows
        regression = LogisticRegression(C=crossed.strength, max_iter=2000).fit(reduced[rows], train_labels[rows])
        weights, bias = space.unfold(regression.coef_[0], float(regression.intercept_[0]))
        judged = rows[np.isfinite(crossed.logits[rows])]
        slope, offset = fit_calibrator(
            np.concatenate([crossed.logits[judged], held_out[held_out_rows] @ weights + bias]),
            np.concatenate([train_labels[judged], held_out_labels[held_out_rows]]),
        )
        members.append((slope * weights, slope * bias + offset))
    # float32 is what is stored, so it is also what everything after this is measured with.
    return Head(
        np.stack([weights for weights, _ in members]).astype(np.float32).astype(np.float64),
        np.array([bias for _, bias in members]).astype(np.float32).astype(np.float64),
    )


def fit_weights(vectors: np.ndarray, labels: np.ndarray, strength: float) -> tuple[np.ndarray, float]:
    """Weights, shape (dimension,), and bias of a logistic regression on call vectors, which are standardised first."""
    space = _Standardised(vectors)
    regression = LogisticRegression(C=strength, max_iter=2000).fit(space.apply(vectors), labels)
    return space.unfold(regression.coef_[0], float(regression.intercept_[0]))


def cross_fit(calls: Sequence[CallVectors], labels: np.ndarray, groups: Sequence[str], seed: int) -> CrossFit:
    """Judges each training call by folds without its account, at the regularisation with the best log-loss.

    The pooling is trained anew in each fold: one that has seen a call's label makes that call look easy, and the
    weakest regularisation look best. Where there are too few calls for folds, nothing is judged and the strongest
    regularisation is taken.
    """
    logits = np.full((len(STRENGTHS), len(calls)), np.nan)
    n_folds = min(N_FOLDS, int(np.bincount(labels, minlength=2).min()), len(set(groups)))
    folds = StratifiedGroupKFold(n_folds).split(np.zeros(len(calls)), labels, groups) if n_folds >= 2 else []
    for fitted, held_out in folds:
        if len(set(labels[fitted])) < 2:  # one account can hold most of a class
            continue
        pooled = pool_calls(fit_pooling([calls[row] for row in fitted], labels[fitted], seed), calls)
        space = _Standardised(pooled[fitted])
        reduced = space.apply(pooled)
        for row, strength in enumerate(STRENGTHS):
            model = LogisticRegression(C=strength, max_iter=2000).fit(reduced[fitted], labels[fitted])
            logits[row, held_out] = model.decision_function(reduced[held_out])
    judged = np.isfinite(logits[0])
    if not judged.any():
        return CrossFit(STRENGTHS[0], logits[0])
    losses = [log_loss(labels[judged], sigmoid(row[judged]), labels=[0, 1]) for row in logits]
    best = int(np.argmin(losses))
    return CrossFit(STRENGTHS[best], logits[best])


def fit_calibrator(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Slope and offset of Platt scaling (Platt, 1999), with his smoothed targets so that few calls can't overfit.

    The slope is at least ``MIN_SLOPE``: a calibrator must not turn a ranking round. Where held-out calls don't bear the
    ranking out, every probability lies near the base rate, and each turn still counts.
    """
    n_converted, n_lost = int(labels.sum()), int(len(labels) - labels.sum())
    if min(n_converted, n_lost) == 0:
        return 1.0, 0.0
    targets = np.where(labels == 1, (n_converted + 1) / (n_converted + 2), 1 / (n_lost + 2))
    # A soft target is two weighted hard ones.
    regression = LogisticRegression(C=1.0)
    regression.fit(
        np.concatenate([logits, logits])[:, None],
        np.repeat([1, 0], len(logits)),
        sample_weight=np.concatenate([targets, 1 - targets]),
    )
    slope, offset = float(regression.coef_[0, 0]), float(regression.intercept_[0])
    if slope >= MIN_SLOPE:
        return slope, offset
    rate = (n_converted + 1) / (len(labels) + 2)
    return MIN_SLOPE, float(np.log(rate / (1 - rate)) - MIN_SLOPE * logits.mean())


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

    def unfold(self, weights: np.ndarray, bias: float) -> tuple[np.ndarray, float]:
        """Weights and bias on the raw vectors: shape (dimension,), float64."""
        scaled = weights if self._basis is None else self._basis @ weights
        raw = scaled / self._scaler.scale_
        return raw, bias - float(raw @ self._scaler.mean_)
