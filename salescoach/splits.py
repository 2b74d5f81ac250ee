"""Which calls a fit may see. Accounts never cross a border; a ``split`` column wins over everything."""

import hashlib
from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from salescoach.errors import DataError
from salescoach.types import LabelledCall

TRAIN, CALIBRATION, TEST = "train", "calibration", "test"
KNOWN = frozenset({TRAIN, CALIBRATION, TEST, "test_seen"})  # the last one: test calls in the words of training
N_PARTS = 5  # three parts train, one calibrates, one tests


def group_of(call: LabelledCall) -> str:
    """Calls of one account belong together; a call without an account stands alone."""
    return call.account_id or f"call:{call.call_id}"


def grouped_folds(labels: Sequence[int], groups: Sequence[str], n_folds: int, seed: int) -> np.ndarray:
    """The fold of each call, in 0 … n_folds - 1: shape (n_calls,), int. No group is in two folds.

    Raises:
        DataError: a class has fewer calls, or there are fewer groups, than folds.
    """
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


def split_names(calls: Sequence[LabelledCall], seed: int) -> list[str]:
    """The split of each call: from its ``split`` column, else three fifths train, one calibrates, one tests.

    Raises:
        DataError: only some calls name a split, or ``train`` or ``calibration`` is missing.
    """
    given = [call.split for call in calls]
    if any(given):
        if not all(given):
            row = given.index(None) + 1
            raise DataError(
                f"Some calls name a split and others don't (call {row}, {calls[row - 1].call_id}); fill all."
            )
        names = [str(name) for name in given]
        unknown = sorted(set(names) - KNOWN)
        if unknown:
            raise DataError(f"The split column holds {unknown[0]!r}; a split is one of {', '.join(sorted(KNOWN))}.")
        if TRAIN not in names:
            raise DataError(f"The split column names no {TRAIN!r} calls; it has {sorted(set(names))}.")
        if CALIBRATION in names:
            return names
        # A fifth of the training accounts calibrates; the user's test calls stay untouched.
        rows = [row for row, name in enumerate(names) if name == TRAIN]
        folds = grouped_folds(
            [_label(calls[row]) for row in rows], [group_of(calls[row]) for row in rows], N_PARTS, seed
        )
        for row, fold in zip(rows, folds, strict=True):
            if fold == 0:
                names[row] = CALIBRATION
        return names
    folds = grouped_folds([_label(call) for call in calls], [group_of(call) for call in calls], N_PARTS, seed)
    parts = [TRAIN] * (N_PARTS - 2) + [CALIBRATION, TEST]
    return [parts[fold] for fold in folds]


def split_hash(calls: Sequence[LabelledCall], names: Sequence[str]) -> str:
    """Names a split: equal for the same calls in the same parts, in whatever order. 16 hex digits."""
    lines = sorted(f"{call.transcript.content_hash} {name}" for call, name in zip(calls, names, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _label(call: LabelledCall) -> int:
    return int(call.outcome == "converted")
