"""Every arm of a comparison, fitted on the training side of a fold and asked for calls that it has not seen.

An arm gives calibrated logits. ``honest`` holds those of training calls from a fit that has not seen their account:
from them thresholds are chosen and arms are blended, so that no judged call has a say in either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline

from salescoach.encoder import Encoder, encode_turns
from salescoach.head import logit, sigmoid
from salescoach.measures import Thresholds, choose_thresholds
from salescoach.similarity import METHODS, PastCalls
from salescoach.types import Transcript
from training.baselines import converted
from training.head import cross_fit, fit_calibrator, fit_weights
from training.pooling import CallVectors, fit_pooling, pool_calls

N_FOLDS = 4

Logits = Callable[[Sequence[Transcript]], np.ndarray]


@dataclass(frozen=True)
class TrainingCalls:
    """The training side of a fold.

    ``labels``: shape (n_calls,), 1 converted; ``groups`` names the account of each call; ``held_out``: shape
    (n_calls,), bool, marks the calls that calibrate, which no encoder and no head sees.
    """

    calls: Sequence[Transcript]
    labels: np.ndarray
    groups: Sequence[str]
    held_out: np.ndarray
    seed: int


@dataclass(frozen=True)
class FittedArm:
    """``logits`` takes calls and gives shape (n_calls,); ``honest``: shape (n_train,), nan where there is none."""

    logits: Logits
    honest: np.ndarray

    def thresholds(self, labels: np.ndarray) -> Thresholds:
        """From the honest logits of the training calls."""
        known = np.isfinite(self.honest)
        return choose_thresholds(labels[known], sigmoid(self.honest[known]))


def fit_baseline(make: Callable[[], Pipeline], train: TrainingCalls) -> FittedArm:
    """Fits a pipeline on all training calls, calibrated by how it does on training accounts left out."""
    calls = list(train.calls)
    crossed = np.full(len(calls), np.nan)
    n_folds = min(N_FOLDS, int(np.bincount(train.labels, minlength=2).min()), len(set(train.groups)))
    splits = StratifiedGroupKFold(n_folds).split(calls, train.labels, train.groups) if n_folds >= 2 else []
    for fitted, left_out in splits:
        if len(set(train.labels[fitted])) == 2:
            model = make().fit([calls[row] for row in fitted], train.labels[fitted])
            crossed[left_out] = logit(converted(model, [calls[row] for row in left_out]))
    whole = make().fit(calls, train.labels)
    return _calibrated(lambda new: logit(converted(whole, new)), crossed, train.labels)


def fit_embedding(name: str, encoder: Encoder, train: TrainingCalls, *, seen: bool) -> dict[str, FittedArm]:
    """The head on an encoder's call vectors, and the four similarity scores on the same vectors.

    Args:
        name: of the head's arm; the others are ``name_cosine`` and so on.
        encoder: generic, or fine-tuned on the training calls that are not held out.
        train: the training side of a fold.
        seen: whether the encoder has been fine-tuned on these calls, so that only the held-out ones can be judged.

    Returns:
        Arm name -> arm. Pooling, head and prototypes are fitted on the calls that are not held out, whatever the
        encoder, so that only the encoder differs between two names.
    """
    held_out, fitted = train.held_out, np.flatnonzero(~train.held_out)
    vectors = [call_vectors(encoder, call) for call in train.calls]
    mine = [vectors[row] for row in fitted]
    labels, groups = train.labels[fitted], [train.groups[int(row)] for row in fitted]
    pooling = fit_pooling(mine, labels, train.seed)
    pooled = pool_calls(pooling, vectors)

    crossed = cross_fit(mine, labels, groups, train.seed)
    weights, bias = fit_weights(pooled[fitted], labels, crossed.strength)
    honest = np.where(held_out, pooled @ weights + bias, np.nan)
    if not seen:
        honest[fitted] = crossed.logits

    center = pooled[fitted].mean(axis=0)
    past = PastCalls.of(_unit(pooled[fitted] - center), labels)

    def new(calls: Sequence[Transcript]) -> np.ndarray:
        return pool_calls(pooling, [call_vectors(encoder, call) for call in calls])

    arms = {name: _calibrated(lambda calls: new(calls) @ weights + bias, honest, train.labels)}
    own = past.own_scores()
    others = past.scores(_unit(pooled[held_out] - center))
    for method in METHODS:
        known = np.full(len(vectors), np.nan)
        known[held_out] = others[method]
        if not seen:
            known[fitted] = own[method]
        arms[f"{name}_{method}"] = _calibrated(_scores(new, past, center, method), known, train.labels)
    return arms


def blend(
    arms: Sequence[np.ndarray], honest: Sequence[np.ndarray], labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of several arms' logits, calibrated again.

    Args:
        arms: of each arm, the calibrated logits of new calls, shape (n_new,).
        honest: of each arm, ``FittedArm.honest``.
        labels: of the training calls, shape (n_train,).

    Returns:
        The logits of the new calls and of the training calls.
    """
    mean = np.mean(honest, axis=0)
    known = np.isfinite(mean)
    slope, offset = fit_calibrator(mean[known], labels[known])
    return slope * np.mean(arms, axis=0) + offset, slope * mean + offset


def call_vectors(encoder: Encoder, call: Transcript) -> CallVectors:
    """An encoded call."""
    return CallVectors(encode_turns(encoder, call.turns), tuple(turn.role for turn in call.turns))


def _scores(
    new: Callable[[Sequence[Transcript]], np.ndarray], past: PastCalls, center: np.ndarray, method: str
) -> Logits:
    return lambda calls: past.scores(_unit(new(calls) - center))[method]


def _calibrated(raw: Logits, honest: np.ndarray, labels: np.ndarray) -> FittedArm:
    known = np.isfinite(honest)
    slope, offset = fit_calibrator(honest[known], labels[known])
    return FittedArm(lambda calls: slope * raw(calls) + offset, slope * honest + offset)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
