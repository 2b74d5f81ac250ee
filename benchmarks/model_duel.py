"""How a duel of two models ends: how soon one that is worse is stopped, how often equal ones are called different.

Calls are simulated. Each has a true probability; the champion's logit is off from the true one by noise, and so is the
challenger's. The challenger that is worse has as much more noise as makes its expected Brier score worse by the given
gap; equal ones have the same amount of noise, drawn independently, so that their scores differ on every call and not
on average. ``--calls-per-deal`` gives so many calls in a row one outcome and counts them as one value, as the duel
does with calls of an account that were settled together.

    python benchmarks/model_duel.py
"""

import argparse
import json
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from eval.online.duel import ALPHA, BETS
from salescoach.library.lookups import wilson
from salescoach.stats.sequential import log_wealth

BASE_SPREAD: Final = 1.2  # standard deviation of the calls' true log-odds
BASE_ODDS: Final = -0.4  # their mean: about 42 % convert
NOISE: Final = 0.6  # of the champion's log-odds
N_CALLS: Final = 1500
N_EXPECTED: Final = 400_000  # calls over which a gap in Brier score is computed


@dataclass(frozen=True)
class Duels:
    """Verdicts of many duels: the value after which the challenger was called worse, or better; inf for never."""

    worse_at: np.ndarray
    better_at: np.ndarray


@dataclass(frozen=True)
class Models:
    """Noise of the log-odds of two models, and the part of its variance that they share."""

    champion: float
    challenger: float
    shared: float


def main() -> None:
    """Prints one JSON object."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--duels", type=int, default=1000)
    options.add_argument("--seed", type=int, default=20261201)
    options.add_argument("--gap", type=float, default=0.02)
    given = options.parse_args()
    rng = np.random.default_rng(given.seed)
    noise = noise_for(given.gap, rng)
    found = {"seed": given.seed, "duels": given.duels, "calls": N_CALLS, "alpha": ALPHA, "gap": given.gap}
    for shared, per_deal in ((0.0, 1), (0.5, 1), (0.0, 3), (0.5, 3)):
        worse = simulate(given.duels, Models(NOISE, noise, shared), per_deal, rng)
        equal = simulate(given.duels, Models(NOISE, NOISE, shared), per_deal, rng)
        spread = differences(300_000, Models(NOISE, noise, shared), per_deal, rng).std()
        found[f"{shared:.0%} of the noise shared, {per_deal} calls a deal"] = {
            "spread_of_a_value": round(float(spread), 3),
            "worse_stopped_within_calls": _share(np.isfinite(worse.worse_at)),
            "worse_called_better": _share(np.isfinite(worse.better_at)),
            "calls_until_stopped_quartiles": _quartiles(worse.worse_at * per_deal),
            "equal_called_different": _share(np.isfinite(equal.worse_at) | np.isfinite(equal.better_at)),
        }
    print(json.dumps(found, indent=1))


def noise_for(gap: float, rng: np.random.Generator) -> float:
    """The challenger's noise at which its expected Brier score is worse than the champion's by the gap."""
    logits = BASE_ODDS + BASE_SPREAD * rng.standard_normal(N_EXPECTED)
    unit, truth = rng.standard_normal(N_EXPECTED), _sigmoid(logits)

    def loss(noise: float) -> float:
        """Expected Brier score less what nobody can avoid."""
        return float(np.mean((_sigmoid(logits + noise * unit) - truth) ** 2))

    low, high = NOISE, 10.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if loss(middle) - loss(NOISE) < gap else (low, middle)
    return low


def simulate(n_duels: int, models: Models, per_deal: int, rng: np.random.Generator) -> Duels:
    """Duels over as many calls as are allowed, looked at after every value."""
    worse_at, better_at = np.full(n_duels, math.inf), np.full(n_duels, math.inf)
    level = math.log(2 / ALPHA)
    for row in range(n_duels):
        values = (differences(N_CALLS, models, per_deal, rng) + 1) / 2
        for side, at in ((1, worse_at), (-1, better_at)):
            won = np.flatnonzero(log_wealth(values, 0.5, side, BETS) >= level)
            if len(won):
                at[row] = won[0] + 1
    return Duels(worse_at, better_at)


def differences(n_calls: int, models: Models, per_deal: int, rng: np.random.Generator) -> np.ndarray:
    """Differences in squared error, one a deal: shape (n_calls // per_deal,), in [-1, 1]."""
    n_deals = n_calls // per_deal
    truth = np.repeat(BASE_ODDS + BASE_SPREAD * rng.standard_normal((n_deals, 1)), per_deal, axis=1)
    outcomes = (rng.random((n_deals, 1)) < _sigmoid(truth[:, :1])).astype(float)
    common = math.sqrt(models.shared) * rng.standard_normal(truth.shape)

    def errors(noise: float) -> np.ndarray:
        own = math.sqrt(1 - models.shared) * rng.standard_normal(truth.shape)
        return np.asarray((_sigmoid(truth + noise * (common + own)) - outcomes) ** 2)

    champion = errors(models.champion)
    return np.asarray((errors(models.challenger) - champion).mean(axis=1))


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logits)))


def _share(happened: np.ndarray) -> dict[str, float | list[float]]:
    """A share with its Monte Carlo interval (Wilson, 95 %)."""
    low, high = wilson(float(happened.mean()), len(happened))
    return {"share": round(float(happened.mean()), 4), "ci": [round(low, 4), round(high, 4)]}


def _quartiles(at: np.ndarray) -> list[float | None]:
    return [float(q) if math.isfinite(q) else None for q in np.quantile(at, [0.25, 0.5, 0.75], method="higher")]


if __name__ == "__main__":
    main()
