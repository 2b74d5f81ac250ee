"""Small spreadsheets and documents, made as the programs make them, for the tests of their readers."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

import openpyxl

_ODS = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)
_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def workbook(**sheets: Iterable[Sequence[Any]]) -> bytes:
    """An Excel workbook with these sheets of rows."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return _saved(book.save)


def spreadsheet(**sheets: Iterable[Sequence[str]]) -> bytes:
    """An OpenDocument spreadsheet as LibreOffice fills it up: to the last row and column, by repetition."""

    def cell(text: str) -> str:
        paragraphs = "".join(f"<text:p>{line}</text:p>" for line in text.split("\n"))
        return f'<table:table-cell office:value-type="string">{paragraphs}</table:table-cell>'

    def table(name: str, rows: Iterable[Sequence[str]]) -> str:
        filled = "".join(
            f"<table:table-row>{''.join(map(cell, row))}"
            '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
            for row in rows
        )
        rest = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
        return f'<table:table table:name="{name}"><table:table-column/>{filled}{rest}</table:table>'

    body = "".join(table(name, rows) for name, rows in sheets.items())
    inner = f"<office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
    content = f"<office:document-content {_ODS}>{inner}</office:document-content>"
    return archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def word(*blocks: str, name: str = "word/document.xml", head: str = "") -> bytes:
    """A Word document of paragraphs and tables."""
    return archive(
        {
            "[Content_Types].xml": "<Types/>",
            name: f"{head}<w:document {_WORD}><w:body>{''.join(blocks)}</w:body></w:document>",
        }
    )


def paragraph(*runs: str) -> str:
    """A paragraph of Word's; a run that begins with ``*`` is bold, ``\\n`` is a line break."""
    return f"<w:p>{''.join(run if run.startswith('<') else _run(run) for run in runs)}</w:p>"


def word_table(*rows: Sequence[str]) -> str:
    """A table of Word's."""
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def archive(parts: dict[str, str]) -> bytes:
    """A zip archive of some texts."""

    def write(stream: io.BytesIO) -> None:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, text in parts.items():
                packed.writestr(name, text)

    return _saved(write)


def _run(text: str) -> str:
    properties = "<w:rPr><w:b/></w:rPr>" if text.startswith("*") else ""
    lines = text.removeprefix("*").split("\n")
    inner = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in lines)
    return f"<w:r>{properties}{inner}</w:r>"


def _saved(save: Any) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()
