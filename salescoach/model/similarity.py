"""Four scores by likeness: how much nearer a call lies to past converted calls than to past lost ones.

They need no classifier, only vectors of training calls. Call vectors are differences from the average training call, of
unit length; a prototype is the mean of one outcome's call vectors.

cosine     cos(x, converted prototype) - cos(x, lost prototype)
euclidean  |x - lost prototype| - |x - converted prototype|
mmr        mean cosine to K converted calls - mean cosine to K lost ones, each K chosen by maximal marginal relevance
           (Carbonell & Goldstein, SIGIR 1998), so that one cluster of near-alike calls can't speak for all
hybrid     the mean of the three

Each of the first three is given in units of its own spread over the training calls, so that they can be averaged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from salescoach.stats.splits import evenly
from salescoach.types import MethodName

METHODS: tuple[MethodName, ...] = ("cosine", "euclidean", "mmr", "hybrid")
K = 10
RELEVANCE_WEIGHT = 0.5  # against likeness to calls already chosen
N_CANDIDATES = 50  # nearest calls among which MMR chooses
MAX_CALLS = 200  # that MMR chooses from; the prototypes are those of all


@dataclass(frozen=True)
class ReferenceCalls:
    """Training calls as the four scores see them.

    ``vectors``: shape (n_calls, dimension), unit length; ``labels``: shape (n_calls,), 1 converted, 0 lost, both there;
    ``prototypes``: shape (2, dimension), the mean lost and the mean converted call, and ``counts``: of how many calls
    they are the mean, which may be more than ``n_calls``; ``spread``: the standard deviation of cosine, euclidean and
    mmr over the calls, each without itself.
    """

    vectors: np.ndarray
    labels: np.ndarray
    prototypes: np.ndarray
    counts: tuple[int, int]
    spread: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @classmethod
    def unscaled(cls, vectors: np.ndarray, labels: np.ndarray) -> "ReferenceCalls":
        """Scores in their own units. Of very many calls, some spread evenly over them are kept."""
        prototypes = np.stack([vectors[labels == label].mean(axis=0) for label in (0, 1)])
        kept = evenly(len(vectors), MAX_CALLS)
        return cls(vectors[kept], labels[kept], prototypes, (int((labels == 0).sum()), int((labels == 1).sum())))

    @classmethod
    def of(cls, vectors: np.ndarray, labels: np.ndarray) -> "ReferenceCalls":
        """Scores in units of their spread over the calls."""
        unscaled = cls.unscaled(vectors, labels)
        own = unscaled.own_scores()
        first, second, third = (max(float(np.std(own[name])), 1e-9) for name in METHODS[:3])
        return replace(unscaled, spread=(first, second, third))

    def scores(self, vectors: np.ndarray, methods: Sequence[MethodName] = METHODS) -> dict[str, np.ndarray]:
        """Each method's score of new calls: name -> shape (n_new,); higher is more like the converted ones.

        Only what ``methods`` need is computed; MMR takes most of the time.
        """
        lost, converted = (np.tile(prototype, (len(vectors), 1)) for prototype in self.prototypes)
        return self._scores(vectors, lost, converted, vectors @ self.vectors.T, methods)

    def own_scores(self) -> dict[str, np.ndarray]:
        """The scores of the training calls, each judged by the others only."""
        prototypes = []
        for label in (0, 1):
            mine = (self.labels == label)[:, None]
            n = self.counts[label]
            prototypes.append((n * self.prototypes[label] - mine * self.vectors) / np.maximum(n - mine, 1))
        cosines = self.vectors @ self.vectors.T
        np.fill_diagonal(cosines, -np.inf)
        return self._scores(self.vectors, prototypes[0], prototypes[1], cosines, METHODS)

    def _scores(
        self,
        vectors: np.ndarray,
        lost: np.ndarray,
        converted: np.ndarray,
        cosines: np.ndarray,
        methods: Sequence[MethodName],
    ) -> dict[str, np.ndarray]:
        """``lost``, ``converted``: each call's prototypes, shape (n_new, dimension); ``cosines``: (n_new, n_calls)."""
        likeness: dict[MethodName, Callable[[], np.ndarray]] = {
            "cosine": lambda: _cosine(vectors, converted) - _cosine(vectors, lost),
            "euclidean": lambda: np.linalg.norm(vectors - lost, axis=1) - np.linalg.norm(vectors - converted, axis=1),
            "mmr": lambda: np.array([self._diverse(row, 1) - self._diverse(row, 0) for row in cosines]),
        }
        scaled: dict[str, np.ndarray] = {
            name: measure() / spread
            for (name, measure), spread in zip(likeness.items(), self.spread, strict=True)
            if name in methods or "hybrid" in methods
        }
        if "hybrid" in methods:
            scaled["hybrid"] = np.mean(list(scaled.values()), axis=0)
        return {method: scaled[method] for method in methods}

    def _diverse(self, cosines: np.ndarray, label: int) -> float:
        """Mean cosine to the calls of one outcome that MMR chooses for a call; a call itself is marked with -inf."""
        rows = np.flatnonzero((self.labels == label) & np.isfinite(cosines))
        if not len(rows):
            return 0.0
        rows = rows[np.argsort(-cosines[rows], kind="stable")[:N_CANDIDATES]]
        chosen = maximal_marginal_relevance(
            cosines[rows], self.vectors[rows] @ self.vectors[rows].T, K, RELEVANCE_WEIGHT
        )
        return float(cosines[rows[chosen]].mean())


def maximal_marginal_relevance(relevance: np.ndarray, likeness: np.ndarray, k: int, weight: float) -> list[int]:
    """Indices of up to ``k`` candidates, best first: relevant, and unlike those already chosen.

    Args:
        relevance: cosine of each candidate to the query, shape (n,).
        likeness: cosine of each candidate to each other one, shape (n, n).
        k: how many to choose.
        weight: of relevance, in [0, 1]; 1 ignores likeness, 0 ignores relevance after the first choice.
    """
    chosen: list[int] = []
    nearest = np.full(len(relevance), -np.inf)
    left = np.ones(len(relevance), dtype=bool)
    while left.any() and len(chosen) < k:
        value = relevance if not chosen else weight * relevance - (1 - weight) * nearest
        best = int(np.argmax(np.where(left, value, -np.inf)))
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, likeness[best])
    return chosen


def directions(pooled: np.ndarray, center: np.ndarray) -> np.ndarray:
    """Call vectors as they are compared: differences from the average call, of unit length, float64.

    Args:
        pooled: as ``Pooling.pool`` gives them, shape (n_calls, n_blocks * dimension).
        center: the mean call vector of training, shape (n_blocks * dimension,). A call that equals it stays a row of
            zeros.
    """
    vectors = (pooled - center).astype(np.float64)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _cosine(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray(np.sum(vectors * others, axis=1) / np.maximum(norms, 1e-12))
