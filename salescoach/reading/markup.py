"""HTML -> the lines, tables and marked speakers that a reader of the page sees."""

import re
from collections import Counter
from typing import Final

from lxml import etree, html

from salescoach.errors import TranscriptError
from salescoach.reading.limits import MAX_LINES, check_lines
from salescoach.reading.pages import Document, PageLine, PageTable
from salescoach.reading.texts import unescaped
from salescoach.reading.times import STAMP

_NOT_SHOWN: Final = frozenset(
    {"script", "style", "noscript", "template", "svg", "button", "nav", "select", "input", "textarea", "iframe", "head",
     "video", "audio", "object", "form", "footer"}
)  # fmt: skip
_BLOCKS: Final = frozenset(
    {"p", "div", "li", "ul", "ol", "dl", "dt", "dd", "section", "article", "main", "header", "aside", "blockquote",
     "pre", "table", "tr", "td", "th", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "figure", "details", "summary",
     "address", "body"}
)  # fmt: skip
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_ANY_TAG: Final = re.compile(
    r"<(?:br|/?(?:p|div|li|ul|ol|b|strong|span|i|em|u|table|tr|td|th|h[1-6]|dl|dt|dd|section|article|font|html|body|pre|"
    r"blockquote))(?:\s[^<>]{0,1000}+)?/?>",
    re.I,
)
_ESCAPED_TAG: Final = re.compile(r"&lt;/?(?:br|p|div|li|b|strong|span)\b", re.I)
_ENTITY: Final = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
_PAGE: Final = re.compile(
    r"(?:<\?xml[^>]{0,200}+>\s{0,9}+)?(?:<!--.{0,200}?-->\s{0,9}+)?<(?:!doctype\s{1,9}+html|html|head|body)\b",
    re.I | re.S,
)
# Also within the names that a build tool makes: "Transcript_speaker__x1y2".
_SPEAKER_CLASS: Final = re.compile(
    r"(?:[\w-]{0,40}[-_])?(?:speaker|participant|author|sender|talker)(?:[-_]?(?:name|label))?(?:__\w{1,20})?"
    r"|(?:display[-_]?|user[-_]?|person[-_]?)?name|who",
    re.I,
)
_TIME_CLASS: Final = re.compile(
    r"(?:[\w-]{0,40}[-_])?(?:time|time[-_]?stamp|time[-_]?code|start[-_]?time|ts|clock)(?:__\w{1,20})?", re.I
)
_STAMP: Final = re.compile(rf"[\[(]?\s{{0,3}}+({STAMP})\s{{0,3}}+[\])]?")
_NAME_AND_STAMP: Final = re.compile(rf"(?P<name>[^\s\d\[(][^\d\[(]{{0,79}}?)[\s\[(·|,-]{{1,8}}(?P<time>{STAMP})[\])]?")
_MAX_MARKED: Final = 80


def is_html_page(text: str) -> bool:
    """Whether a text begins as a page does."""
    return _PAGE.match(text[:4_000].lstrip("\ufeff \t\r\n")) is not None


def has_markup(text: str) -> bool:
    """Whether there is an HTML tag in a text, as it is or written with entities."""
    return ("<" in text and _ANY_TAG.search(text) is not None) or _ESCAPED_TAG.search(text) is not None


def without_entities(text: str) -> str:
    """A text in which ``&amp;`` and its like are read, if there are any."""
    return unescaped(text) if "&" in text and _ENTITY.search(text) else text


def read_markup(text: str) -> Document:
    """What is seen of an HTML page, or of a piece of HTML.

    Raises:
        TranscriptError: it can't be parsed.
    """
    if _ESCAPED_TAG.search(text) and not _ANY_TAG.search(text):
        text = unescaped(text)
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        raise TranscriptError(
            "There is no text in this HTML page; export the transcript as text and give that."
        ) from None
    page = Document(title=_title(root))
    _Walk(page).over(root)
    return page


def _title(root: html.HtmlElement) -> str | None:
    found = root.findtext(".//head/title")
    return " ".join(found.split())[:200] or None if found else None


