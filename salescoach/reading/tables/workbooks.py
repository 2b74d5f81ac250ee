"""The sheets of an Excel workbook, row by row. Macros, formulas and links to other files are never followed."""

import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO, Final

from salescoach.errors import DataError, InputError
from salescoach.reading.archives import check_unpacked
from salescoach.reading.tables.delimited import GridRow

MAX_COLUMNS: Final = 200  # of a sheet: a cell far to the right would make every row as wide

_ESCAPED: Final = re.compile(r"_x(000[9AD])_")  # how OOXML writes control characters


def read_workbook(
    stream: BinaryIO, name: str, max_columns: int = MAX_COLUMNS
) -> Iterator[tuple[str, Iterator[GridRow]]]:
    """The sheets that hold cells, each with its name and its rows; a sheet's rows are taken before the next sheet.

    ``max_columns``: what stands further to the right isn't read.

    Raises:
        DataError: it is no workbook that can be read, or too large a one; partly raised while rows are taken.
    """
    import openpyxl

    try:
        with zipfile.ZipFile(stream) as archive:
            check_unpacked(archive, name)
        stream.seek(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles that are no matter here
            book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        sheets = list(book.worksheets)
    except InputError as error:
        raise DataError(str(error)) from None
    except Exception:  # what the library raises for a damaged file is of any kind
        raise _unreadable(name) from None
    for sheet in sheets:
        yield str(sheet.title), _rows(sheet, name, max_columns)


def _rows(sheet: Any, name: str, max_columns: int) -> Iterator[GridRow]:
    try:
        sheet.reset_dimensions()  # what it says of its size may be wrong
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, values in enumerate(sheet.iter_rows(max_col=max_columns, values_only=True), start=1):
                cells = [as_text(value) for value in values]
                while cells and not cells[-1]:
                    cells.pop()
                yield number, cells
    except Exception:  # as above
        raise _unreadable(name) from None


def as_text(value: Any) -> str:
    """A cell's value as a CSV would hold it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    text = str(value)
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x0" in text else text


def _unreadable(name: str) -> DataError:
    return DataError(f"{name} is no Excel workbook that can be read; save it again as .xlsx or as CSV.")
