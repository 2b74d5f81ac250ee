"""CSV, TSV and their relatives: which character parts the cells, how quotes are written, and the rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

from salescoach.errors import DataError
from salescoach.reading.tables.columns import columns_of
from salescoach.reading.tables.encodings import Encoding, encoding_of

if TYPE_CHECKING:
    import _csv

MAX_CELL: Final = 2_000_000
_DELIMITERS: Final = ",;\t|"
_SEP_LINE: Final = re.compile(r"\"?sep=(?P<delimiter>\\t|[^\w\s\"]|\t)\"?,*;*[ \t]*", re.I)
_JUDGED_ROWS: Final = 20

GridRow = tuple[int, list[str]]


@dataclass(frozen=True)
class _Dialect:
    """How cells are parted and quoted."""

    delimiter: str
    skip_space: bool = False
    backslash: bool = False
    quotes: bool = True

    def reader(self, handle: Iterator[str]) -> "_csv.Reader":
        return csv.reader(
            handle,
            delimiter=self.delimiter,
            strict=True,
            skipinitialspace=self.skip_space,
            escapechar="\\" if self.backslash else None,
            doublequote=not self.backslash,
            quoting=csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE,
        )


@dataclass(frozen=True)
class Delimited:
    """The rows of a delimited file, each with its number from 1, blank ones as empty lists."""

    rows: Iterator[GridRow]
    notes: tuple[str, ...]


def read_delimited(stream: BinaryIO, name: str) -> Delimited:
    """The rows of a delimited file of any usual dialect, as they come.

    Raises:
        DataError: a quote is left open; names the line. Raised while rows are taken.
    """
    csv.field_size_limit(MAX_CELL)
    encoding = encoding_of(stream)
    n_skipped, delimiter = _sep_line(stream, encoding)
    dialect = _dialect(stream, encoding, n_skipped, delimiter)
    return Delimited(_rows(stream, encoding, n_skipped, dialect, name), encoding.notes)


def _rows(stream: BinaryIO, encoding: Encoding, n_skipped: int, dialect: _Dialect, name: str) -> Iterator[GridRow]:
    handle = encoding.text_of(stream)
    reader = dialect.reader(islice(handle, n_skipped, None))
    try:
        yield from enumerate(reader, start=1)
    except csv.Error as error:
        line = reader.line_num + n_skipped
        raise DataError(f"{name}, line {line}: {error}; is a quote left open?") from None
    finally:
        if not handle.closed:  # by whoever has seen enough of the rows
            handle.detach()


def _sep_line(stream: BinaryIO, encoding: Encoding) -> tuple[int, str | None]:
    """How many lines stand before the table's own, and the delimiter that Excel's ``sep=`` line names."""
    handle = encoding.text_of(stream)
    found = _SEP_LINE.fullmatch(handle.readline(100).rstrip("\r\n"))
    handle.detach()
    if found is None:
        return 0, None
    return 1, "\t" if found["delimiter"] == "\\t" else found["delimiter"]


def _dialect(stream: BinaryIO, encoding: Encoding, n_skipped: int, delimiter: str | None) -> _Dialect:
    """The first dialect by which the whole file is a table; else the strict one, whose error says what is wrong."""
    handle = encoding.text_of(stream)
    head = "".join(islice(handle, n_skipped, n_skipped + _JUDGED_ROWS))
    handle.detach()
    delimiter = delimiter or _delimiter(head)
    strict = _Dialect(delimiter)
    candidates = [strict, _Dialect(delimiter, skip_space=True)]
    if delimiter == "\t":
        candidates.append(_Dialect(delimiter, quotes=False))
    candidates.append(_Dialect(delimiter, backslash=True))  # the last one, as it takes stray quotes too
    for candidate in candidates:
        handle = encoding.text_of(stream)
        is_table = _is_table(candidate.reader(islice(handle, n_skipped, None)))
        handle.detach()
        if is_table:
            return candidate
    return strict


def _delimiter(head: str) -> str:
    """The delimiter by which a header is known; else the one that parts the first rows into as many cells each."""

    def fit(delimiter: str) -> tuple[bool, float, int]:
        try:
            rows = [row for row in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            rows = []
        width = len(rows[0]) if rows else 0
        if width < 2 and not any(len(row) > 1 for row in rows):
            return False, 0.0, width
        is_known = any(len(row) > 1 and columns_of(row).is_known for row in rows)
        return is_known, sum(len(row) == width for row in rows) / len(rows), width

    return max(_DELIMITERS, key=fit)


def _is_table(reader: "_csv.Reader") -> bool:
    """Whether all rows can be parsed and those of several cells have the same number of them."""
    try:
        widths = Counter(len(row) for row in reader if len(row) > 1)
    except csv.Error:
        return False
    return len(widths) < 2
