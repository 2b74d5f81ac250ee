"""The standing of a call that goes on: the probability of what was said so far, from what is kept of its turns.

What is said next costs one turn's vector and one turn's reading; the rest is sums over what is known. The numbers are
those that ``CallScorer.score`` gives for the same turns, but for one thing: in a long call the language is told again
only when a sixteenth has been added, as telling it takes longer the more was said.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from salescoach.errors import ModelError
from salescoach.model.abstention import is_english, reasons_by_size
from salescoach.model.embedding_arm import EncodedCall
from salescoach.model.encoder import encode_turns
from salescoach.model.loading import BundledReader
from salescoach.model.scoring import CallScorer, Standing
from salescoach.moves.running import GrowingRows, RunningReading, TurnsChange
from salescoach.types import Transcript, Turn

TOLD_EACH_TURN: Final = 64  # turns of a call up to which its language is told at each
TOLD_AGAIN: Final = 16  # above, when one in so many turns is new


class RunningCall:
    """One call. Not for several threads at a time.

    Vectors are kept here and not in a file: what somebody is misheard to have said is in no call that could be deleted.
    """

    def __init__(self, scorer: CallScorer) -> None:
        """A call in which nothing was said yet.

        Raises:
            ModelError: the scorer has no move reader.
        """
        if not isinstance(scorer.reader, BundledReader):
            raise ModelError("A call can be followed only with the move reader that comes with the coach.")
        self._scorer = scorer
        self._encoder = scorer.encoder.without_cache()
        self.reading = RunningReading(scorer.reader.loaded)
        self.turns: Sequence[Turn] = ()
        self._vectors = GrowingRows()
        self._n_words: list[int] = []
        self._told_at = 0
        self._is_english = True

    @property
    def vectors(self) -> np.ndarray:
        """Of its turns: shape (n_turns, dimension), float32, unit length."""
        return self._vectors.rows

    def follow(self, turns: Sequence[Turn]) -> range:
        """Takes the call as it is now, whatever has changed; returns which turns, from 0, were read anew.

        Raises:
            ModelError: the encoder gave a vector that isn't one.
        """
        change = TurnsChange.between(self.turns, turns)
        new = turns[change.start : change.end]
        if new or change.old_end > change.start:
            self._vectors.replace(change.start, change.old_end, encode_turns(self._encoder, new))
            self._n_words[change.start : change.old_end] = [len(turn.text.split()) for turn in new]
        read = self.reading.follow(turns, change)
        self.turns = turns
        return read

    def standing(self) -> Standing:
        """The probability of what was said so far, or why there is none.

        Raises:
            ModelError: a number came out that is not finite.
        """
        reasons = reasons_by_size(
            len(self.turns), sum(self._n_words), {turn.role for turn in self.turns}, self._is_in_english
        )
        if reasons:
            return Standing(None, None, tuple(reasons))
        return self._scorer.standing(EncodedCall(self.turns, self.vectors, self.reading.figures()))

    def _is_in_english(self) -> bool:
        n_new = len(self.turns) - self._told_at
        if len(self.turns) <= TOLD_EACH_TURN or not 0 <= n_new < len(self.turns) / TOLD_AGAIN:
            self._is_english = is_english(Transcript.model_construct(turns=tuple(self.turns)))
            self._told_at = len(self.turns)
        return self._is_english
