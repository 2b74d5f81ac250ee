"""Whether every number, quote, id and citation of an answer stands in the tool results that came with it.

Recomputed from what ``coach ask --json`` prints, ``tool_calls[].result`` above all: neither the ``grounded`` flag nor
any code of the agent's own check is used, so the two can't share a mistake.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from salescoach.reading.texts import QUOTED
from salescoach.types import Frozen

_SPOKEN = frozenset({"quote", "reply", "text", "focus_quote"})

Kind = Literal["number", "quote", "citation", "id"]

_MARKER = re.compile(r"\[(?:T(?P<a>\d+)(?:–(?P<b>\d+))?|call (?P<call>[^\],]{1,500}+), T(?P<c>\d+)(?:–(?P<d>\d+))?)\]")
_QUOTE = re.compile(rf"“({QUOTED})”")
_LIST_NUMBER = re.compile(r"^[^\S\n]*+(?:[-*][^\S\n]++)?\d+\.\s", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*")
_RANGE = re.compile(r"(?<!\d)(\d++(?:\.\d++)?+)\s*+(?:–|-|to)\s*+(\d++(?:\.\d++)?+)\s*+%")
_PERCENT = re.compile(r"(?<!\d)(\d++(?:\.\d++)?+)\s*+%")
_ID = re.compile(r"\b[a-z]+(?:-[a-z]+){0,10}-(?=[0-9a-f]*\d)[0-9a-f]{2,}\b")
_NUMBER_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand"
).split()
_WORDED = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b[ -]*(?:per ?cent|%|points?\b|times\b|calls\b)", re.IGNORECASE)


class Statement(Frozen):
    """Something in an answer that can be checked."""

    kind: Kind
    text: str
    is_verified: bool


class Checked(Frozen):
    """The checkable statements of one answer."""

    statements: tuple[Statement, ...]
    n_tool_calls: int

    def of(self, kind: Kind) -> list[Statement]:
        """The statements of one kind."""
        return [one for one in self.statements if one.kind == kind]

    @property
    def failures(self) -> list[Statement]:
        """Those that no result stands behind."""
        return [one for one in self.statements if not one.is_verified]


def check_answer(answer: Mapping[str, Any], question: str) -> Checked:
    """Checks one answer.

    Args:
        answer: what ``coach ask --json`` printed.
        question: what was asked; its plain numbers may be repeated.
    """
    calls: list[dict[str, Any]] = list(answer["tool_calls"])
    found = list(_statements(str(answer["answer"]), calls, list(answer["citations"]), question))
    return Checked(statements=tuple(found), n_tool_calls=len(calls))


def _statements(
    text: str, calls: list[dict[str, Any]], citations: list[dict[str, Any]], question: str
) -> Iterator[Statement]:
    results = [call["result"] for call in calls]
    strings = [value for value in _leaves(results) if isinstance(value, str)]
    strings += [str(value) for call in calls for value in call["args"].values()]
    for match in _MARKER.finditer(text):
        yield Statement(kind="citation", text=match[0], is_verified=_is_cited(match, results, citations))
    text = _MARKER.sub(" ", text)
    for said in _QUOTE.findall(text):
        if said.strip():
            yield Statement(kind="quote", text=said, is_verified=any(said in value for value in strings))
    text = _LIST_NUMBER.sub(" ", _QUOTE.sub(" ", text))
    for found in _ID.findall(text):
        yield Statement(kind="id", text=found, is_verified=any(found in value for value in strings))
    text = _ID.sub(" ", text)
    spoken = set(_spoken(results))
    yield from _numbers(text, results, [value for value in strings if value not in spoken], question)


def _numbers(text: str, results: list[Any], strings: list[str], question: str) -> Iterator[Statement]:
    percents = set(_percents(results)) | {found for value in strings for found in _written_percents(value)}
    for match in _RANGE.finditer(text):
        for number in match.groups():
            yield Statement(kind="number", text=f"{number} %", is_verified=number in percents)
    text = _RANGE.sub(" ", text)
    for number in _PERCENT.findall(text):
        yield Statement(kind="number", text=f"{number} %", is_verified=number in percents)
    text = _PERCENT.sub(" ", text)
    known = set(_NUMBER.findall(question)) | {found for value in strings for found in _NUMBER.findall(value)}
    for value in _leaves(results):
        if isinstance(value, int | float) and not isinstance(value, bool):
            known |= {f"{value:g}", f"{value:.1f}", f"{abs(value):g}"}
    for number in _NUMBER.findall(text):
        yield Statement(kind="number", text=number, is_verified=number in known)
    for words in _WORDED.findall(text):
        yield Statement(kind="number", text=words, is_verified=any(words in value for value in strings))


def _percents(node: Any, key: str = "") -> Iterator[str]:
    """Fields that are percentages, by their name."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _percents(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _percents(value, key)
    elif key.endswith("_percent") and isinstance(node, int | float):
        yield f"{node:g}"


def _written_percents(text: str) -> Iterator[str]:
    for match in _RANGE.finditer(text):
        yield from match.groups()
    yield from _PERCENT.findall(text)


def _is_cited(match: re.Match[str], results: list[Any], citations: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the answer's citation of a marker names the same place, and a result quotes that place so."""
    own = next((one for one in citations if one["marker"] == match[0]), None)
    start = int(match["a"] or match["c"])
    end = int(match["b"] or match["d"] or start)
    if own is None or (own["turn_start"], own["turn_end"]) != (start, end):
        return False
    if match["call"] and match["call"] not in _names(own["call_id"], results):
        return False
    return any(
        own["quote"] in (node.get("quote"), node.get("focus_quote"))
        and start in (node.get("turn_start"), node.get("turn"), node.get("focus"))
        for node in _objects(results)
    )


def _names(call_id: str, results: list[Any]) -> set[str]:
    """What a call may be called: its id, and the titles that results give it."""
    return {call_id} | {
        node["title"] for node in _objects(results) if node.get("call_id") == call_id and "title" in node
    }


def _spoken(results: list[Any]) -> Iterator[str]:
    """What was said in calls, which lends no number to anything but a quote."""
    for node in _objects(results):
        yield from (value for name, value in node.items() if name in _SPOKEN and isinstance(value, str))


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _objects(value)


def _leaves(node: Any) -> Iterator[Any]:
    if isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from _leaves(value)
    else:
        yield node
