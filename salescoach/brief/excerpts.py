"""Quotes short enough for a page: whole clauses of a turn, cut at their borders and never altered."""

import re
from typing import Final

from salescoach.speech.spoken import n_words

MAX_WORDS: Final = 14
JOINED_WORDS: Final = 12
SHORT: Final = 6  # words of a sentence that the next one may join
CUT: Final = "…"
TOO_SHORT: Final = 5  # words of an excerpt that may be longer than wanted by
OVER: Final = 6
MIN_CLAUSE: Final = 3  # words before a conjunction that may end a clause
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")
# After a comma or a dash; in speech written down without marks, before a conjunction or a new subject.
_CLAUSE_END: Final = re.compile(r"(?<=[,;:])\s+|\s+(?:--|–|—)\s+")
_UNMARKED_END: Final = re.compile(
    r"\s+(?=(?:and(?! (?:a|one|two|three|four|five|six|seven|eight|nine|ten|\w+teen|\w+ty)\b)|but|because|so|then"
    r"|if|when|or|which|that['’]?s|there['’]?s|there (?:was|is))\b)"
    r"|(?<!\bthat)(?<!\band)(?<!\bbut)(?<!\bso)(?<!\bif)(?<!\bwhat)(?<!\bwhen)(?<!\bcan)(?<!\bdo)(?<!\bwill)(?<!\bcould)"
    r"\s+(?=(?:i|we|they|he|she|it)(?:['’]?(?:ll|ve|re|s|d|m))?\s)",
    re.I,
)
_FILLER: Final = re.compile(
    r"(?:well|so|okay|ok|yeah|yes|no|look|right|um|uh|and|but|oh|i mean|you know|see|now|you see|because"
    r"|the)[,.]?\Z",
    re.I,
)

Span = tuple[int, int]


def sentence_spans(text: str) -> list[Span]:
    """Where the sentences of a text are: start and end, in characters."""
    return _pieces(text, (0, len(text)), _SENTENCE_END)


def sentence_at(text: str, place: int) -> Span:
    """The sentence that holds a place."""
    return next((span for span in sentence_spans(text) if span[0] <= place < span[1]), (0, len(text)))


def excerpt(text: str, focus: Span, max_words: int = MAX_WORDS, *, joined_words: int = JOINED_WORDS) -> str:
    """The clauses of a turn that hold what is to be shown, and what fits beside them of the same sentence.

    Args:
        text: of a turn.
        focus: the start and end of what is to be shown.
        max_words: that the excerpt should not exceed; a single clause may.
        joined_words: of the next sentence at most, to be shown with one that is short.
    """
    first, last = sentence_at(text, focus[0])[0], sentence_at(text, max(focus[0], focus[1] - 1))[1]
    if n_words(text[first:last]) <= SHORT and last < len(text):
        start, end = sentence_at(text, last + 1)
        if n_words(text[start:end]) <= joined_words and not text[start:end].endswith("?"):
            last = end
    clauses = _clauses(text, (first, last))
    inside = [n for n, (start, end) in enumerate(clauses) if start < focus[1] and end > focus[0]] or [0]
    low = high = inside[0]
    while high < inside[-1] and n_words(text[clauses[low][0] : clauses[high + 1][1]]) <= max_words:
        high += 1
    while True:
        room = max_words if n_words(text[clauses[low][0] : clauses[high][1]]) >= TOO_SHORT else max_words + OVER
        if high + 1 < len(clauses) and n_words(text[clauses[low][0] : clauses[high + 1][1]]) <= room:
            high += 1
        elif low > 0 and n_words(text[clauses[low - 1][0] : clauses[high][1]]) <= max_words:
            low -= 1
        else:
            break
    while low < inside[0] and _FILLER.match(text[slice(*clauses[low])]):
        low += 1
    start, end = clauses[low][0], clauses[high][1]
    shown = text[start:end]
    if end < last:
        shown = shown.rstrip(" ,;:.-–—") + CUT
    return (CUT if start > first else "") + shown.strip()


def said_in(quote: str, text: str) -> bool:
    """Whether an excerpt was said in a turn."""
    return quote.strip(CUT).strip() in text


def _clauses(text: str, span: Span) -> list[Span]:
    marked = [piece for one in _pieces(text, span, _SENTENCE_END) for piece in _pieces(text, one, _CLAUSE_END)]
    found: list[Span] = []
    for one in marked:
        found += _unmarked(text, one) if n_words(text[slice(*one)]) > MAX_WORDS else [one]
    return found


def _unmarked(text: str, span: Span) -> list[Span]:
    """The clauses of a run of words without marks, each at least a few words long."""
    found: list[Span] = []
    for start, end in _pieces(text, span, _UNMARKED_END):
        if found and n_words(text[slice(*found[-1])]) < MIN_CLAUSE:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def _pieces(text: str, span: Span, border: re.Pattern[str]) -> list[Span]:
    start, pieces = span[0], []
    for found in border.finditer(text, *span):
        if found.start() > start:
            pieces.append((start, found.start()))
        start = found.end()
    return [*pieces, (start, span[1])] if start < span[1] else pieces
