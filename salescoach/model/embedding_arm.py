"""The arms of a model folder that can score: on turn vectors, on words, and both blended."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from salescoach.model.arrays import read_arrays
from salescoach.model.head import Head, blended, interval
from salescoach.model.pooling import Pooling
from salescoach.model.text_arm import TextArm
from salescoach.types import MethodName, ScorerName, Turn


@dataclass(frozen=True)
class EncodedCall:
    """What every arm gets to see of a call.

    ``vectors``: shape (n_turns, dimension), float32, unit length; ``figures``: those of the whole call that a move
    reader's profile weighs, where they have been kept up with it, shape (n_figures,).
    """

    turns: Sequence[Turn]
    vectors: np.ndarray
    figures: np.ndarray | None = None


class ScoringArm(ABC):
    """Something that scores variants of a call."""

    @abstractmethod
    def logits(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """Calibrated logits of variants; ``keep``: shape (n_variants, n_turns), bool. Shape (n_variants,), float64."""

    def member_logits(self, call: EncodedCall) -> np.ndarray | None:
        """Logits of the whole call by the model and its bootstrap members: shape (n_members,), the model's first.

        None where there are no members.
        """
        return None

    def interval(self, call: EncodedCall, strangeness: float) -> tuple[float, float] | None:
        """Where the probability that follows from what was said lies in nine of ten calls; None where it isn't known.

        ``strangeness``: the call's distance from the training calls, 1 where the coach begins to abstain.
        """
        members = self.member_logits(call)
        return None if members is None else interval(members, strangeness)

    def whole(self, call: EncodedCall, strangeness: float) -> tuple[float, tuple[float, float] | None]:
        """The calibrated logit of the whole call, and its interval; ``strangeness`` as in ``interval``."""
        keep = np.ones((1, len(call.turns)), dtype=bool)
        return float(self.logits(call, keep)[0]), self.interval(call, strangeness)

    def telling_turns(self, call: EncodedCall, n: int) -> np.ndarray:
        """Rows of turns among which those are whose deletion moves the score most: at least ``n``, here all."""
        return np.arange(len(call.turns))


@dataclass(frozen=True)
class ChosenArm:
    """The arm that scores, with what a score says of it. ``quantile``: conformal bound of its prediction sets."""

    arm: ScoringArm
    name: ScorerName | MethodName
    quantile: float


@dataclass(frozen=True)
class EmbeddingArm(ScoringArm):
    """The arrays of an embedding's scorer.

    ``center``: shape (n_blocks * dimension,), the mean call vector of training, which likeness is measured from;
    ``mean_turn``: shape (dimension,), and ``precision``: shape (dimension, dimension), where the training calls' mean
    turns lie; ``probes``: shape (2, dimension), what the encoder made of two probe sentences when it was trained.
    """

    pooling: Pooling
    head: Head
    center: np.ndarray
    mean_turn: np.ndarray
    precision: np.ndarray
    probes: np.ndarray

    def logits(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """As ``ScoringArm`` has it."""
        return _logits(self.pooling, self.head.weights[0], self.head.bias[0], call, keep)

    def member_logits(self, call: EncodedCall) -> np.ndarray:
        """As ``ScoringArm`` has it."""
        pooled = self.pooling.pool(call.vectors, [turn.role for turn in call.turns])[0]
        return np.asarray(self.head.weights @ pooled.astype(np.float64) + self.head.bias)

    def save(self, file: Path) -> None:
        """Writes the arrays as safetensors."""
        arrays = {
            **_pooling_arrays(self.pooling),
            "weights": self.head.weights,
            "bias": self.head.bias,
            "center": self.center,
            "mean_turn": self.mean_turn,
            "precision": self.precision,
            "probes": self.probes,
        }
        _save(arrays, file)

    @classmethod
    def load(cls, file: Path) -> "EmbeddingArm":
        """Reads what ``save`` wrote; scoring uses float64 for the head.

        Raises:
            ModelError: the file is missing or damaged, or it holds a value that is not finite.
        """

        def make(arrays: dict[str, np.ndarray]) -> "EmbeddingArm":
            pooling = _pooling(arrays)
            head = Head(arrays["weights"].astype(np.float64), arrays["bias"].astype(np.float64))
            return cls(pooling, head, *(arrays[name] for name in ("center", "mean_turn", "precision", "probes")))

        return read_arrays(file, "scorer", make)


@dataclass(frozen=True)
class ReferenceArm:
    """Pooling and head of an embedding that doesn't score, kept so that it can be compared with the one that does.

    ``weights``: shape (n_blocks * dimension,), and ``bias``, of calibrated logits.
    """

    pooling: Pooling
    weights: np.ndarray
    bias: float

    def logits(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """As ``ScoringArm`` has it."""
        return _logits(self.pooling, self.weights, self.bias, call, keep)

    def save(self, file: Path) -> None:
        """Writes the arrays as safetensors."""
        _save({**_pooling_arrays(self.pooling), "weights": self.weights, "bias": np.array([self.bias])}, file)

    @classmethod
    def load(cls, file: Path) -> "ReferenceArm":
        """Reads what ``save`` wrote.

        Raises:
            ModelError: the file is missing or damaged, or it holds a value that is not finite.
        """

        def make(arrays: dict[str, np.ndarray]) -> "ReferenceArm":
            return cls(_pooling(arrays), arrays["weights"].astype(np.float64), float(arrays["bias"][0]))

        return read_arrays(file, "generic head", make)


def _pooling_arrays(pooling: Pooling) -> dict[str, np.ndarray]:
    return {"query": pooling.query, "position": pooling.position, "usual_turns": np.array([pooling.usual_turns])}


def _pooling(arrays: Mapping[str, np.ndarray]) -> Pooling:
    return Pooling(arrays["query"], arrays["position"], float(arrays["usual_turns"][0]))


def _logits(pooling: Pooling, weights: np.ndarray, bias: float, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
    roles = [turn.role for turn in call.turns]
    return np.asarray(pooling.products(call.vectors, roles, keep, weights) + bias)


def _save(arrays: Mapping[str, np.ndarray], file: Path) -> None:
    save_file({name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}, file)


@dataclass(frozen=True)
class WordsArm(ScoringArm):
    """A text arm, which looks at the turns only."""

    text: TextArm

    def logits(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """As ``ScoringArm`` has it."""
        return self.text.logits(call.turns, keep)

    def member_logits(self, call: EncodedCall) -> np.ndarray:
        """As ``ScoringArm`` has it."""
        return self.text.member_logits(call.turns)


@dataclass(frozen=True)
class BlendedArm(ScoringArm):
    """The mean of several arms' logits, calibrated again: ``slope * mean + offset``."""

    parts: tuple[ScoringArm, ...]
    slope: float
    offset: float

    def logits(self, call: EncodedCall, keep: np.ndarray) -> np.ndarray:
        """As ``ScoringArm`` has it."""
        return blended([part.logits(call, keep) for part in self.parts], self.slope, self.offset)

    def member_logits(self, call: EncodedCall) -> np.ndarray | None:
        """As ``ScoringArm`` has it, with as many members as the part that has fewest."""
        members = [own for part in self.parts if (own := part.member_logits(call)) is not None]
        if len(members) < len(self.parts):
            return None
        n_members = min(len(one) for one in members)
        return blended([one[:n_members] for one in members], self.slope, self.offset)
