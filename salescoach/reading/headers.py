"""Lines that name who speaks below them: ``Anna  0:12``, ``0:12 - Anna``, a name above its time, or a heading."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from salescoach.reading.common_words import is_phrase
from salescoach.reading.labels import is_name
from salescoach.reading.names import Shape, key_of, shape_of, tidy_label
from salescoach.reading.plain import without_emphasis
from salescoach.reading.roles import side_of
from salescoach.reading.stamps import IN_BRACKETS, IN_UNITS, MOMENT, TO

_SEPARATOR: Final = r"(?P<gap>\s*+[\u00b7•|,\u2013\u2014-]\s++|\s++)"
_TIME: Final = (
    rf"(?:[\[(]\s*+(?P<time>{IN_BRACKETS})(?:{TO}(?P<end>{IN_BRACKETS}))?\s*+[\])]"
    rf"|(?P<bare>{MOMENT})(?:{TO}(?P<bare_end>{MOMENT}))?)"
)
_NAME: Final = r"\[?(?P<name>[^:\[\]]{0,63}?[^:\[\]\s])\]?"
_NAME_TIME = re.compile(rf"\A{_NAME}{_SEPARATOR}{_TIME}")
_TIME_NAME = re.compile(rf"{_TIME}{_SEPARATOR}{_NAME}")
_ONLY_TIME = re.compile(_TIME)
_PANEL_TIME = re.compile(rf"{IN_UNITS}\s?(?P<bare>\d{{1,3}}:\d\d(?::\d\d)?)")
_NAME_IN_WORDS = re.compile(rf"\A(?P<name>[^:\[\]]{{0,63}}?[^:\[\]\s])\s++(?P<bare>{IN_UNITS})")
_DIGIT = re.compile(r"\d")
_HASHES = re.compile(r"#{1,6}\s++")
_NEARLY_ALL: Final = 0.8
_SURELY_SHARE: Final = 0.25  # of the lines; no other form can have more
_HEADER_CHARS: Final = 160


@dataclass(frozen=True)
class Header:
    """Who speaks below, from when and to when; ``n_lines`` of the text are the header's."""

    name: str
    start: str | None = None
    end: str | None = None
    is_wide: bool = False
    n_lines: int = 1


def headers_of(lines: Sequence[str]) -> dict[int, Header]:
    """Index of the first line -> header of each block, by the first form that the text has; {} if it has none."""
    panel = _panel_headers(lines)
    if panel:
        return panel
    plain = [without_emphasis(_HASHES.sub("", line, count=1)) for line in lines]
    on_one_line = _name_time_headers(plain)
    if len(on_one_line) > _SURELY_SHARE * sum(map(bool, lines)):
        return on_one_line
    on_two_lines = two_line_headers(plain)
    if on_one_line or on_two_lines:
        return on_one_line if len(on_one_line) >= len(on_two_lines) else on_two_lines
    return _time_name_headers(plain) or _headings(lines, plain) or _paragraphs(lines)


def _panel_headers(lines: Sequence[str]) -> dict[int, Header]:
    """As they are copied from the panel of Teams: a name, its time in words and digits, both in words again."""
    found: dict[int, Header] = {}
    for index, line in enumerate(lines):
        if not index or not (time := _PANEL_TIME.fullmatch(line)):
            continue
        before = next((at for at in (index - 1, index - 2) if at >= 0 and lines[at]), -1)
        name = tidy_label(lines[before]) if before >= 0 else None
        if name is None:
            continue
        after = next((at for at in (index + 1, index + 2) if at < len(lines) and lines[at]), index)
        again = _NAME_IN_WORDS.fullmatch(lines[after])
        last = after if again and again["name"] == name else index
        found[before] = Header(name, time["bare"], n_lines=last - before + 1)
    return found


def _name_time_headers(lines: Sequence[str]) -> dict[int, Header]:
    """One space between name and time is enough after a blank line or for a name that recurs."""
    read = {line: _name_time(line) for line in set(lines) if _may_have_time(line)}
    candidates = {index: header for index, line in enumerate(lines) if (header := read.get(line))}
    counts = Counter(header.name for header in candidates.values())
    return {
        index: header
        for index, header in candidates.items()
        if header.is_wide or index == 0 or not lines[index - 1] or counts[header.name] > 1
    }


def _name_time(line: str) -> Header | None:
    found = _NAME_TIME.fullmatch(line) or _NAME_IN_WORDS.fullmatch(line)
    name = tidy_label(found["name"]) if found else None
    if found is None or name is None:
        return None
    groups = found.groupdict()
    gap = groups.get("gap") or " "
    header = _header(name, groups, is_wide=gap != " " and not is_phrase(name))
    return header if header.is_wide or (is_name(name) and not is_phrase(name)) or shape_of(name) is Shape.NAME else None


def _header(name: str, groups: Mapping[str, str | None], *, is_wide: bool = False, n_lines: int = 1) -> Header:
    start = groups.get("time") or groups.get("bare")
    return Header(name, start, groups.get("end") or groups.get("bare_end"), is_wide, n_lines)


