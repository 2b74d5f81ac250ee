"""What is read off a turn: each move, and what concerns are raised and met by. Linear, calibrated.

Two things say it: the turn's feature vector (``salescoach.moves.network``) and its words
(``salescoach.moves.lexical``).

Behind the moves stand four outputs that make objections of them (``salescoach.moves.objections``):

CONCERN    the customer raises a concern
TAKES_UP   the rep takes up a concern that was raised before
MET        where the rep does, it is met, at least partly
EASED      where the customer replies to that, the concern is off the table
"""

from dataclasses import dataclass, fields

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.head import sigmoid
from salescoach.moves.taxonomy import MOVES, moves_of
from salescoach.types import Role

CONCERN, TAKES_UP, MET, EASED = range(len(MOVES), len(MOVES) + 4)
N_OUTPUTS = len(MOVES) + 4


@dataclass(frozen=True)
class MoveHeads(StoredArrays):
    """Arrays, float32. Probability of output k: sigmoid(slope_k z_k + of_words_k w_k + offset_k).

    z_k = features @ weight_k + bias_k, and w_k is the logit of the words. ``weight``: shape (n_outputs, dimension);
    the others: shape (n_outputs,).
    """

    what = "move heads"

    weight: np.ndarray
    bias: np.ndarray
    slope: np.ndarray
    of_words: np.ndarray
    offset: np.ndarray
    threshold: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """What feature vectors alone say, not calibrated: shape (n_turns, n_outputs), float64."""
        return np.asarray(features.astype(np.float64) @ self.weight.T + self.bias)

    def probabilities(self, features: np.ndarray, words: np.ndarray, roles: list[Role]) -> np.ndarray:
        """Calibrated probabilities of each output: shape (n_turns, n_outputs), float64; 0 of what a side can't do.

        Args:
            features: of turns, shape (n_turns, dimension).
            words: logits of their words, shape (n_turns, n_outputs).
            roles: whose turn each is.
        """
        known = self.slope * self.logits(features) + self.of_words * words + self.offset
        return np.asarray(sigmoid(known) * possible(roles))

    def check(self) -> None:
        """Raises ValueError where there are other outputs."""
        if any(len(getattr(self, one.name)) != N_OUTPUTS for one in fields(self)):
            raise ValueError(f"not {N_OUTPUTS} outputs")


def possible(roles: list[Role]) -> np.ndarray:
    """What each turn's side can do: shape (n_turns, n_outputs), bool."""
    by_role = {
        role: [move in moves_of(role) for move in MOVES]
        + [role == side for side in ("customer", "rep", "rep", "customer")]
        for role in dict.fromkeys(roles)
    }
    return np.array([by_role[role] for role in roles], dtype=bool).reshape(len(roles), N_OUTPUTS)
