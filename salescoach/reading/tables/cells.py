"""A call in one cell of a table, in the forms that exports leave it in: lines, one line, HTML, JSON, a Python list."""

import ast
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.inline import said_of_cut, turns_on_lines
from salescoach.reading.labels import split_label
from salescoach.reading.limits import check_bytes
from salescoach.reading.markup import has_markup, read_markup, without_entities
from salescoach.reading.names import Shape, shape_of
from salescoach.reading.pages import calls_of_page
from salescoach.reading.roles import side_of
from salescoach.reading.source import Source
from salescoach.reading.table import calls_in
from salescoach.reading.texts import LINE_BREAK

# The most that a cell holds: of Excel, a long text of Salesforce, Google's sheets, a TEXT of MySQL, a long text of
# Salesforce. A transcript of exactly such a length was cut.
CELL_LIMITS: Final = {
    32_767: "a cell of Excel", 32_768: "a long text field of Salesforce", 50_000: "a cell of Google Sheets",
    65_535: "a text field of MySQL", 131_072: "a long text field of Salesforce",
}  # fmt: skip

_JSON_LIKE: Final = re.compile(
    r"(?:array\()?[\[({]\s{0,20}(?:[\[({]\s{0,20}){0,3}(?:[\"'][\w $-]{0,60}[\"']\s{0,5}[:,\]]|\{)|\[\s{0,9}[\"']"
)
_ENCODED_TWICE: Final = re.compile(r"\"\s{0,9}[\[{]\s{0,9}[\[{\\]")
_BETWEEN_RECORDS: Final = re.compile(r"\}\s+(?=\{)")  # as NumPy prints lists
_NUMPY: Final = re.compile(r"array\((?=\[)|,\s*dtype=\w{1,20}\)")
_WRITTEN_BREAK: Final = re.compile(r"(?<!\\)\\++(?:r\\++)?n(?:\\++[rn])*+|(?<!\\)\\++r(?=[A-Z\[(])")
_BRACKET: Final = re.compile(r"[\[\](){}]")
# More, or so many signs in a row, would take Python's parser too deep; words of a call don't.
_MAX_DEPTH: Final = 40
_DASHES: Final = "-" * 20
_MAX_LITERAL: Final = 400_000
_PLAIN_LINE: Final = re.compile(r"([^\W\d_][\w'’-]{0,20}(?: [\w'’-]{1,20}){0,2}): (\S.*)")
_MARKS: Final = re.compile(r"[<&\\\ufe00-\ufe0f]")  # of markup and escapes, and what only changes a character's look


def read_cell(text: str, reps: Sequence[str] = ()) -> ReadCall:
    """The call in a cell.

    Raises:
        TranscriptError: there is none that can be read, more than one, or too much.
    """
    if (plain := _plain_call(text)) is not None:
        return plain
    check_bytes(len(text))
    calls = _calls(text.strip(), reps)
    if len(calls) > 1:
        raise TranscriptError(f"there are {len(calls)} calls in this cell; give each a row of its own.")
    return calls[0]


def read_record(row: Mapping[str, str], reps: Sequence[str] = ()) -> ReadCall | None:
    """The call in a row several of whose cells hold JSON, as of those who took part beside what they say.

    Returns:
        None where there are no such cells, or not exactly one call in them.
    """
    parsed = {name: _value(text.strip()) for name, text in row.items() if text.strip()[:1] in ("[", "{")}
    structured = {name: value for name, value in parsed.items() if isinstance(value, list | dict) and value}
    if len(structured) < 2:
        return None
    try:
        calls = calls_in(Source(json.dumps({**row, **structured}, ensure_ascii=False, default=str), reps=reps))
    except TranscriptError:
        return None
    return calls[0] if len(calls) == 1 else None


