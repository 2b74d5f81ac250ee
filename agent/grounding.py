"""Checks a draft against what the tools returned: numbers, quotes and citations, by code.

A percentage must be one that a tool gave as a percentage, points as points; any other number must stand in a result
or in the user's question. A quote must be verbatim. A marker must point to something that a tool returned.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from salescoach.types import Citation
from tools.find_similar_calls import SimilarResult
from tools.parts import turn_marker
from tools.score_call import ScoreResult

MAX_SHOWN = 60  # characters of a quote in a message

_NUMBER = r"(?<![A-Za-z\d])\d+(?:[.,]\d+)*(?![A-Za-z\d])"  # not the 2 of "B2B"
_PERCENT = re.compile(rf"({_NUMBER})\s*(?:%|per\s?cent\b)", re.IGNORECASE)
_RANGE_PERCENT = re.compile(rf"({_NUMBER})\s*(?:–|-|to|and)\s*({_NUMBER})\s*(?:%|per\s?cent\b)", re.IGNORECASE)
_POINTS = re.compile(rf"({_NUMBER})\s*(?:percentage\s+)?points?\b", re.IGNORECASE)
_ANY_NUMBER = re.compile(_NUMBER)
_LIST_NUMBER = re.compile(r"^\s*\d+\.\s", re.MULTILINE)
_MARKER = re.compile(r"\[(?:T\d+(?:–\d+)?|call [^\]]+)\]")
_QUOTE = re.compile(r"“([^”]*)”|\"([^\"\n]*)\"")
_UNITS = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORD_VALUES = (
    {word: value for value, word in enumerate(_UNITS.split())}
    | {word: 10 * tens for tens, word in enumerate(_TENS.split(), start=2)}
    | {"hundred": 100}
)
_WORDS = "|".join(_WORD_VALUES)
_WORDED_PERCENT = re.compile(rf"\b((?:{_WORDS})(?:[\s-]+(?:{_WORDS}))*)\s+(?:%|per\s?cent)", re.IGNORECASE)

# Sentences and names of ours, which may be repeated as they stand; what is said in a call must not lend its numbers.
_OUR_WORDS = frozenset({"reading", "model_id", "model_data", "reasons", "warnings", "unavailable"})


def problems_of(draft: str, results: Sequence[BaseModel], question: str, calls: Sequence[str]) -> list[str]:
    """What in a draft no tool result stands behind, each as a short phrase; empty where all of it is grounded.

    Args:
        draft: the answer that somebody wants to give.
        results: what the tools returned for this question.
        question: the user's own words, whose plain numbers may be repeated.
        calls: ids of the calls of this conversation, which may be named.
    """
    facts = _facts(results)
    problems = [f"the marker {marker} points to nothing" for marker in _unknown_markers(draft, results)]
    problems += [
        f"the quote “{said[:MAX_SHOWN]}” is nowhere in the results"
        for said in (curly or straight for curly, straight in _QUOTE.findall(draft))
        if len(said.split()) > 1 and not any(said in text for text in facts.strings)
    ]
    text = _QUOTE.sub(" ", _MARKER.sub(" ", _LIST_NUMBER.sub(" ", draft)))
    for known in sorted([*calls, *_call_ids(results), *facts.ours], key=len, reverse=True):
        text = text.replace(known, " ")
    asked = set(_ANY_NUMBER.findall(_PERCENT.sub(" ", question)))
    return problems + [f"{number} is not among the results" for number in _unknown_numbers(text, facts, asked)]


def _unknown_numbers(text: str, facts: "_Facts", asked: set[str]) -> Iterator[str]:
    """Numbers of a text without quotes and markers that the facts don't hold, with their unit."""
    for match in _RANGE_PERCENT.finditer(text):
        yield from (f"{part} %" for part in match.groups() if part not in facts.percents)
    text = _RANGE_PERCENT.sub(" ", text)
    for pattern, known, unit in ((_PERCENT, facts.percents, "%"), (_POINTS, facts.points, "points")):
        yield from (f"{number} {unit}" for number in pattern.findall(text) if number not in known)
        text = pattern.sub(" ", text)
    yield from (
        f"“{words} percent”" for words in _WORDED_PERCENT.findall(text) if str(_value_of(words)) not in facts.percents
    )
    yield from (number for number in _ANY_NUMBER.findall(text) if number not in facts.numbers | asked)


def citations_of(answer: str, results: Sequence[BaseModel]) -> list[Citation]:
    """What the markers of a verified answer point to, each once, in order of appearance."""
    targets = {citation.marker: citation for citation in _targets(results)}
    return [targets[marker] for marker in dict.fromkeys(_MARKER.findall(answer)) if marker in targets]


@dataclass
class _Facts:
    """What the results hold: all strings, those that are ours, and numbers by unit, as they are written."""

    strings: list[str] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)
    percents: set[str] = field(default_factory=set)
    points: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)


def _facts(results: Sequence[BaseModel]) -> _Facts:
    facts = _Facts()
    for result in results:
        for key, value in _leaves("", result.model_dump(mode="json")):
            if isinstance(value, str):
                facts.strings.append(value)
                if key in _OUR_WORDS:
                    facts.ours.append(value)
                if key == "reading":
                    facts.percents.update(_PERCENT.findall(value), *_RANGE_PERCENT.findall(value))
                    facts.numbers.update(_ANY_NUMBER.findall(value))
            elif isinstance(value, int | float) and not isinstance(value, bool):
                facts.numbers.add(f"{value:g}")
                if key.endswith("_percent"):
                    facts.percents.add(f"{value:g}")
                if key.endswith("_points"):
                    facts.points.update((f"{value:g}", f"{value:.1f}"))
    return facts


def _leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(str(name), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(key, inner)
    else:
        yield key, value


def _call_ids(results: Sequence[BaseModel]) -> list[str]:
    return [found.call_id for result in results if isinstance(result, SimilarResult) for found in result.results]


def _targets(results: Sequence[BaseModel]) -> Iterator[Citation]:
    """Everything that the results allow to be cited."""
    for result in results:
        if isinstance(result, ScoreResult):
            for turn in result.turns_that_moved_it:
                yield _turn_citation(result.call_id, turn.turn, turn.quote)
        if isinstance(result, SimilarResult):
            if result.focus and result.focus_quote:
                yield _turn_citation(result.call_id, result.focus, result.focus_quote)
            for found in result.results:
                yield Citation(
                    marker=found.marker,
                    call_id=found.call_id,
                    turn_start=found.turn_start,
                    turn_end=found.turn_end,
                    quote=found.quote,
                )


def _turn_citation(call_id: str, turn: int, quote: str) -> Citation:
    return Citation(marker=turn_marker(turn), call_id=call_id, turn_start=turn, turn_end=turn, quote=quote)


def _unknown_markers(draft: str, results: Sequence[BaseModel]) -> list[str]:
    known = {citation.marker for citation in _targets(results)}
    return [marker for marker in dict.fromkeys(_MARKER.findall(draft)) if marker not in known]


def _value_of(words: str) -> int:
    return sum(_WORD_VALUES[word] for word in re.split(r"[\s-]+", words.lower()))
