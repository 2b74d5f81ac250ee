"""Judges a call by a playbook: each criterion by what the reader hears, a tracker finds, or its head has learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from salescoach.errors import InputError
from salescoach.moves.taxonomy import MOVES
from salescoach.moves.trackers.fitted import FittedTracker
from salescoach.scorecards.heads import CriterionHeads, learned_criteria, of_side, turn_rows
from salescoach.scorecards.playbook import Criterion, Playbook
from salescoach.scorecards.results import JudgedCriterion, Met, Scorecard
from salescoach.scorecards.said import HOLDS
from salescoach.types import Transcript, Turn

HALF: Final = 0.5  # of a threshold, from where on a criterion is met partly
MAX_HEARD: Final = 2  # moves of a turn that a reason names


@dataclass(frozen=True)
class HeardCall:
    """What is heard in a call.

    ``p``: the reader's probabilities, shape (n_turns, n_outputs); ``thresholds``: from where on a turn makes a move,
    shape (n_outputs,); ``trackers``: by name, each with how sure it is of each turn, shape (n_turns,).
    """

    call: Transcript
    p: np.ndarray
    thresholds: np.ndarray
    trackers: Mapping[str, tuple[FittedTracker, np.ndarray]] = field(default_factory=dict)

    @cached_property
    def rows(self) -> np.ndarray:
        """What heads see of its turns, the same for all criteria."""
        return turn_rows(self.call.turns, self.p)


def judge_call(playbook: Playbook, heard: HeardCall, heads: CriterionHeads) -> Scorecard:
    """The scorecard of a call.

    Args:
        playbook: what it is judged by.
        heard: what is heard in it, with every tracker that the playbook rests on.
        heads: for criteria that are learned.

    Raises:
        InputError: a criterion's tracker is for the other side.
    """
    judged = tuple(_judged(playbook.playbook, one, heard, heads) for one in playbook.criteria)
    return Scorecard.of(playbook.playbook, judged, heard.call)


def _judged(playbook: str, one: Criterion, heard: HeardCall, heads: CriterionHeads) -> JudgedCriterion:
    turns = heard.call.turns
    side = of_side(turns, one.side)
    if reason := _not_applicable(one, heard, side):
        return JudgedCriterion(name=one.name, met="not applicable", turn=None, quote=None, why=reason)
    met, place = _by_head(playbook, one, heard, heads, side) if one.learned else _by_threshold(one, heard, side)
    if met == "no":
        why = f"No turn shows clearly enough that {one.counts}." if one.learned else f"Not heard: {one.counts}."
        return JudgedCriterion(name=one.name, met="no", turn=None, quote=None, why=why)
    return JudgedCriterion(
        name=one.name, met=met, turn=place + 1, quote=turns[place].text, why=_why(one, met, heard, place)
    )


def _not_applicable(one: Criterion, heard: HeardCall, side: np.ndarray) -> str | None:
    """Why a criterion makes no sense in a call, in a sentence."""
    when = one.not_applicable
    made = np.asarray(np.max(heard.p >= heard.thresholds, axis=0), dtype=bool)
    if not side.any():
        whose = "Nobody speaks" if one.side == "either" else f"Nobody is known to speak for the {one.side}'s side"
        return f"{whose} in this call."
    if when.shorter_than is not None and len(heard.call) < when.shorter_than:
        return f"The call has {len(heard.call)} turns, fewer than the {when.shorter_than} that this takes."
    if found := next((move for move in when.if_any_of if made[MOVES.index(move)]), None):
        return f"The call has {_plain(found)}, and then this doesn't apply."
    if when.if_none_of and not any(made[MOVES.index(move)] for move in when.if_none_of):
        return f"The call has no {' and no '.join(map(_plain, when.if_none_of))}, and then this doesn't apply."
    return None


def _by_head(
    playbook: str, one: Criterion, heard: HeardCall, heads: CriterionHeads, side: np.ndarray
) -> tuple[Met, int]:
    """How far a learned criterion is met, and the place of the turn that shows it best, from 0."""
    row = next(
        row for row, (name, known) in enumerate(learned_criteria()) if (name, known.name) == (playbook, one.name)
    )
    shown = heads.shown(row, heard.rows)
    return heads.met(row, shown[side], heard.rows), int(np.argmax(np.where(side, shown, -np.inf)))


def _by_threshold(one: Criterion, heard: HeardCall, side: np.ndarray) -> tuple[Met, int]:
    """The same of a criterion that rests on moves or on a tracker: what share of its threshold the best turn reaches.

    Of turns that reach it, one that contains what is asked for is better.
    """
    if one.tracker is None:
        share = np.max([heard.p[:, k] / heard.thresholds[k] for k in map(MOVES.index, one.moves)], axis=0)
    else:
        fitted, sure = heard.trackers[one.tracker]
        if one.side not in (fitted.tracker.side, "either"):
            raise InputError(
                f"The criterion {one.name!r} is for the {one.side}'s side, and its tracker {one.tracker!r} for the "
                f"{fitted.tracker.side}'s; give both the same side."
            )
        share = np.where(of_side(heard.call.turns, fitted.tracker.side), sure / fitted.threshold, 0.0)
    share = np.where(side, share, 0.0)
    contains = np.array([_contains(one, turn) for turn in heard.call.turns], dtype=bool)
    full = np.where(contains, share, 0.0)
    if full.max() >= 1:
        return "yes", int(np.argmax(full))
    return ("partly", int(np.argmax(share))) if share.max() >= HALF else ("no", int(np.argmax(share)))


def _contains(one: Criterion, turn: Turn) -> bool:
    return not one.contains or any(HOLDS[what](turn.text) for what in one.contains)


def _why(one: Criterion, met: Met, heard: HeardCall, place: int) -> str:
    """What the turn shows, and what is heard there, in a sentence."""
    how = "shows best" if met == "yes" else "shows best, though not in full,"
    told = f"T{place + 1} ({heard.call.turns[place].role}) {how} that {one.counts}"
    if one.tracker is not None:
        return f"{told}; the tracker {one.tracker!r} found it."
    moves = _heard(heard, place)
    return f"{told}; heard there: {moves}." if moves else f"{told}."


def _heard(heard: HeardCall, place: int) -> str:
    """The moves of a turn that are heard most clearly."""
    p = heard.p[place, : len(MOVES)]
    above: Sequence[int] = [
        k for k in np.argsort(-p, kind="stable").tolist() if p[k] >= heard.thresholds[k] and p[k] > 0
    ]
    return ", ".join(_plain(MOVES[k]) for k in above[:MAX_HEARD])


def _plain(move: str) -> str:
    return move.replace("_", " ")
