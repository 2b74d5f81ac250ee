"""Simulates from which statistic on a change is an alarm: the table of salescoach/stats/change_thresholds.py.

    .venv/bin/python benchmarks/change_thresholds.py outcome|rare_outcome|share|level [--runs 2000] [--seed 20261201]

Streams never change; each run draws a baseline, estimates it, and watches as many values as 2,000 looks may bring. The
threshold is the quantile of the largest statistic over both directions; of several rates, the largest one counts.
"""

import argparse
import sys

import numpy as np

from salescoach.stats.change_thresholds import BASELINES, VALUES_WATCHED
from salescoach.stats.changes import Kind, cusum, level_ratios, rate_ratios

RATES: dict[Kind, tuple[float, ...]] = {
    "outcome": (0.15, 0.3, 0.5),
    "rare_outcome": (0.03, 0.1),
    "share": (0.005, 0.03, 0.1, 0.4),
    "level": (0.0,),
}
FALSE_ALARMS: dict[Kind, float] = {"outcome": 0.025, "rare_outcome": 0.025, "share": 0.005, "level": 0.005}
AT_ONCE = 4_000_000  # values


def main() -> None:
    """Prints one kind's rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=list(RATES))
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20261201)
    args = parser.parse_args()
    for n_baseline in BASELINES:
        row = []
        for n_watched in VALUES_WATCHED:
            found = []
            for place, rate in enumerate(RATES[args.kind]):
                rng = np.random.default_rng([args.seed, n_baseline, n_watched, place])
                runs = args.runs if n_watched < VALUES_WATCHED[-1] else args.runs // 4
                highest = largest(args.kind, rate, n_baseline, n_watched, runs, rng)
                found.append(float(np.quantile(highest, 1 - FALSE_ALARMS[args.kind])))
            row.append(max(found))
            sys.stderr.write(f"{args.kind} {n_baseline} {n_watched}: {np.round(found, 2)}\n")
        sys.stdout.write(f'"{args.kind}": {n_baseline}: {tuple(round(one, 1) for one in row)},\n')
        sys.stdout.flush()


def largest(
    kind: Kind, rate: float, n_baseline: int, n_watched: int, runs: int, rng: np.random.Generator
) -> np.ndarray:
    """The largest statistic of each run, shape (runs,)."""
    found: list[np.ndarray] = []
    step = max(1, AT_ONCE // n_watched)
    for begin in range(0, runs, step):
        n = min(step, runs - begin)
        if kind == "level":
            ratios = np.stack([level_ratios(rng.random(n_baseline), rng.random(n_watched)) for _ in range(n)], axis=1)
        else:
            rates = rng.binomial(n_baseline, rate, size=n) / n_baseline
            ratios = rate_ratios(rates, n_baseline, rng.random((n, n_watched)) < rate, kind)
        found.append(np.max([cusum(one).max(axis=-1) for one in ratios], axis=0))
    return np.concatenate(found)


if __name__ == "__main__":
    main()
