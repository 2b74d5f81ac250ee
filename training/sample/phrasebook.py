"""The phrasings of the two banks and the lexicon, read once from the TOML files beside this module."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

from training.sample.draw import Draw

Bank = Literal["one", "two"]
BANKS: tuple[Bank, Bank] = ("one", "two")
# How often each tone is used on average; moves that say nothing have the tone "neutral" only.
TONE_SHARES = {"plain": 0.86, "warm": 0.07, "cool": 0.07, "neutral": 1.0}

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SENTENCE_START = re.compile(r"(?<=[.?!…] )[a-z]")

# (role letter, text) lines that belong together
Exchange = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Fact:
    """Something that is said once and may be called back later in the call."""

    key: str
    ask: Exchange
    recall: Exchange


@dataclass(frozen=True)
class Phrasebook:
    """One bank: ``moves[(situation, move)][tone]`` are the phrasings of a move."""

    bank: Bank
    moves: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]
    exchanges: Mapping[str, tuple[Exchange, ...]]
    facts: tuple[Fact, ...]
    backchannels: Mapping[str, tuple[str, ...]]
    openings: Mapping[str, tuple[str, ...]]
    courtesies: Mapping[str, tuple[str, ...]]
    lead_ins: Mapping[str, tuple[str, ...]]
    interruptions: Mapping[str, tuple[Exchange, ...]]
    interruptions_on_visit: Mapping[str, tuple[Exchange, ...]]

    def templates(self) -> list[str]:
        """Every phrasing of the bank, back-channels and openings left out."""
        said = [text for tones in self.moves.values() for texts in tones.values() for text in texts]
        groups = [*self.exchanges.values(), *self.interruptions.values(), *self.interruptions_on_visit.values()]
        groups += [(fact.ask, fact.recall) for fact in self.facts]
        return said + [text for group in groups for exchange in group for _, text in exchange]


@cache
def load_phrasebook(bank: Bank) -> Phrasebook:
    """The phrasebook of a bank."""
    spoken = _read(f"bank_{bank}.toml")
    talk = _read(f"talk_{bank}.toml")
    moves = {
        (situation, move): {tone: tuple(texts) for tone, texts in tones.items()}
        for situation, by_move in spoken.items()
        for move, tones in by_move.items()
    }
    names = ("greeting", "greeting_visit", "small_talk", "agenda", "goodbye", "explain")
    exchanges = {name: _exchanges(talk[name]) for name in names}
    exchanges |= {f"digression_{name}": _exchanges(lines) for name, lines in talk["digressions"].items()}
    facts = tuple(Fact(f["key"], _exchange(f["ask"]), _exchange(f["recall"])) for f in talk["facts"])
    return Phrasebook(
        bank=bank,
        moves=moves,
        exchanges=exchanges,
        facts=facts,
        backchannels={role: tuple(texts) for role, texts in talk["backchannel"].items()},
        openings={role: tuple(texts) for role, texts in talk["opening"].items()},
        courtesies={role: tuple(texts) for role, texts in talk["courtesy"].items()},
        lead_ins={role: tuple(texts) for role, texts in talk["lead_in"].items()},
        interruptions=_by_role(talk["interruption"]),
        interruptions_on_visit=_by_role(talk["interruption_visit"]),
    )


@cache
def load_lexicon() -> dict[str, Any]:
    """Invented names and what the calls are about, as in ``lexicon.toml``."""
    return _read("lexicon.toml")


def fill(template: str, slots: Mapping[str, str], draw: Draw) -> str:
    """A phrasing with its choices made and its slots filled; the first letter is left as it comes."""
    chosen = _CHOICE.sub(lambda match: draw.pick(match.group(1).split("|")), template)
    return chosen.format_map(slots)


def capitalise(text: str) -> str:
    """A capital at the start of every sentence."""
    text = _SENTENCE_START.sub(lambda match: match.group().upper(), text)
    return text[:1].upper() + text[1:]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("training.sample").joinpath(name).read_text(encoding="utf-8"))


def _exchanges(lines: list[list[str]]) -> tuple[Exchange, ...]:
    return tuple(_exchange(exchange) for exchange in lines)


def _by_role(lines: dict[str, list[list[str]]]) -> dict[str, tuple[Exchange, ...]]:
    return {role: _exchanges(exchanges) for role, exchanges in lines.items()}


def _exchange(lines: list[str]) -> Exchange:
    return tuple(cast(tuple[str, str], tuple(line.split(": ", 1))) for line in lines)
