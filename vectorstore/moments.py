"""Cuts a call into moments: short overlapping runs of turns that are searched as one."""

import numpy as np

MOMENT_TURNS = 4
STRIDE = 2


def moment_spans(n_turns: int) -> list[tuple[int, int]]:
    """First and last turn (from 1, inclusive) of each moment; every turn is in one, the last moment ends the call."""
    last_start = max(n_turns - MOMENT_TURNS, 0)
    starts = sorted({*range(0, last_start, STRIDE), last_start})
    return [(start + 1, min(start + MOMENT_TURNS, n_turns)) for start in starts]


def moment_around(turn: int, n_turns: int) -> tuple[int, int]:
    """The moment of a call that a turn is best seen in: the one whose middle is nearest."""
    return min(moment_spans(n_turns), key=lambda span: (abs((span[0] + span[1]) / 2 - turn), span))


def moment_vector(turn_vectors: np.ndarray, span: tuple[int, int]) -> np.ndarray:
    """Mean of a moment's turn vectors: shape (dimension,), float32, unit length."""
    mean = turn_vectors[span[0] - 1 : span[1]].mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), dtype=np.float32)
