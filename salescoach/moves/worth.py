"""What a call is worth, from its turns: attention over the reader's feature vectors, and a linear value of each turn.

    z = bias + sum_i softmax_i(attention . f_i + position . (t_i, t_i^2)) value . f_i

with f_i the feature vector of turn i and t_i its relative position in (0, 1). The probability of a conversion is
sigmoid(slope * z + offset).
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from salescoach.model.arrays import read_arrays
from salescoach.model.pooling import relative_positions


@dataclass(frozen=True)
class CallWorth:
    """Arrays, float32: ``attention`` and ``value`` of shape (dimension,), ``position`` (2,), the others (1,)."""

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

    def save(self, file: Path) -> None:
        """Writes the arrays as safetensors."""
        save_file(
            {one.name: np.ascontiguousarray(getattr(self, one.name), dtype=np.float32) for one in fields(self)}, file
        )

    @classmethod
    def load(cls, file: Path) -> "CallWorth":
        """Reads what ``save`` wrote.

        Raises:
            ModelError: the file is missing or damaged.
        """

        def make(arrays: dict[str, np.ndarray]) -> CallWorth:
            return cls(**{one.name: arrays[one.name].astype(np.float64) for one in fields(cls)})

        return read_arrays(file, "worth of a call", make)
