"""The words before a colon: which of them are speakers."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from salescoach.reading.names import Shape, is_common, is_heading_label, is_name, is_noise, key_of, shape_of, tidy_label
from salescoach.reading.role_words import side_of
from salescoach.reading.spelling import called, folded, full_names
from salescoach.reading.team import Team
from salescoach.reading.texts import in_number, listed

__all__ = [
    "Line",
    "choose_labels",
    "is_heading",
    "is_name",
    "settle",
    "split_label",
    "tidy_label",
    "warnings_of_rejected",
]

_LABEL = re.compile(
    r"\A(?:[-\u2013•>]++\s++)?(?P<bold>\*{0,2})(?P<label>[^:\uff1a\n]{1,120}?)\s*+[:\uff1a](?P<gap>\s*+)(?P<text>.*)"
)
_IN_BRACKETS = re.compile(
    r"\A(?:[-\u2013•>]++\s*+)?(?:\[(?P<square>[^\[\]:\n]{1,64})\]|\((?P<round>[^():\n]{1,64})\)|<(?P<angle>[^<>:@/\n]{1,64})>)"
    r"\s++(?P<text>\S.*)"
)
# Of the lines that a format marks as somebody's, so many have a label.
_NEARLY_ALL: Final = 0.9
_MOST: Final = 0.5
_MIN_LINES: Final = 3  # show what the form of all lines is
_LONGEST_ODD_NAME: Final = 5  # words
_SHORT: Final = 2


@dataclass
class Line:
    """A plain line taken apart: its time, and what stands before and after its first colon.

    ``has_colon``: whether the label is one by its colon, not by the brackets around it. ``opens``: whether it begins a
    paragraph in a text where each speaker does.
    """

    raw: str
    start: str | None = None
    end: str | None = None
    bracketed: bool = False
    rest: str = ""
    label: str | None = None
    text: str = ""
    has_colon: bool = True
    opens: bool = False

    @property
    def has_own_time(self) -> bool:
        """Whether the line is marked as a turn by a time in brackets or at its beginning."""
        return self.start is not None and (self.bracketed or self.rest != self.raw)


def split_label(rest: str) -> tuple[str | None, str]:
    """The label candidate of a line without its time, and what stands after it; or None and the line."""
    found = _LABEL.match(rest)
    if not found:
        return None, rest
    label, text = tidy_label(found["label"], may_be_odd=True), found["text"]
    # "https://", "at 10:30", "a ratio of 3:1"; a role word is one whatever follows.
    is_glued = not found["gap"] and text[:1] and (text[0] == "/" or text[0].isdigit())
    if label is None or (is_glued and side_of(label) is None):
        return None, rest
    if found["bold"]:
        text = text.removeprefix("**")
    return label, text.strip()


def split_bracketed(rest: str) -> tuple[str | None, str]:
    """The label candidate in brackets at the beginning of a line, ``[Anna] Hello``, as ``split_label``."""
    found = _IN_BRACKETS.match(rest)
    label = tidy_label(found["square"] or found["round"] or found["angle"]) if found else None
    return (label, found["text"].strip()) if found and label and not is_noise(label) else (None, rest)


def is_heading(part: Line) -> bool:
    """Whether a line's label heads a note or a form: "Note", "Price 2"."""
    return is_heading_label(part.label or "")


@dataclass
class _Census:
    """What is counted of the labels of a text."""

    parts: Sequence[Line]
    counts: Counter[str] = field(init=False)
    shapes: dict[str, Shape] = field(init=False)

    def __post_init__(self) -> None:
        labels = [part.label for part in self.parts if part.label]
        self.counts = Counter(map(key_of, labels))
        self.shapes = {key_of(label): shape_of(label) for label in dict.fromkeys(labels)}

    def is_marked(self, part: Line) -> bool:
        """Whether the format marks a line as the beginning of what somebody says."""
        return part.has_own_time or part.opens

    def share(self, keys: Iterable[str], *, of_marked: bool) -> float:
        """Which share of the lines, or of those that are marked, have one of the labels."""
        wanted = set(keys)
        lines = [part for part in self.parts if part.rest and (not of_marked or self.is_marked(part))]
        if len(lines) < _MIN_LINES:
            return 0.0
        return sum(part.label is not None and key_of(part.label) in wanted for part in lines) / len(lines)


def choose_labels(
    parts: Sequence[Line], reps: Sequence[str], *, singles: bool = True
) -> tuple[dict[str, str], list[str]]:
    """Which of the words before a colon are speakers.

    A role word, a declared rep and a name that recurs are; phrases such as "Bottom line" are none. Words of an odd
    shape that recur, and a name that occurs once, are one only where the format says so: in a line with a time of its
    own, or a text all of whose lines have a label.

    Args:
        parts: the lines.
        reps: who the user says are on our side.
        singles: whether a name that occurs once can be a speaker.

    Returns:
        ``key_of`` a label -> its first spelling; and the name-like labels that were not taken.
    """
    census = _Census(parts)
    accepted: dict[str, str] = {}
    doubtful: dict[str, Line] = {}
    is_in_brackets = _brackets_are_custom(parts)
    declared = _declared(census.counts, reps)
    for part in parts:
        if part.label is None or (not part.has_colon and not is_in_brackets):
            continue
        key, shape = key_of(part.label), census.shapes[key_of(part.label)]
        if key in accepted:
            continue
        if key in declared:
            accepted[key] = part.label
        elif shape is Shape.NOBODY and (is_heading(part) or not side_of(part.label)):
            continue
        elif side_of(part.label) or (census.counts[key] > 1 and shape >= Shape.WORD):
            accepted[key] = part.label
        elif key not in doubtful or census.is_marked(part):
            doubtful[key] = part
    _accept_odd(census, accepted, doubtful)
    if not singles:
        return accepted, []
    _accept_singles(census, accepted, doubtful)
    kept = (key for key in doubtful if census.counts[key] > 1 or census.shapes[key] >= Shape.WORD)
    return accepted, [doubtful[key].label or "" for key in kept]


