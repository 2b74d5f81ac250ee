"""Fits what scoring by likeness needs: vectors of the calls that were trained on, calibrated on those held out."""

from dataclasses import replace

import numpy as np

from salescoach.head import conformal_quantile, nonconformity
from salescoach.likeness import Likeness
from salescoach.similarity import METHODS, PastCalls, directions
from training.embedding import TrainingCalls
from training.head import cross_calibrated, fit_calibrator


def fit_likeness(pooled: np.ndarray, center: np.ndarray, seen: TrainingCalls) -> Likeness:
    """Past calls with a calibrator and a conformal bound for each method.

    Args:
        pooled: call vectors of ``seen.calls``, shape (n_calls, 4 * dimension).
        center: their mean over the calls that are not held out, shape (4 * dimension,).
        seen: the calls.
    """
    held_out = seen.held_out
    vectors = directions(pooled, center)
    # Rounded as they are stored, so that what is calibrated is what scores.
    past = PastCalls.of(vectors[~held_out].astype(np.float16).astype(np.float64), seen.labels[~held_out])
    past = replace(past, prototypes=past.prototypes.astype(np.float32).astype(np.float64))
    labels, groups = seen.labels[held_out], [seen.groups[row] for row in np.flatnonzero(held_out).tolist()]
    scores = past.scores(vectors[held_out])
    calibration, quantiles = [], []
    for method in METHODS:
        slope, offset = fit_calibrator(scores[method], labels, float(seen.labels.mean()))
        calibration.append((slope, offset))
        chances = cross_calibrated(slope * scores[method] + offset, labels, groups, np.random.default_rng(seen.seed))
        quantiles.append(conformal_quantile(nonconformity(chances, labels)))
    return Likeness(past, np.array(calibration), np.array(quantiles))
