"""How far two readers agree beyond chance (Cohen, 1968)."""

import numpy as np


def weighted_kappa(first: np.ndarray, second: np.ndarray, n_levels: int) -> float:
    """Cohen's kappa with linear weights: 1 is full agreement, 0 chance; of two levels it is plain kappa.

    Args:
        first: levels from 0, shape (n,), int, not empty.
        second: the other reader's, of the same shape.
        n_levels: how many levels there are.

    Returns:
        At most 1; nan where both always give one and the same level.
    """
    seen = np.zeros((n_levels, n_levels))
    np.add.at(seen, (first, second), 1 / len(first))
    distance = np.abs(np.subtract.outer(np.arange(n_levels), np.arange(n_levels)))
    by_chance = float((distance * np.outer(seen.sum(axis=1), seen.sum(axis=0))).sum())
    return 1 - float((distance * seen).sum()) / by_chance if by_chance else float("nan")
