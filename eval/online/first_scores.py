"""Which lines of the score log are judged: of each call the first that was said before its deal ended."""

from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from salescoach.library.scored_calls import ScoredLog
from salescoach.types import ScorerName

# Likeness to past calls is a score, but nobody fitted it to be a probability.
ARMS: Final = frozenset(get_args(ScorerName))


@dataclass(frozen=True)
class FirstScores:
    """One line a call. ``judged``: the outcome came after it; ``pending``: it may still come.

    Calls that can't be judged are counted. ``abstained``: the coach gave no number before the outcome. ``late``: scored
    only after the deal had ended. ``undated``: nobody knows when it ended. ``unmatched``: not among the team's own
    calls, so that no outcome can come.
    """

    judged: ScoredLog
    pending: ScoredLog
    abstained: int
    late: int
    undated: int
    unmatched: int


def first_scores(log: ScoredLog) -> FirstScores:
    """Judges by the first score of each call alone: later ones know more, and would count a call twice."""
    of_arms = log.take(log.scorer.where(ARMS.__contains__))
    key = of_arms.key
    has_number = np.isfinite(of_arms.probability)
    is_over = np.isfinite(of_arms.outcome)
    is_dated = np.isfinite(of_arms.ended)
    is_before = ~is_over | (is_dated & (of_arms.scored < of_arms.ended))
    first = _first(key, has_number & is_before & of_arms.is_known)
    kept = of_arms.take(first)
    ended = np.isfinite(kept.outcome)
    rest = _first(key, ~np.isin(key, key[first]))
    known, over, dated = of_arms.is_known[rest], is_over[rest], is_dated[rest]
    silent = known & ~np.isin(key[rest], key[has_number])
    return FirstScores(
        judged=kept.take(ended),
        pending=kept.take(~ended),
        abstained=int(silent.sum()),
        late=int((known & ~silent & over & dated).sum()),
        undated=int((known & ~silent & over & ~dated).sum()),
        unmatched=int((~known).sum()),
    )


def first_of_each_model(log: ScoredLog) -> dict[str, ScoredLog]:
    """What each model is judged by: the first score that it gave to a call, by the model's id."""
    used = sorted((log.model.names[code], code) for code in np.unique(log.model.codes).tolist())
    return {name: first_scores(log.take(log.model.codes == code)).judged for name, code in used}


def first_rows(codes: np.ndarray) -> np.ndarray:
    """The row at which each number occurs first, ascending."""
    return _first(codes, np.ones(len(codes), dtype=bool))


def _first(codes: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(allowed)
    _, places = np.unique(codes[rows], return_index=True)
    return np.sort(rows[places])
