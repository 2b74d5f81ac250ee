"""The pooling of ``salescoach.model.pooling`` in a form that can be trained, and calls as it takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salescoach.model.pooling import MAX_GROWTH, Pooling
from salescoach.types import Role

if TYPE_CHECKING:
    from torch import Tensor

QUERY_SCALE = 10.0  # unit vectors differ little, so a query must be long before attention is sharp


@dataclass(frozen=True)
class CallVectors:
    """An encoded call. ``vectors``: shape (n_turns, dimension), float32, unit length."""

    vectors: np.ndarray
    roles: tuple[Role, ...]


def pool_calls(pooling: Pooling, calls: Sequence[CallVectors]) -> np.ndarray:
    """Call vectors: shape (n_calls, n_blocks * dimension), float32."""
    none = np.zeros((0, pooling.dimension), dtype=np.float32)
    return np.concatenate([none, *(pooling.pool(call.vectors, call.roles) for call in calls)])


def pool(
    vectors: "Tensor", masks: "Tensor", positions: "Tensor", query: "Tensor", position: "Tensor", usual_turns: float
) -> "Tensor":
    """What ``salescoach.model.pooling`` computes, differentiable; kept equal by a test.

    Args:
        vectors: of the turns of ``n`` calls, padded: shape (n, t, d).
        masks: which turns are whose, shape (n, 2, t), bool.
        positions: where each turn stands in its call, in (0, 1), shape (n, t).
        query: shape (2, d).
        position: shape (2, 2).
        usual_turns: of a side in the training calls, over 0.

    Returns:
        Call vectors, shape (n, n_blocks * d).
    """
    import torch

    logits = vectors @ query.T + torch.stack([positions, positions**2], dim=-1) @ position.T  # (n, t, 2)
    logits = logits.transpose(1, 2).masked_fill(~masks, -1e9)
    attention = torch.softmax(logits, dim=-1) * masks  # a side that doesn't speak weighs nothing
    n_turns = masks.sum(dim=-1, keepdim=True)
    mean = masks / n_turns.clamp(min=1) * (n_turns / usual_turns).sqrt().clamp(max=MAX_GROWTH)
    end = masks * positions[:, None] ** 2
    end = end / end.sum(dim=-1, keepdim=True).clamp(min=1e-30)
    return torch.cat([(weights @ vectors).flatten(1) for weights in (attention, mean, end)], dim=1)
