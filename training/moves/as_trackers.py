"""Moves of the authored calls taken for trackers: what a tracker learns from a few of them, and what it should find.

Examples come from some writers, and what is judged from others, so no call and no way to write is on both sides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from salescoach.moves.taxonomy import CUSTOMER_MOVES, MOVES, REP_MOVES
from salescoach.moves.trackers.background import FeatureReader
from salescoach.moves.trackers.tracker import MAX_TEXT, Side, Tracker, TrackerExample
from salescoach.types import Transcript, Turn
from training.authored.corpus import Labels
from training.moves.run import writer_of

# Judged, and never calibrated on: of each kind that people track, some that are heard often and some that aren't.
HELD_OUT: Final = (
    "objection_price", "objection_trust", "authority", "competitor", "pain", "decision_process", "commitment",
    "proof", "price_talk", "explore_objection",
)  # fmt: skip
MIN_WORDS, MAX_WORDS = 4, 40  # of an example
MIN_JUDGED: Final = 10  # turns of a move, without which nothing is judged


@dataclass(frozen=True)
class JudgedTurns:
    """Turns of some writers.

    ``turns``: in order; ``features``: shape (n_turns, dimension), float32; ``does``: shape (n_turns, n_moves), bool;
    ``writers``: shape (n_turns,), str.
    """

    turns: tuple[Turn, ...]
    features: np.ndarray
    does: np.ndarray
    writers: np.ndarray

    @classmethod
    def of(
        cls, calls: Mapping[str, Transcript], labels: Mapping[str, Labels], reader: FeatureReader, writers: set[str]
    ) -> "JudgedTurns":
        """All turns of the labelled calls of some writers."""
        ids = [one for one in sorted(labels) if writer_of(one) in writers]
        return cls(
            tuple(turn for one in ids for turn in calls[one].turns),
            np.concatenate([reader.features(calls[one].turns) for one in ids]),
            np.concatenate([_does(labels[one], len(calls[one])) for one in ids]),
            np.array([writer_of(one) for one in ids for _ in calls[one].turns]),
        )

    def of_side(self, side: Side) -> "JudgedTurns":
        """The turns of a side."""
        rows = np.array([turn.role == side for turn in self.turns])
        turns = tuple(turn for turn in self.turns if turn.role == side)
        return JudgedTurns(turns, self.features[rows], self.does[rows], self.writers[rows])


def drawn_trackers(
    calls: Mapping[str, Transcript],
    labels: Mapping[str, Labels],
    writers: set[str],
    moves: Sequence[str],
    n_examples: int,
    n_draws: int,
) -> Iterator[tuple[str, Tracker]]:
    """Trackers of moves with examples of some writers, each from another call; the same ones whenever it is asked.

    Moves without enough examples are left out.
    """
    for move in moves:
        side: Side = "rep" if move in REP_MOVES else "customer"
        texts = {
            one: [
                calls[one].turns[turn - 1].text
                for turn, done in labels[one].moves.items()
                if move in done and _can_be_example(calls[one].turns[turn - 1], side)
            ]
            for one in sorted(labels)
            if writer_of(one) in writers
        }
        able = [one for one, some in texts.items() if some]
        for draw in range(n_draws if len(able) >= n_examples else 0):
            rng = np.random.default_rng([MOVES.index(move), draw])
            chosen = [texts[able[row]] for row in rng.permutation(len(able))[:n_examples]]
            said = dict.fromkeys(some[int(rng.integers(len(some)))] for some in chosen)
            yield move, Tracker(name=move, side=side, examples=tuple(TrackerExample(text=text) for text in said))


def tracked(move: str) -> bool:
    """Whether one side alone makes a move, so that it can be a tracker's."""
    return move in CUSTOMER_MOVES or move in REP_MOVES


def _can_be_example(turn: Turn, side: Side) -> bool:
    fits = MIN_WORDS <= len(turn.text.split()) <= MAX_WORDS and len(turn.text) <= MAX_TEXT
    return turn.role == side and fits and turn.text.isprintable()


def _does(labels: Labels, n_turns: int) -> np.ndarray:
    found = np.zeros((n_turns, len(MOVES)), dtype=bool)
    for turn, moves in labels.moves.items():
        found[turn - 1, [MOVES.index(move) for move in moves]] = True
    return found
