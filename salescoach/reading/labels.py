"""The words before a colon: which of them are speakers, and what else stands on a line beside them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from salescoach.reading.limits import MAX_LABEL_CHARS
from salescoach.reading.roles import means, side_of
from salescoach.reading.texts import in_number, listed, phrases
from salescoach.reading.times import STAMP

# Words before a colon that head a note or a form, not a speech.
_NO_SPEAKER: Final = phrases(
    """
    note|notes|price|prices|pricing|subject|date|time|times|total|agenda|summary|action|actions|action item
    action items|next step|next steps|email|e-mail|mail|phone|tel|address|re|fw|fwd|cc|bcc|ps|p.s|question|questions
    answer|answers|example|examples|e.g|i.e|warning|error|disclaimer|duration|topic|topics|attendees|participants
    speakers|title|meeting|call|recording|transcript|call transcript|location|company|product|products|industry
    context|background|goal|goals|problem|problems|result|results|outcome|conclusion|key points|key takeaways
    takeaways|highlights|important|reminder|todo|to do|to-do|hint|tip|tips|update|status|budget|deadline|timeline
    cost|costs|discount|link|links|url|source|https|http|call id|id|language|description|details|comment|comments
    option a|option b|plan a|plan b|feedback|observation|request|task|instruction|instructions|system|type|name
    """
)
_PARTICLES: Final = phrases("de|da|del|der|den|di|van|von|la|le|el|al|bin|of|the|and|&|y")

_RANGE = rf"(?P<start>{STAMP})(?:\s*(?:-->|[-\u2013\u2014])\s*(?P<end>{STAMP}))?"
_BRACKETED_TIME = re.compile(rf"[\[(]\s*{_RANGE}\s*[\])]\s*(?:[-\u2013\u2014|:]\s*)?")
_BARE_TIME = re.compile(rf"{_RANGE}(?:\s+[-\u2013\u2014|:]\s*|\s+|\s*$)")
_LABEL = re.compile(
    r"\A(?:[-\u2013•>]++\s++)?(?P<bold>\*{0,2})(?P<label>[^:\uff1a\n]{1,80}?)\s*+[:\uff1a](?P<gap>\s*+)(?P<text>.*)"
)
_TIME_IN_LABEL = re.compile(
    rf"\A(?P<label>[^:\uff1a\[(]{{1,80}}?)(?:\s*+[\[(]\s*+(?P<start>{STAMP})\s*+[\])]|\s++(?P<bare>{STAMP}))"
    r"\s*+[:\uff1a]\s*+(?P<text>.*)"
)
_ABBREVIATED = re.compile(r"\b\w{1,2}\.$")
_NOT_IN_A_LABEL = re.compile(r"[?!;“”\"<>{}=]|://|[.,] (?:and|but|so|i|we|you)\b", re.I)
_HEADING_NUMBER = re.compile(r"(?<!\s)\s*+#?(?<!\d)\d++$")
_IN_PARENTHESES = re.compile(r"\([^)]{0,64}+\)")  # a label isn't longer


@dataclass
class Line:
    """A plain line taken apart: its time, and what stands before and after its first colon."""

    raw: str
    start: str | None = None
    end: str | None = None
    bracketed: bool = False
    rest: str = ""
    label: str | None = None
    text: str = ""

    @property
    def has_own_time(self) -> bool:
        """Whether the line is marked as a turn by a time in brackets or at its beginning."""
        return self.start is not None and (self.bracketed or self.rest != self.raw)


def take_apart(line: str) -> Line:
    """Split a line into time, label candidate and text."""
    if found := _BRACKETED_TIME.match(line):
        part = Line(line, found["start"], found["end"], bracketed=True, rest=line[found.end() :].strip())
    elif found := _BARE_TIME.match(line):
        part = Line(line, found["start"], found["end"], rest=line[found.end() :].strip())
    else:
        part = Line(line, rest=line)
        if (timed := _TIME_IN_LABEL.match(line)) and (label := tidy_label(timed["label"])):
            time = timed["start"] or timed["bare"]
            return replace(part, start=time, bracketed=bool(timed["start"]), label=label, text=timed["text"].strip())
    label, text = split_label(part.rest)
    return replace(part, label=label, text=text)


def split_label(rest: str) -> tuple[str | None, str]:
    """The label candidate of a line without its time, and what stands after it; or None and the line."""
    found = _LABEL.match(rest)
    if not found:
        return None, rest
    label, text = tidy_label(found["label"]), found["text"]
    # "https://", "at 10:30", "a ratio of 3:1"; a role word is one whatever follows.
    is_glued = not found["gap"] and text[:1] and (text[0] == "/" or text[0].isdigit())
    if label is None or (is_glued and side_of(label) is None):
        return None, rest
    if found["bold"]:
        text = text.removeprefix("**")
    return label, text.strip()


def tidy_label(label: str) -> str | None:
    """The label if it could be somebody's name, else None."""
    label = " ".join(label.strip(" \t*").split())
    if not label or len(label) > MAX_LABEL_CHARS or not any(char.isalpha() for char in label):
        return None
    if label[-1] in ".?!,;" and not _ABBREVIATED.search(label):
        return None
    return None if _NOT_IN_A_LABEL.search(label) else label