def _brackets_are_custom(parts: Sequence[Line]) -> bool:
    n_bracketed = sum(part.label is not None and not part.has_colon for part in parts)
    return n_bracketed > 1 and n_bracketed >= _MOST * sum(bool(part.rest) for part in parts)


def _accept_odd(census: _Census, accepted: dict[str, str], doubtful: dict[str, Line]) -> None:
    """Moves the labels of an odd shape that recur, where they have no word of a phrase and the other lines fit."""
    odd = {
        key: part.label or ""
        for key, part in doubtful.items()
        if census.counts[key] > 1 and len(key.split()) <= _LONGEST_ODD_NAME and not is_common(part.label or "")
    }
    labels = [*accepted, *odd, *(key for key in doubtful if census.shapes[key] >= Shape.WORD)]
    are_all = census.share(labels, of_marked=False) >= _NEARLY_ALL
    are_marked = census.share(labels, of_marked=True) >= _NEARLY_ALL
    for key, label in odd.items():
        is_short_name = len(key.split()) <= _SHORT and label == key and any(map(str.isalpha, key))
        is_marked = are_marked and census.is_marked(doubtful[key])
        if is_short_name or are_all or is_marked:
            accepted[key] = label
            del doubtful[key]


def _accept_singles(census: _Census, accepted: dict[str, str], doubtful: dict[str, Line]) -> None:
    """Moves the labels that occur once and that the format shows to be speakers."""
    once = [key for key in doubtful if census.counts[key] == 1]
    names = [key for key in once if census.shapes[key] >= Shape.WORD and not key.isdigit()]
    odd = [key for key in once if key not in names and _may_be_name(doubtful[key].label or "")]
    are_all = census.share([*accepted, *names], of_marked=False) == 1.0
    are_all_in_small = (
        census.share([*accepted, *odd], of_marked=False) == 1.0
        and bool(accepted)
        and all(map(str.islower, accepted.values()))
    )
    marked = census.share([*accepted, *once], of_marked=True)
    n_labelled = sum(
        part.label is not None and census.shapes[key_of(part.label)] > Shape.NOBODY for part in census.parts
    )
    are_most = len(accepted) < 2 and 2 * n_labelled >= sum(bool(part.rest) for part in census.parts)
    for key in once:
        part, shape = doubtful[key], census.shapes[key]
        if shape is Shape.ODD:
            is_marked = marked == 1.0 and len(accepted) > 1 and census.is_marked(part)
            is_one = key in odd and (is_marked or are_all_in_small)
        else:
            is_marked = census.is_marked(part) and (marked >= _MOST or part.has_own_time)
            is_one = is_marked or (key in names and (are_all or are_most))
        if is_one:
            accepted[key] = doubtful.pop(key).label or ""


def _may_be_name(label: str) -> bool:
    """Whether a label of an odd shape that occurs once is short words of letters, none of them a phrase's."""
    letters = label.replace(" ", "").replace("-", "").replace(".", "").replace("_", "")
    return (
        len(label.split()) <= _LONGEST_ODD_NAME and letters.isalnum() and not letters.isdigit() and not is_common(label)
    )


def _declared(labels: Iterable[str], reps: Sequence[str]) -> set[str]:
    """Those of the labels that are somebody's who is said to be on our side; of a saved team only whole names are."""
    wanted = {folded(rep).removeprefix("@") for rep in reps} - {""}
    names_in = full_names if isinstance(reps, Team) else called
    return {label for label in labels if wanted and not wanted.isdisjoint(names_in(label))}


def settle(part: Line, accepted: dict[str, str]) -> Line:
    """The line with its label if that is a speaker's, else with the label back in the text."""
    key = key_of(part.label or "")
    if part.label and key in accepted:
        return replace(part, label=accepted[key])
    if part.label and part.rest == part.raw and part.start:
        return replace(part, label=None, start=None, end=None, text=part.raw)
    return replace(part, label=None, text=part.rest)


def warnings_of_rejected(rejected: Sequence[str]) -> list[str]:
    """What is said of labels that look like names and were not taken as speakers: nothing, or one sentence."""
    if not rejected:
        return []
    labels = listed(f"“{label}:”" for label in rejected)
    one = f"{labels} begins a line and was read as text, not as a speaker."
    many = f"{labels} begin lines and were read as text, not as speakers."
    return [in_number(len(rejected), one, many)]
