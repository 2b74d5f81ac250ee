"""The rows of an exported table, CSV or XLSX, as texts, with the heading that names its columns."""

import codecs
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from salescoach.errors import DataError
from salescoach.reading.archives import archive_kind, is_archive
from salescoach.reading.tables.delimited import read_delimited
from salescoach.reading.tables.workbooks import read_workbook
from salescoach.reading.texts import in_number

MAX_BYTES: Final = 50_000_000
MAX_ROWS: Final = 200_000
_HEADING_WITHIN: Final = 30  # lines; a formatted report has a title and its filters above the table
_MAX_COLUMNS: Final = 1_000  # a CRM can export every property it has
_HEAD: Final = 4_000  # bytes that tell what is no text
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NO_TIME: Final = "T00:00:00"  # of a day in a workbook

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
    filled = [(number, cells) for number, cells in enumerate(_rows(data, name, notes), start=1) if any(cells)]
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


def _rows(data: bytes, name: str, notes: list[str]) -> Iterator[Cells]:
    """The rows of a delimited file in any dialect, or of a workbook's first sheet, stripped."""
    stream = io.BytesIO(data)
    if is_archive(data):
        if archive_kind(stream) != "Excel workbook":
            raise DataError(f"{name} is no readable XLSX; save it again, or export a CSV.")
        rows = next((own for _, own in read_workbook(stream, name, _MAX_COLUMNS)), iter(()))
    elif b"\0" in data[:_HEAD] and not data.startswith(_UTF16):
        raise DataError(f"{name} is no CSV or XLSX; export the deals as one of these.")
    else:
        table = read_delimited(stream, name)
        rows = table.rows
        notes += table.notes
    for n_read, (_, cells) in enumerate(rows):
        if n_read > MAX_ROWS:
            raise DataError(f"{name} has more than {MAX_ROWS:,} rows; export the deals of fewer years.")
        yield [cell.strip().removesuffix(_NO_TIME) for cell in cells]
