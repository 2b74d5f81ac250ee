"""A call on one line, as an export leaves it that drops line breaks: where its turns begin."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from salescoach.reading.limits import MAX_CALL_CHARS, MAX_TURNS
from salescoach.reading.names import Shape, shape_of, tidy_label
from salescoach.reading.roles import means, side_of
from salescoach.reading.texts import listed
from salescoach.reading.times import STAMP

_MAX_LABEL: Final = 64
_MAX_WORDS: Final = 5
_MAX_SEPARATOR: Final = 10
_MAX_COLONS: Final = 20_000
_MIN_TURNS: Final = 2
_ALTERNATING: Final = 0.6

_COLON: Final = re.compile(r"[:\uff1a](?=[\s\w\"“'*(¿¡]|$)(?!\d)")
# After one of these a turn can begin; a dot also ends an abbreviation.
_BOUNDARY: Final = re.compile(
    r".*(?:[!?…|/;~•·\u2013\u2014>\"”»\])}]|\s-|(?<![A-Z])(?<!\b[DMS][rst])(?<!Mrs)(?<!Prof)\.)\s*", re.S
)
_LEAD: Final = re.compile(rf"(?:[\[(]?{STAMP}[\])]?\s*(?:[-\u2013|]\s*)?)?(?:\*\*)?\Z")  # what belongs to a label
_TIME_FIRST: Final = re.compile(rf"{STAMP}\s+")
_TIME_AFTER: Final = re.compile(rf"(?<!\s)\s*+[\[(]?\s{{0,3}}+{STAMP}\s{{0,3}}+[\])]?\Z")
_SEPARATOR: Final = re.compile(r"(?<!\s)\s*+(?:\|{1,3}|/{1,3}|[;~•·\u2013\u2014-])\Z")
# Before a label in the middle of a sentence they make it a word of that sentence: "I told the Customer: no".
_NO_TURN_AFTER: Final = frozenset(
    "a an the our your my his her their this that these those to for with from of by as and".split()
)


@dataclass(frozen=True)
class _Label:
    """A label within a line: where it begins, with its time, and whether a sentence ends before it."""

    start: int
    text: str
    is_after_sentence: bool


def turns_on_lines(text: str, reps: Sequence[str] = ()) -> tuple[str, list[str]] | None:
    """The text of a call that stands on one line, with a line for each turn; None where it isn't such a call.

    A role word, a declared rep and a name that recurs begin a turn where they stand before a colon, at the beginning of
    the text or after the end of a sentence; a role word also within an unpunctuated sentence.

    Returns:
        The text, and the labels at which it was cut.
    """
    text = text.strip()
    if len(text) > 2 * MAX_CALL_CHARS or "\n" in text:
        return None
    labels = _accepted(_labels_in(text), reps)
    if not _MIN_TURNS <= len(labels) <= MAX_TURNS or not _take_turns(labels):
        return None
    cuts = [0, *(label.start for label in labels if label.start), len(text)]
    pieces = [text[start:stop].strip() for start, stop in pairwise(cuts)]
    return "\n".join(_without_separators(pieces)), list(dict.fromkeys(label.text for label in labels))


def said_of_cut(labels: Iterable[str]) -> str:
    """What is said of a line that was cut at these labels."""
    at = listed(f"“{label}:”" for label in labels)
    return f"Several speakers stood on one line, which was cut where {at} stands."


def _take_turns(labels: Sequence[_Label]) -> bool:
    """Whether labels are those of a call: of both sides, or of several names that mostly alternate."""
    keys = [label.text.casefold() for label in labels]
    if {"rep", "customer"} <= {side_of(key) for key in keys}:
        return True
    return len(set(keys)) > 1 and sum(one != other for one, other in pairwise(keys)) >= _ALTERNATING * (len(keys) - 1)


def _labels_in(text: str) -> list[_Label]:
    """All that could be a label, in its order."""
    found: list[_Label] = []
    stop = 0
    for colon in islice(_COLON.finditer(text), _MAX_COLONS):
        before = text[max(stop, colon.start() - _MAX_LABEL - 20) : colon.start()]
        if label := _label(before, colon.start(), is_first=stop == 0 and len(before) == colon.start()):
            found.append(label)
        stop = colon.end()
    return found


def _label(before: str, end: int, *, is_first: bool) -> _Label | None:
    """The label at the end of what stands before a colon at ``end``."""
    bare = before[: found.start()] if (found := _TIME_AFTER.search(before)) else before
    bare = bare.rstrip("* ")
    inner = bare[: bare.rfind("(")] if bare.endswith(")") and "(" in bare else bare
    boundary = _BOUNDARY.match(inner.rstrip("( "))
    start = boundary.end() if boundary else 0
    if stamp := _TIME_FIRST.match(bare, start):
        start = stamp.end()
    words = bare[start:].split()
    is_whole = (boundary is not None or is_first) and 0 < len(words) <= _MAX_WORDS
    n_words = len(words) if is_whole and _is_speaker(" ".join(words)) else 0
    if not n_words:
        is_whole, n_words = False, _n_last_words(words)
    if not n_words:
        return None
    label = " ".join(words[-n_words:])
    first = len(bare) - len(label) if bare.endswith(label) else start
    lead = _LEAD.search(before[:first])
    return _Label(end - len(before) + (lead.start() if lead else first), tidy_label(label) or label, is_whole)


def _is_speaker(words: str) -> bool:
    label = tidy_label(words)
    return label is not None and (shape_of(label) >= Shape.WORD or side_of(label) is not None)


def _n_last_words(words: Sequence[str]) -> int:
    """How many words at the end of a sentence that goes on are a label: a role, else words with capitals."""
    n = next((n for n in range(min(4, len(words)), 0, -1) if side_of(" ".join(words[-n:]))), 0)
    if not n:
        capitals = (n for n in range(min(3, len(words)), 0, -1) if all(word[:1].isupper() for word in words[-n:]))
        n = next(capitals, 0)
    is_of_sentence = n < len(words) and words[-n - 1].lower() in _NO_TURN_AFTER
    return 0 if is_of_sentence or not _is_speaker(" ".join(words[-n:] if n else [])) else n


def _accepted(labels: Sequence[_Label], reps: Sequence[str]) -> list[_Label]:
    """Roles, declared reps and names that recur; and what has the form of a name, where a sentence ends before it.

    Whoever reads the lines then decides on a name that is there once, and says so.
    """
    counts = Counter(label.text.casefold() for label in labels)
    begins = bool(labels) and labels[0].start == 0
    known = {
        label.text.casefold()
        for label in labels
        if side_of(label.text)
        or any(means(label.text, rep) for rep in reps)
        or (begins and counts[label.text.casefold()] > 1)
    }
    if begins and len(known) < 2:
        # Words with capitals within a sentence need another label that recurs.
        recurs = any(counts[key] > 1 for key in known)
        return [label for label in labels if label.is_after_sentence or label.text.casefold() in known or recurs]
    return [label for label in labels if label.text.casefold() in known or (known and label.is_after_sentence)]


def _without_separators(pieces: Sequence[str]) -> list[str]:
    """Takes off the sign between the turns, where most have it; in a single turn it may be part of what is said."""
    ends = [_separator_at_end(piece) for piece in pieces[:-1]]
    sign, n = Counter(ends).most_common(1)[0]
    if not sign or 2 * n < len(ends):
        return list(pieces)
    return [piece.removesuffix(sign).rstrip() for piece in pieces]


def _separator_at_end(piece: str) -> str:
    """What may part turns at the end of a piece: "|", "/", "->", "[SEP]"; else nothing."""
    if found := _SEPARATOR.search(piece):
        return found[0].strip()
    *before, last = piece.split() or [""]
    is_sign = not any(map(str.isalnum, last)) or (last[0], last[-1]) in {("[", "]"), ("<", ">"), ("{", "}")}
    return last if before and is_sign and len(last) <= _MAX_SEPARATOR else ""
