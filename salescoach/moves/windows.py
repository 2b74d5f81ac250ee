"""A turn in the light of what came before it: the tokens that the reader sees.

``[CLS] the end of up to three turns before [SEP] the turn [SEP]``; the second part has token type 1. Long turns are cut
in their middle, as they tend to come to the point at one of their ends. A turn's window depends on itself and the turns
before it alone, so what a call was read as doesn't change when it goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

N_BEFORE: Final = 3
CONTEXT_TOKENS: Final = 48
BEFORE_TOKENS: Final = 40  # of one turn before
TURN_TOKENS: Final = 128
MAX_TOKENS: Final = CONTEXT_TOKENS + TURN_TOKENS + 3


@dataclass(frozen=True)
class Window:
    """Token ids, and how many of them, at the end, are the turn's own (with the last separator)."""

    ids: tuple[int, ...]
    n_own: int

    @property
    def key(self) -> bytes:
        """Names the content."""
        return np.array([self.n_own, *self.ids], dtype=np.int32).tobytes()


def windows(turns: Sequence[Sequence[int]], start: int, end: int) -> list[Window]:
    """The window of each turn.

    Args:
        turns: token ids of each turn, without marks.
        start: id of the mark at the start.
        end: id of the separator.
    """
    found = []
    for place, turn in enumerate(turns):
        before = chain.from_iterable(_shortened(one, BEFORE_TOKENS) for one in turns[max(0, place - N_BEFORE) : place])
        context = list(before)[-CONTEXT_TOKENS:]
        own = _shortened(turn, TURN_TOKENS)
        found.append(Window((start, *context, end, *own, end), len(own) + 1))
    return found


def _shortened(ids: Sequence[int], n: int) -> Sequence[int]:
    """At most ``n`` tokens: both ends of a longer turn."""
    return ids if len(ids) <= n else [*ids[: n // 2], *ids[-(n - n // 2) :]]
