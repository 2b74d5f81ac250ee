"""What is likely to come of a call: what its turns are worth, how its concerns were met, and how it ends.

The logit of a conversion is linear in ``N_FIGURES`` figures of the call (``figures``): few calls can weigh so few.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from salescoach.model.arrays import StoredArrays
from salescoach.model.head import Z, sigmoid
from salescoach.moves.heads import CONCERN, EASED, MET
from salescoach.moves.taxonomy import MOVES
from salescoach.types import Role

LAST: Final = 6  # turns of a side that are the end of a call
FADES: Final = 15.0  # turns of the customer after which what they agreed to or refused counts for 1/e
ANSWERS: Final = 3  # turns of the rep after a concern in which it may be met,
REACH: Final = 6  # of at most so many turns of the call
FIGURES: Final = (
    "worth of the turns",
    "share of concerns met",
    "concerns eased",
    "commitment",
    "refusal or insult",
    "stall at the end",
    "interest at the end",
    "concerns at the end",
    "concerns dismissed, or impolite",
    "concerns acknowledged",
    "concerns answered",
    "pain",
    "decision process",
    "next step at the end",
)
N_FIGURES: Final = len(FIGURES)


@dataclass(frozen=True)
class CallProfile(StoredArrays):
    """Arrays, float32: ``weights``: of the figures, shape (n_figures,); ``bias`` and ``error``: shape (1,).

    ``error``: how far logits lie from those of people who read the call, a standard deviation.
    """

    what = "profile of a call"

    weights: np.ndarray
    bias: np.ndarray
    error: np.ndarray

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Calibrated logits of calls: shape (n_calls,), float64; ``rows``: shape (n_calls, n_figures)."""
        return np.asarray(rows @ self.weights.astype(np.float64) + self.bias[0])

    def interval(self, logit: float) -> tuple[float, float]:
        """Where the probability that follows from what was said lies in nine of ten calls; estimated."""
        low, high = sigmoid(logit + np.array([-Z, Z]) * self.error[0])
        return float(low), float(high)

    def calibrated(self, slope: float, offset: float) -> "CallProfile":
        """With another calibration on top."""
        return replace(self, weights=slope * self.weights, bias=slope * self.bias + offset)

    def check(self) -> None:
        """Raises ValueError where other figures are weighed."""
        if self.weights.shape != (N_FIGURES,):
            raise ValueError("other figures")


def figures(worth: float, p: np.ndarray, roles: Sequence[Role]) -> np.ndarray:
    """The figures of a call, in the order of ``FIGURES``: shape (n_figures,), float64.

    Args:
        worth: of its turns.
        p: the reader's probabilities, shape (n_turns, n_outputs).
        roles: whose turn each is.
    """
    customer = p[[role == "customer" for role in roles]]
    rep = p[[role == "rep" for role in roles]]
    end, last_of_rep = customer[-LAST:], rep[-LAST:]

    # Insults and impoliteness are too rare to have weights of their own.
    refusals, dismissals = _either(customer, "refusal", "hostility"), _either(rep, "dismiss", "rude")

    def most(rows: np.ndarray, move: str) -> float:
        return float(rows[:, MOVES.index(move)].max(initial=0.0))

    def mean(rows: np.ndarray, output: int) -> float:
        return float(rows[:, output].mean()) if len(rows) else 0.0

    return np.array(
        [
            worth,
            _share_met(p, roles),
            mean(customer, EASED),
            _fading(customer[:, MOVES.index("commitment")]),
            _fading(refusals),
            most(end, "stall"),
            mean(end, MOVES.index("buying_signal")),
            mean(end, CONCERN),
            float(dismissals.mean()) if len(rep) else 0.0,
            *(mean(rep, MOVES.index(move)) for move in ("acknowledge", "answer_objection")),
            most(customer, "pain"),
            most(customer, "decision_process"),
            most(last_of_rep, "next_step"),
        ]
    )


def _either(rows: np.ndarray, one: str, other: str) -> np.ndarray:
    """The likelier of two moves in each turn: shape (n_turns,)."""
    return np.asarray(rows[:, [MOVES.index(one), MOVES.index(other)]].max(axis=1, initial=0.0))


def _fading(p: np.ndarray) -> float:
    """The strongest of one side's turns, shape (n_turns,), the less the more turns follow; 0 where there are none."""
    return float((p * np.exp(-np.arange(len(p))[::-1] / FADES)).max(initial=0.0))


def _share_met(p: np.ndarray, roles: Sequence[Role]) -> float:
    """The share of the customer's concerns that one of the rep's next turns meets; 0 where there are none."""
    concern = p[:, CONCERN]
    if not concern.any():
        return 0.0
    is_rep = np.array([role == "rep" for role in roles])
    best, n_answers = np.zeros(len(p)), np.zeros(len(p), dtype=np.int64)
    for ahead in range(1, min(REACH, len(p) - 1) + 1):
        n_answers[:-ahead] += is_rep[ahead:]
        counts = is_rep[ahead:] & (n_answers[:-ahead] <= ANSWERS)
        best[:-ahead] = np.maximum(best[:-ahead], np.where(counts, p[ahead:, MET], 0.0))
    return float((concern * best).sum() / concern.sum())
