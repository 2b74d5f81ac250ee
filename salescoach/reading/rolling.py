"""Rolling captions: words that a recorder shows again in the next cue, and repetitions that people mean.

A recorder that scrolls shows the last words of a cue at the beginning of the next, with new words behind them. People
say things twice as well: "No no no" is kept twice, unless nobody could speak so fast.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from salescoach.reading.cues import Cue
from salescoach.reading.texts import in_number
from salescoach.reading.voices import Voiced

_TOUCHING_S: Final = 0.25  # cues that follow each other within this time can be one rolling caption
_SAME_SCREEN_S: Final = 2.0  # in a file that rolls
_SHARE: Final = 0.3  # of the cues that go on with the same speaker
_DISTINCT: Final = 3  # different words, in a repetition that shows a rolling caption
_UNLIKELY: Final = 6  # different words, which nobody says twice in succession with more behind them
_MIN_WORDS: Final = 2  # of a cue's end that is shown again, in a file that rolls
_WORDS_PER_S: Final = 9.0  # faster than anybody speaks
_NO_LETTER = re.compile(r"\W+")

Token = tuple[str | None, str]


@dataclass(frozen=True)
class _Pair:
    """Two cues in succession.

    Attributes:
        n: how many first words of the second are the last ones of the first.
        n_distinct: how many of these differ.
        n_new: how many words the second has.
        gap_s: between them; None where the first has no end.
        cannot_be: whether nobody could say the second after the first in its time.
        is_one_speaker: whether the second begins with the speaker with whom the first ends.
        is_by_lines: whether what is repeated is the whole first cue, or whole lines of the second.
    """

    n: int
    n_new: int
    n_distinct: int
    gap_s: float | None
    cannot_be: bool
    is_one_speaker: bool
    is_by_lines: bool

    @property
    def shows_more(self) -> bool:
        return 0 < self.n < self.n_new

    @property
    def is_whole(self) -> bool:
        return 0 < self.n == self.n_new

    @property
    def is_touching(self) -> bool:
        return self.gap_s is not None and self.gap_s <= _TOUCHING_S


def unroll(cues: Sequence[Cue]) -> tuple[list[Cue], list[str]]:
    """The cues without the words that are only shown again, and a warning where there were any."""
    tokens = [_tokens(cue) for cue in cues]
    pairs = [_pair(*two, *words) for two, words in zip(pairwise(cues), pairwise(tokens), strict=True)]
    n_same = sum(pair.is_one_speaker for pair in pairs)
    touching = [pair for pair in pairs if pair.is_touching and pair.n_distinct >= _DISTINCT]
    n_rolling = sum(pair.n > 0 and pair.is_touching for pair in pairs)
    rolls = any(pair.shows_more for pair in touching) and n_rolling >= _SHARE * n_same
    n_twice = sum(pair.is_whole for pair in touching)
    doubles = n_twice > 1 and n_twice >= _SHARE * n_same
    by_lines = rolls and 2 * sum(pair.shows_more and pair.is_by_lines for pair in pairs) >= sum(
        pair.shows_more for pair in pairs
    )
    kept = list(cues[:1])
    n_removed = 0
    for cue, pair in zip(cues[1:], pairs, strict=True):
        is_again = _is_shown_again(pair, rolls=rolls, doubles=doubles, by_lines=by_lines)
        n_removed += is_again
        kept.append(_without(cue, pair.n) if is_again else cue)
    if not n_removed:
        return kept, []
    cues_repeated = in_number(n_removed, "cue", "cues")
    return kept, [f"{n_removed} {cues_repeated} repeated words of the cue before; they were joined."]


def _is_shown_again(pair: _Pair, *, rolls: bool, doubles: bool, by_lines: bool) -> bool:
    if not pair.n or pair.gap_s is None:
        return False
    if pair.is_whole:
        is_custom = (doubles and pair.n_distinct >= _DISTINCT) or by_lines
        return pair.cannot_be or (is_custom and pair.is_touching)
    if pair.is_touching and pair.n_distinct >= _UNLIKELY:
        return True
    if not rolls or pair.gap_s > _SAME_SCREEN_S:
        return False
    return pair.is_by_lines or pair.n >= _MIN_WORDS


def _pair(old: Cue, new: Cue, before: Sequence[Token], after: Sequence[Token]) -> _Pair:
    n = _overlap(before, after)
    return _Pair(
        n=n,
        n_new=len(after),
        n_distinct=len(set(after[:n])),
        gap_s=None if old.end_s is None else new.start_s - old.end_s,
        cannot_be=_cannot_be(old, new, len(after)),
        is_one_speaker=bool(old.lines and new.lines) and old.lines[-1].speaker == new.lines[0].speaker,
        is_by_lines=n > 0 and (n == len(before) or n in _line_ends(new)),
    )


def _cannot_be(old: Cue, new: Cue, n_words: int) -> bool:
    """Whether nobody could say the words of the second cue: so fast, or while the first is still said."""
    if new.end_s is not None and n_words > _WORDS_PER_S * (new.end_s - new.start_s):
        return True
    return new.start_s <= old.start_s or (old.end_s is not None and new.start_s < old.end_s - _TOUCHING_S)


def _tokens(cue: Cue) -> list[Token]:
    """The words of a cue with their speakers, as they are compared."""
    return [(line.speaker, _folded(word)) for line in cue.lines for word in line.text.split()]


def _folded(word: str) -> str:
    return _NO_LETTER.sub("", word).casefold() or word


def _overlap(before: Sequence[Token], after: Sequence[Token]) -> int:
    """How many first words of ``after`` are the last ones of ``before``, at most; in time that grows with both."""
    tail = before[-len(after) :] if after else ()
    borders = [0] * len(after)
    length = 0
    for index in range(1, len(after)):
        while length and after[index] != after[length]:
            length = borders[length - 1]
        length += after[index] == after[length]
        borders[index] = length
    length = 0
    for token in tail:
        while length and (length == len(after) or token != after[length]):
            length = borders[length - 1]
        length += token == after[length]
    return length


def _line_ends(cue: Cue) -> set[int]:
    ends: set[int] = set()
    n = 0
    for line in cue.lines:
        n += len(line.text.split())
        ends.add(n)
    return ends


def _without(cue: Cue, n: int) -> Cue:
    """A cue without its first words."""
    lines: list[Voiced] = []
    for line in cue.lines:
        words = line.text.split()
        if n >= len(words):
            n -= len(words)
            continue
        lines.append(line if not n else Voiced(line.speaker, " ".join(words[n:]), line.is_new))
        n = 0
    return Cue(cue.number, cue.start_s, cue.end_s, lines, cue.identifier)
