"""From which statistic on a change is an alarm: simulated by `benchmarks/change_thresholds.py`, seed 20261201."""

from typing import Final

BASELINES: Final = (300, 1000)  # values that a baseline was estimated from
VALUES_WATCHED: Final = (2000, 10000, 50000)  # after it, in 2,000 looks

# Kind -> length of the baseline -> threshold in nats for each number of values that are watched.
THRESHOLDS: Final[dict[str, dict[int, tuple[float, ...]]]] = {
    "outcome": {300: (18.5, 51.6, 300.0), 1000: (9.7, 13.1, 30.0)},
    "rare_outcome": {300: (21.4, 83.4, 300.0), 1000: (10.0, 25.1, 60.0)},
    "share": {300: (23.1, 54.3, 200.0), 1000: (12.4, 15.9, 30.0)},
    "level": {300: (15.1, 18.4, 22.0), 1000: (12.3, 13.8, 17.0)},
}
