"""Checks a draft against what the tools returned: numbers, quotes and citations, by code.

A percentage must be one that a tool gave as a percentage, points as points; any other number must stand in a result
or in the user's question. A quote must be verbatim. A marker must point to something that a tool returned.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from salescoach.types import Citation
from tools.parts import turn_marker
from tools.score_call import ScoreResult
from tools.find_similar_calls import SimilarResult

_NUMBER = r"(?<![A-Za-z\d])\d+(?:[.,]\d+)*(?![A-Za-z\d])"  # not the 2 of "B2B"
_PERCENT = re.compile(rf"({_NUMBER})\s*(?:%|per\s?cent\b)", re.IGNORECASE)
_RANGE_PERCENT = re.compile(rf"({_NUMBER})\s*(?:–|-|to|and)\s*({_NUMBER})\s*(?:%|per\s?cent\b)", re.IGNORECASE)
_POINTS = re.compile(rf"({_NUMBER})\s*(?:percentage\s+)?points?\b", re.IGNORECASE)
_ANY_NUMBER = re.compile(_NUMBER)
_LIST_NUMBER = re.compile(r"^\s*\d+\.\s", re.MULTILINE)
_MARKER = re.compile(r"\[(?:T\d+(?:–\d+)?|call [^\]]+)\]")
_QUOTE = re.compile(r"“([^”]*)”|\"([^\"\n]*)\"")
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = {word: 10 * tens for tens, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)}
_WORD_VALUES = {word: value for value, word in enumerate(_UNITS)} | _TENS | {"hundred": 100}
_WORDS = "|".join(_WORD_VALUES)
_WORDED_PERCENT = re.compile(rf"\b((?:{_WORDS})(?:[\s-]+(?:{_WORDS}))*)\s+(?:%|per\s?cent)", re.IGNORECASE)

# Sentences and names of ours, which may be repeated as they stand; what is said in a call must not lend its numbers.
_OUR_WORDS = frozenset({"reading", "model_id", "model_data", "reasons", "warnings", "unavailable"})

_IMAGE_OR_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_IMAGE_START = re.compile(r"!(?=\[)")
_REFERENCE = re.compile(r"^\s*\[[^\]]+\]:\s.*$", re.MULTILINE)
_TAG = re.compile(r"<[^>\n]*>")
_URL = re.compile(r"\b(?:https?|ftp|file|data|javascript)\s*:\s*/{0,2}\S+", re.IGNORECASE)


def problems_of(draft: str, results: Sequence[BaseModel], question: str, calls: Sequence[str]) -> list[str]:
    """What in a draft no tool result stands behind, each as a short phrase; empty where all of it is grounded.

    Args:
        draft: the answer that somebody wants to give.
        results: what the tools returned for this question.
        question: the user's own words, whose plain numbers may be repeated.
        calls: ids of the calls of this conversation, which may be named.
    """
    strings, ours, percents, points, numbers = _facts(results)
    problems = [f"the marker {marker} points to nothing" for marker in _unknown_markers(draft, results)]
    for match in _QUOTE.finditer(draft):
        said = match.group(1) or match.group(2) or ""
        if len(said.split()) > 1 and not any(said in text for text in strings):
            problems.append(f"the quote “{said[:60]}” is nowhere in the results")
    text = _QUOTE.sub(" ", _MARKER.sub(" ", _LIST_NUMBER.sub(" ", draft)))
    for call_id in sorted([*calls, *_call_ids(results)], key=len, reverse=True):
        text = text.replace(call_id, " ")
    for sentence in sorted(ours, key=len, reverse=True):
        text = text.replace(sentence, " ")
    for match in _RANGE_PERCENT.finditer(text):
        problems += [f"{part} % is not among the results" for part in match.groups() if part not in percents]
    text = _RANGE_PERCENT.sub(" ", text)
    for pattern, known, unit in ((_PERCENT, percents, " %"), (_POINTS, points, " points")):
        for match in pattern.finditer(text):
            if match.group(1) not in known:
                problems.append(f"{match.group(1)}{unit} is not among the results")
        text = pattern.sub(" ", text)
    for match in _WORDED_PERCENT.finditer(text):
        if str(_value_of(match.group(1))) not in percents:
            problems.append(f"“{match.group(0)}” is not among the results")
    asked = set(_ANY_NUMBER.findall(_PERCENT.sub(" ", question)))
    problems += [f"{number} is not among the results" for number in _ANY_NUMBER.findall(text) if number not in numbers | asked]
    return problems


def citations_of(answer: str, results: Sequence[BaseModel]) -> list[Citation]:
    """What the markers of a verified answer point to, each once, in order of appearance."""
    targets = dict(_targets(results))
    return [targets[marker] for marker in dict.fromkeys(_MARKER.findall(answer)) if marker in targets]


def sanitise(text: str) -> str:
    """The text without images, links, HTML and addresses: what a browser could fetch or run."""
    text = _REFERENCE.sub("", text)
    text = _IMAGE_OR_LINK.sub(r"\1", text)
    text = _IMAGE_START.sub("", text)
    text = _TAG.sub("", text)
    return _URL.sub("(address removed)", text)


def _facts(results: Sequence[BaseModel]) -> tuple[list[str], list[str], set[str], set[str], set[str]]:
    """All strings, those that are ours, percentages, points and all numbers of the results, as they are written."""
    strings: list[str] = []
    ours: list[str] = []
    percents: set[str] = set()
    points: set[str] = set()
    numbers: set[str] = set()
    for result in results:
        for key, value in _leaves("", result.model_dump(mode="json")):
            if isinstance(value, str):
                strings.append(value)
                if key in _OUR_WORDS:
                    ours.append(value)
                if key == "reading":
                    percents |= set(_PERCENT.findall(value))
                    percents |= {part for match in _RANGE_PERCENT.findall(value) for part in match}
                    numbers |= set(_ANY_NUMBER.findall(value))
            elif isinstance(value, int | float) and not isinstance(value, bool):
                written = f"{value:g}"
                numbers.add(written)
                if key.endswith("_percent"):
                    percents.add(written)
                if key.endswith("_points"):
                    points |= {written, f"{value:.1f}"}
    return strings, ours, percents, points, numbers


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


def _targets(results: Sequence[BaseModel]) -> Iterator[tuple[str, Citation]]:
    for result in results:
        if isinstance(result, ScoreResult):
            for turn in result.turns_that_moved_it:
                yield turn.marker, Citation(
                    marker=turn.marker,
                    call_id=result.call_id,
                    turn_start=turn.turn,
                    turn_end=turn.turn,
                    quote=turn.quote,
                )
        if isinstance(result, SimilarResult):
            for found in result.results:
                yield found.marker, Citation(
                    marker=found.marker,
                    call_id=found.call_id,
                    turn_start=found.turn_start,
                    turn_end=found.turn_end,
                    quote=found.quote,
                )


def _unknown_markers(draft: str, results: Sequence[BaseModel]) -> list[str]:
    known = {marker for marker, _ in _targets(results)}
    known |= {turn_marker(r.focus) for r in results if isinstance(r, SimilarResult) and r.focus}
    return [marker for marker in dict.fromkeys(_MARKER.findall(draft)) if marker not in known]


def _value_of(words: str) -> int:
    return sum(_WORD_VALUES[word] for word in re.split(r"[\s-]+", words.lower()))
