"""One record of a JSON export, its values found under any of the names that tools give them."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from salescoach.reading.records.names import IS_OURS, IS_THEIRS, KINDS, SIDE_WORDS, TEXTS
from salescoach.reading.roles import side_of
from salescoach.reading.values import text_in
from salescoach.types import Role

Fields = Mapping[str, Any]

_BEST: Final = ("display", "transcript", "text", "content", "lexical")


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """A name as the tables have it: ``speaker_name``, ``speakerName`` and ``Speaker Name`` are ``speakername``."""
    return "".join(char for char in name.casefold() if char.isalnum())


def fields_of(record: Mapping[Any, Any]) -> dict[str, Any]:
    """A record under folded names; of two that fold to one, the first that isn't null counts."""
    fields: dict[str, Any] = {}
    for name, value in record.items():
        key = folded(str(name))
        if fields.get(key) is None:
            fields[key] = value
    return fields


def first_text(fields: Fields, names: Iterable[str]) -> str:
    """The first of some values that is a text or a number and not empty."""
    return next((text for name in names if (text := text_in(fields.get(name)))), "")


def said_in(fields: Fields) -> str:
    """What is said in a record; empty where nothing is."""
    for name in TEXTS:
        if text := _spoken(fields.get(name)):
            return text
    for name in ("nbest", "alternatives"):  # of what may have been said, the best first
        found = fields.get(name)
        if isinstance(found, list) and found and isinstance(found[0], dict):
            return first_text(fields_of(found[0]), _BEST)
    return ""


def _spoken(value: Any) -> str:
    """A text, the text of a record with one (``{"text": …}``), or those of a list of such parts."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        return next((text for name in ("text", "body", "content") if (text := text_in(value.get(name)))), "")
    if isinstance(value, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in value]
        return " ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())
    return ""


def side_in(fields: Fields) -> Role | None:
    """The side that a record states: ``is_rep: true``, ``affiliation: "External"``, ``role: "AGENT"``."""
    for name in (*IS_OURS, *IS_THEIRS):
        if isinstance(value := fields.get(name), bool):
            return "rep" if value == (name in IS_OURS) else "customer"
    return next((side for name in KINDS if (side := side_in_word(fields.get(name)))), None)


def side_in_word(value: Any) -> Role | None:
    """The side that a word of a tool means: "External", "END_USER", "sales_rep"."""
    if not isinstance(value, str):
        return None
    return SIDE_WORDS.get(folded(value)) or side_of(value.replace("_", " ").replace("-", " "))
