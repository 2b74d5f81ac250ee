"""A picture of where an encoder puts calls: UMAP and t-SNE of training calls, judged calls placed among them."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from eval.folds import Fold
from eval.space import Space, mean_over_accounts
from salescoach.stats.measures import Judged, Measure
from salescoach.stats.splits import evenly
from salescoach.types import OUTCOMES, Outcome

PERPLEXITY = 30
N_NEIGHBOURS = 15  # that UMAP looks at
N_TO_PLACE = 5  # nearest training calls, amid which t-SNE's picture puts a new one
MAX_DRAWN = 1500  # judged calls

View = tuple[np.ndarray, np.ndarray]  # where the fitted and the judged calls lie, shapes (n, 2)


@dataclass(frozen=True)
class Dot:
    """What a reader may know of a call."""

    call_id: str
    outcome: Outcome


@dataclass(frozen=True)
class EmbeddingMap:
    """The first fold as an encoder sees it, and figures of all. ``chance``: the purity of neighbours drawn blindly."""

    name: str
    views: Mapping[str, View]
    fitted: Sequence[Dot]
    judged: Sequence[Dot]
    silhouette: Measure
    purity: Measure
    chance: float


def draw_map(
    name: str, spaces: Sequence[Space], folds: Sequence[Fold], judged: Sequence[Judged], seed: int
) -> EmbeddingMap:
    """The map of an encoder.

    Args:
        name: of the encoder.
        spaces: where it puts the calls of each fold.
        folds: the splits that the spaces are of.
        judged: any arm's judgements of the folds: outcomes and accounts of their test calls.
        seed: of the pictures and of the resampling.
    """
    first, fold = spaces[0], folds[0]
    drawn = evenly(len(first.judged), MAX_DRAWN)
    fitted_rows = list(first.fitted_rows)
    rate = float(np.mean([one.labels.mean() for one in judged]))
    past = float(np.mean(fold.train.labels[fitted_rows]))
    return EmbeddingMap(
        name=name,
        views=place(np.array(first.fitted), np.array(first.judged)[drawn], seed),
        fitted=[
            Dot(str(fold.train.calls[row].call_id), OUTCOMES[1 - int(fold.train.labels[row])]) for row in fitted_rows
        ],
        judged=[Dot(fold.test[row].call_id, OUTCOMES[1 - int(fold.labels[row])]) for row in drawn.tolist()],
        silhouette=mean_over_accounts(judged, [space.silhouettes for space in spaces], seed),
        purity=mean_over_accounts(judged, [space.purities for space in spaces], seed),
        chance=round(rate * past + (1 - rate) * (1 - past), 4),
    )


def place(fitted: np.ndarray, judged: np.ndarray, seed: int) -> dict[str, View]:
    """Views of one space, by name: UMAP (PCA where umap-learn is not installed) and t-SNE.

    Args:
        fitted: what is fitted, shape (n_fitted, dimension).
        judged: what is placed and never fitted, shape (n_judged, dimension).
        seed: the same seed gives the same picture on one machine.
    """
    name, view = _umap(fitted, judged, seed) or ("PCA", (fitted[:, :2], judged[:, :2]))
    return {name: view, "t-SNE": _tsne(fitted, judged, seed)}


def _umap(fitted: np.ndarray, judged: np.ndarray, seed: int) -> tuple[str, View] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # it misses TensorFlow, which nobody here needs
            from umap import UMAP
    except ImportError:
        return None
    # One thread: several would give another picture each time.
    reducer = UMAP(n_neighbors=min(N_NEIGHBOURS, len(fitted) - 1), random_state=seed, n_jobs=1)
    places = reducer.fit_transform(fitted)
    return "UMAP", (np.asarray(places), np.asarray(reducer.transform(judged)))


def _tsne(fitted: np.ndarray, judged: np.ndarray, seed: int) -> View:
    perplexity = min(PERPLEXITY, (len(fitted) - 1) / 3)
    places = TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(fitted)
    nearest = NearestNeighbors(n_neighbors=min(N_TO_PLACE, len(fitted))).fit(fitted)
    return places, places[nearest.kneighbors(judged, return_distance=False)].mean(axis=1)
