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
_MOST: Final = 0.6  # of them, where the words repeated are few or the cues don't touch
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
        is_all: whether what is repeated is the whole first cue.
        is_scrolled: whether it is whole lines of both.
        adds_words: whether the second has words behind it that are not in it.
    """

    n: int
    n_distinct: int
    n_new: int
    gap_s: float | None
    cannot_be: bool
    is_one_speaker: bool
    is_all: bool
    is_scrolled: bool
    adds_words: bool

    @property
    def is_whole(self) -> bool:
        """Whether the second cue holds nothing else."""
        return 0 < self.n == self.n_new

    @property
    def is_touching(self) -> bool:
        """Whether nothing is between them."""
        return self.gap_s is not None and self.gap_s <= _TOUCHING_S

    @property
    def is_near(self) -> bool:
        """Whether so little is between them that both can be on one screen."""
        return self.gap_s is not None and self.gap_s <= _SAME_SCREEN_S

    @property
    def is_long(self) -> bool:
        """Whether so many different words are repeated that this is hardly by chance."""
        return self.is_touching and self.n_distinct >= _DISTINCT


@dataclass(frozen=True)
class _Custom:
    """What the recorder of a file does: it shows words again, whole lines or cues of them, or each cue twice."""

    rolls: bool
    by_lines: bool
    doubles: bool


def unroll(cues: Sequence[Cue]) -> tuple[list[Cue], list[str]]:
    """The cues without the words that are only shown again, and a warning where there were any."""
    tokens = [_tokens(cue) for cue in cues]
    pairs = [_pair(*two, *words) for two, words in zip(pairwise(cues), pairwise(tokens), strict=True)]
    custom = _custom(pairs)
    kept = list(cues[:1])
    n_removed = 0
    for cue, pair in zip(cues[1:], pairs, strict=True):
        is_again = _is_shown_again(pair, custom)
        n_removed += is_again
        kept.append(_without(cue, pair.n) if is_again else cue)
    if not n_removed:
        return kept, []
    cues_repeated = in_number(n_removed, "cue", "cues")
    return kept, [f"{n_removed} {cues_repeated} repeated words of the cue before; they were joined."]


def _custom(pairs: Sequence[_Pair]) -> _Custom:
    n_same = sum(pair.is_one_speaker for pair in pairs)
    least = _SHARE * n_same
    repeating = [pair for pair in pairs if pair.n and pair.is_touching]
    rolling = [pair for pair in repeating if not pair.is_whole]
    n_twice = sum(pair.is_whole and pair.is_all and pair.is_long for pair in repeating)
    shows_rolling = any(pair.is_long and pair.adds_words for pair in rolling) and len(repeating) >= least
    n_near = sum(pair.is_near and pair.adds_words and pair.n_distinct >= _MIN_WORDS for pair in pairs)
    rolls = shows_rolling or (n_near > 1 and n_near >= _MOST * n_same)
    return _Custom(
        rolls=rolls,
        by_lines=rolls and 2 * sum(pair.is_all or pair.is_scrolled for pair in rolling) >= len(rolling),
        doubles=n_twice > 1 and n_twice >= least,
    )


def _is_shown_again(pair: _Pair, custom: _Custom) -> bool:
    if not pair.n or not pair.is_near:
        return False
    if pair.is_whole and pair.is_all:
        return pair.cannot_be or ((custom.doubles or custom.by_lines) and pair.is_long)
    if pair.is_whole:
        return pair.cannot_be or (custom.by_lines and pair.is_scrolled)
    if pair.is_touching and pair.n_distinct >= _UNLIKELY:
        return True
    if not custom.rolls:
        return False
    return pair.is_scrolled or (pair.adds_words and (pair.is_all or pair.n >= _MIN_WORDS))


def _pair(old: Cue, new: Cue, before: Sequence[Token], after: Sequence[Token]) -> _Pair:
    n = _overlap(before, after)
    repeated = set(after[:n])
    n_before = len(before)
    return _Pair(
        n=n,
        n_distinct=len(repeated),
        n_new=len(after),
        gap_s=None if old.end_s is None else new.start_s - old.end_s,
        cannot_be=_cannot_be(old, new, len(after)),
        is_one_speaker=bool(old.lines and new.lines) and old.lines[-1].speaker == new.lines[0].speaker,
        is_all=n == n_before,
        is_scrolled=n in _line_ends(new) and (n_before - n) in {0, *_line_ends(old)} and len(old.lines + new.lines) > 2,
        adds_words=any(token not in repeated for token in after[n:]),
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
