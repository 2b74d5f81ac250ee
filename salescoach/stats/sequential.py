"""Intervals that may be looked at after every value: they hold at all times at once, so peeking costs nothing.

The mean of bounded values is enclosed by betting against each mean that it could have (Waudby-Smith and Ramdas, JRSS B
2024): who bets against the true mean multiplies his money by 1 / alpha with probability alpha at most, ever (Ville,
1939). The money is spread over bets of several sizes, and a mean is ruled out once 2 / alpha is won against it.

Of calls that share an outcome one value is taken, such as their mean: the sequence holds for values whose expectation,
given those before, is the same. Where it drifts, 0 outside of the interval still says that not all expectations were
at most 0, or not all at least 0. For two forecasters, values are differences of their scores (Choe and Ramdas, 2024).
"""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

# Shares of the largest bet that can't lose everything. Measured by `benchmarks/sequential.py` against other grids and
# against the empirical-Bernstein sequence of Howard et al. (2021), which is wider by a quarter to three quarters.
BETS: Final = np.array([0.01, 0.03, 0.09, 0.25, 0.6, 0.95])
N_HALVINGS: Final = 40  # of a range: finer than any mean is shown


class ConfidenceSequence:
    """Encloses the mean of values in [low, high], at all times at once.

    With probability of at least 1 - alpha, ``interval`` holds the mean after every value, for ever. So a rule such as
    "stop when 0 is outside" errs with probability alpha at most, however often one looks.
    """

    def __init__(self, low: float, high: float, *, alpha: float = 0.05) -> None:
        """An empty sequence.

        Args:
            low: the least value that is possible.
            high: the largest one.
            alpha: how often, at most, the sequence may ever be wrong, in (0, 1).

        Raises:
            ValueError: the range is empty or not finite, or alpha is not in (0, 1).
        """
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"values need a range, low below high, not {low} to {high}")
        if not 0 < alpha < 1:
            raise ValueError(f"alpha must be in (0, 1), not {alpha}")
        self.low, self.high, self.alpha = low, high, alpha
        self._values: list[float] = []

    @property
    def n(self) -> int:
        """How many values there were."""
        return len(self._values)

    @property
    def mean(self) -> float | None:
        """Of the values so far; None where there is none."""
        return math.fsum(self._values) / self.n if self._values else None

    def add(self, value: float) -> None:
        """Takes the next value.

        Raises:
            ValueError: it is outside the range, or not finite.
        """
        self.extend([value])

    def extend(self, values: Iterable[float]) -> None:
        """Takes several values, in order, all of them or none.

        Raises:
            ValueError: one is outside the range, or not finite.
        """
        given = [float(value) for value in values]
        if not all(self.low <= value <= self.high for value in given):  # nan is not
            raise ValueError(f"values must be in [{self.low}, {self.high}]")
        self._values += given

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the mean; the whole range before the first value."""
        values = self._scaled()
        return self._unscaled(self._bound(values, +1)), self._unscaled(self._bound(values, -1))

    def excludes(self, mean: float) -> bool:
        """Whether a mean is ruled out by now.

        Raises:
            ValueError: it is outside the range.
        """
        return max(self.evidence(mean)) >= self._level

    def evidence(self, mean: float) -> tuple[float, float]:
        """The natural logarithms of what is won by betting that the mean is above, and below, a given one.

        Each exp of them is an e-process: if the mean is as given it reaches 1 / alpha with probability alpha at most.

        Raises:
            ValueError: the mean is outside the range.
        """
        if not self.low <= mean <= self.high:
            raise ValueError(f"a mean must be in [{self.low}, {self.high}]")
        values, at = self._scaled(), (mean - self.low) / (self.high - self.low)
        return _log_won(values, at, +1), _log_won(values, at, -1)

    @property
    def _level(self) -> float:
        return math.log(2 / self.alpha)

    def _bound(self, values: np.ndarray, side: int) -> float:
        """The mean, in [0, 1], up to which betting on a larger one has won (side 1), or from which on a smaller one."""
        ruled_out, kept = (0.0, 1.0) if side > 0 else (1.0, 0.0)
        if _log_won(values, ruled_out, side) < self._level:
            return ruled_out
        for _ in range(N_HALVINGS):
            middle = (ruled_out + kept) / 2
            if _log_won(values, middle, side) >= self._level:
                ruled_out = middle
            else:
                kept = middle
        return ruled_out

    def _scaled(self) -> np.ndarray:
        return (np.array(self._values, dtype=float) - self.low) / (self.high - self.low)

    def _unscaled(self, value: float) -> float:
        return self.low + value * (self.high - self.low)


def log_wealth(values: np.ndarray, mean: float, side: int) -> np.ndarray:
    """The logarithm of what is won after each value by betting against a mean.

    Args:
        values: in [0, 1], shape (n,).
        mean: that is bet against, in (0, 1).
        side: 1 bets that the mean is larger, -1 that it is smaller.

    Returns:
        Shape (n,), as ``ConfidenceSequence.evidence`` has it after each value.
    """
    won = np.cumsum(np.log1p(_stakes(mean, side)[:, None] * (values - mean)), axis=1)
    return np.asarray(np.logaddexp.reduce(won, axis=0) - math.log(len(BETS)))


def _log_won(values: np.ndarray, mean: float, side: int) -> float:
    if not len(values):
        return 0.0
    if mean == (0.0 if side > 0 else 1.0):  # any value on the bet's side refutes it, and none can be on the other
        return math.inf if (values != mean).any() else 0.0
    won = np.log1p(_stakes(mean, side)[:, None] * (values - mean)).sum(axis=1)
    return float(np.logaddexp.reduce(won) - math.log(len(BETS)))


def _stakes(mean: float, side: int) -> np.ndarray:
    """What is bet per unit, shape (n_bets,): at most so much that the worst value leaves something."""
    return side * BETS / (mean if side > 0 else 1 - mean) if mean not in (0.0, 1.0) else side * BETS
