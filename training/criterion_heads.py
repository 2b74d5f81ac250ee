"""Fits what the bundled playbooks' criteria rest on: two ridge regressions and two cuts each, judged by writer.

The turns' weights tell the turn that was named best for a criterion from all others. The call's weights are fitted on
what turns show to models of other writers, and the cuts on what calls of other writers are told: so nothing that was
learned by heart is taken for knowledge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from salescoach.scorecards.heads import CriterionHeads, call_row, learned_criteria, of_side, turn_rows
from salescoach.types import Transcript
from training.authored.scorecards import LEVELS, CriterionLabel
from training.moves.run import writer_of
from training.moves.unseen import N_FOLDS, folds_of

TURN_RIDGE: Final = 100.0
CALL_RIDGE: Final = 100.0
OF_TOPS: Final = 2.0  # how much more than the call as a whole the turns that show most may weigh
OF_CALL: Final = 0.7
PARTLY: Final = 0.6  # what a turn is worth that shows a criterion partly
SCALE_FLOOR: Final = 1e-6


@dataclass(frozen=True)
class _Calls:
    """Labelled calls: rows as the heads see them, and the fold of each."""

    ids: Sequence[str]
    turns: Mapping[str, Transcript]
    rows: Mapping[str, np.ndarray]
    fold: np.ndarray


def fit_criterion_heads(
    calls: Mapping[str, Transcript], labels: Sequence[CriterionLabel], p: Mapping[str, np.ndarray]
) -> CriterionHeads:
    """The heads of all learned criteria.

    Args:
        calls: by id, at least all that are labelled.
        labels: how far criteria are met, and where.
        p: probabilities of moves in those calls, as uncertain as of calls that the reader never saw.
    """
    ids = sorted({one.call for one in labels})
    folds = folds_of([writer_of(one) for one in ids])
    known = _Calls(
        ids,
        calls,
        {one: turn_rows(calls[one].turns, p[one]) for one in ids},
        np.array([folds[writer_of(one)] for one in ids]),
    )
    by_place = {(one.playbook, one.criterion, one.call): one for one in labels}
    criteria = learned_criteria()
    ticks = [{one: by_place.get((name, criterion.name, one)) for one in ids} for name, criterion in criteria]
    targets = {one: np.column_stack([_target(tick[one], len(calls[one])) for tick in ticks]) for one in ids}
    shown = _shown_by_others(known, targets)
    turn = _ridge(
        np.concatenate([known.rows[one] for one in ids]), np.concatenate([targets[one] for one in ids]), TURN_RIDGE
    )
    found = [
        _fit_call(known, tick, {one: shown[one][:, row] for one in ids}, of_side_of)
        for row, (tick, of_side_of) in enumerate(
            zip(ticks, [{one: of_side(calls[one].turns, c.side) for one in ids} for _, c in criteria], strict=True)
        )
    ]
    return CriterionHeads(turn.T, np.array([one[0] for one in found]), np.array([one[1] for one in found]))


def cut_on_unseen(
    heads: CriterionHeads,
    calls: Mapping[str, Transcript],
    p: Mapping[str, np.ndarray],
    labels: Sequence[CriterionLabel],
) -> CriterionHeads:
    """The same heads with cuts by which calls that nobody labelled are told each level as often as labels have it.

    What the reader hears in calls that it never saw lies elsewhere than any imitation of it does, so the cuts are
    taken from such calls; labels give the shares only.

    Args:
        heads: fitted on the labels.
        calls: by id, of writers from whom the reader learned nothing, none of them labelled.
        p: the reader's probabilities of those.
        labels: how far criteria are met in other calls.
    """
    rows = {one: turn_rows(call.turns, p[one]) for one, call in calls.items()}
    cuts = heads.cuts.copy()
    for row, (playbook, criterion) in enumerate(learned_criteria()):
        met = [one.met for one in labels if (one.playbook, one.criterion) == (playbook, criterion.name)]
        levels = np.array([LEVELS[one] for one in met if one in LEVELS])
        sides = {one: of_side(call.turns, criterion.side) for one, call in calls.items()}
        told = [
            heads.told(row, heads.shown(row, rows[one][side]), rows[one]) for one, side in sides.items() if side.any()
        ]
        cuts[row] = share_cuts(np.array(told), levels)
    return replace(heads, cuts=cuts)


def _target(tick: CriterionLabel | None, n_turns: int) -> np.ndarray:
    """What each turn should show: shape (n_turns,)."""
    found = np.zeros(n_turns)
    if tick is not None and tick.turn is not None:
        found[tick.turn - 1] = 1.0 if tick.met == "yes" else PARTLY
    return found


def _shown_by_others(known: _Calls, targets: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What turns show of each criterion to models of other writers: shape (n_turns, n_criteria) each."""
    found = {}
    for number in range(N_FOLDS):
        others = [one for one, fold in zip(known.ids, known.fold, strict=True) if fold != number]
        weights = _ridge(
            np.concatenate([known.rows[one] for one in others]),
            np.concatenate([targets[one] for one in others]),
            TURN_RIDGE,
        )
        for one, fold in zip(known.ids, known.fold, strict=True):
            if fold == number:
                found[one] = known.rows[one] @ weights[:-1] + weights[-1]
    return found


def _fit_call(
    known: _Calls,
    tick: Mapping[str, CriterionLabel | None],
    shown: Mapping[str, np.ndarray],
    side: Mapping[str, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """The call's weights and the cuts of one criterion."""
    on = [
        place
        for place, one in enumerate(known.ids)
        if (label := tick[one]) is not None and label.met in LEVELS and side[one].any()
    ]
    ids = [known.ids[place] for place in on]
    levels = np.array([LEVELS[label.met] for one in ids if (label := tick[one]) is not None])
    rows = np.array([call_row(shown[one][side[one]], known.rows[one]) for one in ids])
    fold = known.fold[on]
    told = np.empty(len(ids))
    for number in range(N_FOLDS):
        own = fold == number
        weights = _scaled_ridge(rows[~own], levels[~own])
        told[own] = rows[own] @ weights[:-1] + weights[-1]
    return _scaled_ridge(rows, levels), share_cuts(told, levels)


def _scaled_ridge(rows: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Ridge regression on features in units of their spread; weights of the features as they are, the bias last."""
    scale = np.maximum(rows.std(axis=0), SCALE_FLOOR)
    scale = scale / np.where(np.arange(rows.shape[1]) < 3, OF_TOPS, OF_CALL)
    weights = _ridge(rows / scale, levels[:, None].astype(np.float64), CALL_RIDGE)[:, 0]
    return np.append(weights[:-1] / scale, weights[-1])


def _ridge(rows: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    """Weights, the bias last: shape (n_features + 1, n_targets)."""
    middle, usual = rows.mean(axis=0), targets.mean(axis=0)
    less = rows - middle
    weights = np.linalg.solve(less.T @ less + penalty * np.eye(rows.shape[1]), less.T @ (targets - usual))
    return np.vstack([weights, usual - middle @ weights])


def share_cuts(told: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The two cuts, the lower first, by which as many calls are told each level as are labelled so: shape (2,).

    On calls of other writers they agree better with labels than the cuts of the best kappa do, which chase noise.

    Args:
        told: what calls are told, shape (n_calls,).
        levels: 0 not met, 1 partly, 2 met, of the same shape.
    """
    return np.asarray(np.quantile(told, [np.mean(levels < level) for level in (1, 2)]))
