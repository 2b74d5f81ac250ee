"""A line of plain text taken apart: its time, the words before its colon, and the text."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from salescoach.reading.labels import Line, split_bracketed, split_label
from salescoach.reading.names import is_dial_in, tidy_label
from salescoach.reading.stamps import IN_BRACKETS, MOMENT, TO

_OPEN, _CLOSE = r"[\[({<]", r"[\])}>]"
_BRACKETED_RANGE: Final = rf"(?P<start>{IN_BRACKETS})(?:{TO}(?P<end>{IN_BRACKETS}))?"
_BARE_RANGE: Final = rf"(?P<start>{MOMENT})(?:{TO}(?P<end>{MOMENT}))?"
_AFTER: Final = r"(?:[-\u2013\u2014|:\u00b7•>]\s++)?"
_BRACKETED_TIME = re.compile(rf"(?:[-\u2013•]\s)?{_OPEN}\s*+{_BRACKETED_RANGE}\s*+{_CLOSE}\s*+{_AFTER}")
_BARE_TIME = re.compile(rf"(?:[-\u2013•]\s)?{_BARE_RANGE}(?:\s*+[-\u2013\u2014|:>\u00b7•]\s++|\s++|\s*+\Z)")
_TIME_IN_LABEL = re.compile(
    rf"\A(?P<label>[^:\uff1a]{{1,100}}?)(?:\s*+{_OPEN}\s*+{_BRACKETED_RANGE}\s*+{_CLOSE}"
    rf"|\s*+[-\u2013\u2014|\u00b7•@,]?\s++(?P<bare>{MOMENT})(?:{TO}(?P<bare_end>{MOMENT}))?)\*{{0,2}}\s*+[:\uff1a]\*{{0,2}}\s*+(?P<text>.*)"
)
_TIME_AFTER_LABEL = re.compile(
    rf"(?:{_OPEN}\s*+{_BRACKETED_RANGE}\s*+{_CLOSE}|(?P<bare>{MOMENT})(?=\s|\Z))\s*+(?:[-\u2013\u2014|]\s++)?"
)
_TIME_AT_END = re.compile(rf"{_OPEN}{_BRACKETED_RANGE}{_CLOSE}\Z")
_END_CHARS: Final = 60  # a time at the end is within so many
_EMPHASIS: Final = ("***", "**", "__", "*", "_")
_EMPHASISED_CHARS: Final = 160


def take_apart(line: str) -> Line:
    """Split a line into time, label candidate and text."""
    plain = without_emphasis(line)
    if found := _BRACKETED_TIME.match(plain):
        part = Line(line, found["start"], found["end"], bracketed=True, rest=plain[found.end() :].strip())
    elif found := _BARE_TIME.match(plain):
        part = Line(line, found["start"], found["end"], rest=plain[found.end() :].strip())
    else:
        part = Line(line, rest=line)
        if (timed := _TIME_IN_LABEL.match(plain)) and (label := tidy_label(timed["label"])):
            start, end = timed["start"] or timed["bare"], timed["end"] or timed["bare_end"]
            text = timed["text"].strip()
            return replace(part, start=start, end=end, bracketed=bool(timed["start"]), label=label, text=text)
    return _with_label(part)


def _with_label(part: Line) -> Line:
    plain = without_emphasis(part.rest)
    label, text = split_label(plain)
    in_brackets, text_behind = split_bracketed(plain)
    if in_brackets and not (label and is_dial_in(label)):
        part.label, part.text, part.has_colon = in_brackets, text_behind, False
    else:
        part.label, part.text = label, (text if label else part.rest)
    return part


def without_emphasis(line: str) -> str:
    """The line without Markdown's marks around its first words, if they stand there in a pair."""
    mark = next((mark for mark in _EMPHASIS if line.startswith(mark)), "")
    stop = line.find(mark, len(mark) + 1, _EMPHASISED_CHARS) if mark else -1
    if stop < 0:
        return line
    inner, after = line[len(mark) : stop], line[stop + len(mark) :]
    return f"{inner}{after}" if not inner.isspace() else line


def settle_inner_times(parts: Sequence[Line]) -> None:
    """Takes the time that stands after each label, ``Anna: [0:03] Hello``, or at the end of each turn, as its own.

    Only where nearly all labelled lines have one there: somebody may say a time.
    """
    open_lines = [part for part in parts if part.label and not part.start and part.text]
    after = [(part, found) for part in open_lines if (found := _TIME_AFTER_LABEL.match(part.text))]
    if len(after) > 1 and len(after) >= 0.8 * len(open_lines):
        for part, found in after:
            part.start, part.end, part.bracketed = found["start"] or found["bare"], found["end"], bool(found["start"])
            part.text = part.text[found.end() :]
        return
    at_end = [(part, found) for part in open_lines if (found := _time_at_end(part.text))]
    if len(at_end) > 1 and len(at_end) >= 0.8 * len(open_lines):
        for part, found in at_end:
            part.start, part.end, part.bracketed = found["start"], found["end"], True
            part.text = part.text.removesuffix(found[0])


def _time_at_end(text: str) -> re.Match[str] | None:
    at = text.rfind(text[-1:] and {"]": "[", ")": "(", "}": "{", ">": "<"}.get(text[-1], "\0"), -_END_CHARS)
    return _TIME_AT_END.match(text, at) if at > 0 else None
