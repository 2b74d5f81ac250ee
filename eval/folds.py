"""The splits that judge: by account, by a given column, or by date."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.errors import DataError
from salescoach.stats.splits import CALIBRATION, TEST, TRAIN, cross_validation, group_of, labels_of, split_names
from salescoach.types import LabelledCall, Transcript
from training.calls import TrainingCalls
from training.parts import training_calls

MIN_CALLS = 5


@dataclass(frozen=True)
class Fold:
    """One split of the calls: its training side, and the calls that are judged."""

    train: TrainingCalls
    test: Sequence[LabelledCall]

    @property
    def labels(self) -> np.ndarray:
        """Of the test calls: shape (n_test,), 1 converted, 0 lost."""
        return labels_of(self.test)

    @property
    def groups(self) -> list[str]:
        """The account of each test call."""
        return [group_of(call) for call in self.test]

    def test_calls(self, share: int = 100) -> list[Transcript]:
        """The first ``share`` per cent of the turns of each test call, rounded up."""
        return [call.transcript.prefix(math.ceil(share / 100 * len(call.transcript))) for call in self.test]


def make_splits(
    calls: Sequence[LabelledCall], n_folds: int, seed: int, *, quick: bool = False, by_time: bool = False
) -> list[list[str]]:
    """For each fold, the split of each call. A ``split`` column or ``by_time`` makes one fold, ``quick`` keeps one.

    Raises:
        DataError: too few calls of an outcome, or too few accounts, or no test calls.
    """
    if by_time or any(call.split for call in calls):
        names = split_names(calls, seed, by_time=by_time)
        if TEST not in names:
            raise DataError(f"The split column names no {TEST!r} calls, so there is nothing to judge by.")
        return [names]
    return cross_validation(calls, n_folds, seed)[: 1 if quick else None]


def make_fold(calls: Sequence[LabelledCall], names: Sequence[str], seed: int) -> Fold:
    """A fold from the split of each call.

    Raises:
        DataError: a part has calls of one outcome only.
    """
    parts = {part: [call for call, own in zip(calls, names, strict=True) if own == part] for part in set(names)}
    for part in (TRAIN, CALIBRATION, TEST):
        if len({call.outcome for call in parts.get(part, [])}) < 2:
            raise DataError(
                f"The {part} part of the split needs converted and lost calls; add calls or use fewer folds."
            )
    return Fold(training_calls(parts[TRAIN], parts[CALIBRATION], seed), parts[TEST])


def part_of(fold: Fold, percent: int) -> Fold | None:
    """The same test calls, and a part of the training accounts; a smaller part lies within a larger one.

    Returns:
        None where fewer than ``MIN_CALLS`` of an outcome would be left to fit on, or none to calibrate on.
    """
    train = fold.train
    names = sorted(set(train.groups), key=lambda name: hashlib.sha256(f"{train.seed} {name}".encode()).digest())
    kept = set(names[: math.ceil(percent / 100 * len(names))])
    rows = np.array([row for row, group in enumerate(train.groups) if group in kept])
    labels, held_out = train.labels[rows], train.held_out[rows]
    if min(np.bincount(labels[~held_out], minlength=2)) < MIN_CALLS or len(set(labels[held_out].tolist())) < 2:
        return None
    calls, groups = [train.calls[row] for row in rows.tolist()], [train.groups[row] for row in rows.tolist()]
    return Fold(TrainingCalls(calls, labels, groups, held_out, train.seed), fold.test)
