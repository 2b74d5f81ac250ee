"""A brief as a page of at most 150 words: the summary, and then of each part what there is room for."""

import re
from collections.abc import Iterator
from typing import Final

from salescoach.brief.concerns import what_happened
from salescoach.brief.needs import SAID
from salescoach.brief.results import Brief, Concern, Person, Step
from salescoach.brief.steps import day_of

MAX_WORDS: Final = 150
_CITED: Final = re.compile(r"\bT(\d+)\b")


def page_lines(brief: Brief) -> list[tuple[str, list[str]]]:
    """Headings and their lines; the summary comes first, without a heading.

    The parts take turns, so that none crowds out another; what the summary quotes isn't repeated.
    """
    summary = [one.text for one in brief.summary]
    parts: dict[str, list[str]] = {
        "Need": [("" if one.text == SAID else f"{one.text}: ") + f"“{one.quote}” T{one.turn}" for one in brief.needs],
        "People": [_people(brief)] if brief.people else [],
        "Concerns": [_concern(one) for one in brief.objections],
        "Price": [f"“{one.quote}” T{one.turn}" for one in brief.price],
        "Competitors": [
            (f"“{one.quote}”" if one.text == "unnamed" else one.text) + f" T{one.turn}" for one in brief.competitors
        ],
        "Next": [_step(one) for one in brief.next_steps],
        "Open": [f"{one.text}: “{one.quote}” T{one.turn}" for one in brief.open_points],
    }
    shown = " ".join(summary)
    kept: dict[str, list[str]] = {name: [] for name in parts}
    left = MAX_WORDS - _words(shown)
    for name, line in _in_turns(parts):
        cost = _words(line) + (0 if kept[name] else 1)
        if cost <= left and not _is_shown(line, shown):
            kept[name].append(line)
            left -= cost
            shown += line
    ordered = {name: sorted(lines, key=_turn) if name != "People" else lines for name, lines in kept.items()}
    return [("", summary), *((name, lines) for name, lines in ordered.items() if lines)]


def n_page_words(brief: Brief) -> int:
    """Words of the page, as a person counts them: what stands between spaces."""
    return sum(_words(name) + sum(map(_words, lines)) for name, lines in page_lines(brief))


def _in_turns(parts: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for place in range(max(map(len, parts.values()), default=0)):
        for name, lines in parts.items():
            if place < len(lines):
                yield name, lines[place]


def _is_shown(line: str, summary: str) -> bool:
    quote = line[line.find("“") : line.find("”") + 1]
    return bool(quote) and quote in summary


def _turn(line: str) -> int:
    """The turn that a line cites first."""
    return int(_CITED.findall(line)[0])


def _people(brief: Brief) -> str:
    return "; ".join(_person(one) for one in brief.people)


def _person(one: Person) -> str:
    if one.decides:
        return f"{one.name} ({'' if one.side == 'customer' else one.side + ', '}decides, T{one.turn})"
    return f"{one.name} (T{one.turn})" if one.text != one.name else f"{one.name} ({one.side})"


def _concern(one: Concern) -> str:
    return ", ".join(filter(None, (f"{one.text}: “{one.quote}” T{one.turn}", what_happened(one))))


def _step(one: Step) -> str:
    return f"{one.name}, {one.text}: “{one.quote}” T{one.turn}{day_of(one)}"


def _words(text: str) -> int:
    return len(text.split())
