"""How many accounts an experiment takes, told before it starts."""

import math

from scipy.stats import norm

from salescoach.errors import InputError
from salescoach.stats.sequential import BETS


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
    z = float(norm.ppf(1 - alpha / 2) + norm.ppf(power))
    return math.ceil(2 * baseline * (1 - baseline) * z**2 / effect**2)


def accounts_with_peeking(baseline: float, effect: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Accounts an arm until the confidence sequence has ruled out "no difference" with the power that is wanted.

    Of n accounts in both arms, the best bet wins x^2 = n effect^2 / (8 p (1 - p)) in logarithm on average and strays by
    x sqrt(2); mixing bets costs the logarithm of their number at most, and log(2 / alpha) must be won. That the money
    may be there earlier is left out, so the power is a little more than promised. Args and errors as above.
    """
    _check(baseline, effect)
    won = math.log(2 / alpha) + math.log(len(BETS))
    z = float(norm.ppf(power)) * math.sqrt(2)
    x = (z + math.sqrt(z**2 + 4 * won)) / 2
    return math.ceil(x**2 * 8 * baseline * (1 - baseline) / effect**2 / 2)


def _check(baseline: float, effect: float) -> None:
    if not (0 < baseline < 1 and effect != 0 and 0 < baseline + effect < 1):
        raise InputError(
            f"A baseline of {baseline} and an effect of {effect} are no two rates; give shares between 0 and 1, such "
            "as --baseline 0.3 --effect 0.03."
        )