def is_name(label: str) -> bool:
    """Whether a label that occurs once has the shape of a name: one to four capitalised words."""
    words = _IN_PARENTHESES.sub("", label).replace("_", " ").split()
    return 0 < len(words) < 5 and all(word.casefold() in _PARTICLES or not word[0].islower() for word in words)


def is_heading(part: Line) -> bool:
    """Whether a line's label heads a note or a form: "Note", "Price 2"."""
    return _HEADING_NUMBER.sub("", (part.label or "").casefold()).rstrip(".") in _NO_SPEAKER


def choose_labels(
    parts: Sequence[Line], reps: Sequence[str], *, singles: bool = True
) -> tuple[dict[str, str], list[str]]:
    """Which of the words before a colon are speakers.

    A role word, a declared rep and a label that recurs are. A label that occurs once is one only where the line has
    its own time, or where there would otherwise be fewer than two speakers and most lines have a label; and never
    without ``singles``.

    Returns:
        Case-folded label -> its first spelling; and the name-like labels that were not taken.
    """
    candidates = [part for part in parts if part.label]
    counts = Counter((part.label or "").casefold() for part in candidates)
    accepted: dict[str, str] = {}
    doubtful: dict[str, Line] = {}
    for part in candidates:
        label = part.label or ""
        key = label.casefold()
        if any(means(label, rep) for rep in reps):
            accepted.setdefault(key, label)
        elif is_heading(part):
            continue
        elif side_of(label) or (counts[key] > 1 and (is_name(label) or len(label.split()) < 3)):
            accepted.setdefault(key, label)
        elif is_name(label):
            doubtful[key] = part
    n_filled = sum(bool(part.rest) for part in parts)
    if not singles:
        return accepted, []
    are_most = len(accepted) < 2 and 2 * len(candidates) >= n_filled
    for key in [key for key, part in doubtful.items() if part.has_own_time or are_most]:
        accepted[key] = doubtful.pop(key).label or ""
    return accepted, [part.label or "" for part in doubtful.values()]


def settle(part: Line, accepted: dict[str, str]) -> Line:
    """The line with its label if that is a speaker's, else with the label back in the text."""
    key = (part.label or "").casefold()
    if part.label and key in accepted:
        return replace(part, label=accepted[key])
    if part.label and part.rest == part.raw and part.start:
        return replace(part, label=None, start=None, text=part.raw)
    return replace(part, label=None, text=part.rest)


def warnings_of_rejected(rejected: Sequence[str]) -> list[str]:
    """What is said of labels that look like names and were not taken as speakers: nothing, or one sentence."""
    if not rejected:
        return []
    labels = listed(f"“{label}:”" for label in rejected)
    one = f"{labels} begins a line only once and was read as text, not as a speaker."
    many = f"{labels} begin a line only once each and were read as text, not as speakers."
    return [in_number(len(rejected), one, many)]
