"""What the turns of a call are worth: attention over the reader's feature vectors, and a linear value of each turn.

    z = bias + sum_g sum_i softmax_i(attention_g . f_i + position_g . (t_i, t_i^2)) value_g . f_i

with f_i the feature vector of turn i, t_i its relative position in (0, 1) and g the ``N_GAZES`` ways to look at a call.
The better a call stands, the higher z; ``salescoach.moves.profile`` makes a probability of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from salescoach.model.arrays import StoredArrays

N_GAZES: Final = 4


@dataclass(frozen=True)
class TurnsWorth(StoredArrays):
    """Arrays, float32: ``attention``, ``value``: (n_gazes, dimension); ``position``: (n_gazes, 2); ``bias``: (1,)."""

    what = "worth of turns"

    attention: np.ndarray
    position: np.ndarray
    value: np.ndarray
    bias: np.ndarray

    def of(self, features: np.ndarray, variants: Sequence[np.ndarray] | None = None) -> np.ndarray:
        """What variants of one call are worth, z: shape (n_variants,), float64.

        Args:
            features: of turns, shape (n, dimension).
            variants: the rows of each variant's turns, in order; default: one of all turns.
        """
        gazes = self.gazes(features)
        variants = [np.arange(len(features))] if variants is None else variants
        return np.array([self.of_gazes(gazes[rows]) for rows in variants])

    def gazes(self, features: np.ndarray) -> np.ndarray:
        """What each turn adds, whatever stands around it: how much it is looked at, and its value.

        Shape (n, 2 * n_gazes), float64; ``features``: shape (n, dimension).
        """
        wide = features.astype(np.float64)
        return np.concatenate([wide @ self.attention.T, wide @ self.value.T], axis=1)

    def of_gazes(self, gazes: np.ndarray) -> float:
        """What a call is worth, z, by the ``gazes`` of its turns."""
        scores, values = np.split(gazes, 2, axis=1)
        return _pooled(scores, values, self.position) + float(self.bias[0])

    def check(self) -> None:
        """Raises ValueError where another number of gazes is meant."""
        if self.position.shape != (N_GAZES, 2):
            raise ValueError("other gazes")


def _pooled(scores: np.ndarray, values: np.ndarray, position: np.ndarray) -> float:
    """What one variant is worth, 0 where nothing is said; ``scores`` and ``values``: shape (n_turns, n_gazes)."""
    if not len(scores):
        return 0.0
    t = ((np.arange(len(scores)) + 0.5) / len(scores))[:, None]
    scores = scores + t * position[:, 0] + t**2 * position[:, 1]
    weights = np.exp(scores - scores.max(axis=0))
    return float(((weights * values).sum(axis=0) / weights.sum(axis=0)).sum())
