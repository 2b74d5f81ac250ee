"""Scoring by likeness to past calls, as a choice beside the trained classifier: ``coach score --method cosine``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from salescoach.model.arrays import read_arrays
from salescoach.model.embedding_arm import EmbeddingArm, EncodedCall, ScoringArm
from salescoach.model.similarity import METHODS, ReferenceCalls, directions
from salescoach.types import MethodName


@dataclass(frozen=True)
class Likeness:
    """The training calls as vectors, and how each method's score becomes a logit.

    ``calibration``: shape (4, 2), slope and offset of each of ``METHODS``; ``quantiles``: shape (4,), of the prediction
    sets.
    """

    past: ReferenceCalls
    calibration: np.ndarray
    quantiles: np.ndarray

    def logits(self, vectors: np.ndarray, method: MethodName) -> np.ndarray:
        """Calibrated logits of calls: shape (n_calls,); ``vectors``: as ``directions`` gives them."""
        slope, offset = self.calibration[METHODS.index(method)]
        return np.asarray(slope * self.past.scores(vectors, [method])[method] + offset)

    def quantile(self, method: MethodName) -> float:
        """The conformal bound of a method's prediction sets."""
        return float(self.quantiles[METHODS.index(method)])

    def save(self, file: Path) -> None:
        """Writes the arrays as safetensors."""
        save_file(
            {
                "vectors": self.past.vectors.astype(np.float16),
                "labels": self.past.labels.astype(np.int8),
                "prototypes": self.past.prototypes.astype(np.float32),
                "counts": np.array(self.past.counts),
                "spread": np.array(self.past.spread),
                "calibration": self.calibration,
                "quantiles": self.quantiles,
            },
            file,
        )

    @classmethod
    def load(cls, file: Path) -> "Likeness":
        """Reads what ``save`` wrote.

        Raises:
            ModelError: the file is missing or damaged, or it holds a value that is not finite.
        """

        def make(arrays: dict[str, np.ndarray]) -> "Likeness":
            lost, converted = arrays["counts"].tolist()
            first, second, third = arrays["spread"].tolist()
            past = ReferenceCalls(
                arrays["vectors"].astype(np.float64),
                arrays["labels"],
                arrays["prototypes"].astype(np.float64),
                (lost, converted),
                (first, second, third),
            )
            return cls(past, arrays["calibration"], arrays["quantiles"])

        return read_arrays(file, "past calls", make)


@dataclass(frozen=True)
class LikenessArm(ScoringArm):
    """One of the four methods as a scorer."""

    embedding: EmbeddingArm
    likeness: Likeness
    method: MethodName

    def logits(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """As ``ScoringArm`` has it."""
        pooled = self.embedding.pooling.pool(call.vectors, [turn.role for turn in call.turns], keep)
        return self.likeness.logits(directions(pooled, self.embedding.center), self.method)
