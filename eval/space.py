"""Where an embedding puts calls of both outcomes: how cleanly it tells them apart, and what a map is drawn from.

Judged calls have no say in where anything lies. Two figures for each of them: its silhouette (Rousseeuw, 1987) among
the judged calls, by outcome, and its purity, the share of its ten nearest training calls with its own outcome.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import Field
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_samples

from salescoach.model.similarity import directions
from salescoach.stats.measures import Judged, Measure, interval
from salescoach.stats.splits import GroupBootstrap, evenly
from salescoach.types import Frozen
from training.calls import TrainingCalls

N_NEIGHBOURS = 10
N_COMPONENTS = 50
MAX_FITTED = 1500
N_RESAMPLES = 400

Rows = tuple[tuple[float, ...], ...]


class Space(Frozen):
    """Call vectors in the ``N_COMPONENTS`` principal components of the training calls, and figures of judged calls."""

    fitted_rows: tuple[int, ...] = Field(description="which of the training calls; at most MAX_FITTED")
    fitted: Rows = Field(description="(n_fitted, n_components)")
    judged: Rows = Field(description="(n_judged, n_components)")
    silhouettes: tuple[float, ...] = Field(description="of each judged call, in [-1, 1]")
    purities: tuple[float, ...] = Field(description="of each judged call, in [0, 1]")


def space_of(fitted: np.ndarray, train: TrainingCalls, judged: np.ndarray, labels: np.ndarray) -> Space:
    """The space of an embedding.

    Args:
        fitted: call vectors of the training calls, shape (n_train, dimension).
        train: the training calls; those held out for calibration take part in nothing here.
        judged: call vectors of the judged calls, shape (n_judged, dimension).
        labels: of the judged calls, shape (n_judged,), both outcomes.
    """
    own = np.flatnonzero(~train.held_out)
    rows = own[evenly(len(own), MAX_FITTED)]
    center = fitted[own].mean(axis=0)
    past, new = directions(fitted[rows], center), directions(judged, center)
    nearest = np.argsort(-(new @ past.T), axis=1, kind="stable")[:, :N_NEIGHBOURS]
    purities = (train.labels[rows][nearest] == labels[:, None]).mean(axis=1)
    components = PCA(min(N_COMPONENTS, *past.shape), random_state=train.seed, svd_solver="randomized").fit(past)
    return Space(
        fitted_rows=tuple(rows.tolist()),
        fitted=_rows(components.transform(past)),
        judged=_rows(components.transform(new)),
        silhouettes=tuple(np.round(silhouette_samples(new, labels, metric="cosine"), 4).tolist()),
        purities=tuple(np.round(purities, 4).tolist()),
    )


def mean_over_accounts(folds: Sequence[Judged], values: Sequence[Sequence[float]], seed: int) -> Measure:
    """The mean of a figure per judged call, taken in each fold and averaged, with its interval from resampled accounts.

    Args:
        folds: whose calls the figures are of.
        values: for each fold the figure of each call, shape (n_test,).
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    own = [np.array(of_fold) for of_fold in values]
    bootstraps = [GroupBootstrap(fold.groups) for fold in folds]
    drawn = []
    for _ in range(N_RESAMPLES):
        rows = [bootstrap.draw(fold.labels, rng) for bootstrap, fold in zip(bootstraps, folds, strict=True)]
        means = [one[row].mean() for one, row in zip(own, rows, strict=True) if row is not None]
        if len(means) == len(folds):
            drawn.append(float(np.mean(means)))
    return Measure(value=round(float(np.mean([one.mean() for one in own])), 4), ci=interval(np.array(drawn)))


def _rows(values: np.ndarray) -> Rows:
    return tuple(tuple(row) for row in np.round(values, 4).tolist())
