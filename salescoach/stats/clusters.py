"""Means of calls with intervals that know that calls of one account are not independent, without resampling."""

import numpy as np
from scipy.special import stdtrit

from salescoach.stats.measures import Measure


def clustered_mean(values: np.ndarray, accounts: np.ndarray) -> Measure:
    """A mean and its 95 % interval, from the spread of the accounts' sums (Liang and Zeger, Biometrika 1986).

    Args:
        values: finite, shape (n_calls,), not empty.
        accounts: the account of each call as a number from 0, shape (n_calls,), int.

    Returns:
        The interval is None for calls of one account.
    """
    mean, error, n_accounts = mean_and_error(values, accounts)
    return _measure(mean, error, n_accounts)


def clustered_difference(first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray]) -> Measure:
    """The mean of the first minus that of the second, two groups of other calls; each as ``clustered_mean`` takes."""
    (a, error_a, n_a), (b, error_b, n_b) = mean_and_error(*first), mean_and_error(*second)
    return _measure(a - b, float(np.hypot(error_a, error_b)), min(n_a, n_b))


def mean_and_error(values: np.ndarray, accounts: np.ndarray) -> tuple[float, float, int]:
    """The mean, its standard error (nan for one account) and how many accounts there are."""
    mean = float(values.mean())
    _, codes = np.unique(accounts, return_inverse=True)
    sums = np.bincount(codes, weights=values - mean)
    n = len(sums)
    error = float(np.sqrt(n / (n - 1) * np.sum(sums**2)) / len(values)) if n > 1 else float("nan")
    return mean, error, n


def _measure(mean: float, error: float, n_accounts: int) -> Measure:
    if n_accounts < 2:
        return Measure(value=round(mean, 4), ci=None)
    reach = float(stdtrit(n_accounts - 1, 0.975)) * error
    return Measure(value=round(mean, 4), ci=(round(mean - reach, 4), round(mean + reach, 4)))
