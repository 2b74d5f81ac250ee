"""The calls that a fit may see, and which of them nothing is fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from salescoach.stats.splits import evenly
from salescoach.types import Transcript


@dataclass(frozen=True)
class TrainingCalls:
    """What a fit may see.

    ``labels``: shape (n_calls,), 1 converted; ``groups`` names the account of each call; ``held_out``: shape
    (n_calls,), bool, marks the calls that choose the epoch and calibrate; nothing is fitted on them.
    """

    calls: Sequence[Transcript]
    labels: np.ndarray
    groups: Sequence[str]
    held_out: np.ndarray
    seed: int

    def some(self, n: int) -> "TrainingCalls":
        """At most ``n`` of the calls to fit on, spread evenly over them, and all that are held out."""
        fitted = np.flatnonzero(~self.held_out)
        kept = fitted[evenly(len(fitted), n)]
        return self.at(np.sort(np.concatenate([kept, np.flatnonzero(self.held_out)])))

    def at(self, rows: np.ndarray) -> "TrainingCalls":
        """Those in some rows, in their order: shape (n_rows,), int."""
        calls, groups = [self.calls[row] for row in rows.tolist()], [self.groups[row] for row in rows.tolist()]
        return TrainingCalls(calls, self.labels[rows], groups, self.held_out[rows], self.seed)

    def placed(self, of_held_out: np.ndarray) -> np.ndarray:
        """Values of the held-out calls at the places of these, nan at the others: shape (n_calls,), float64."""
        placed = np.full(len(self.held_out), np.nan)
        placed[self.held_out] = of_held_out
        return placed

    def all_learned(self) -> "TrainingCalls":
        """The same calls, none of them held out."""
        return replace(self, held_out=np.zeros_like(self.held_out))
