"""Text -> JSON, also where it is JSON Lines, stands between ``` marks, or was written by Python."""

import ast
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from salescoach.reading.texts import clean

_FENCED = re.compile(r"\A```[^\S\n]*+(?:json\w{0,8}|python)?[^\S\n]*+\n(.*)\n```\Z", re.S | re.I)
_LIKE_JSON = re.compile(r"""\A(?:\[\s*+){0,8}+(?:\{\s*+["'}]|\[\s*+\]|(?<=\[)["'])""")
_LIKE_PYTHON = re.compile(r"\A(?:\[\s*+){0,8}+\{\s*+'")
_SPACE = re.compile(r"\s*+,?\s*+")  # between values that stand one after another
_MAX_RECORDS: Final = 50_000  # and lists; a megabyte that says something holds fewer
_MAX_OPEN: Final = 100  # brackets within each other in what Python wrote


@dataclass(frozen=True)
class Parsed:
    """A JSON value, or None and why there is none: empty where the text doesn't look like JSON."""

    value: Any = None
    n_removed: int = 0
    fault: str = ""


def parse_json(text: str) -> Parsed:
    """The value of a text, its strings without characters that can't be seen, and how many of these were removed.

    Several values one after another, as in JSON Lines, are a list of them. ``NaN`` is read as null.
    """
    text = text.strip()
    if fenced := _FENCED.match(text):
        text = fenced[1].strip()
    if text[:1] not in ("{", "["):
        return Parsed()
    fault = ""
    try:
        root = _values(text)
    except (ValueError, RecursionError) as error:
        fault = _said(error)
        root = _of_python(text)
    if root is None:
        return Parsed(fault=fault if _LIKE_JSON.match(text) else "")
    try:
        return Parsed(root, _clean_strings(root))
    except ValueError as error:
        return Parsed(fault=_said(error))


def _values(text: str) -> Any:
    decoder = json.JSONDecoder(parse_constant=lambda _: None, object_pairs_hook=_without_doubles)
    values = []
    at = 0
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        space = _SPACE.match(text, at)
        at = space.end() if space else at
    return values[0] if len(values) == 1 else values


def _of_python(text: str) -> Any:
    """The value of what ``print`` writes for lists and dictionaries; None if it is none."""
    if not _LIKE_PYTHON.match(text) or max(text.count("-" * 9), text.count("[" * 9), text.count("(")) > _MAX_OPEN:
        return None
    try:
        value = ast.literal_eval(text)
        return json.loads(json.dumps(value, allow_nan=False))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None


def _said(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return str(error) if isinstance(error, ValueError) else "it is nested too deeply"


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is there twice in one object")
    return values


def _clean_strings(root: Any) -> int:
    """Cleans all strings within a JSON value, as escapes can bring anything into them; returns what was removed.

    Raises:
        ValueError: the value holds more than ``_MAX_RECORDS``.
    """
    n_removed = 0
    n_records = 1
    to_do = [root]
    while to_do:
        parent: Any = to_do.pop()
        for key, value in parent.items() if isinstance(parent, dict) else enumerate(parent):
            if isinstance(value, str):
                if not (value.isascii() and value.isprintable()):
                    parent[key], n = clean(value)
                    n_removed += n
            elif isinstance(value, dict | list):
                to_do.append(value)
                n_records += 1
                if n_records > _MAX_RECORDS:
                    raise ValueError(f"it holds more than {_MAX_RECORDS:,} records")
    return n_removed
