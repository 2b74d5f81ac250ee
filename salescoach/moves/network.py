"""What the move reader computes of a turn: a feature vector, from which every head of the reader reads.

The turn and what came before it go through the encoder together; the feature vector is the mean of the turn's own token
states beside the mean of all.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from salescoach.errors import ModelError
from salescoach.model.bert import Bert
from salescoach.model.difference import read_difference
from salescoach.model.encoder import best_engine, dtype_of, padded_batches, turn_text
from salescoach.model.engines import Engine
from salescoach.moves.windows import Window, windows
from salescoach.types import Turn

if TYPE_CHECKING:
    from torch import Tensor


class MoveNetwork:
    """The reader's encoder. ``dimension``: of a feature vector, twice the encoder's."""

    def __init__(self, bert: Bert) -> None:
        self._bert = bert
        self._start, self._end = bert.mark("[CLS]"), bert.mark("[SEP]")
        self.dimension = 2 * bert.dimension

    @classmethod
    def load(cls, base: Path, trained_layers: Path, engine: Engine | None = None) -> "MoveNetwork":
        """The base encoder with the reader's layers put in.

        Raises:
            ModelError: the layers are missing or of another encoder, or the base is no BERT encoder.
        """
        bert = Bert.load(base, dtype_of(engine or best_engine()), read_difference(trained_layers))
        if bert is None:
            raise ModelError(f"{base} is no BERT encoder, which the move reader stands on; run `coach setup` again.")
        return cls(bert)

    def windows(self, turns: Sequence[Turn]) -> list[Window]:
        """What the network sees of each turn of a call."""
        return windows(self._bert.token_ids([turn_text(turn) for turn in turns]), self._start, self._end)

    def window(self, before: Sequence[Turn], turn: Turn) -> Window:
        """What the network sees of one turn, as if the call had only those before it."""
        return self.windows([*before, turn])[-1]

    def features(self, seen: Sequence[Window]) -> np.ndarray:
        """Feature vectors: shape (n_windows, dimension), float32."""
        import torch

        found = np.empty((len(seen), self.dimension), dtype=np.float32)
        lengths = np.array([len(window.ids) for window in seen], dtype=np.int64)
        with torch.inference_mode():
            for rows, length in padded_batches(lengths):
                ids, mask, own = as_tensors([seen[row] for row in rows], length)
                states = self._bert.states(ids, mask, own)
                found[rows] = pooled(states.float(), mask, own).numpy()
        return found


def as_tensors(seen: Sequence[Window], length: int) -> "tuple[Tensor, Tensor, Tensor]":
    """Token ids, the mask of tokens and that of the turn's own tokens: each of shape (n_windows, length), int64."""
    import torch

    ids, mask, own = (torch.zeros((len(seen), length), dtype=torch.int64) for _ in range(3))
    for row, window in enumerate(seen):
        n = len(window.ids)
        ids[row, :n] = torch.tensor(window.ids)
        mask[row, :n] = 1
        own[row, n - window.n_own : n] = 1
    return ids, mask, own


def pooled(states: "Tensor", mask: "Tensor", own: "Tensor") -> "Tensor":
    """Means of the turn's own token states and of all: (n, tokens, d) and twice (n, tokens) -> (n, 2 d)."""
    import torch

    weights = [which.unsqueeze(-1).to(states.dtype) for which in (own, mask)]
    return torch.cat([(states * weight).sum(1) / weight.sum(1).clamp(min=1) for weight in weights], dim=1)
