"""From which statistic on a change is an alarm: simulated by `benchmarks/change_thresholds.py`, seed 20261201.

Those of inputs, whose quantile rests on ten runs of 2,000, are half a nat or more above what was simulated.
"""

from typing import Final

BASELINES: Final = (300, 1000)  # values that a baseline was estimated from
VALUES_WATCHED: Final = (2000, 10000, 50000)  # after it, in 2,000 looks

# Kind -> length of the baseline -> threshold in nats for each number of values that are watched.
THRESHOLDS: Final[dict[str, dict[int, tuple[float, ...]]]] = {
    "outcome": {300: (18.5, 51.6, 141.3), 1000: (9.7, 13.1, 16.0)},
    "rare_outcome": {300: (21.4, 83.4, 419.1), 1000: (10.0, 25.1, 88.8)},
    "share": {300: (23.6, 55.6, 84.6), 1000: (12.5, 15.0, 17.0)},
    "level": {300: (15.6, 18.9, 22.2), 1000: (13.0, 14.5, 16.8)},
}
