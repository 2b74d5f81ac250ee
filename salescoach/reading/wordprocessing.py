"""Word documents (DOCX) -> their lines and tables. Only the text of the body is looked at; nothing is followed or run.

python-docx is not used: it leaves out the words of tracked insertions and of content controls without a word.
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Final

from lxml import etree

from salescoach.errors import InputError, TranscriptError
from salescoach.reading.archives import check_type, check_unpacked, safe_parser
from salescoach.reading.pages import Document, PageLine, PageTable

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT: Final = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT_OF: Final = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_OFF: Final = {"0", "false", "off"}


def read_word(data: bytes) -> Document:
    """What is written in a Word document.

    Raises:
        TranscriptError: it is damaged, locked or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_unpacked(archive, "This Word document")
            names = sorted(name for name in archive.namelist() if _is_body(name))
            root = etree.fromstring(archive.read(names[0]), parser=safe_parser())
            check_type(root)
    except InputError as error:
        raise TranscriptError(str(error)) from None
    except (
        zipfile.BadZipFile,
        etree.LxmlError,
        IndexError,
        KeyError,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ):
        raise TranscriptError("This Word document is damaged; save it again as .docx or as text (.txt).") from None
    page = Document()
    _Body(page).over(root)
    return page


def _is_body(name: str) -> bool:
    return name.startswith("word/document") and name.endswith(".xml") and name.count("/") == 1


class _Body:
    """Collects the lines and tables of a body."""

    def __init__(self, page: Document) -> None:
        self._page = page
        self._n_deleted = 0

    def over(self, root: etree._Element) -> None:
        """Takes the paragraphs and tables within an element, in their order."""
        for block in self._blocks(root):
            if _name(block) == "tbl":
                self._page.tables.append(PageTable(len(self._page.lines), self._rows(block)))
            else:
                self._page.lines += self._lines(block)
        if self._n_deleted:
            self._page.warnings.append(
                "The document has tracked changes; what was inserted was read and what was deleted was left out."
            )

    def _blocks(self, element: etree._Element) -> Iterator[etree._Element]:
        """The paragraphs and tables within an element, whatever stands around them."""
        to_do = [element]
        while to_do:
            one = to_do.pop()
            if _name(one) in {"p", "tbl"}:
                yield one
            elif one.tag != _FALLBACK and _name(one) != "del":
                to_do += reversed(list(one))

    def _rows(self, table: etree._Element) -> list[list[str]]:
        rows: list[list[str]] = []
        for row in table.iter(f"{_W}tr", f"{_STRICT}tr"):
            cells = [cell for cell in row.iter(f"{_W}tc", f"{_STRICT}tc") if _above(cell, "tr") is row]
            texts = [
                "\n".join(line.text for block in self._blocks(cell) for line in self._lines(block)) for cell in cells
            ]
            if any(text.strip() for text in texts):
                rows.append(texts)
        return rows

    def _lines(self, paragraph: etree._Element) -> list[PageLine]:
        """A paragraph's lines, at least one."""
        parts: list[str] = []
        bold: list[str] = []
        is_heading = _is_heading(paragraph)
        to_do = list(reversed(list(paragraph)))
        while to_do:
            one = to_do.pop()
            name = _name(one)
            if name in {"del", "moveFrom"}:
                self._n_deleted += 1
            elif name == "t" or name in _TEXT_OF:
                text = _TEXT_OF.get(name) or one.text or ""
                if len(bold) == len(parts) and (_is_bold(one.getparent()) or not text.strip()):
                    bold.append(text)
                parts.append(text)
            elif one.tag != _FALLBACK and name not in {"pPr", "rPr"}:
                to_do += reversed(list(one))
        lines = "".join(parts).split("\n")
        lead = "".join(bold).split("\n")[0].strip()
        first = PageLine(lines[0].strip(), bold=lead, is_heading=is_heading)
        return [first, *(PageLine(line.strip()) for line in lines[1:])]


def _name(element: etree._Element) -> str:
    """The name of an element of Word's, without its namespace; empty for others."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    for space in (_W, _STRICT):
        if tag.startswith(space):
            return tag[len(space) :]
    return ""


def _above(element: etree._Element, name: str) -> etree._Element | None:
    return next((one for one in element.iterancestors() if _name(one) == name), None)


def _value(element: etree._Element | None, name: str) -> str | None:
    """The value of a property within an element: empty where it is there without one, None where it isn't."""
    if element is None:
        return None
    for one in element.iterchildren():
        if _name(one) == name:
            return next((str(value) for key, value in one.attrib.items() if str(key).endswith("}val")), "")
    return None


def _child(element: etree._Element | None, name: str) -> etree._Element | None:
    return None if element is None else next((one for one in element if _name(one) == name), None)


def _is_bold(run: etree._Element | None) -> bool:
    value = _value(_child(run, "rPr"), "b")
    return value is not None and value not in _OFF


def _is_heading(paragraph: etree._Element) -> bool:
    style = _value(_child(paragraph, "pPr"), "pStyle") or ""
    return style.lower().startswith(("heading", "berschrift", "überschrift", "titre", "ttulo"))
