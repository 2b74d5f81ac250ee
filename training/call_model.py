"""What is trained, layers, attention over turns and classifier, and calls in the form that it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salescoach.model.encoder import turn_text
from salescoach.model.pooling import N_BLOCKS, SIDES, relative_positions
from salescoach.types import Transcript
from training.fit_pooling import QUERY_SCALE, pool
from training.layers import TopLayers

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class CallRows:
    """Calls as row numbers of their unique texts. ``turns[i]``: shape (n_turns,), int; ``sides[i]``: (2, n_turns)."""

    texts: tuple[str, ...]
    turns: tuple[np.ndarray, ...]
    sides: tuple[np.ndarray, ...]
    labels: np.ndarray

    @classmethod
    def of(cls, calls: Sequence[Transcript], labels: np.ndarray) -> "CallRows":
        """Of calls with their labels, shape (n_calls,), 1 converted, 0 lost."""
        rows: dict[str, int] = {}
        turns = [
            np.array([rows.setdefault(turn_text(turn), len(rows)) for turn in call.turns], dtype=np.int64)
            for call in calls
        ]
        sides = [np.array([[turn.role == side for turn in call.turns] for side in SIDES]) for call in calls]
        return cls(tuple(rows), tuple(turns), tuple(sides), labels)

    def usual_turns(self, rows: np.ndarray) -> float:
        """How many turns a side has on average in the calls in which it speaks; 1 where nobody does."""
        counts = np.concatenate([self.sides[row].sum(axis=1) for row in rows])
        return float(np.float32(counts[counts > 0].mean())) if counts.any() else 1.0


class CallModel:
    """What is trained: the layers (or the vectors that they would give), attention, classifier."""

    def __init__(self, layers: TopLayers | None, fixed: "Tensor") -> None:
        import torch

        self.layers = layers
        self.fixed = fixed  # (n_texts, dimension): the vectors of the frozen encoder
        dimension, device = fixed.shape[1], fixed.device
        self.query = torch.zeros(len(SIDES), dimension, device=device, requires_grad=True)
        self.position = torch.zeros(len(SIDES), 2, device=device, requires_grad=True)
        self.weight = torch.zeros(N_BLOCKS * dimension, device=device, requires_grad=True)
        self.bias = torch.zeros(1, device=device, requires_grad=True)
        # What all calls share says nothing about any of them, and would be most of every cosine and of every dropout.
        self.center = torch.zeros(N_BLOCKS * dimension, device=device)
        self.usual_turns = 1.0

    @property
    def head(self) -> "list[Tensor]":
        """Attention and classifier: query, position, weight and bias."""
        return [self.query, self.position, self.weight, self.bias]

    def named(self) -> "dict[str, Tensor]":
        """All weights, and the center, by name."""
        layers = [] if self.layers is None else self.layers.parameters()
        named = dict(zip(("query", "position", "weight", "bias"), self.head, strict=True))
        return (
            named | {f"layers.{number}": parameter for number, parameter in enumerate(layers)} | {"center": self.center}
        )

    def put(self, weights: "Mapping[str, Tensor]") -> None:
        """Takes over the values of weights named as in ``named``."""
        import torch

        with torch.no_grad():
            for name, tensor in self.named().items():
                tensor.copy_(weights[name])

    def vectors(self, texts: np.ndarray) -> "Tensor":
        """Vectors of unique texts as the layers now give them: shape (n_texts, dimension)."""
        import torch

        if self.layers is None:
            return self.fixed[torch.from_numpy(texts)]
        return self.layers.vectors(texts)

    def pooled(self, data: CallRows, kept: Sequence[np.ndarray], rows: np.ndarray, is_fixed: bool = False) -> "Tensor":
        """Call vectors of some calls, less the center: shape (n_rows, n_blocks * dimension).

        Args:
            data: the calls.
            kept: which turns of each of ``rows`` are there, shape (n_turns,), bool.
            rows: which calls.
            is_fixed: use the frozen encoder's vectors.
        """
        import torch

        turns = [data.turns[row][own] for row, own in zip(rows, kept, strict=True)]
        texts, flat = np.unique(np.concatenate(turns), return_inverse=True)
        longest = max(len(own) for own in turns)
        index = np.zeros((len(rows), longest), dtype=np.int64)
        masks = np.zeros((len(rows), len(SIDES), longest), dtype=bool)
        positions = np.zeros((len(rows), longest), dtype=np.float32)
        start = 0
        for place, (row, own) in enumerate(zip(rows, kept, strict=True)):
            n_turns = len(turns[place])
            index[place, :n_turns] = flat[start : start + n_turns]
            masks[place, :, :n_turns] = data.sides[row][:, own]
            positions[place, :n_turns] = relative_positions(np.ones((1, n_turns), dtype=bool))[0]
            start += n_turns
        device = self.center.device
        vectors = self.fixed[torch.from_numpy(texts).to(device)] if is_fixed else self.vectors(texts)
        by_turn = vectors[torch.from_numpy(index).to(device)]  # (n, t, d)
        mask, place_in_call = torch.from_numpy(masks).to(device), torch.from_numpy(positions).to(device)
        pooled = pool(by_turn, mask, place_in_call, self.query * QUERY_SCALE, self.position, self.usual_turns)
        return pooled - self.center

    def logits(self, pooled: "Tensor") -> "Tensor":
        """The classifier on call vectors less the center: shape (…, n_blocks * dimension) -> (…)."""
        return pooled @ self.weight * QUERY_SCALE + self.bias

    def set_training(self, is_training: bool) -> None:
        """Whether the layers drop out."""
        if self.layers is not None:
            self.layers.layers.train(is_training)
