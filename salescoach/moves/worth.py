"""What a call is worth, from its turns: attention over the reader's feature vectors, and a linear value of each turn.

    z = bias + sum_g sum_i softmax_i(attention_g . f_i + position_g . (t_i, t_i^2)) value_g . f_i

with f_i the feature vector of turn i, t_i its relative position in (0, 1) and g the ``N_GAZES`` ways to look at a call.
The probability of a conversion is sigmoid(slope * z + offset).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.head import Z, sigmoid

N_GAZES: Final = 4


@dataclass(frozen=True)
class CallWorth(StoredArrays):
    """Arrays, float32: ``attention``, ``value``: (n_gazes, dimension); ``position``: (n_gazes, 2); the others: (1,).

    ``error``: how far calibrated logits lie from those of people who read the call, a standard deviation.
    """

    what = "worth of a call"

    attention: np.ndarray
    position: np.ndarray
    value: np.ndarray
    bias: np.ndarray
    slope: np.ndarray
    offset: np.ndarray
    error: np.ndarray

    def logits(self, features: np.ndarray, variants: Sequence[np.ndarray] | None = None) -> np.ndarray:
        """Calibrated logits of variants of one call: shape (n_variants,), float64.

        Args:
            features: of turns, shape (n, dimension).
            variants: the rows of each variant's turns, in order; default: one of all turns.
        """
        wide = features.astype(np.float64)
        scores, values = wide @ self.attention.T, wide @ self.value.T
        variants = [np.arange(len(features))] if variants is None else variants
        z = np.array([_pooled(scores[rows], values[rows], self.position) for rows in variants]) + self.bias[0]
        return np.asarray(self.slope[0] * z + self.offset[0])

    def interval(self, logit: float) -> tuple[float, float]:
        """Where the probability that follows from what was said lies in nine of ten calls; estimated."""
        low, high = sigmoid(logit + np.array([-Z, Z]) * self.error[0])
        return float(low), float(high)

    def calibrated(self, slope: float, offset: float, error: float) -> "CallWorth":
        """With another calibration."""
        return replace(self, slope=np.array([slope]), offset=np.array([offset]), error=np.array([error]))

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
