"""Who speaks in captions without voice tags: ``Name: text``, ``[Name] text``, a name as the first line of a cue."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from salescoach.reading.cues import Cue
from salescoach.reading.names import Shape, is_common, is_dial_in, is_noise, key_of, shape_of, tidy_label
from salescoach.reading.roles import means, side_of
from salescoach.reading.texts import in_number, listed
from salescoach.reading.voices import Voiced

MAX_SPLIT_LABELS: Final = 50  # of a call, to look for within lines
_LONGEST_ODD_NAME: Final = 5  # words
_MIN_CUES: Final = 3  # show what the form of all is
_NEARLY_ALL: Final = 0.9  # of the cues have a label where odd words before a colon are one too

_LEAD = re.compile(r">{2,3}\s*+|[-\u2013\u2014\u2022]\s++|[-\u2013\u2014](?=[^\s\d-])")
_COLON = re.compile(
    r"\A(?P<bold>\*{0,2})(?P<label>[^:\uff1a\n]{1,80}?)\s{0,3}+(?:[\[(]\d{1,3}(?::\d\d){1,2}[\])]\s{0,3}+)?"
    r"[:\uff1a](?P<gap>\s{0,9}+)(?P<text>.*)"
)
_BRACKETS = re.compile(
    r"(?:\[(?P<square>[^\[\]\n]{1,64})\]|\((?P<round>[^()\n]{1,64})\))(?P<colon>\s{0,3}+[:\uff1a])?\s{0,9}+(?P<text>.*)"
)


@dataclass
class CueLine:
    """A line of a cue taken apart.

    ``lead`` marks it as another speaker's: a dash, or ``>>``. ``is_odd``: its label has signs that names rarely have.
    """

    voiced: Voiced
    is_first: bool
    lead: str
    rest: str
    label: str | None = None
    text: str = ""
    is_bracketed: bool = False
    is_odd: bool = False

    @property
    def key(self) -> str:
        """The label as labels are compared."""
        return key_of(self.label or "")


@dataclass
class CueLabels:
    """Which labels are speakers, by ``key_of`` them; who of these speaks once, and what was refused."""

    accepted: dict[str, str] = field(default_factory=dict)
    once: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def warnings(self) -> list[str]:
        """What was assumed."""
        warnings = []
        if self.once:
            begin = in_number(len(self.once), "begins a caption only once", "begin a caption only once each")
            were = in_number(len(self.once), "was read as a speaker", "were read as speakers")
            warnings.append(f"{_quoted(self.once)} {begin} and {were}.")
        if self.refused:
            were = in_number(len(self.refused), "was read as text, not as a speaker", "were read as text, not speakers")
            warnings.append(f"{_quoted(self.refused)} at the beginning of a caption {were}.")
        return warnings


def take_apart(cue: Cue) -> list[CueLine]:
    """The lines of a cue, each with what could be its label."""
    return [_line(voiced, is_first=not index) for index, voiced in enumerate(cue.lines)]


def choose(rows: Sequence[Sequence[CueLine]], reps: Sequence[str]) -> CueLabels:
    """Which labels are speakers, by their shape, how often they are there, and whether the file has labels at all."""
    lines = [line for row in rows for line in row]
    candidates = [line for line in lines if line.label]
    counts = Counter(line.key for line in candidates)
    n_labelled = sum(any(line.label and not line.is_odd for line in row) for row in rows)
    are_most = 2 * n_labelled >= len(rows)
    labels = CueLabels()
    doubtful: dict[str, CueLine] = {}
    for line in candidates:
        label = line.label or ""
        if line.key in labels.accepted or line.key in doubtful:
            if line.is_first and line.key in doubtful:
                doubtful[line.key] = line
        elif _is_sure(line, counts[line.key], reps, are_most=are_most):
            labels.accepted[line.key] = label
        else:
            doubtful[line.key] = line
    for key in _odd_names(rows, labels, doubtful, counts):
        labels.accepted[key] = doubtful.pop(key).label or ""
    has_labels = bool(labels.accepted) or are_most
    for key, line in doubtful.items():
        label = line.label or ""
        if line.is_odd:
            continue
        if has_labels and _is_likely(line, are_most=are_most):
            labels.accepted[key] = label
            labels.once.append(label)
        elif not line.is_bracketed and line.is_first and (shape_of(label) >= Shape.WORD or _may_be_name(label)):
            labels.refused.append(label)
    return labels


def settle(rows: Sequence[Sequence[CueLine]], labels: CueLabels, *, carry: bool) -> tuple[list[list[Voiced]], int]:
    """The lines with their speakers.

    Args:
        rows: the lines of each cue.
        labels: which are speakers.
        carry: whether a line without a label goes on with the speaker before it.

    Returns:
        The lines of each cue; and how many are marked as another speaker's and name nobody.
    """
    within = _within(labels)
    speaker: str | None = None
    n_nobody = 0
    settled: list[list[Voiced]] = []
    for row in rows:
        n_dashes = sum(bool(line.lead) for line in row)
        spoken: list[Voiced] = []
        for line in row:
            if line.voiced.speaker:
                spoken.append(_without_own_name(line))
                continue
            is_new = False
            text = line.rest
            if line.label and line.key in labels.accepted:
                speaker, text, is_new = labels.accepted[line.key], line.text, True
            elif line.lead and (line.lead.startswith(">") or n_dashes > 1):
                speaker, is_new = None, True
                n_nobody += bool(labels.accepted)
            elif line.lead:
                text = line.voiced.text
            for name, piece in _split(text, within):
                speaker = name or speaker
                spoken.append(Voiced(speaker, piece, is_new or name is not None))
            if not carry:
                speaker = None
        settled.append([line for line in spoken if line.text])
    return settled, n_nobody


def name_lines(cues: Sequence[Cue]) -> set[str]:
    """The names, by ``key_of``, that stand alone as the first line of cues, where this is the custom of the file."""
    heads = [cue.lines[0].text for cue in cues if len(cue.lines) > 1]
    named = Counter(key_of(text) for text in heads if tidy_label(text) == text and shape_of(text) >= Shape.WORD)
    is_custom = 2 * named.total() > len(cues) and max(named.values()) > 1 and 2 * len(named) <= named.total() + 1
    return set(named) if is_custom else set()


def _line(voiced: Voiced, *, is_first: bool) -> CueLine:
    lead = _LEAD.match(voiced.text)
    rest = voiced.text[lead.end() :] if lead else voiced.text
    line = CueLine(voiced, is_first or lead is not None, lead[0].strip() if lead else "", rest)
    named = _COLON.match(rest)
    label = tidy_label(named["label"]) if named else None
    is_odd = named is not None and label is None
    if named and is_odd:
        label = tidy_label(named["label"], may_be_odd=True)
    is_number = label is not None and is_dial_in(label)  # "(212) 555-0147: hello" isn't said by "212"
    if not is_number and (found := _BRACKETS.match(rest)):
        inner = tidy_label(found["square"] or found["round"])
        if inner is None or (is_noise(inner) and not found["colon"]):
            return line
        return replace(line, label=inner, text=found["text"].strip(), is_bracketed=not found["colon"])
    if named is None or label is None:
        return line
    text = named["text"]
    is_figure = text[:1].isdigit() and (label.isdecimal() or not named["gap"])  # "10:30", "3: 1"
    if (is_figure or (text[:1] == "/" and not named["gap"])) and side_of(label) is None:
        return line
    text = (text.removeprefix("**") if named["bold"] else text).strip()
    return replace(line, label=label, text=text, is_odd=is_odd)


def _is_sure(line: CueLine, n: int, reps: Sequence[str], *, are_most: bool) -> bool:
    """Whether a label is a speaker's by itself, or by being there again."""
    label = line.label or ""
    if line.is_odd:
        return False
    if any(means(label, rep) for rep in reps) or side_of(label):
        return True
    if n < 2:
        return False
    if label.isdecimal() or (len(label) == 1 and label.isupper()):
        return are_most
    return shape_of(label) >= Shape.WORD or _may_be_name(label)


