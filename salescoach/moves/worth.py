"""What a call is worth, from its turns: attention over the reader's feature vectors, and a linear value of each turn.

    z = bias + sum_g sum_i softmax_i(attention_g . f_i + position_g . (t_i, t_i^2)) value_g . f_i

with f_i the feature vector of turn i, t_i its relative position in (0, 1) and g the ``N_GAZES`` ways to look at a call.
The probability of a conversion is sigmoid(slope * z + offset).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.pooling import relative_positions

N_GAZES: Final = 4


@dataclass(frozen=True)
class CallWorth(StoredArrays):
    """Arrays, float32: ``attention``, ``value``: (n_gazes, dimension); ``position``: (n_gazes, 2); the others: (1,)."""

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
        t = relative_positions(keep)[..., None]
        scores = wide @ self.attention.T + t * self.position[:, 0] + t**2 * self.position[:, 1]
        scores = np.where(keep[..., None], scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        z = np.einsum("vtg,tg->v", weights, wide @ self.value.T) + self.bias[0]
        return np.asarray(self.slope[0] * z + self.offset[0])

    def rescaled(self, slope: float, offset: float) -> "CallWorth":
        """With another calibration."""
        return replace(self, slope=np.array([slope]), offset=np.array([offset]))
