"""From a few examples to weights: a ridge regression on feature vectors, and how sure a hit is.

Rows are the examples (1), the background (0) and the counter-examples (0, as heavy as examples), less the background's
mean and of unit length; examples together weigh as much as the background. What each row scores where it is left out
comes with the fit in closed form, so the scores that are judged are those of turns that weren't learned from. With z a
score in units of the background's spread and m the mean z of the left-out examples,

    log odds that a hit is right = intercept + z_weight z + m_weight m + zm_weight z m

The four numbers were fitted once on moves of the authored calls, taken for trackers (``scripts/fit_trackers.py``): what
a tracker is for is supposed to come up about as often as a move does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import numpy as np

from salescoach.model.head import sigmoid
from salescoach.moves.trackers.background import Background
from salescoach.types import Frozen

RIDGE: Final = 300.0  # so strong that little but the examples' mean direction counts; chosen on authored calls
CALIBRATION_FILE: Final = "calibration.json"


class OddsOfHits(Frozen):
    """How z and m become log odds. ``reader``: whose feature vectors they were fitted on."""

    intercept: float
    z_weight: float
    m_weight: float
    zm_weight: float
    reader: str

    def confidence(self, z: np.ndarray, m: float) -> np.ndarray:
        """Probabilities of the shape of ``z``, float64; they never fall where z rises."""
        slope = max(self.z_weight + self.zm_weight * m, 0.0)
        return np.asarray(sigmoid(self.intercept + self.m_weight * m + slope * z))


@cache
def odds_of_hits() -> OddsOfHits:
    """Those that come with the coach."""
    file = resources.files("salescoach.moves.trackers").joinpath(CALIBRATION_FILE)
    return OddsOfHits.model_validate_json(file.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class LearnedTracker:
    """What was learned of a tracker: z of a turn is ``background.scaled(features) @ weight + bias``.

    ``weight``: shape (dimension,), float64. ``of_examples``, ``of_counters`` and ``of_background``: z of each row where
    it is left out, shapes (n_examples,), (n_counters,) and (n_background,).
    """

    weight: np.ndarray
    bias: float
    of_examples: np.ndarray
    of_counters: np.ndarray
    of_background: np.ndarray

    @property
    def m(self) -> float:
        """The mean z of the left-out examples."""
        return float(self.of_examples.mean())


def learn(examples: np.ndarray, counters: np.ndarray, usual: Background) -> LearnedTracker:
    """Fits a tracker.

    Args:
        examples: rows as ``usual.scaled`` gives them, or means of such rows: shape (n_examples, dimension), not empty.
        counters: the same of counter-examples; may have no row.
        usual: the background of the side.
    """
    n, n_counters, n_usual = len(examples), len(counters), len(usual.features)
    rows = np.concatenate([examples, counters, usual.rows])
    target = np.repeat([1.0, 0.0, 0.0], [n, n_counters, n_usual])
    weight = np.repeat([n_usual / n, n_usual / n, 1.0], [n, n_counters, n_usual])
    # Dual form with a constant feature, as there are fewer rows than dimensions.
    inverse = np.linalg.inv(rows @ rows.T + 1.0 + np.diag(RIDGE / weight))
    dual = inverse @ target
    left_out = target - dual / np.diag(inverse)
    usually = left_out[n + n_counters :]
    middle, spread = float(usually.mean()), max(float(usually.std()), 1e-9)
    z = (left_out - middle) / spread
    return LearnedTracker(
        weight=rows.T @ dual / spread,
        bias=float((dual.sum() - middle) / spread),
        of_examples=z[:n],
        of_counters=z[n : n + n_counters],
        of_background=z[n + n_counters :],
    )


def scores(learned: Sequence[LearnedTracker], usual: Background, features: np.ndarray) -> np.ndarray:
    """The z of turns for several trackers of one side: shape (n_turns, n_trackers), float64."""
    weight = np.stack([one.weight for one in learned], axis=1)
    return np.asarray(usual.scaled(features) @ weight + [one.bias for one in learned])
