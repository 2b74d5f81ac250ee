"""Which words of a turn to quote: those that, spoken alone at the same place, would be most surely the same move."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np

from salescoach.moves.reader import EncoderReader
from salescoach.moves.windows import N_BEFORE
from salescoach.speech.spoken import n_words, sentences
from salescoach.types import Turn

MAX_WORDS: Final = 20  # of a quote of several sentences
MAX_SENTENCE: Final = 30  # of one sentence, which isn't cut before
MAX_CHARS: Final = 400  # of any quote
MAX_TRIED: Final = 40  # stretches of a turn
_STRIDE: Final = 6  # words between two stretches of a longer sentence
_WORD: Final = re.compile(r"\S+")


@dataclass(frozen=True)
class ToQuote:
    """A turn, from 0, and the outputs of the reader that say what is sought in it."""

    place: int
    outputs: tuple[int, ...]


def quotes(reader: EncoderReader, turns: Sequence[Turn], sought: Sequence[ToQuote]) -> list[str]:
    """Words of each turn, as they stand there: all of a short one, else what shows best what is sought."""
    choices = [stretches(turns[one.place].text) for one in sought]
    n_tried = [len(some) if len(some) > 1 else 0 for some in choices]
    windows = [
        [*turns[max(0, one.place - N_BEFORE) : one.place], turns[one.place].model_copy(update={"text": piece})]
        for one, some in zip(sought, choices, strict=True)
        if len(some) > 1
        for piece in some
    ]
    p = reader.read_windows(windows).p if windows else np.zeros((0, 0))
    found = []
    for one, some, n, end in zip(sought, choices, n_tried, accumulate(n_tried), strict=True):
        best = int(p[end - n : end][:, list(one.outputs)].max(axis=1).argmax()) if n else 0
        found.append(some[best])
    return found


def stretches(text: str) -> list[str]:
    """What may be quoted of a text: all of it where it is short, else runs of whole sentences of ``MAX_WORDS`` at most.

    A sentence alone may have ``MAX_SENTENCE``; a longer one is cut between words. Of a very long text those near its
    ends are left: turns tend to come to the point there.
    """
    if n_words(text) <= MAX_WORDS and len(text) <= MAX_CHARS:
        return [text.strip()]
    words = [word.span() for word in _WORD.finditer(text)]
    spans = list(_sentence_spans(text))
    counts = [n_words(text[start:end]) for start, end in spans]
    found = []
    for first, ((start, end), count) in enumerate(zip(spans, counts, strict=True)):
        if count > MAX_SENTENCE:
            found += list(_cut(text, [word for word in words if start <= word[0] < end]))
            continue
        last, total = first, count
        while last + 1 < len(spans) and total + counts[last + 1] <= MAX_WORDS:
            last += 1
            total += counts[last]
        found.append(text[start : spans[last][1]])
    found = [one[:MAX_CHARS] for one in dict.fromkeys(found)]
    return found if len(found) <= MAX_TRIED else [*found[: MAX_TRIED // 2], *found[-MAX_TRIED // 2 :]]


def shortened(text: str) -> str:
    """The beginning of a text, as far as a quote may go."""
    return text if n_words(text) <= MAX_SENTENCE and len(text) <= MAX_CHARS else stretches(text)[0]


def _cut(text: str, words: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Stretches of ``MAX_WORDS`` of a sentence, by the places of its words."""
    for at in range(0, max(1, len(words) - MAX_WORDS + _STRIDE), _STRIDE):
        yield text[words[at][0] : words[min(at + MAX_WORDS, len(words)) - 1][1]]


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for sentence in sentences(text):
        if sentence.strip():
            start = text.index(sentence, at)
            at = start + len(sentence)
            yield start, at
