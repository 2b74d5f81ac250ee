"""The sheets of an OpenDocument spreadsheet, row by row, from its content alone."""

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from lxml import etree

from salescoach.errors import DataError, InputError
from salescoach.reading.archives import check_type, check_unpacked
from salescoach.reading.tables.delimited import GridRow
from salescoach.reading.tables.workbooks import MAX_COLUMNS

_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CELLS: Final = {f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"}
_DURATION: Final = re.compile(r"PT(?P<h>\d{1,9})H(?P<m>\d{1,9})M(?P<s>\d{1,9}(?:[.,]\d{1,9})?)S")
_MAX_SPACES: Final = 1_000


def read_spreadsheet(stream: BinaryIO, name: str) -> Iterator[tuple[str, Iterator[GridRow]]]:
    """The sheets of a file, each with its name and its rows; a sheet's rows are taken before the next sheet.

    Raises:
        DataError: it can't be read, or is too large; partly raised while rows are taken.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            check_unpacked(archive, name)
            with archive.open("content.xml") as content:
                events = etree.iterparse(
                    content, events=("start", "end"), resolve_entities=False, load_dtd=False, no_network=True
                )
                for event, element in events:
                    check_type(element)
                    if event == "start" and element.tag == f"{_TABLE}table":
                        yield element.get(f"{_TABLE}name", ""), _rows(events, name)
    except InputError as error:
        raise DataError(str(error)) from None
    except (zipfile.BadZipFile, etree.LxmlError, KeyError, OSError, ValueError):
        raise DataError(f"{name} is no spreadsheet that can be read; save it again as .ods or as CSV.") from None


def _rows(events: "etree.iterparse", name: str) -> Iterator[GridRow]:
    number = 0
    for event, element in events:
        if event == "end" and element.tag == f"{_TABLE}table":
            element.clear()
            return
        if event != "end" or element.tag != f"{_TABLE}table-row":
            continue
        cells = _cells(element)
        repeated = _count(element, f"{_TABLE}number-rows-repeated")
        if cells:
            for _ in range(repeated if repeated < _MAX_SPACES else 1):
                number += 1
                yield number, cells
        else:
            number += repeated
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]  # else all rows would stay, each an empty one


def _cells(row: etree._Element) -> list[str]:
    cells: list[str] = []
    for cell in row.iterchildren():
        if cell.tag not in _CELLS:
            continue
        n = min(_count(cell, f"{_TABLE}number-columns-repeated"), MAX_COLUMNS - len(cells))
        cells += [_value(cell)] * n
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _value(cell: etree._Element) -> str:
    kind = cell.get(f"{_OFFICE}value-type")
    if kind == "date":
        return str(cell.get(f"{_OFFICE}date-value") or "")
    if kind == "time" and (found := _DURATION.fullmatch(cell.get(f"{_OFFICE}time-value") or "")):
        return f"{int(found['h']) * 3600 + int(found['m']) * 60 + float(found['s'].replace(',', '.')):g}"
    if kind == "boolean":
        return "1" if cell.get(f"{_OFFICE}boolean-value") == "true" else "0"
    if kind in {"float", "currency", "percentage"}:
        return str(cell.get(f"{_OFFICE}value") or "")
    return "\n".join(_text(paragraph) for paragraph in cell.iterchildren(f"{_TEXT}p"))


def _text(paragraph: etree._Element) -> str:
    """A paragraph's text, its spaces, tabs and line breaks too, without notes that somebody put beside it."""
    parts = [paragraph.text or ""]
    for child in paragraph.iterchildren():
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(_count(child, f"{_TEXT}c"), _MAX_SPACES))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag in {f"{_TEXT}span", f"{_TEXT}a"}:
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _count(element: etree._Element, name: str) -> int:
    value = element.get(name) or "1"
    return int(value) if value.isdigit() and len(value) < 9 else 1
