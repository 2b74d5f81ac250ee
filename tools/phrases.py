"""How quotes, numbers and lists stand in an answer."""

import re
from collections.abc import Iterable
from typing import Protocol

from salescoach.redact.sanitise import unsafe_from
from salescoach.types import Role
from tools.parts import QuotedTurn
from tools.spec import Detail

MAX_QUOTED_WORDS = 28
MIN_QUOTED_WORDS = 10  # of whole sentences, before a quote is cut within one
_WORD = re.compile(r"\S+")
_NAME = re.compile(r"[^\W\d_]{1,30}(?:[ .'’-]{1,2}[^\W\d_]{1,30}){0,3}\.?")


class Spoken(Protocol):
    """A turn of a result, by whoever found it."""

    @property
    def speaker(self) -> str: ...

    @property
    def role(self) -> Role: ...


def quote(text: str, max_words: int = MAX_QUOTED_WORDS) -> str:
    """A verbatim quote in quotation marks, cut where it gets long or where a browser could act on it.

    A long one is cut at the end of a sentence if one is near. The dots of a cut are outside the marks, so what is
    inside them always stands in the call as it is.
    """
    safe = text[: unsafe_from(text)]
    words = list(_WORD.finditer(safe))
    kept = safe
    if len(words) > max_words:
        ends = [word.end() for word in words[MIN_QUOTED_WORDS - 1 : max_words] if word.group()[-1] in ".?!"]
        kept = safe[: ends[-1] if ends else words[max_words - 1].end()]
    return f"“{kept}”" if kept == text else f"“{kept.rstrip()}” …"


def who(turn: Spoken) -> str:
    """The speaker, or the role where the speaker's label is no plain name: a label is a call's words too."""
    return turn.speaker if _NAME.fullmatch(turn.speaker) else turn.role.capitalize()


def said(turn: QuotedTurn) -> str:
    """Who said what, and where."""
    return f"{turn.marker} {who(turn)}: {quote(turn.quote)}"


def say(points: float) -> str:
    """Points as they are read: 4 rather than 4.0."""
    return f"{points:g}"


def listed(title: str, lines: Iterable[str]) -> str:
    """A title with bullets under it; empty where there are none."""
    bullets = [f"- {line}" for line in lines]
    return "\n".join([title, "", *bullets]) if bullets else ""


def caveat(reading: str, detail: Detail) -> list[str]:
    """What a result says of itself, for which a short answer has no room."""
    return [f"*{reading}*"] if detail == "full" else []


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