def _odd_names(
    rows: Sequence[Sequence[CueLine]], labels: CueLabels, doubtful: Mapping[str, CueLine], counts: Counter[str]
) -> list[str]:
    """The odd labels that recur where nearly all cues have a label, as in plain text: "Yahoo! Desk".

    None is the end of a sentence and somebody's label: "So! Anna".
    """
    names = {*labels.accepted, *(key for key, line in doubtful.items() if not line.is_odd)}
    odd = [
        key
        for key, line in doubtful.items()
        if line.is_odd
        and counts[key] > 1
        and len(key.split()) <= _LONGEST_ODD_NAME
        and shape_of(line.label or "") > Shape.NOBODY
        and not is_common(line.label or "")
        and not any(key.endswith(f" {name}") for name in names)
    ]
    if not odd or len(rows) < _MIN_CUES:
        return []
    known = {*labels.accepted, *odd, *(key for key in names if key in doubtful and _is_name(doubtful[key]))}
    n_known = sum(any(line.label and line.key in known for line in row) for row in rows)
    return odd if n_known >= _NEARLY_ALL * len(rows) else []


def _is_name(line: CueLine) -> bool:
    return shape_of(line.label or "") >= Shape.WORD


def _may_be_name(label: str) -> bool:
    """Whether a label of an odd shape may be one: in small letters, without a word of a phrase."""
    return shape_of(label) is Shape.ODD and label[0].islower() and not is_common(label)


def _is_likely(line: CueLine, *, are_most: bool) -> bool:
    """Whether a label that is there once is a speaker's in a file whose speakers have labels."""
    label = line.label or ""
    shape = shape_of(label)
    if shape >= Shape.WORD:
        return line.is_first or shape is Shape.NAME
    return are_most and line.is_first and not line.is_bracketed and _may_be_name(label)


def _within(labels: CueLabels) -> re.Pattern[str] | None:
    """Finds accepted labels behind the end of a sentence."""
    names = sorted(labels.accepted.values(), key=len, reverse=True)
    if not names or len(names) > MAX_SPLIT_LABELS:
        return None
    return re.compile(rf"(?<=[.?!\u2026]\s)(?:[-\u2013\u2014]\s)?({'|'.join(map(re.escape, names))}):\s")


def _split(text: str, within: re.Pattern[str] | None) -> list[tuple[str | None, str]]:
    """(new speaker or None, text) of a line in which several speak."""
    if within is None:
        return [(None, text)]
    pieces = within.split(text)
    said = [(name, piece.strip()) for name, piece in zip(pieces[1::2], pieces[2::2], strict=True)]
    return [(None, pieces[0].strip()), *said]


def _without_own_name(line: CueLine) -> Voiced:
    """``<v Anna>Anna: hello</v>`` says hello."""
    is_own = line.key == (line.voiced.speaker or "").casefold()
    return replace(line.voiced, text=line.text) if is_own and line.text else line.voiced


def _quoted(labels: Sequence[str]) -> str:
    return listed(f"“{label}:”" for label in labels)
