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

    A sentence alone may have ``MAX_SENTENCE``; a longer one is cut between words.
    """
    if n_words(text) <= MAX_WORDS:
        return [text.strip()]
    spans = list(_sentence_spans(text))
    found = []
    for first, (start, end) in enumerate(spans):
        if n_words(text[start:end]) > MAX_SENTENCE:
            words = [word.span() for word in _WORD.finditer(text, start, end)]
            for at in range(0, max(1, len(words) - MAX_WORDS + _STRIDE), _STRIDE):
                found.append(text[words[at][0] : words[min(at + MAX_WORDS, len(words)) - 1][1]])
            continue
        ends = [later for _, later in spans[first + 1 :] if n_words(text[start:later]) <= MAX_WORDS]
        found.append(text[start : max([end, *ends])])
    return list(dict.fromkeys(found))


def _sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for sentence in sentences(text):
        if sentence.strip():
            start = text.index(sentence, at)
            at = start + len(sentence)
            yield start, at
