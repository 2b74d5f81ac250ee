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

from salescoach.file_store import key_of

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


def window_keys(texts: Sequence[str]) -> list[bytes]:
    """Names what the window of each turn shows, so that what was read of it is found again: 32 bytes each."""
    return [key_of(*texts[max(0, place - N_BEFORE) : place + 1]) for place in range(len(texts))]


def windows(turns: Sequence[Sequence[int]], start: int, end: int) -> list[Window]:
    """The window of each turn.

    Args:
        turns: token ids of each turn, without marks.
        start: id of the mark at the start.
        end: id of the separator.
    """
    return [_window(turns[max(0, place - N_BEFORE) : place], turn, start, end) for place, turn in enumerate(turns)]


def _window(before: Sequence[Sequence[int]], turn: Sequence[int], start: int, end: int) -> Window:
    context = list(chain.from_iterable(_shortened(one, BEFORE_TOKENS) for one in before))[-CONTEXT_TOKENS:]
    own = _shortened(turn, TURN_TOKENS)
    return Window((start, *context, end, *own, end), len(own) + 1)


def _shortened(ids: Sequence[int], n: int) -> Sequence[int]:
    """At most ``n`` tokens: both ends of a longer turn."""
    return ids if len(ids) <= n else [*ids[: n // 2], *ids[-(n - n // 2) :]]
