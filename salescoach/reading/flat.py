"""A call that lost its line breaks: ``Rep: … Customer: … Rep: …`` on one line, cut where another speaker begins."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from salescoach.reading.inline import said_of_cut, turns_on_lines
from salescoach.reading.limits import MAX_TURNS
from salescoach.reading.names import Shape, key_of, shape_of, tidy_label
from salescoach.reading.roles import side_of
from salescoach.reading.stamps import MOMENT
from salescoach.reading.texts import in_number, listed

_COLON = re.compile(r"[:\uff1a](?=\s)")
# Before a label: an end of a sentence, or a lost line break.
_BREAK = re.compile(r"(?P<lost>\\[rn]|<br\s?/?>|\|)|[.!?…。！？;*>]|[”\"')\]](?=\s)", re.I)
_TIME = re.compile(rf"[\[(]?{MOMENT}[\])]?\s*+(?:[-\u2013|]\s++)?")
_TIME_BEFORE = re.compile(rf"[\[(]?{MOMENT}[\])]?\s*+(?:[-\u2013|]\s*+)?\Z")
_LOST_BREAK = re.compile(r"(?<!\s)\s*+(?:\\r\\n|\\n|<br\s?/?>|\||//|;)\s*+\Z", re.I)
_LABEL_CHARS: Final = 48  # of a label within a line and a time before it
_TIME_CHARS: Final = 32
_MAX_WORDS: Final = 4
_MIN_LABELS: Final = 3
_ALTERNATING: Final = 0.6
_MAX_COLONS: Final = 4 * MAX_TURNS  # a call of so many labels has too many turns

_Names = dict[str, str | None]


@dataclass(frozen=True)
class _Inline:
    """A label in a line: where its time or itself begins, and whether a sentence ends before it."""

    at: int
    label: str
    is_after_break: bool


def unflatten(lines: Iterable[tuple[int, str]], reps: Iterable[str] = ()) -> tuple[list[tuple[int, str]], list[str]]:
    """The lines that aren't blank, each with its number, those of several speakers cut; and what is said of it.

    Lines are cut where as many labels stand within them as there are lines, and where labels take turns. A known
    speaker's label within a single line is only told.
    """
    numbered = [(number, line) for number, line in lines if line]
    if len(numbered) == 1 and (alone := _cut_alone(*numbered[0], reps)):
        return alone
    n_colons = {number: line.count(":") + line.count("\uff1a") for number, line in numbered}
    if sum(n_colons.values()) > _MAX_COLONS:
        return numbered, []
    names: _Names = {}
    found = {number: _inline(line, names) for number, line in numbered if n_colons[number] > 1}
    known = _known(found.values(), {key_of(rep) for rep in reps})
    within = {number: [one for one in labels if key_of(one.label) in known] for number, labels in found.items()}
    n_within = sum(len([one for one in labels if one.at]) for labels in within.values())
    if n_within < max(len(numbered), 1) or not _take_turns(within.values(), len(numbered)):
        told = [number for number, labels in within.items() if any(_is_told(one) for one in labels)]
        return numbered, [_told(told)] if told else []
    cut = [(number, piece) for number, line in numbered for piece in _pieces(line, within.get(number, []))]
    labels = dict.fromkeys(one.label for labels in within.values() for one in labels)
    return cut, [said_of_cut(labels)]


def _cut_alone(number: int, line: str, reps: Iterable[str]) -> tuple[list[tuple[int, str]], list[str]] | None:
    """A call on one line without written-out breaks in it, cut into turns; None where it isn't such a call."""
    if any(one["lost"] and one["lost"] != "|" for one in _BREAK.finditer(line)):
        return None
    found = turns_on_lines(line, tuple(reps))
    if found is None:
        return None
    text, labels = found
    return [(number, piece) for piece in text.split("\n")], [said_of_cut(labels)]


def _inline(line: str, names: _Names) -> list[_Inline]:
    """What may be labels in a line, that at its beginning included. ``names``: those that were read before."""
    found: list[_Inline] = []
    floor = 0
    for colon in _COLON.finditer(line):
        if one := _before(line, max(floor, colon.start() - _LABEL_CHARS), colon.start(), names):
            found.append(one)
        floor = colon.end()
    return found


def _before(line: str, floor: int, colon: int, names: _Names) -> _Inline | None:
    """The label that ends at a colon and begins behind the last break, or else its last words that are a role's."""
    window = line[floor:colon]
    stops = [
        stop.end() for stop in _BREAK.finditer(window) if stop["lost"] or window[stop.end() : stop.end() + 1].isspace()
    ]
    if stops or floor == 0:
        start = stops[-1] if stops else 0
        words = window[start:].strip()
        time = _TIME.match(words) if words[:1].isdigit() or words[1:2].isdigit() else None
        if label := _name(words[time.end() :] if time else words, names):
            at = floor + start + len(window[start:]) - len(window[start:].lstrip())
            return _Inline(_with_time(line, at), label, True)
    last = window.split()[-3:]
    for first, word in enumerate(last):
        label = _name(" ".join(last[first:]), names) if word[0].isupper() else None
        if label and side_of(label):
            at = floor + window.rindex(word)
            return _Inline(_with_time(line, at), label, False)
    return None


def _name(words: str, names: _Names) -> str | None:
    """The label that words are, if they have the shape of a name or a role's word."""
    if words not in names:
        label = tidy_label(words)
        is_name = label and len(label.split()) <= _MAX_WORDS and (side_of(label) or shape_of(label) >= Shape.WORD)
        names[words] = label if is_name else None
    return names[words]


def _with_time(line: str, at: int) -> int:
    """Where the time begins that stands before a label; 0 if nothing but times does."""
    floor = max(0, at - _TIME_CHARS)
    if not any(map(str.isalpha, line[floor:at])) and not floor:
        return 0
    found = _TIME_BEFORE.search(line[floor:at])
    if found is None:
        return at
    before = line[floor : floor + found.start()]
    return floor + found.start() if before[-1:].isspace() or _LOST_BREAK.search(before) else at


def _known(found: Iterable[Sequence[_Inline]], reps: set[str]) -> set[str]:
    counts = Counter(key_of(one.label) for labels in found for one in labels)
    return {key for key, n in counts.items() if n > 1 or side_of(key) or key in reps}


def _take_turns(within: Iterable[Sequence[_Inline]], n_lines: int) -> bool:
    """Whether the labels are as many and as different, one after the other, as those of a call."""
    keys = [key_of(one.label) for labels in within for one in labels]
    if len(set(keys)) < 2:
        return False
    if len(keys) < _MIN_LABELS:
        return n_lines == 1 and {side_of(key) for key in keys} == {"rep", "customer"}
    return sum(one != other for one, other in pairwise(keys)) >= _ALTERNATING * (len(keys) - 1)


def _pieces(line: str, labels: Sequence[_Inline]) -> list[str]:
    stops = [0, *(one.at for one in labels if one.at), len(line)]
    pieces = [_LOST_BREAK.sub("", line[start:stop]).strip() for start, stop in pairwise(stops)]
    return [piece for piece in pieces if piece]


def _is_told(one: _Inline) -> bool:
    return bool(one.at) and one.is_after_break and side_of(one.label) is not None


def _told(numbers: Sequence[int]) -> str:
    hold = in_number(len(numbers), f"Line {listed(numbers)} holds", f"Lines {listed(numbers)} hold")
    return f"{hold} a speaker's label within; it was read as text, so check who says what follows it."
