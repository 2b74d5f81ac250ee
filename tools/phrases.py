"""How quotes, numbers and lists stand in an answer."""

import re
from typing import Protocol

from salescoach.redact.sanitise import unsafe_from
from salescoach.speech.readings import plain
from salescoach.types import Citation, Precedent, Role
from tools.document import AnswerLine, Quote, line
from tools.parts import QuotedTurn, call_marker, turn_marker
from tools.spec import Detail

MAX_QUOTED_WORDS = 28
MIN_QUOTED_WORDS = 10  # of whole sentences, before a quote is cut within one
_WORD = re.compile(r"\S+")
_LABEL = re.compile(r"[^\W\d_]\w{0,30}(?:[ &/.'’-]{1,3}[^\W\d_]\w{0,30}){0,3}")
_NAME = re.compile(r"[^\W\d_]{1,30}(?:[ .'’-]{1,2}[^\W\d_]{1,30}){0,3}\.?")


class Spoken(Protocol):
    """A turn of a result, by whoever found it."""

    @property
    def speaker(self) -> str: ...

    @property
    def role(self) -> Role: ...


def quote(text: str, max_words: int = MAX_QUOTED_WORDS) -> Quote:
    """A verbatim quote, cut where it gets long or where a browser could act on it.

    A long one is cut at the end of a sentence if one is near.
    """
    safe = text[: unsafe_from(text)]
    words = list(_WORD.finditer(safe))
    kept = safe
    if len(words) > max_words:
        ends = [word.end() for word in words[MIN_QUOTED_WORDS - 1 : max_words] if word.group()[-1] in ".?!"]
        kept = safe[: ends[-1] if ends else words[max_words - 1].end()]
    return Quote(text=kept) if kept == text else Quote(text=kept.rstrip(), is_cut=True)


def who(turn: Spoken) -> str:
    """The speaker, or the role where the speaker's label is no plain name: a label is a call's words too."""
    return turn.speaker if _NAME.fullmatch(turn.speaker) else turn.role.capitalize()


def label(value: str) -> str | Quote:
    """A value of a table as it is read, quoted where it is no plain name: then it may say anything."""
    return plain(value) if _LABEL.fullmatch(plain(value)) else quote(value)


def cite(call_id: str, turn: int, said: str, marker: str | None = None) -> Citation:
    """Points to a turn of a call, by default one that is talked about."""
    return Citation(marker=marker or turn_marker(turn), call_id=call_id, turn_start=turn, turn_end=turn, quote=said)


def cite_past(moment: Precedent) -> Citation:
    """Points to a moment of a past call."""
    start, end = moment.turn_start, moment.turn_end
    marker = getattr(moment, "marker", None) or call_marker(moment.call_id, start, end)
    return Citation(marker=marker, call_id=moment.call_id, turn_start=start, turn_end=end, quote=moment.quote)


def said(call_id: str, turn: QuotedTurn) -> AnswerLine:
    """Who said what, and where."""
    return line(cite(call_id, turn.turn, turn.quote), f" {who(turn)}: ", quote(turn.quote))


def say(points: float) -> str:
    """Points as they are read: 4 rather than 4.0."""
    return f"{points:g}"


def caveat(reading: str, detail: Detail) -> str:
    """What a result says of itself, for which a short answer has no room."""
    return f"*{reading}*" if detail == "full" else ""


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
