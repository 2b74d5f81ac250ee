"""How many accounts an experiment takes, told before it starts."""

import math
from typing import Final

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri  # not scipy.stats: its import takes half a second

from salescoach.errors import InputError

MARGIN: Final = 1.08  # for looks once a day and not at every account; measured by benchmarks/experiments.py
N_BETS: Final = 2
LARGER: Final = 2.5  # times the effect that is planned for: found sooner where the change does so much


def accounts_judged_once(baseline: float, effect: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Accounts an arm where one looks once, when all of them are there: the usual formula of two proportions.

    n = 2 p (1 - p) (z_(1 - alpha / 2) + z_power)^2 / effect^2, with the baseline p in both arms, as they are equal
    where there is nothing to find.

    Args:
        baseline: the rate without the change, in (0, 1).
        effect: the least difference in rate that is worth finding, such as 0.03.
        alpha: how often equal arms are called different.
        power: how often such a difference is found.

    Raises:
        InputError: the rates are no rates, or there is no difference.
    """
    _check(baseline, effect)
    z = float(ndtri(1 - alpha / 2) + ndtri(power))
    return math.ceil(2 * baseline * (1 - baseline) * z**2 / effect**2)


def accounts_with_peeking(baseline: float, effect: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Accounts an arm until the confidence sequence has ruled out "no difference" with the power that is wanted.

    Let p be halfway between the two rates. What the bet that suits the effect has won after n accounts in both arms
    goes up by m = n effect^2 / (8 p (1 - p)) in logarithm on average and strays by sqrt(2 m), as Brownian motion does.
    It has won once it was ever above b = log(2 / alpha) and what mixing ``N_BETS`` bets costs at most: with probability
    Phi((m - b) / sqrt(2 m)) + exp(b) Phi(-(m + b) / sqrt(2 m)). Args and errors as ``accounts_judged_once``.
    """
    from scipy.optimize import brentq  # takes a tenth of a second to import

    _check(baseline, effect)
    must_win = math.log(2 / alpha) + math.log(N_BETS)

    def won(mean: float) -> float:
        spread = math.sqrt(2 * mean)
        later = math.exp(must_win + float(log_ndtr(-(mean + must_win) / spread)))
        return float(ndtr((mean - must_win) / spread)) + later

    mean = brentq(lambda one: won(one) - power, 1e-3, 1e3)
    rate = baseline + effect / 2
    return math.ceil(MARGIN * float(mean) * 4 * rate * (1 - rate) / effect**2)


def bets_for(baseline: float, effect: float) -> np.ndarray:
    """Shares of the largest bet that suit an effect, and one that is larger: shape (N_BETS,), for values in [-2, 2]."""
    best = abs(effect) / (2 * baseline * (1 - baseline))
    return np.minimum(best * np.array([1.0, LARGER]), 0.95)


def _check(baseline: float, effect: float) -> None:
    if not (0 < baseline < 1 and effect != 0 and 0 < baseline + effect < 1):
        raise InputError(
            f"A baseline of {baseline} and an effect of {effect} are no two rates; give shares between 0 and 1, such "
            "as --baseline 0.3 --effect 0.03."
        )
