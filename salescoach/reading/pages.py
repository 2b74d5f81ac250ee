"""What a document shows: its lines, who a line is of where the document marks that, and its tables."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.labels import split_label
from salescoach.reading.names import is_heading_label, is_name, tidy_label
from salescoach.reading.roles import side_of
from salescoach.reading.texts import in_number
from salescoach.reading.times import STAMP
from salescoach.reading.values import seconds_in

_MAX_BOLD_WORDS: Final = 5
PLAIN: Final = "plain lines"  # the format of a text that has no other
_MIN_ALONE: Final = 2  # names that stand alone with a time are speakers, even if each is there once
_STAMP: Final = re.compile(rf"[\[(]?\s{{0,3}}+({STAMP})\s{{0,3}}+[\])]?(?:\s{{0,3}}+[:\u2013-])?\s{{0,9}}+")

ReadText = Callable[[str], list[ReadCall]]
ReadGrid = Callable[[Sequence[Sequence[str]]], list[ReadCall]]


@dataclass
class PageLine:
    """A line of a document.

    ``speaker`` and ``time`` are there where the document's markup says that this is what they are; ``bold`` is the
    bold beginning of the text, or all of it, and ``is_heading`` says that the line is one.
    """

    text: str
    speaker: str | None = None
    time: str | None = None
    bold: str = ""
    is_heading: bool = False


@dataclass(frozen=True)
class PageTable:
    """Rows of cells, after so many lines of the document."""

    after: int
    rows: list[list[str]]


@dataclass
class Document:
    """A document: its lines, and its tables between them."""

    lines: list[PageLine] = field(default_factory=list)
    tables: list[PageTable] = field(default_factory=list)
    title: str | None = None
    warnings: list[str] = field(default_factory=list)


def calls_of_page(page: Document, read_text: ReadText, read_grid: ReadGrid) -> list[ReadCall]:
    """The calls in a document: of its tables, if they hold any; else of its text, by the speakers that it marks.

    Bold words and headings are speakers only where the text alone shows none of the known forms.

    Args:
        page: the document.
        read_text: reads its lines as a text file's.
        read_grid: reads a table; gives nothing for one without calls.

    Raises:
        TranscriptError: there is nothing to read, or too much.
    """
    calls = [call for table in page.tables for call in read_grid(table.rows)]
    if calls:
        _say_what_is_beside(page, calls)
    elif any(line.speaker for line in page.lines):
        calls = [_call_of_lines(page.lines)]
    else:
        lines = _with_tables(page)
        calls = read_text("\n".join(line.text for line in lines))
        if all(call.format in {"", PLAIN} for call in calls):
            marked = _by_headings(lines) or _by_bold(lines)
            calls = [_call_of_lines(marked)] if marked else calls
    for call in calls:
        call.title = call.title or page.title
        call.warnings[:0] = page.warnings
    return calls


def _with_tables(page: Document) -> list[PageLine]:
    """The lines, and among them those of tables that are no tables of calls, such as ones that only lay out a page."""
    lines: list[PageLine] = []
    done = 0
    for table in page.tables:
        lines += page.lines[done : table.after]
        lines += [PageLine("\t".join(row)) for row in table.rows]
        done = table.after
    return lines + page.lines[done:]


def _say_what_is_beside(page: Document, calls: Sequence[ReadCall]) -> None:
    if n := sum(bool(line.text) for line in page.lines):
        are = in_number(n, "line beside the table was", "lines beside the table were")
        calls[0].warnings.append(f"{n} {are} left out.")


def _by_headings(lines: Sequence[PageLine]) -> list[PageLine]:
    """Takes headings that recur or name a role as the speakers of the lines below them."""
    names = [line.text.rstrip(": ") for line in lines if line.is_heading]
    return _with_speakers(lines, [line.text.rstrip(": ") if line.is_heading else "" for line in lines], names)


def _by_bold(lines: Sequence[PageLine]) -> list[PageLine]:
    """Takes bold beginnings of lines as their speakers, unless the lines have labels: these are read as text is."""
    if any(split_label(line.text)[0] and line.bold for line in lines):
        return []
    leads = [line.bold.rstrip(": ") for line in lines]
    return _with_speakers(lines, leads, [lead for lead in leads if lead])


def _with_speakers(lines: Sequence[PageLine], leads: Sequence[str], names: Sequence[str]) -> list[PageLine]:
    counts = Counter(name.casefold() for name in names)
    pairs = list(zip(lines, leads, strict=True))
    n_alone = sum(bool(lead) and _STAMP.fullmatch(_rest(line, lead)) is not None for line, lead in pairs)
    known = {name.casefold() for name in names if _can_speak(name) and (counts[name.casefold()] > 1 or side_of(name))}
    if not known and n_alone < _MIN_ALONE:
        return []
    known |= {name.casefold() for name in names if _can_speak(name)}
    marked: list[PageLine] = []
    for line, lead in pairs:
        if lead and lead.casefold() in known:
            rest = _rest(line, lead)
            stamp = _STAMP.match(rest)
            marked.append(PageLine(rest[stamp.end() :] if stamp else rest, lead, stamp[1] if stamp else line.time))
        else:
            marked.append(line)
    return marked


def _rest(line: PageLine, lead: str) -> str:
    """What stands on a line after its speaker."""
    return line.text.removeprefix(lead).lstrip(": \t")


def _can_speak(name: str) -> bool:
    label = tidy_label(name)
    if label is None or len(label.split()) > _MAX_BOLD_WORDS or is_heading_label(label):
        return False
    return is_name(label) or side_of(label) is not None


def _call_of_lines(lines: Sequence[PageLine]) -> ReadCall:
    """A turn for each line with a speaker, to which the lines below it belong."""
    call = ReadCall(format="marked-up speakers")
    time: str | None = None
    for line in lines:
        time = line.time or time
        if line.speaker:
            start_s = seconds_in(time.strip("[]() ")) if time else None
            call.add(
                ReadTurn(line.speaker, line.text.lstrip(": "), start_s, has_bad_time=bool(time) and start_s is None)
            )
            time = None
        elif line.text and call.turns and call.turns[-1].speaker:
            call.extend(line.text)
        elif line.text:
            call.add(ReadTurn(None, line.text))
    if time and call.turns and call.turns[-1].start_s is None:
        call.turns[-1].start_s = seconds_in(time.strip("[]() "))
    call.drop_preamble()
    return call
