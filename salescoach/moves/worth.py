"""What a call is worth, from its turns: attention over the reader's feature vectors, and a linear value of each turn.

    z = bias + sum_i softmax_i(attention . f_i + position . (t_i, t_i^2)) value . f_i

with f_i the feature vector of turn i and t_i its relative position in (0, 1). The probability of a conversion is
sigmoid(slope * z + offset).
"""

from dataclasses import dataclass, replace

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.pooling import relative_positions


@dataclass(frozen=True)
class CallWorth(StoredArrays):
    """Arrays, float32: ``attention`` and ``value`` of shape (dimension,), ``position`` (2,), the others (1,)."""

    what = "worth of a call"

    attention: np.ndarray
    position: np.ndarray
    value: np.ndarray
    bias: np.ndarray
    slope: np.ndarray
    offset: np.ndarray

    def logits(self, features: np.ndarray, keep: np.ndarray | None = None) -> np.ndarray:
        """Calibrated logits of variants of one call: shape (n_variants,), float64.

        Args:
            features: shape (n_turns, dimension).
            keep: shape (n_variants, n_turns), bool: which turns each variant has; default: the whole call.
        """
        keep = np.ones((1, len(features)), dtype=bool) if keep is None else keep
        wide = features.astype(np.float64)
        t = relative_positions(keep)
        scores = wide @ self.attention + t * self.position[0] + t**2 * self.position[1]
        scores = np.where(keep, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        z = (weights @ (wide @ self.value)) / weights.sum(axis=1) + self.bias[0]
        return np.asarray(self.slope[0] * z + self.offset[0])

    def rescaled(self, slope: float, offset: float) -> "CallWorth":
        """With another calibration."""
        return replace(self, slope=np.array([slope]), offset=np.array([offset]))
