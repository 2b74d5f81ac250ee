"""Which calls a fit may see. Accounts never cross a border; a ``split`` column wins over everything."""

import hashlib
import math
from collections.abc import Sequence
from datetime import UTC

import numpy as np

from salescoach.errors import DataError
from salescoach.types import LabelledCall

TRAIN, CALIBRATION, TEST = "train", "calibration", "test"
KNOWN = frozenset({TRAIN, CALIBRATION, TEST, "test_seen"})  # the last one: test calls in the words of training
N_THIRDS = 3  # one of them tests
N_PARTS = 5  # of the others, one calibrates
MIN_TO_CALIBRATE = 2  # calls of each outcome, where any part of the accounts has them


def group_of(call: LabelledCall) -> str:
    """Calls of one account belong together; a call without an account stands alone."""
    return call.account_id or f"call:{call.call_id}"


def grouped_folds(labels: Sequence[int], groups: Sequence[str], n_folds: int, seed: int) -> np.ndarray:
    """The fold of each call, in 0 … n_folds - 1: shape (n_calls,), int. No group is in two folds.

    Raises:
        DataError: a class has fewer calls, or there are fewer groups, than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if min(np.bincount(labels, minlength=2)) < n_folds or len(set(groups)) < n_folds:
        raise DataError(
            f"{n_folds} folds need at least {n_folds} converted calls, {n_folds} lost calls and {n_folds} accounts; "
            f"there are {sum(labels)}, {len(labels) - sum(labels)} and {len(set(groups))}."
        )
    folds = np.empty(len(labels), dtype=int)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    for fold, (_, rows) in enumerate(splitter.split(np.zeros(len(labels)), labels, groups)):
        folds[rows] = fold
    return folds


class GroupBootstrap:
    """Draws bootstrap samples of whole groups, as calls of one account are not independent of each other."""

    def __init__(self, groups: Sequence[str]) -> None:
        names, codes = np.unique(np.asarray(groups), return_inverse=True)
        order = np.argsort(codes, kind="stable")
        self._members = np.split(order, np.cumsum(np.bincount(codes, minlength=len(names)))[:-1])

    def draw(self, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        """Row numbers of one sample, as many groups as there are; None if it holds one class only."""
        picks = rng.integers(len(self._members), size=len(self._members))
        rows = np.concatenate([self._members[pick] for pick in picks])
        return rows if 0 < labels[rows].sum() < len(rows) else None


def evenly(n: int, at_most: int) -> np.ndarray:
    """Rows spread evenly over ``n``, ascending, the first and the last among them: shape (min(n, at_most),), int."""
    return np.unique(np.linspace(0, max(n - 1, 0), min(at_most, n)).astype(int))


def labels_of(calls: Sequence[LabelledCall]) -> np.ndarray:
    """Shape (n_calls,), 1 converted, 0 lost."""
    return np.array([_label(call) for call in calls], dtype=int)


def split_names(calls: Sequence[LabelledCall], seed: int, *, by_time: bool = False) -> list[str]:
    """The split of each call: from its ``split`` column, else a third tests, and of the others a fifth calibrates.

    Args:
        calls: labelled calls.
        seed: of the random split; by time nothing is random.
        by_time: accounts are ordered by their first call, and the last third of them tests.

    Raises:
        DataError: only some calls name a split, ``train`` is missing, or calls without a date can't be ordered.
    """
    given = [call.split for call in calls]
    if any(given):
        return _given_names(calls, seed)
    if by_time:
        return _names_by_time(calls)
    folds = grouped_folds([_label(call) for call in calls], [group_of(call) for call in calls], N_THIRDS, seed)
    return _with_calibration(calls, [TEST if fold == 0 else TRAIN for fold in folds], seed)


def cross_validation(calls: Sequence[LabelledCall], n_folds: int, seed: int) -> list[list[str]]:
    """The split of each call in each fold: every call tests once, and a fifth of the others' accounts calibrates.

    Raises:
        DataError: too few calls of one outcome, or too few accounts, for so many folds.
    """
    folds = grouped_folds([_label(call) for call in calls], [group_of(call) for call in calls], n_folds, seed)
    return [
        _with_calibration(calls, [TEST if own == fold else TRAIN for own in folds], seed) for fold in range(n_folds)
    ]


def _given_names(calls: Sequence[LabelledCall], seed: int) -> list[str]:
    given = [call.split for call in calls]
    if not all(given):
        row = given.index(None) + 1
        raise DataError(f"Some calls name a split and others don't (call {row}, {calls[row - 1].call_id}); fill all.")
    names = [str(name) for name in given]
    unknown = sorted(set(names) - KNOWN)
    if unknown:
        raise DataError(f"The split column holds {unknown[0]!r}; a split is one of {', '.join(sorted(KNOWN))}.")
    if TRAIN not in names:
        raise DataError(f"The split column names no {TRAIN!r} calls; it has {sorted(set(names))}.")
    return names if CALIBRATION in names else _with_calibration(calls, names, seed)


def _with_calibration(calls: Sequence[LabelledCall], names: list[str], seed: int) -> list[str]:
    """A fifth of the training accounts calibrates; the test calls stay untouched."""
    rows = [row for row, name in enumerate(names) if name == TRAIN]
    labels = np.array([_label(calls[row]) for row in rows])
    folds = grouped_folds(labels.tolist(), [group_of(calls[row]) for row in rows], N_PARTS, seed)
    # Of few calls a fifth can hold a single one of an outcome; another fifth may do better.
    rarer = [min(np.bincount(labels[folds == fold], minlength=2)) for fold in range(N_PARTS)]
    calibrating = next((fold for fold in range(N_PARTS) if rarer[fold] >= MIN_TO_CALIBRATE), 0)
    names = list(names)
    for row, fold in zip(rows, folds, strict=True):
        if fold == calibrating:
            names[row] = CALIBRATION
    return names


def _names_by_time(calls: Sequence[LabelledCall]) -> list[str]:
    first: dict[str, float] = {}
    for row, call in enumerate(calls, start=1):
        if call.started_at is None:
            raise DataError(f"Call {row} ({call.call_id}) has no started_at; a split by time needs one for every call.")
        # A date without a zone is taken as UTC, as the library keeps it.
        when = call.started_at if call.started_at.tzinfo else call.started_at.replace(tzinfo=UTC)
        group = group_of(call)
        first[group] = min(first.get(group, math.inf), when.timestamp())
    n_tested = len(first) // N_THIRDS
    n_calibrating = (len(first) - n_tested) // N_PARTS
    in_order = sorted(first, key=lambda group: (first[group], group))
    n_train = len(first) - n_tested - n_calibrating
    parts = [TRAIN] * n_train + [CALIBRATION] * n_calibrating + [TEST] * n_tested
    part_of = dict(zip(in_order, parts, strict=True))
    return [part_of[group_of(call)] for call in calls]


def split_hash(calls: Sequence[LabelledCall], names: Sequence[str]) -> str:
    """Names a split: equal for the same calls in the same parts, in whatever order. 16 hex digits."""
    lines = sorted(f"{call.transcript.content_hash} {name}" for call, name in zip(calls, names, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _label(call: LabelledCall) -> int:
    return int(call.outcome == "converted")
