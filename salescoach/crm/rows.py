"""The rows of an exported table, CSV or XLSX, as texts, with the heading that names its columns."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from salescoach.errors import DataError
from salescoach.reading.texts import in_number

MAX_BYTES: Final = 50_000_000
MAX_ROWS: Final = 200_000
MAX_UNPACKED: Final = 500_000_000
_MAX_CELL: Final = 1_000_000
_HEADING_WITHIN: Final = 30  # lines; a formatted report has a title and its filters above the table
_DELIMITERS: Final = ",;\t|"

Cells = Sequence[str]


class ExportTable:
    """A heading, rows of as many cells each, and what was left out.

    Attributes:
        heading: names of the columns, as they stand there.
        rows: number of the row in the file, from 1, and its cells.
        notes: sentences for the user.
    """

    def __init__(self, heading: Cells, rows: Sequence[tuple[int, Cells]], notes: Sequence[str]) -> None:
        self.heading, self.rows, self.notes = heading, rows, notes


def read_rows(data: bytes, name: str, n_known: Callable[[Cells], int]) -> ExportTable:
    """The table in the bytes of a file.

    Args:
        data: content of a CSV in any dialect, or of an XLSX, whose first sheet is read.
        name: of the file, for errors.
        n_known: how many of a row's cells are names of columns that are looked for; the row that has most is the
            heading.

    Raises:
        DataError: it is no table, is too large, or a row has too many cells; names the row.
    """
    if len(data) > MAX_BYTES:
        raise DataError(f"{name} is larger than {MAX_BYTES // 1_000_000} MB; export fewer deals, or fewer columns.")
    notes: list[str] = []
    rows = _xlsx_rows(data, name) if data.startswith(b"PK\x03\x04") else _csv_rows(_text(data, name, notes), name)
    filled = [(number, cells) for number, cells in enumerate(rows, start=1) if any(cells)]
    if not filled:
        raise DataError(f"{name} is empty; export the deals with their columns as CSV or XLSX.")
    at = max(range(min(_HEADING_WITHIN, len(filled))), key=lambda index: (n_known(filled[index][1]), -index))
    heading = filled[at][1]
    while heading and not heading[-1]:
        heading = heading[:-1]
    return ExportTable(heading, _deals(filled[at + 1 :], len(heading), name, notes), notes)


def _deals(rows: Iterable[tuple[int, Cells]], width: int, name: str, notes: list[str]) -> list[tuple[int, Cells]]:
    """Rows as wide as the heading, without the lines that a report writes below its table."""
    kept: list[tuple[int, Cells]] = []
    n_footer = 0
    for number, cells in rows:
        if width > 1 and sum(map(bool, cells)) == 1:
            n_footer += 1
        elif any(cells[width:]) or (len(cells) < width and len(cells) > 1 and not _is_cut(cells, width)):
            raise DataError(
                f"{name}, row {number}: {len(cells)} cells where the heading has {width}; is a quote missing?"
            )
        else:
            kept.append((number, [*cells[:width], *[""] * (width - len(cells))]))
    if n_footer:
        were = in_number(n_footer, "line with a single cell was", "lines with a single cell each were")
        notes.append(f"{n_footer} {were} taken for a report's remarks and left out.")
    return kept


def _is_cut(cells: Cells, width: int) -> bool:
    """Whether a row only lacks its last empty cells, as a spreadsheet may write it."""
    return len(cells) >= width // 2


def _text(data: bytes, name: str, notes: list[str]) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data[:4_000]:
        raise DataError(f"{name} is no CSV or XLSX; export the deals as one of these.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        notes.append(f"{name} is not UTF-8; it was read as Windows-1252, so check the accents in names.")
        return data.decode("cp1252", "replace")


def _csv_rows(text: str, name: str) -> Iterator[Cells]:
    csv.field_size_limit(_MAX_CELL)
    first = text[: text.find("\n")].strip("\r\ufeff") if "\n" in text else text
    if first.lower().startswith("sep=") and len(first) == len("sep=") + 1:
        delimiter, text = first[-1], text[text.find("\n") + 1 :]
    else:
        lines = text.splitlines()[:_HEADING_WITHIN]
        delimiter = max(_DELIMITERS, key=lambda one: max((line.count(one) for line in lines), default=0))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for n_read, cells in enumerate(reader):
            _check_rows(n_read, name)
            yield [cell.strip() for cell in cells]
    except csv.Error as error:
        raise DataError(f"{name}, line {reader.line_num}: {error}; is a quote left open?") from None


def _xlsx_rows(data: bytes, name: str) -> Iterator[Cells]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > MAX_UNPACKED:
                raise DataError(f"{name} is too large when it is unpacked; export fewer deals, or a CSV.")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for n_read, cells in enumerate(book.worksheets[0].iter_rows(values_only=True)):
            _check_rows(n_read, name)
            yield [_as_text(cell) for cell in cells]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError):
        raise DataError(f"{name} is no readable XLSX; save it again, or export a CSV.") from None


def _check_rows(n_read: int, name: str) -> None:
    if n_read > MAX_ROWS:
        raise DataError(f"{name} has more than {MAX_ROWS:,} rows; export the deals of fewer years.")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        is_day = isinstance(value, datetime) and value.time() == value.time().min
        return value.date().isoformat() if isinstance(value, datetime) and is_day else value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
