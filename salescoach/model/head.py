"""A call vector -> a calibrated probability with an interval: linear, so that a score can be checked by hand.

Member 0 is the model. The other members are the same fit on resampled accounts; how far they disagree is one part of
the interval, how far a reader of words is off for a single call the other, larger one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from salescoach.types import OUTCOMES, Outcome

INTERVAL_LEVEL = 0.9
COVERAGE = 0.9
Z = NormalDist().inv_cdf((1 + INTERVAL_LEVEL) / 2)  # not scipy: its import takes a tenth of a second
READING_ERROR = (0.5, 2.4)  # standard deviation of log-odds: at no strangeness, and more for each unit of it


@dataclass(frozen=True)
class Head:
    """``weights``: shape (n_members, dimension); ``bias``: shape (n_members,); calibration is folded in."""

    weights: np.ndarray
    bias: np.ndarray

    def logits(self, call_vectors: np.ndarray) -> np.ndarray:
        """The model's calibrated logits: shape (n_calls,), float64."""
        return np.asarray(call_vectors.astype(np.float64) @ self.weights[0] + self.bias[0])

    def probabilities(self, call_vectors: np.ndarray) -> np.ndarray:
        """The model's probabilities: shape (n_calls,), float64, in (0, 1)."""
        return sigmoid(self.logits(call_vectors))


def interval(member_logits: np.ndarray, strangeness: float) -> tuple[float, float]:
    """Where the probability that follows from all that was said lies in nine of ten calls; estimated.

    Two errors add up: that of the fit, as its bootstrap members disagree, and that of reading, which grows with how
    strange a call is to the model. The second can't be known from outcomes, so it is that of simulated calls, whose
    true probabilities are known; where calls say more or less about their outcome than those, the interval is off.

    Args:
        member_logits: shape (n_members,), the model's own first.
        strangeness: the call's distance from the training calls, 1 where the coach begins to abstain.
    """
    base, slope = READING_ERROR
    disagreement = member_logits[1:].std() if len(member_logits) > 1 else 0.0
    reach = float(Z * np.hypot(disagreement, base + slope * strangeness))
    low, high = sigmoid(member_logits[0] + np.array([-reach, reach]))
    return float(low), float(high)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))


def logit(probabilities: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)), with p kept a millionth away from 0 and 1."""
    kept = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(kept / (1 - kept)))


def blended(logits: Sequence[np.ndarray], slope: float = 1.0, offset: float = 0.0) -> np.ndarray:
    """The mean of several arms' logits, calibrated again: shape as each has it, nan where one of them is."""
    return np.asarray(slope * np.mean(logits, axis=0) + offset)


def nonconformity(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """1 - the probability given to what really happened: shape (n_calls,)."""
    return np.where(labels == 1, 1 - probabilities, probabilities)


def conformal_quantile(scores: np.ndarray) -> float:
    """The bound on nonconformity that holds ``COVERAGE`` of new calls (split conformal; Vovk et al., 2005)."""
    n = len(scores)
    rank = int(np.ceil((n + 1) * COVERAGE))
    return 1.0 if rank > n else float(np.sort(scores)[rank - 1])


def prediction_set(probability: float, quantile: float) -> tuple[Outcome, ...]:
    """The outcomes that can't be ruled out at ``COVERAGE``; never empty, which only adds to the coverage."""
    likely: Outcome = "converted" if probability >= 0.5 else "lost"
    nonconformities = {"converted": 1 - probability, "lost": probability}
    return tuple(outcome for outcome in OUTCOMES if nonconformities[outcome] <= quantile or outcome == likely)
