"""The reading of a call that goes on: a turn that is added is read, with the three after it where there are any.

A turn's window depends on itself and the three turns before it alone, so everything else stays as it was read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from salescoach.moves.heads import CONCERN
from salescoach.moves.next_step import next_step
from salescoach.moves.objections import Concern
from salescoach.moves.reader import EncoderReader, turn_moves
from salescoach.moves.results import ReadMove, ReadNextStep
from salescoach.moves.windows import N_BEFORE
from salescoach.speech.spoken import n_words
from salescoach.types import Turn

SIDES: Final = ("rep", "customer")
_FIRST_CAPACITY: Final = 64


class GrowingRows:
    """Rows of an array to which rows are added at little cost, mostly at its end."""

    def __init__(self) -> None:
        self._array: np.ndarray | None = None
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def rows(self) -> np.ndarray:
        """All rows, as they are until the next change: shape (n, width)."""
        return np.zeros((0, 0)) if self._array is None else self._array[: self._n]

    def replace(self, start: int, end: int, new: np.ndarray) -> None:
        """Puts ``new``, shape (n_new, width), where the rows from ``start`` up to ``end`` are."""
        after = None if end == self._n else self.rows[end:].copy()
        n = start + len(new) + (0 if after is None else len(after))
        if self._array is None or n > len(self._array):
            larger = np.empty((max(_FIRST_CAPACITY, 2 * n), new.shape[1]), dtype=new.dtype)
            larger[:start] = self.rows[:start] if start else larger[:0]
            self._array = larger
        self._array[start : start + len(new)] = new
        if after is not None:
            self._array[start + len(new) : n] = after
        self._n = n


@dataclass(frozen=True)
class TurnsChange:
    """How a call differs from what it was: its turns from ``start`` up to ``end`` stand for those up to ``old_end``."""

    start: int
    end: int
    old_end: int

    @classmethod
    def between(cls, old: Sequence[Turn], new: Sequence[Turn]) -> "TurnsChange":
        """What is left when all that is alike at both ends is taken away. Sides and texts are compared."""
        shorter = min(len(old), len(new))
        start = next((row for row in range(shorter) if not _is_alike(old[row], new[row])), shorter)
        n_after = next(
            (row for row in range(shorter - start) if not _is_alike(old[-1 - row], new[-1 - row])), shorter - start
        )
        return cls(start, len(new) - n_after, len(old) - n_after)

    def with_followers(self, n_followers: int, n_new: int) -> "TurnsChange":
        """With so many of the turns after it, as far as there are any."""
        n_more = min(n_followers, n_new - self.end)
        return TurnsChange(self.start, self.end + n_more, self.old_end + n_more)


@dataclass
class RunningReading:
    """What ``reader`` makes of a call, kept up with it."""

    reader: EncoderReader
    turns: Sequence[Turn] = ()
    _gazes: GrowingRows = field(default_factory=GrowingRows)
    _p: GrowingRows = field(default_factory=GrowingRows)
    _above: GrowingRows = field(default_factory=GrowingRows)
    _words: GrowingRows = field(default_factory=GrowingRows)

    def follow(self, turns: Sequence[Turn], change: TurnsChange) -> range:
        """Reads what has changed; returns which turns, from 0, were read.

        Args:
            turns: of the call as it is now.
            change: since the last time.
        """
        wide = change.with_followers(N_BEFORE, len(turns))
        rows = range(wide.start, wide.end)
        if rows or wide.old_end > wide.start:
            found = self.reader.read_windows([turns[max(0, row - N_BEFORE) : row + 1] for row in rows])
            for kept, new in ((self._gazes, found.gazes), (self._p, found.p), (self._above, found.above)):
                kept.replace(wide.start, wide.old_end, new)
        self._words.replace(change.start, change.old_end, words_of_sides(turns[change.start : change.end]))
        self.turns = turns
        return rows

    @property
    def p(self) -> np.ndarray:
        """The reader's probabilities: shape (n_turns, n_outputs)."""
        return self._p.rows

    @property
    def above(self) -> np.ndarray:
        """Which of them are above their thresholds: of the same shape, bool."""
        return self._above.rows

    @property
    def words(self) -> np.ndarray:
        """As ``words_of_sides`` has them of the call so far."""
        return self._words.rows

    def figures(self) -> np.ndarray:
        """The profile's figures of the call so far: shape (n_figures,)."""
        return self.reader.figures_of_windows(self._gazes.rows, self.p, [turn.role for turn in self.turns])

    def moves(self, row: int) -> tuple[ReadMove, ...]:
        """What a turn, from 0, does, strongest first."""
        [found] = turn_moves(self.turns[row : row + 1], self.p[row : row + 1], self.above[row : row + 1])
        return found.moves

    def concerns(self, since: int) -> list[Concern]:
        """The concerns raised from turn ``since``, from 0, on, and how each was met so far."""
        is_concern = self.above[:, CONCERN].copy()
        is_concern[:since] = False
        if not is_concern.any():
            return []
        outlook = float(self.reader.profile.logits(self.figures()))
        return self.reader.concerns(self.turns, self.p, is_concern, outlook)

    def next_step(self) -> ReadNextStep | None:
        """As ``salescoach.moves.next_step`` has it, of the call so far."""
        return next_step(self.turns, self.p, self.above) if len(self.turns) else None


def words_of_sides(turns: Sequence[Turn]) -> np.ndarray:
    """How many words of each turn are the rep's, and how many the customer's: shape (n_turns, 2), int64."""
    counts = [(turn.role, n_words(turn.text)) for turn in turns]
    return np.array([[n * (role == side) for side in SIDES] for role, n in counts], dtype=np.int64).reshape(-1, 2)


def _is_alike(one: Turn, other: Turn) -> bool:
    return one is other or (one.role == other.role and one.text == other.text)
