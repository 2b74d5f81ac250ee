"""Every arm of a comparison, fitted on the training side of a fold and asked for calls that it has not seen.

An arm gives calibrated logits. ``honest`` holds those of training calls from a fit that has not seen their account:
from them thresholds are chosen and arms are blended, so that no judged call has a say in either.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline

from salescoach.model.head import logit, sigmoid
from salescoach.model.likeness import Likeness
from salescoach.model.similarity import METHODS, directions
from salescoach.stats.measures import Thresholds, choose_thresholds
from salescoach.types import MethodName, Transcript
from training.baselines import converted
from training.calls import TrainingCalls
from training.embedding import Embedding, PooledPair, Trained
from training.fit_head import fit_calibrator
from training.fit_likeness import fit_likeness

N_FOLDS = 4

Logits = Callable[[Sequence[Transcript]], np.ndarray]


@dataclass(frozen=True)
class FittedArm:
    """``logits`` takes calls and gives shape (n_calls,); ``honest``: shape (n_train,), nan where there is none."""

    logits: Logits
    honest: np.ndarray


def honest_thresholds(honest: np.ndarray, labels: np.ndarray) -> Thresholds:
    """From the honest logits of training calls, both of shape (n_train,); 0.5 where there are none."""
    known = np.isfinite(honest)
    return choose_thresholds(labels[known], sigmoid(honest[known])) if known.any() else Thresholds()


def fit_baseline(make: Callable[[], Pipeline], train: TrainingCalls) -> FittedArm:
    """Fits a pipeline on all training calls, calibrated by how it does on training accounts left out."""
    crossed = cross_logits(make, train.calls, train.labels, train.groups)
    whole = make().fit(list(train.calls), train.labels)
    return _fitted(lambda new: logit(converted(whole, new)), crossed, train.labels)


def cross_logits(
    make: Callable[[], Pipeline], calls: Sequence[Transcript], labels: np.ndarray, groups: Sequence[str]
) -> np.ndarray:
    """Logits of each call from a pipeline fitted on other accounts: shape (n_calls,), nan where no fold could judge."""
    logits = np.full(len(calls), np.nan)
    n_folds = min(N_FOLDS, int(np.bincount(labels, minlength=2).min()), len(set(groups)))
    folds = StratifiedGroupKFold(n_folds).split(np.zeros(len(calls)), labels, groups) if n_folds >= 2 else []
    for fitted, left_out in folds:
        if len(set(labels[fitted])) == 2:  # one account can hold most of a class
            model = make().fit([calls[row] for row in fitted], labels[fitted])
            logits[left_out] = logit(converted(model, [calls[row] for row in left_out]))
    return logits


def embedding_arms(name: str, trained: Trained, train: TrainingCalls, pooled: PooledPair) -> dict[str, FittedArm]:
    """The classifier of an embedding, and the four similarity scores on the same call vectors.

    Args:
        name: of the classifier's arm; the others are ``name_cosine`` and so on.
        trained: generic or fine-tuned, on the calls of ``train``.
        train: the training side of a fold.
        pooled: ``trained.pool(train)``.

    Returns:
        Arm name -> arm, each calibrated on the held-out calls, generic or not, so that only the encoder differs.
    """
    held_out = train.held_out
    final = trained.final
    honest = np.where(held_out, trained.honest.logits(pooled.honest.vectors), np.nan)
    arms = {name: _fitted(lambda calls: final.logits(final.pool(calls)), honest, train.labels)}
    likeness, of_held_out = fit_likeness(pooled, train)
    for method, said in zip(METHODS, of_held_out, strict=True):
        arms[f"{name}_{method}"] = FittedArm(
            _by_likeness(final, likeness, pooled.final.center, method), train.placed(said)
        )
    return arms


def fit_blend(mean_logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Slope and offset on the mean of several arms' logits.

    Args:
        mean_logits: of the training calls, from the arms' honest logits; nan where one of them has none.
        labels: of the training calls, shape (n_train,).
    """
    known = np.isfinite(mean_logits)
    return fit_calibrator(mean_logits[known], labels[known], float(labels.mean()))


def _by_likeness(embedding: Embedding, likeness: Likeness, center: np.ndarray, method: MethodName) -> Logits:
    return lambda calls: likeness.logits(directions(embedding.pool(calls), center), method)


def _fitted(raw: Logits, honest: np.ndarray, labels: np.ndarray) -> FittedArm:
    known = np.isfinite(honest)
    slope, offset = fit_calibrator(honest[known], labels[known], float(labels.mean()))
    return FittedArm(lambda calls: slope * raw(calls) + offset, slope * honest + offset)
