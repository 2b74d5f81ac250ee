"""What arms said of calls that no fit of theirs had seen, fold by fold: all that a report is drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from salescoach.stats.measures import Judged, Thresholds
from salescoach.stats.splits import group_of, labels_of
from salescoach.types import LabelledCall

WHOLE = 100
SHARES = (25, 50, 75, WHOLE)  # per cent of the turns


@dataclass(frozen=True)
class Judgements:
    """``said``: arm -> share of the call in per cent -> for each fold, probabilities of shape (n_test,)."""

    tests: Sequence[Sequence[LabelledCall]]
    said: Mapping[str, Mapping[int, Sequence[np.ndarray]]]
    thresholds: Mapping[str, Sequence[Thresholds]]

    @property
    def arms(self) -> list[str]:
        """In the order of the table."""
        return list(self.said)

    @cached_property
    def _sides(self) -> list[tuple[np.ndarray, list[str]]]:
        return [(labels_of(test), [group_of(call) for call in test]) for test in self.tests]

    def judged(self, arm: str, share: int = WHOLE) -> list[Judged]:
        """What is measured, a fold each."""
        return [
            Judged(labels, probabilities, groups, thresholds)
            for (labels, groups), probabilities, thresholds in zip(
                self._sides, self.said[arm][share], self.thresholds[arm], strict=True
            )
        ]

    def of_calls(self, keep: Sequence[np.ndarray]) -> "Judgements":
        """Some of the judged calls: for each fold their row numbers; folds that then lack an outcome are left out."""
        kept = [
            (fold, rows)
            for fold, rows in enumerate(keep)
            if len({self.tests[fold][row].outcome for row in rows.tolist()}) == 2
        ]
        return Judgements(
            [[self.tests[fold][row] for row in rows.tolist()] for fold, rows in kept],
            {
                arm: {share: [folds[fold][rows] for fold, rows in kept] for share, folds in by_share.items()}
                for arm, by_share in self.said.items()
            },
            {arm: [folds[fold] for fold, _ in kept] for arm, folds in self.thresholds.items()},
        )
