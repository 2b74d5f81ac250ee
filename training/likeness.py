"""Fits what scoring by likeness needs: vectors of the calls that were trained on, calibrated on those held out."""

import numpy as np

from salescoach.head import conformal_quantile, nonconformity
from salescoach.likeness import Likeness, unit
from salescoach.similarity import METHODS, PastCalls
from training.embedding import Embedding, TrainingCalls
from training.head import cross_calibrated, fit_calibrator


def fit_likeness(embedding: Embedding, center: np.ndarray, seen: TrainingCalls) -> Likeness:
    """``center``: the mean call vector of training, shape (4 * dimension,)."""
    held_out = seen.held_out
    vectors = unit(embedding.pool(seen.calls) - center)
    # Rounded as they are stored, so that what is calibrated is what scores.
    past = PastCalls.of(vectors[~held_out].astype(np.float16).astype(np.float64), seen.labels[~held_out])
    labels, groups = seen.labels[held_out], [seen.groups[row] for row in np.flatnonzero(held_out).tolist()]
    calibration, quantiles = [], []
    for scores in past.scores(vectors[held_out]).values():
        slope, offset = fit_calibrator(scores, labels, float(seen.labels.mean()))
        calibration.append((slope, offset))
        chances = cross_calibrated(slope * scores + offset, labels, groups, np.random.default_rng(seen.seed))
        quantiles.append(conformal_quantile(nonconformity(chances, labels)))
    assert len(calibration) == len(METHODS)
    return Likeness(past, np.array(calibration), np.array(quantiles))
