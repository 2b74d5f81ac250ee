"""Learns which turns of a call to listen to, on vectors that stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salescoach.pooling import SIDES, Pooling, relative_positions
from salescoach.types import Role

if TYPE_CHECKING:
    from torch import Tensor

N_EPOCHS = 5  # more fits the training calls better and others worse
BATCH_SIZE = 32
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.1
DROPOUT = 0.3
QUERY_SCALE = 10.0  # unit vectors differ little, so a query must be long before attention is sharp


@dataclass(frozen=True)
class CallVectors:
    """An encoded call. ``vectors``: shape (n_turns, dimension), float32, unit length."""

    vectors: np.ndarray
    roles: tuple[Role, ...]


def fit_pooling(calls: Sequence[CallVectors], labels: np.ndarray, seed: int) -> Pooling:
    """Trains attention together with a linear classifier, which is thrown away (the head is fitted afterwards).

    Args:
        calls: training calls only.
        labels: shape (n_calls,), 1 converted, 0 lost.
        seed: of the order of calls, the start and the dropout.
    """
    import torch
    from torch.nn import functional

    dimension = calls[0].vectors.shape[1]
    generator = torch.Generator().manual_seed(seed)
    query = torch.zeros(len(SIDES), dimension, requires_grad=True)
    position = torch.zeros(len(SIDES), 2, requires_grad=True)
    weight = torch.zeros(4 * dimension, requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.AdamW([query, position, weight, bias], lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    targets = torch.tensor(labels, dtype=torch.float32)
    for _ in range(N_EPOCHS):
        order = torch.randperm(len(calls), generator=generator)
        for start in range(0, len(calls), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            vectors, masks, positions = _padded([calls[int(row)] for row in rows])
            pooled = _pool(vectors, masks, positions, query * QUERY_SCALE, position)
            kept = torch.rand(pooled.shape, generator=generator) >= DROPOUT
            logits = (pooled * kept / (1 - DROPOUT)) @ weight * QUERY_SCALE + bias
            loss = functional.binary_cross_entropy_with_logits(logits, targets[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    return Pooling((query * QUERY_SCALE).detach().numpy(), position.detach().numpy())


def pool_calls(pooling: Pooling, calls: Sequence[CallVectors]) -> np.ndarray:
    """Call vectors: shape (n_calls, 4 * dimension), float32."""
    return np.concatenate([pooling.pool(call.vectors, call.roles) for call in calls])


def _padded(calls: Sequence[CallVectors]) -> "tuple[Tensor, Tensor, Tensor]":
    """Gives vectors (n, t, d), masks (n, 2, t) bool and positions (n, t), for t turns in the longest call."""
    import torch

    longest = max(len(call.roles) for call in calls)
    vectors = torch.zeros(len(calls), longest, calls[0].vectors.shape[1])
    masks = torch.zeros(len(calls), len(SIDES), longest, dtype=torch.bool)
    positions = torch.zeros(len(calls), longest)
    for row, call in enumerate(calls):
        n_turns = len(call.roles)
        vectors[row, :n_turns] = torch.from_numpy(call.vectors.copy())
        positions[row, :n_turns] = torch.from_numpy(relative_positions(np.ones((1, n_turns), dtype=bool))[0])
        for side, role in enumerate(SIDES):
            masks[row, side, :n_turns] = torch.tensor([own == role for own in call.roles])
    return vectors, masks, positions


def _pool(vectors: "Tensor", masks: "Tensor", positions: "Tensor", query: "Tensor", position: "Tensor") -> "Tensor":
    """What ``salescoach.pooling`` computes, differentiable: shape (n, 4 * d). Kept equal by a test."""
    import torch

    logits = vectors @ query.T + torch.stack([positions, positions**2], dim=-1) @ position.T  # (n, t, 2)
    logits = logits.transpose(1, 2).masked_fill(~masks, -1e9)
    attention = torch.softmax(logits, dim=-1) * masks  # a side that doesn't speak weighs nothing
    mean = masks / masks.sum(dim=-1, keepdim=True).clamp(min=1)
    return torch.cat([(weights @ vectors).flatten(1) for weights in (attention, mean)], dim=1)