class _Walk:
    """Collects the lines of a page while its elements are walked over."""

    def __init__(self, page: Document) -> None:
        self._page = page
        self._parts: list[str] = []
        self._bold: list[str] = []
        self._has_words = False
        self._is_lead = True  # all words of the line so far are bold
        self._speaker: str | None = None
        self._marked_by = ""  # tag and class of the speaker's element
        self._time: str | None = None
        self._is_heading = False
        self._within: Counter[str] = Counter()  # open elements, by tag

    def over(self, root: html.HtmlElement) -> None:
        """Takes all that is shown within an element."""
        walk = etree.iterwalk(root, events=("start", "end"))
        taken: html.HtmlElement | None = None
        for event, element in walk:
            tag = element.tag if isinstance(element.tag, str) else ""
            if event == "start" and self._takes_whole(element, tag):
                walk.skip_subtree()
                taken = element
            elif event == "start":
                self._begin(element, tag)
            else:
                if element is not taken:
                    self._end(tag)
                self._add(element.tail)
        self._finish_line()

    def _takes_whole(self, element: html.HtmlElement, tag: str) -> bool:
        """Takes what isn't shown, what is marked as a speaker or a time, and a table, with all that is in them."""
        style = (element.get("style") or "").replace(" ", "")
        if tag in _NOT_SHOWN or "display:none" in style or element.get("hidden") is not None:
            return True
        if tag == "table" and (rows := _rows(element)):
            self._finish_line()
            self._page.tables.append(PageTable(len(self._page.lines), rows))
            return True
        marks = " ".join(element.get(name) or "" for name in ("class", "itemprop", "data-testid"))
        is_time = tag == "time" or any(_TIME_CLASS.fullmatch(name) for name in marks.split())
        is_speaker = tag == "dt" or any(_SPEAKER_CLASS.fullmatch(name) for name in marks.split())
        if tag == "body" or not (is_time or is_speaker):
            return False
        said = " ".join(element.text_content().split())
        if not said or len(said) > _MAX_MARKED:
            return False
        if is_time and (stamp := _STAMP.fullmatch(said)):
            self._take_time(stamp[1])
            return True
        return is_speaker and self._takes_speaker(said, f"{tag} {marks}")

    def _take_time(self, stamp: str) -> None:
        if self._parts:
            self._finish_line()
        self._time = stamp

    def _takes_speaker(self, said: str, marked_by: str) -> bool:
        stamped = _NAME_AND_STAMP.fullmatch(said)
        name = (stamped["name"] if stamped else said).strip(" :")
        if not any(char.isalnum() for char in name) or _STAMP.fullmatch(name):
            return False
        self._finish_line()
        if self._speaker and self._marked_by == marked_by:
            marked_by = ""  # nobody said anything: a list of who took part
        self._speaker, self._marked_by = name, marked_by
        self._time = stamped["time"] if stamped else self._time
        return True

    def _begin(self, element: html.HtmlElement, tag: str) -> None:
        self._within[tag] += 1
        if tag in _BLOCKS or tag == "br":
            self._finish_line()
            self._is_heading = tag in _HEADINGS
        self._add(element.text)

    def _end(self, tag: str) -> None:
        self._within[tag] -= 1
        if tag in _BLOCKS:
            self._finish_line()

    def _add(self, text: str | None) -> None:
        for index, line in enumerate((text or "").split("\n")):
            if index and self._within["pre"]:
                self._finish_line()
            elif index:
                self._parts.append(" ")
            is_word = bool(line.strip())
            if is_word or self._has_words:
                is_bold = self._within["b"] + self._within["strong"] > 0
                self._is_lead = self._is_lead and (is_bold or not is_word)
                if self._is_lead:
                    self._bold.append(line)
                self._parts.append(line)
                self._has_words = True

    def _finish_line(self) -> None:
        text, bold = (" ".join("".join(parts).split()) for parts in (self._parts, self._bold))
        if len(self._page.lines) > MAX_LINES:
            check_lines([line.text for line in self._page.lines])
        if text:
            speaker = self._speaker if self._marked_by else None
            self._page.lines.append(PageLine(text, speaker, self._time, bold, self._is_heading))
            self._speaker = self._time = None
        self._parts, self._bold, self._is_heading = [], [], False
        self._has_words, self._is_lead = False, True


def _rows(table: html.HtmlElement) -> list[list[str]]:
    """The cells of a table that has several columns; none of one that only lays out the page."""
    if next(table.iterdescendants("table"), None) is not None:
        return []
    rows = []
    for row in table.iter("tr"):
        cells = [_cell(cell) for cell in row.iterchildren("td", "th")]
        if any(cells):
            rows.append(cells)
    return rows if rows and max(map(len, rows)) > 1 else []


def _cell(cell: html.HtmlElement) -> str:
    """A cell's text, a line for each of its lines."""
    inner = Document()
    _Walk(inner).over(cell)
    return "\n".join(line.text for line in inner.lines)