def cut_at(text: str) -> int | None:
    """The limit at which a cell's text was cut, None if it wasn't; in the file a line break may be two characters."""
    lengths = {len(text)}
    if not text.isascii():
        lengths |= {len(text.encode("utf-16-le", "surrogatepass")) // 2, len(text.encode("utf-8", "surrogatepass"))}
    if "\r\n" in text:
        lengths.add(len(text) - text.count("\r\n"))
    elif "\n" in text:
        lengths.add(len(text) + text.count("\n"))
    return next((length for length in sorted(lengths) if length in CELL_LIMITS), None)


def _plain_call(text: str) -> ReadCall | None:
    """A call of plain lines that all have a label which is surely one, as ``Lines`` reads it but many times faster."""
    lines = text.strip("\n").split("\n")
    if not all(map(str.isprintable, lines)) or _MARKS.search(text):
        return None
    found = [_PLAIN_LINE.fullmatch(line) for line in lines]
    turns = [match.groups() for match in found if match]
    if len(turns) < len(found) or len(turns) < 2:
        return None
    counts = Counter(label for label, _ in turns)
    if len({label.casefold() for label in counts}) < len(counts) or len(counts) < 2:
        return None
    for label, n in counts.items():
        if side_of(label) is None and (n < 2 or _shape(label) < Shape.WORD):
            return None
    call = ReadCall()
    for label, said in turns:
        call.add(ReadTurn(label, said))
    return call


@lru_cache(maxsize=4_096)
def _shape(label: str) -> Shape:
    return shape_of(label)


def _calls(text: str, reps: Sequence[str]) -> list[ReadCall]:
    if _JSON_LIKE.match(text) or _ENCODED_TWICE.match(text):
        return _structured(text, reps)
    if has_markup(text):
        return calls_of_page(read_markup(text), lambda inner: _of_text(inner, reps), lambda _: [])
    return _of_text(without_entities(text), reps)


def _of_text(text: str, reps: Sequence[str]) -> list[ReadCall]:
    """The calls in a text without markup, with its lost line breaks put back."""
    notes: list[str] = []
    if not LINE_BREAK.search(text) and _has_written_breaks(text):
        text = _WRITTEN_BREAK.sub("\n", text)
        notes.append("The line breaks were written out as “\\n” and were read as line breaks.")
    if not LINE_BREAK.search(text) and (found := turns_on_lines(text, reps)):  # longer than a line may be
        text, labels = found
        notes.append(said_of_cut(labels))
    calls = calls_in(Source(text, reps=reps))
    for call in calls:
        call.warnings += notes
    return calls


def _has_written_breaks(text: str) -> bool:
    """Whether written-out breaks part lines, and aren't the beginning of a folder's name."""
    pieces = _WRITTEN_BREAK.split(text, maxsplit=2)
    return len(pieces) > 2 or any(split_label(piece)[0] for piece in pieces[1:])


def _structured(text: str, reps: Sequence[str]) -> list[ReadCall]:
    value = _value(text)
    if value is None:
        raise TranscriptError(
            "this begins like JSON or a list but can't be read as one; it may have been cut, so export the call again."
        )
    if isinstance(value, str):
        return _calls(value.strip(), reps)
    if isinstance(value, list | tuple) and value:
        if all(isinstance(one, str) for one in value):
            return _of_text("\n".join(" ".join(LINE_BREAK.split(one)) for one in value), reps)
        if all(
            isinstance(one, list | tuple) and len(one) == 2 and all(isinstance(x, str) for x in one) for one in value
        ):
            value = [{"speaker": speaker, "text": said} for speaker, said in value]
        elif all(isinstance(one, dict) and len(one) == 1 for one in value):
            pairs = [next(iter(one.items())) for one in value]
            if len({name for name, _ in pairs}) < len(pairs) and not {name for name, _ in pairs} <= {"text", "content"}:
                value = [{"speaker": str(speaker), "text": said} for speaker, said in pairs]
    return calls_in(Source(json.dumps(value, ensure_ascii=False, default=str), reps=reps))


def _value(text: str) -> Any:
    """What JSON, or a Python list as it is printed, says; None for nothing."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > _MAX_LITERAL or _DASHES in text or _depth(text) > _MAX_DEPTH:
        return None
    try:
        return ast.literal_eval(_BETWEEN_RECORDS.sub("}, ", _NUMPY.sub("", text)))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _depth(text: str) -> int:
    """How many brackets are open at once, at most; those that are said count as well."""
    depth = most = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "[{(" else -1
        most = max(most, depth)
    return most
