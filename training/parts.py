"""The labelled calls of a training, by what each part of them is for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.errors import DataError
from salescoach.library.own_calls import MIN_CALLS_PER_CLASS
from salescoach.stats.splits import CALIBRATION, TEST, TRAIN, group_of, labels_of, split_names
from salescoach.types import LabelledCall, Transcript
from training.calls import TrainingCalls

MAX_HEAD_CALLS = 4000  # of those trained on, from which members of the head, likeness and abstention are fitted


@dataclass(frozen=True)
class Split:
    """The labelled calls by part.

    ``seen``: what fits may see before it is judged; ``some``: as many of it as the head is fitted on; ``learns_all``:
    whether the calls that judge are learned from once they have judged.
    """

    calls: Sequence[LabelledCall]
    names: Sequence[str]
    parts: Mapping[str, list[LabelledCall]]
    seen: TrainingCalls
    some: TrainingCalls
    learns_all: bool

    @classmethod
    def of(cls, calls: Sequence[LabelledCall], seed: int, *, by_time: bool) -> "Split":
        calls = [call for call in calls if call.outcome is not None]
        names = names_of_parts(calls, seed, by_time=by_time)
        parts = {part: [call for call, own in zip(calls, names, strict=True) if own == part] for part in set(names)}
        seen = training_calls(parts[TRAIN], parts[CALIBRATION], seed)
        is_ours = not any(call.split for call in calls)
        return cls(calls, names, parts, seen, seen.some(MAX_HEAD_CALLS), is_ours and bool(parts.get(TEST)))

    @property
    def test(self) -> list[LabelledCall]:
        return self.parts.get(TEST, [])

    @property
    def judging(self) -> list[Transcript]:
        return [call.transcript for call in self.test]

    @property
    def whole(self) -> TrainingCalls:
        """Every call; those that calibrated and those that judged are held out."""
        return training_calls(self.parts[TRAIN], [*self.parts[CALIBRATION], *self.test], self.seen.seed)


def names_of_parts(calls: Sequence[LabelledCall], seed: int, *, by_time: bool = False) -> list[str]:
    """The part of each labelled call: it trains, calibrates or judges.

    Raises:
        DataError: too few calls of one class, or a split that can't be made.
    """
    _require_both_classes(calls)
    names = split_names(calls, seed, by_time=by_time)
    for part in (TRAIN, CALIBRATION):
        _require_both_classes([call for call, own in zip(calls, names, strict=True) if own == part], at_least=2)
    return names


def training_calls(train: Sequence[LabelledCall], calibration: Sequence[LabelledCall], seed: int) -> TrainingCalls:
    """What fits may see of two parts of a split."""
    seen = [*train, *calibration]
    return TrainingCalls(
        [call.transcript for call in seen],
        labels_of(seen),
        [group_of(call) for call in seen],
        np.arange(len(seen)) >= len(train),
        seed,
    )


def _require_both_classes(calls: Sequence[LabelledCall], at_least: int = MIN_CALLS_PER_CLASS) -> None:
    n_converted = sum(call.outcome == "converted" for call in calls)
    n_lost = len(calls) - n_converted
    if min(n_converted, n_lost) < at_least:
        raise DataError(
            f"Training needs at least {at_least} converted and {at_least} lost calls in each part; "
            f"there are {n_converted} and {n_lost}. Add labelled calls."
        )
