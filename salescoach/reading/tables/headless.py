"""Tables without a header: which of a few columns holds who speaks, when and what, by what is in the cells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from salescoach.reading.labels import split_label
from salescoach.reading.limits import MAX_LABEL_CHARS
from salescoach.reading.names import is_name, tidy_label
from salescoach.reading.roles import side_of
from salescoach.reading.texts import listed
from salescoach.reading.times import STAMP

_STAMP: Final = re.compile(rf"\[?{STAMP}\]?|\d{{1,7}}(?:[.,]\d{{1,6}})?")
_MIN_ROWS: Final = 2
_MAX_COLUMNS: Final = 5


@dataclass(frozen=True)
class GuessedHeader:
    """The names that the columns would have, and what is said of that."""

    header: list[str]
    note: str


def header_of(rows: Sequence[Sequence[str]]) -> GuessedHeader | None:
    """The header that a table of utterances would have; None where the cells don't show one."""
    width = max(map(len, rows))
    if width == 1:
        return _header_of_lines([row[0].strip() for row in rows])
    if len(rows) < _MIN_ROWS or not 2 <= width <= _MAX_COLUMNS or any(len(row) < 2 for row in rows):
        return None
    columns = [[row[index].strip() if index < len(row) else "" for row in rows] for index in range(width)]
    times = [index for index, cells in enumerate(columns) if all(map(_STAMP.fullmatch, cells))]
    names = [index for index, cells in enumerate(columns) if index not in times and _are_speakers(cells)]
    texts = [index for index in range(width) if index not in times and index not in names]
    if len(names) != 1 or len(texts) != 1 or len(times) > 2:
        return None
    called = {names[0]: "speaker", texts[0]: "text"} | dict(zip(times, ("start", "end"), strict=False))
    header = [called[index] for index in range(width)]
    return GuessedHeader(header, f"The table has no header; its columns were taken as {listed(header)}.")


def _header_of_lines(lines: Sequence[str]) -> GuessedHeader | None:
    """That of a column of lines such as "Rep: hello", the first of which is one as well."""
    labels = [split_label(line)[0] for line in lines]
    first = labels[0]
    if first is None or not (side_of(first) or first in labels[1:]) or 2 * sum(map(bool, labels)) <= len(labels):
        return None
    return GuessedHeader(["text"], "The table has no header; its column was taken as text.")


def _are_speakers(cells: Sequence[str]) -> bool:
    """Whether all cells are names or roles, few of them, each more than once or one that is a role."""
    known = {cell.casefold() for cell in cells}
    if any(len(cell) > MAX_LABEL_CHARS for cell in cells) or len(known) < 2:
        return False
    labels = [tidy_label(cell.rstrip(":")) for cell in known]
    return all(label and (is_name(label.title()) or side_of(label)) for label in labels) and (
        2 * len(known) <= len(cells) + 1 or any(label and side_of(label) for label in labels)
    )
