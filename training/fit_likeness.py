"""Fits what scoring by likeness needs: vectors of the calls that were learned from, calibrated on those held out."""

from dataclasses import replace

import numpy as np

from salescoach.model.head import conformal_quantile, nonconformity
from salescoach.model.likeness import Likeness
from salescoach.model.similarity import METHODS, ReferenceCalls, directions
from training.calls import TrainingCalls
from training.embedding import Pooled, PooledPair
from training.fit_head import cross_calibrated, fit_calibrator


def fit_likeness(pooled: PooledPair, seen: TrainingCalls) -> tuple[Likeness, np.ndarray]:
    """Past calls with a calibrator and a conformal bound for each method.

    Args:
        pooled: ``seen.calls`` as the embeddings have them.
        seen: the calls.

    Returns:
        The likeness by the final vectors, and calibrated logits of the held-out calls by the honest ones, shape
        (4, n_held_out).
    """
    held_out = seen.held_out
    honest = _past_calls(pooled.honest, seen.labels)
    scores = honest.scores(directions(pooled.honest.vectors[held_out], pooled.honest.center))
    labels, groups = seen.labels[held_out], [seen.groups[row] for row in np.flatnonzero(held_out).tolist()]
    calibration, quantiles, logits = [], [], []
    for method in METHODS:
        slope, offset = fit_calibrator(scores[method], labels, float(seen.labels.mean()))
        calibration.append((slope, offset))
        logits.append(slope * scores[method] + offset)
        chances = cross_calibrated(logits[-1], labels, groups, np.random.default_rng(seen.seed))
        quantiles.append(conformal_quantile(nonconformity(chances, labels)))
    past = honest if pooled.final is pooled.honest else _past_calls(pooled.final, seen.labels)
    return Likeness(past, np.array(calibration), np.array(quantiles)), np.array(logits)


def _past_calls(pooled: Pooled, labels: np.ndarray) -> ReferenceCalls:
    """Rounded as they are stored, so that what is calibrated is what scores."""
    vectors = directions(pooled.vectors[pooled.learned], pooled.center)
    past = ReferenceCalls.of(vectors.astype(np.float16).astype(np.float64), labels[pooled.learned])
    return replace(past, prototypes=past.prototypes.astype(np.float32).astype(np.float64))