def _time_name_headers(lines: Sequence[str]) -> dict[int, Header]:
    """Where nearly each such line has text below it, and a name comes twice or is told apart by a sign."""
    found = {
        index: match
        for index, line in enumerate(lines)
        if _may_have_time(line) and (match := _TIME_NAME.fullmatch(line))
    }
    names = {index: name for index, match in found.items() if (name := tidy_label(match["name"]))}
    names = {index: name for index, name in names.items() if shape_of(name) >= Shape.ODD and name[-1:] not in ".?!"}
    followed = [index for index in names if _is_text(lines, index + 1, found)]
    counts = Counter(map(key_of, names.values()))
    sure = [index for index, name in names.items() if counts[key_of(name)] > 1 or _is_told(name, found[index]["gap"])]
    if not names or len(followed) < _NEARLY_ALL * len(found) or len(sure) < _NEARLY_ALL * len(names):
        return {}
    return {index: _header(name, found[index].groupdict(), is_wide=True) for index, name in names.items()}


def _is_told(name: str, gap: str) -> bool:
    """Whether a name that comes once is told from text: by its shape, a little less of it with a sign before it."""
    return shape_of(name) >= (Shape.NAME if gap.isspace() else Shape.WORD)


def _is_text(lines: Sequence[str], index: int, headers: Mapping[int, object]) -> bool:
    return index < len(lines) and bool(lines[index]) and index not in headers


def two_line_headers(lines: Sequence[str]) -> dict[int, Header]:
    """A time on a line of its own, the name above it or below."""
    times = {
        index: found
        for index, line in enumerate(lines)
        if _may_have_time(line) and (found := _ONLY_TIME.fullmatch(line))
    }
    if not times:
        return {}
    above = {index: name for index in times if (name := _name_at(lines, index - 1))}
    below = {
        index: name for index in times if (name := _name_at(lines, index + 1)) and _is_text(lines, index + 2, times)
    }
    names = max(above, below, key=lambda names: (len(names), -len(set(names.values()))))
    counts = Counter(map(key_of, names.values()))
    n_sure = sum(counts[key_of(name)] > 1 or shape_of(name) is Shape.NAME for name in names.values())
    if len(names) < _NEARLY_ALL * len(times) or n_sure < _NEARLY_ALL * len(names):
        return {}
    first = -1 if names is above else 0
    return {index + first: _header(name, times[index].groupdict(), n_lines=2) for index, name in names.items()}


def _name_at(lines: Sequence[str], index: int) -> str | None:
    """The name that a line holds and nothing else."""
    if not 0 <= index < len(lines) or ":" in lines[index].rstrip(":"):
        return None
    name = tidy_label(lines[index].rstrip(":"))
    return name if name and shape_of(name) >= Shape.ODD and len(name.split()) < 8 else None


def _headings(lines: Sequence[str], plain: Sequence[str]) -> dict[int, Header]:
    """Headings and bold lines of Markdown, where some recur or name a role."""
    found = {
        index: name
        for index, line in enumerate(lines)
        if line != plain[index] and plain[index].rstrip(":") != line and (name := _name_at(plain, index))
    }
    counts = Counter(map(key_of, found.values()))
    kept = {index: name for index, name in found.items() if counts[key_of(name)] > 1 or _is_speaker(name)}
    if len(kept) < 2 or not any(counts[key_of(name)] > 1 or side_of(name) for name in kept.values()):
        return {}
    level = Counter(_level(lines[index]) for index in kept).most_common(1)[0][0]
    return {
        index: Header(name)
        for index, name in found.items()
        if _level(lines[index]) == level and (index in kept or shape_of(name) >= Shape.WORD) and index >= min(kept)
    }


def _level(line: str) -> str:
    return line[: len(line) - len(line.lstrip("#*_"))]


def _is_speaker(name: str) -> bool:
    return side_of(name) is not None or (shape_of(name) is Shape.NAME and any(map(str.isdigit, name)))


def _paragraphs(lines: Sequence[str]) -> dict[int, Header]:
    """The first line of each paragraph, where nearly all of them are a name or a role and two or more recur."""
    firsts = [index for index, line in enumerate(lines) if line and (index == 0 or not lines[index - 1])]
    names = {index: name for index in firsts if _is_text(lines, index + 1, {}) and (name := _name_at(lines, index))}
    counts = Counter(map(key_of, names.values()))
    kept = {index: name for index, name in names.items() if shape_of(name) >= Shape.WORD or side_of(name)}
    n_recurring = len({key for key, n in counts.items() if n > 1})
    are_most = len(kept) > 2 and len(kept) >= _NEARLY_ALL * len(firsts)
    return {index: Header(name) for index, name in kept.items()} if are_most and n_recurring > 1 else {}


def _may_have_time(line: str) -> bool:
    """Whether a look at the patterns is worth it."""
    return len(line) < _HEADER_CHARS and _DIGIT.search(line) is not None
