"""What is to be expected until outcomes arrive: an estimate that takes each probability at its word.

Confidence-based performance estimation: the expected Brier score of calibrated probabilities is the mean of p (1 - p).
It can't see that the world has changed, as nothing of the world is in it; only outcomes can.
"""

from typing import Final

import numpy as np

from eval.online.results import OutcomeEstimate
from salescoach.stats.waiting import Z

TEXT: Final = (
    "An estimate, not a measurement: it takes each probability at its word, and would not notice if the world had "
    "changed."
)


def estimate(probabilities: np.ndarray) -> OutcomeEstimate | None:
    """The expected figures of calls, shape (n,); None where there are none.

    ``converted_interval`` holds the number of converted calls in 95 % of the cases, if the probabilities are right and
    calls independent.
    """
    if not len(probabilities):
        return None
    variances = probabilities * (1 - probabilities)
    expected, reach = float(probabilities.sum()), Z * float(np.sqrt(variances.sum()))
    return OutcomeEstimate(
        n=len(probabilities),
        converted=round(expected, 1),
        converted_interval=(round(max(0.0, expected - reach), 1), round(min(len(probabilities), expected + reach), 1)),
        brier=round(float(variances.mean()), 4),
        text=TEXT,
    )
