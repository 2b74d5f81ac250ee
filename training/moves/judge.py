"""How well a reader reads calls of writers that it never saw."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from salescoach.model.head import sigmoid
from salescoach.moves.heads import CONCERN
from salescoach.moves.objections import KINDS, Concern
from salescoach.moves.profile import CallProfile
from salescoach.moves.reader import ReadingFigure
from salescoach.moves.taxonomy import MOVES
from training.authored.corpus import Labels
from training.moves.calibrate import f1

ANY = "any objection"
MET = ("well", "partly")


@dataclass(frozen=True)
class CallReading:
    """What was read of a call. ``above``: shape (n_turns, n_outputs), bool."""

    above: np.ndarray
    concerns: list[Concern]


def reading_figures(readings: Mapping[str, CallReading], labels: Mapping[str, np.ndarray]) -> dict[str, ReadingFigure]:
    """Precision, recall and F1 of each move and of any objection, over all turns of all calls.

    Args:
        readings: by call.
        labels: what each turn does, shape (n_turns, n_outputs), by call.
    """
    found = np.concatenate([readings[call].above for call in readings])
    true = np.concatenate([labels[call] > 0 for call in readings])
    columns: dict[str, tuple[np.ndarray, np.ndarray]] = {
        name: (found[:, k], true[:, k]) for k, name in enumerate(MOVES)
    }
    kinds = list(KINDS)
    columns[ANY] = np.any(found[:, [*kinds, CONCERN]], axis=1), np.any(true[:, kinds], axis=1)
    return {name: _figure(*pair) for name, pair in columns.items()}


def handled_accuracy(readings: Mapping[str, CallReading], labels: Mapping[str, Labels]) -> float | None:
    """Balanced accuracy of well or partly against badly or not; a concern that wasn't found counts as wrong."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for call, reading in readings.items():
        read = {one.turn: one.handled in MET for one in reading.concerns}
        exact = {(one.turn, one.kind): one.handled in MET for one in reading.concerns}
        for one in labels[call].objections:
            is_met = one.handled in MET
            right[is_met].append(exact.get((one.turn, one.kind), read.get(one.turn)) == is_met)
    return float(np.mean([np.mean(own) for own in right.values()])) if all(right.values()) else None


def outcome_figures(
    logits: Mapping[str, float], converted: Mapping[str, bool], profile: CallProfile
) -> dict[str, float]:
    """How well calibrated logits of judged calls foretell their outcomes, by measure.

    ``profile`` has the width of intervals, which is that of all judged calls.
    """
    z = np.array(list(logits.values()))
    y = np.array([converted[one] for one in logits], dtype=float)
    p = sigmoid(z)
    low, high = np.array([profile.interval(one) for one in z]).T
    return {
        "calls": float(len(z)),
        "base_rate": float(y.mean()),
        "auroc": float(roc_auc_score(y, p)),
        "brier": float(np.mean((p - y) ** 2)),
        "brier_of_base_rate": float(np.mean((y.mean() - y) ** 2)),
        "interval_width": float(np.mean(high - low)),
    }


def _figure(found: np.ndarray, true: np.ndarray) -> ReadingFigure:
    precision, recall, value = f1(found, true)
    return ReadingFigure(n=int(true.sum()), precision=precision, recall=recall, f1=value)
