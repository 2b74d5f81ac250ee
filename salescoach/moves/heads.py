"""What is read off a feature vector: each move, and whether a turn raises a concern. Linear, calibrated."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from salescoach.model.arrays import read_arrays
from salescoach.model.head import sigmoid
from salescoach.moves.taxonomy import MOVES, moves_of
from salescoach.types import Role

N_OUTPUTS = len(MOVES) + 1  # the last: the turn raises a concern
CONCERN = len(MOVES)


@dataclass(frozen=True)
class MoveHeads:
    """Arrays, float32. Probability of output k: sigmoid(slope_k * (features @ weight_k + bias_k) + offset_k).

    ``weight``: shape (n_outputs, dimension); ``bias``, ``slope``, ``offset`` and ``threshold``: shape (n_outputs,).
    """

    weight: np.ndarray
    bias: np.ndarray
    slope: np.ndarray
    offset: np.ndarray
    threshold: np.ndarray

    def probabilities(self, features: np.ndarray, roles: list[Role]) -> np.ndarray:
        """Calibrated probabilities of each output: shape (n_turns, n_outputs), float64; 0 of what a side can't do."""
        logits = features.astype(np.float64) @ self.weight.T + self.bias
        return np.asarray(sigmoid(self.slope * logits + self.offset) * possible(roles))

    def save(self, file: Path) -> None:
        """Writes the arrays as safetensors."""
        save_file(
            {one.name: np.ascontiguousarray(getattr(self, one.name), dtype=np.float32) for one in fields(self)}, file
        )

    @classmethod
    def load(cls, file: Path) -> "MoveHeads":
        """Reads what ``save`` wrote.

        Raises:
            ModelError: the file is missing or damaged, or has other outputs.
        """

        def make(arrays: dict[str, np.ndarray]) -> MoveHeads:
            heads = cls(**{one.name: arrays[one.name].astype(np.float64) for one in fields(cls)})
            if any(len(getattr(heads, one.name)) != N_OUTPUTS for one in fields(cls)):
                raise ValueError(f"not {N_OUTPUTS} outputs")
            return heads

        return read_arrays(file, "move heads", make)


def possible(roles: list[Role]) -> np.ndarray:
    """What each turn's side can do: shape (n_turns, n_outputs), bool."""
    by_role = {role: [move in moves_of(role) for move in MOVES] + [role == "customer"] for role in dict.fromkeys(roles)}
    return np.array([by_role[role] for role in roles], dtype=bool).reshape(len(roles), N_OUTPUTS)
