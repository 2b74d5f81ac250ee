"""What is read off a feature vector: each move, and whether a turn raises a concern. Linear, calibrated."""

from dataclasses import dataclass, fields

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.head import sigmoid
from salescoach.moves.taxonomy import MOVES, moves_of
from salescoach.types import Role

N_OUTPUTS = len(MOVES) + 1  # the last: the turn raises a concern
CONCERN = len(MOVES)


@dataclass(frozen=True)
class MoveHeads(StoredArrays):
    """Arrays, float32. Probability of output k: sigmoid(slope_k * (features @ weight_k + bias_k) + offset_k).

    ``weight``: shape (n_outputs, dimension); ``bias``, ``slope``, ``offset`` and ``threshold``: shape (n_outputs,).
    """

    what = "move heads"

    weight: np.ndarray
    bias: np.ndarray
    slope: np.ndarray
    offset: np.ndarray
    threshold: np.ndarray

    def probabilities(self, features: np.ndarray, roles: list[Role]) -> np.ndarray:
        """Calibrated probabilities of each output: shape (n_turns, n_outputs), float64; 0 of what a side can't do."""
        logits = features.astype(np.float64) @ self.weight.T + self.bias
        return np.asarray(sigmoid(self.slope * logits + self.offset) * possible(roles))

    def check(self) -> None:
        """Raises ValueError where there are other outputs."""
        if any(len(getattr(self, one.name)) != N_OUTPUTS for one in fields(self)):
            raise ValueError(f"not {N_OUTPUTS} outputs")


def possible(roles: list[Role]) -> np.ndarray:
    """What each turn's side can do: shape (n_turns, n_outputs), bool."""
    by_role = {role: [move in moves_of(role) for move in MOVES] + [role == "customer"] for role in dict.fromkeys(roles)}
    return np.array([by_role[role] for role in roles], dtype=bool).reshape(len(roles), N_OUTPUTS)
