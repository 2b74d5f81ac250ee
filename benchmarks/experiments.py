"""What experiments on people conclude, simulated.

How often are equal arms called different, and how often is a difference of the planned size found with as many accounts
as were planned? Accounts come one after another, each in an arm by a fair draw (that the product's hash is one, tests
hold it to); somebody looks after every day. Beside it stands what looking every day does to the usual test, which is
meant for one look.

    python benchmarks/experiments.py
"""

import argparse
import json
import math
from typing import Final

import numpy as np
from scipy.stats import norm

from eval.online.experiment import LIMITS, account_values
from eval.online.sizes import accounts_judged_once, accounts_with_peeking, bets_for
from salescoach.library.lookups import wilson
from salescoach.stats.sequential import log_wealth

ALPHA: Final = 0.05
PER_DAY: Final = 100  # accounts that are new on a day
DAYS: Final = 180


def main() -> None:
    """Prints one JSON object."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--experiments", type=int, default=1000)
    options.add_argument("--seed", type=int, default=20261201)
    options.add_argument("--baseline", type=float, default=0.3)
    options.add_argument("--effect", type=float, default=0.03)
    given = options.parse_args()
    rng = np.random.default_rng(given.seed)
    once = accounts_judged_once(given.baseline, given.effect)
    peeking = accounts_with_peeking(given.baseline, given.effect)
    bets = bets_for(given.baseline, given.effect)
    n_null = PER_DAY * DAYS
    found = {
        "seed": given.seed,
        "experiments": given.experiments,
        "accounts_an_arm": {"once": once, "peeking": peeking},
    }
    null = [run(n_null, given.baseline, 0.0, bets, rng) for _ in range(given.experiments)]
    real = [run(2 * peeking, given.baseline, given.effect, bets, rng) for _ in range(given.experiments)]
    found["equal arms, a look a day for 180 days"] = {
        "called_different": _share([different_by(sides, n_null) for sides, _ in null]),
        "called_different_by_the_usual_test": _share([bool((z > norm.ppf(1 - ALPHA / 2)).any()) for _, z in null]),
    }
    found[f"{given.effect:+.0%} on {given.baseline:.0%}"] = {
        "found_by_planned_accounts": _share([won_by(sides[0], 2 * peeking) for sides, _ in real]),
        "found_by_half_of_them": _share([won_by(sides[0], peeking) for sides, _ in real]),
        "found_by_accounts_of_one_look": _share([won_by(sides[0], 2 * once) for sides, _ in real]),
        "called_worse": _share([won_by(sides[1], 2 * peeking) for sides, _ in real]),
        "accounts_an_arm_until_found_quartiles": _quartiles([_first(sides[0]) / 2 for sides, _ in real]),
    }
    print(json.dumps(found, indent=1))


def run(
    n: int, baseline: float, effect: float, bets: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """One experiment.

    Returns:
        For better and worse, at which of n accounts it would be said, shape (n,), bool, at the end of days only; and
        the absolute z of the usual test at the end of each day.
    """
    is_new = rng.random(n) < 0.5
    came = rng.random(n) < baseline + effect * is_new
    low, high = LIMITS
    scaled = (account_values(is_new, came, baseline) - low) / (high - low)
    days = np.arange(PER_DAY - 1, n, PER_DAY)
    days = days if len(days) and days[-1] == n - 1 else np.append(days, n - 1)
    is_day = np.zeros(n, dtype=bool)
    is_day[days] = True
    better, worse = (is_day & (log_wealth(scaled, 0.5, side, bets) >= math.log(2 / ALPHA)) for side in (1, -1))
    n_new, n_came, new_came = np.cumsum(is_new)[days], np.cumsum(came)[days], np.cumsum(came & is_new)[days]
    n_plain = days + 1 - n_new
    pooled = n_came / (days + 1)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / n_new + 1 / n_plain))
    return (better, worse), np.abs(new_came / n_new - (n_came - new_came) / n_plain) / spread


def won_by(said: np.ndarray, n: int) -> bool:
    """Whether it was said by the first n accounts, on any day or on the last one."""
    return bool(said[:n].any())


def different_by(sides: tuple[np.ndarray, np.ndarray], n: int) -> bool:
    """Whether either was said."""
    return any(won_by(side, n) for side in sides)


def _first(said: np.ndarray) -> float:
    at = np.flatnonzero(said)
    return float(at[0] + 1) if len(at) else math.inf


def _share(happened: list[bool]) -> dict[str, float | list[float]]:
    """A share with its Monte Carlo interval (Wilson, 95 %)."""
    share = sum(happened) / len(happened)
    low, high = wilson(share, len(happened))
    return {"share": round(share, 4), "ci": [round(low, 4), round(high, 4)]}


def _quartiles(at: list[float]) -> list[float | None]:
    return [float(q) if math.isfinite(q) else None for q in np.quantile(at, [0.25, 0.5, 0.75], method="higher")]


if __name__ == "__main__":
    main()
