"""What tool results hold, by what may be said with it. Goes by a result's fields, so a new tool needs no change here.

Fields marked as ``Ours`` hold our own sentences. Of the others, ``..._percent`` are percentages, of which
``uncalibrated_percent`` may be said as such only, ``..._points`` percentage points, ``turn`` and its like places of a
call, ``quote``, ``reply`` and ``..._quote`` what was said, ``marker`` how it is cited.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from agent.numerals import GONE, Numeral, folded, numerals, one_quote_sign
from salescoach.reading.texts import QUOTED
from salescoach.redact.our_words import our_words
from salescoach.redact.sanitise import sanitise
from salescoach.types import Citation
from tools.parts import turn_marker

_SPOKEN = frozenset({"quote", "reply", "suggestion", "text"})
_HYPOTHETICAL = "text"  # words of an edit that never fell in the call
_TURNS = frozenset({"turn", "turns", "turn_start", "turn_end", "focus", "reply_turn", "lowest_turn", "highest_turn"})
_HEADLINES = frozenset({"probability_percent", "before_percent", "after_percent", "without_percent"})
_NOT_SAID = frozenset({"latency_ms", "random_state", "seed", "uncalibrated_probability"})
_PROBABILITIES = frozenset({"probability", "interval", "win_rate", "share", "base_rate"})
_SIDES = ("direction", "outcome", "role", "is_clear")
_LIKELIHOOD = re.compile(r"\b(?:likel|probab|chance|odds|score)", re.IGNORECASE)
_QUOTED = re.compile(rf"“{QUOTED}”|\"[^\"]*\"")
_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"[\d.,]+")


@dataclass
class Passage:
    """What a marker points to: everything said there, and what the result says about it."""

    citation: Citation
    texts: list[str]
    role: str | None
    direction: str | None
    outcome: str | None
    points: set[float]


@dataclass
class Facts:
    """Texts are folded, but for ``sentences``, which are ours as they stand; numbers as floats, by kind."""

    texts: list[str] = field(default_factory=list)
    hypothetical: list[str] = field(default_factory=list)
    sentences: set[str] = field(default_factory=set)
    ours: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    passages: list[Passage] = field(default_factory=list)
    percents: set[float] = field(default_factory=set)
    uncalibrated: set[float] = field(default_factory=set)
    headlines: set[float] = field(default_factory=set)
    scores: list[float] = field(default_factory=list)
    base_rates: set[float] = field(default_factory=set)
    measured: set[float] = field(default_factory=set)
    groups: list[set[float]] = field(default_factory=list)
    points: set[float] = field(default_factory=set)
    turns: set[float] = field(default_factory=set)
    durations: set[float] = field(default_factory=set)
    counts: set[float] = field(default_factory=set)
    probabilities: set[float] = field(default_factory=set)
    ratios: set[tuple[float, ...]] = field(default_factory=set)
    worded: list[Numeral] = field(default_factory=list)
    abstained: bool = False

    def named(self, marker: str) -> list[Passage]:
        """The passages of a marker, as folded."""
        return [one for one in self.passages if folded(one.citation.marker) == marker]

    def at(self, turn: float) -> list[Passage]:
        """The passages that hold a turn of a call of this conversation."""
        return [
            one
            for one in self.passages
            if one.citation.marker.startswith("[T") and one.citation.turn_start <= turn <= one.citation.turn_end
        ]


def comparable(text: str) -> str:
    """A text as quotes are compared: what the sanitiser leaves of it, without regard to case and quotation marks."""
    return " ".join(one_quote_sign(folded(sanitise(text))).casefold().split())


def facts_of(results: Sequence[BaseModel]) -> Facts:
    """What results hold."""
    facts = Facts()
    for result in results:
        facts.sentences.update(our_words(result))
        _walk(facts, "", result.model_dump(mode="json"), None)
    facts.words = {
        word for text in (*facts.texts, *facts.names, *facts.ours) for word in _WORD.findall(text.casefold())
    }
    return facts


def passages_of(result: BaseModel) -> Iterator[Citation]:
    """Everything that a result allows to be cited."""
    facts = Facts()
    _walk(facts, "", result.model_dump(mode="json"), None)
    yield from (one.citation for one in facts.passages)


def _walk(facts: Facts, key: str, value: Any, call_id: str | None) -> None:
    if isinstance(value, dict):
        call_id = value.get("call_id") or call_id
        _passages(facts, value, call_id)
        scalars = {name: one for name, one in value.items() if name.endswith("_percent") and _is_number(one)}
        scalars.pop("uncalibrated_percent", None)
        facts.groups.append({float(one) for one in scalars.values()})
        facts.abstained |= "probability_percent" in value and value["probability_percent"] is None
        if value.get("unit") in {"seconds", "minutes"} and _is_number(value.get("value")):
            facts.durations.add(float(value["value"]) * (60 if value["unit"] == "minutes" else 1))
        for name, inner in value.items():
            if name == "trajectory" and value.get("abstained"):
                continue  # its numbers are no more calibrated than that of the call
            _walk(facts, str(name), inner, call_id)
    elif isinstance(value, list):
        _series(facts, key, value)
        for inner in value:
            _walk(facts, key, inner, call_id)
    elif isinstance(value, str):
        _string(facts, key, value)
    elif _is_number(value):
        _number(facts, key, float(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _series(facts: Facts, key: str, values: list[Any]) -> None:
    """A list says how many there are, of each kind too, and which percentages belong together."""
    facts.counts.add(float(len(values)))
    rows = [one for one in values if isinstance(one, dict)]
    for side in _SIDES:
        facts.counts.update(float(n) for n in Counter(str(row[side]) for row in rows if side in row).values())
    if key.endswith("_percent"):
        facts.groups.append({float(one) for one in values if _is_number(one)})
    for name in {name for row in rows for name in row if name.endswith("_percent")}:
        facts.groups.append({float(row[name]) for row in rows if _is_number(row.get(name))})


def _string(facts: Facts, key: str, value: str) -> None:
    if key in _SPOKEN or key.endswith("_quote"):
        (facts.hypothetical if key == _HYPOTHETICAL else facts.texts).append(comparable(value))
        return
    facts.names.add(comparable(value))
    facts.texts.append(comparable(value))
    is_ours = value in facts.sentences
    if is_ours:
        facts.ours.append(folded(sanitise(value)))
    if is_ours or key in {"calls", "n"}:
        for found in numerals(_QUOTED.sub(GONE, folded(sanitise(value)))):
            _worded(facts, found, value)


def _worded(facts: Facts, found: Numeral, sentence: str) -> None:
    """A number in a sentence of ours."""
    facts.worded.append(found)
    values = found.values or ()
    if found.kind in {"percent", "range"}:
        facts.percents.update(values)
        facts.measured.update(values)
        if found.kind == "range":
            facts.groups.append(set(values))
        if _LIKELIHOOD.search(sentence):
            facts.headlines.update(values)
    elif found.kind == "points":
        facts.points.update(values)
    elif found.kind == "ratio" and found.text[0].isdigit():
        facts.ratios.add(values)
        facts.counts.update(values)
    elif found.kind in {"duration", "clock"}:
        facts.durations.update(values)
        if found.kind == "duration" and (amount := _DIGITS.match(found.text)):
            facts.counts.add(float(amount[0].strip(".,").replace(",", "")))
    elif found.kind == "turn":
        facts.turns.update(values)
    elif found.kind == "count":
        facts.counts.update(values)


def _number(facts: Facts, key: str, value: float) -> None:
    if key in _NOT_SAID:
        return
    if key.endswith("_percent"):
        _percent(facts, key, value)
    elif key.endswith("_points"):
        facts.points.add(abs(value))
    elif key in _TURNS:
        facts.turns.add(value)
    elif key in _PROBABILITIES:
        facts.probabilities.add(value)
    elif key.endswith(("_s", "_seconds", "_minutes")):
        facts.durations.add(60 * value if key.endswith("_minutes") else value)
    else:
        facts.counts.add(value)


def _percent(facts: Facts, key: str, value: float) -> None:
    if key == "uncalibrated_percent":
        facts.uncalibrated.add(value)
        return
    facts.percents.add(value)
    if key in _HEADLINES:
        facts.headlines.add(value)
    if key == "probability_percent":
        facts.scores.append(value)
    if key == "base_rate_percent":
        facts.base_rates.add(value)


def _passages(facts: Facts, node: dict[str, Any], call_id: str | None) -> None:
    start = next((node[name] for name in ("turn_start", "turn", "focus") if isinstance(node.get(name), int)), None)
    end = node["turn_end"] if isinstance(node.get("turn_end"), int) else start
    if start is None or end is None or call_id is None:
        return
    facts.turns.update(float(turn) for turn in range(start, min(end, start + 1000) + 1))
    own = next((name for name in ("quote", "focus_quote") if isinstance(node.get(name), str)), None)
    if own is None:
        return
    own_marker = turn_marker(start) if start == end else f"[T{start}–{end}]"
    texts = [one for name, one in node.items() if isinstance(one, str) and (name in _SPOKEN or name.endswith("_quote"))]
    facts.passages.append(
        Passage(
            citation=Citation(
                marker=str(node.get("marker") or own_marker),
                call_id=call_id,
                turn_start=start,
                turn_end=end,
                quote=node[own],
            ),
            texts=[comparable(text) for text in texts if text],
            role=node.get("role") if own == "quote" else None,
            direction=node.get("direction"),
            outcome=node.get("outcome") if own == "quote" else None,
            points={abs(float(one)) for name, one in node.items() if name.endswith("_points") and _is_number(one)},
        )
    )
