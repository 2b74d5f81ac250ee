"""Opens a table of any kind, told by its content first and by its name second, and finds its header."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final

from salescoach.errors import DataError
from salescoach.reading.archives import archive_kind, is_archive
from salescoach.reading.decode import binary_kind
from salescoach.reading.markup import is_html_page, read_markup
from salescoach.reading.tables.columns import TableColumns, columns_of
from salescoach.reading.tables.delimited import GridRow, read_delimited
from salescoach.reading.tables.headless import header_of
from salescoach.reading.tables.records import NumberedRow, doubled, read_json_lines, read_parquet
from salescoach.reading.tables.spreadsheets import read_spreadsheet
from salescoach.reading.tables.workbooks import read_workbook
from salescoach.reading.texts import in_number

ENDINGS: Final = frozenset(
    {".csv", ".tsv", ".tab", ".psv", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xlsm", ".xls", ".ods"}
)

_JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})
_HEADER_WITHIN: Final = 15  # rows: exports have a title, a date and filters above their header
_JUDGED_ROWS: Final = 30
_MAX_PAGE_BYTES: Final = 20_000_000
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"


@dataclass
class TableRows:
    """One table: what its columns hold and its rows, each with its number below the header, blank ones left out."""

    columns: TableColumns
    rows: Iterator[NumberedRow]
    name: str = ""
    notes: list[str] = field(default_factory=list)


def is_table_name(name: str) -> bool:
    """Whether a file's name says that it holds a table."""
    return Path(name).suffix.lower() in ENDINGS


def holds_table(data: bytes, name: str) -> bool:
    """Whether the bytes of a file are those of a table: by its name, or by its content, whatever it is called.

    JSON lines without a column for what is said are none: they are an API's answers, which the JSON readers know.
    """
    if Path(name).suffix.lower() in _JSON_LINES:
        try:
            return next(tables_in(io.BytesIO(data), name)).columns.is_known
        except DataError:
            return True  # which then says what is wrong
    if is_table_name(name) or data.startswith(b"PAR1"):
        return True
    return is_archive(data) and archive_kind(io.BytesIO(data)) in {"Excel workbook", "OpenDocument spreadsheet"}


def tables_in(stream: BinaryIO, name: str) -> Iterator[TableRows]:
    """The tables of a file; the rows of one are taken before the next.

    Raises:
        DataError: it can't be read; partly raised while rows are taken.
    """
    head = stream.read(4_096)
    stream.seek(0)
    ending = Path(name).suffix.lower()
    if is_archive(head):
        yield from _in_archive(stream, name)
    elif head.startswith(_OLD_EXCEL):
        raise DataError(
            f"{name} is a workbook of Excel 97–2003, or is locked with a password; save it as .xlsx or CSV."
        )
    elif head.startswith(b"PAR1") or ending == ".parquet":
        header, rows = read_parquet(stream, name)
        yield TableRows(_columns(header, name), _filled(rows))
    elif binary := binary_kind(head):
        raise DataError(f"{name} is {binary}, not a table; give .csv, .xlsx or .ods.")
    elif ending in _JSON_LINES:
        yield from _json_lines(stream, name)
    elif is_html_page(head.decode("utf-8", "replace").lstrip("\ufeff")):
        page = read_markup(stream.read(_MAX_PAGE_BYTES).decode("utf-8", "replace"))
        yield from (table for grid in page.tables if (table := table_of(enumerate(grid.rows, start=1), name)))
    else:
        found = read_delimited(stream, name)
        table = table_of(found.rows, name, is_strict=True) or TableRows(columns_of(()), iter(()))
        table.notes[:0] = found.notes
        yield table


def _in_archive(stream: BinaryIO, name: str) -> Iterator[TableRows]:
    kind = archive_kind(stream)
    if kind == "Excel workbook":
        sheets = read_workbook(stream, name)
    elif kind == "OpenDocument spreadsheet":
        sheets = read_spreadsheet(stream, name)
    else:
        raise DataError(f"{name} is {kind or 'a damaged or unknown archive'}, not a table; give a .csv, .xlsx or .ods.")
    for title, rows in sheets:
        table = table_of(rows, name)
        if table is not None:
            table.name = title
            yield table


def table_of(rows: Iterable[GridRow], file: str, *, is_strict: bool = False) -> TableRows | None:
    """The table in rows of cells, with its header found among the first of them; None where no cell is filled.

    ``is_strict``: a row with more or fewer cells than the header is an error, as a quote may be missing.

    Raises:
        DataError: a column that is needed is there twice, or as for ``is_strict``; partly while rows are taken.
    """
    rows = iter(rows)
    first = list(islice(rows, _JUDGED_ROWS))
    filled = [(number, cells) for number, cells in first if any(cell.strip() for cell in cells)]
    if not filled:
        return None
    notes: list[str] = []
    known = next((one for one in filled[:_HEADER_WITHIN] if columns_of(_header(one[1])).is_known), None)
    if known is None and (guessed := header_of([cells for _, cells in filled])):
        header, number = guessed.header, 0
        notes.append(guessed.note)
    else:
        number, cells = known or filled[0]
        header = _header(cells)
        if n_above := sum(one[0] < number for one in filled):
            are = in_number(n_above, "row above the header was", "rows above the header were")
            notes.append(f"{n_above} {are} left out.")
    below = ((at - number, cells) for at, cells in chain(first, rows) if at > number)
    return TableRows(_columns(header, file), _as_records(below, header, file, is_strict), notes=notes)


def _as_records(rows: Iterable[GridRow], header: Sequence[str], file: str, is_strict: bool) -> Iterator[NumberedRow]:
    width = len(header)
    for number, given in rows:
        if not any(cell.strip() for cell in given):
            continue
        cells = given if any(given[width:]) else given[:width]
        if len(cells) != width and is_strict:
            raise DataError(
                f"{file}, row {number}: {len(cells)} cells where the header has {width}; "
                "is a quote or a delimiter missing?"
            )
        yield number, dict(zip(header, [*cells, *[""] * (width - len(cells))], strict=False))


def _json_lines(stream: BinaryIO, name: str) -> Iterator[TableRows]:
    rows, notes = read_json_lines(stream, name)
    first = list(islice(rows, _JUDGED_ROWS))
    names = list(dict.fromkeys(key for _, row in first for key in row))
    yield TableRows(columns_of(names), chain(first, rows), notes=list(notes))


def _filled(rows: Iterable[NumberedRow]) -> Iterator[NumberedRow]:
    return ((number, row) for number, row in rows if any(value.strip() for value in row.values()))


def _columns(header: Sequence[str], file: str) -> TableColumns:
    columns = columns_of(header)
    if columns.is_known and (twice := doubled(header)):
        raise DataError(f"{file} has the column {min(twice)} twice; keep one.")
    return columns


def _header(cells: Sequence[str]) -> list[str]:
    """The names in a header; a column without one gets its number."""
    return [" ".join(cell.split()) or f"column {number}" for number, cell in enumerate(cells, start=1)]
