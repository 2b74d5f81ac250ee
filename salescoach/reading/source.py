"""What every reader is given: the text of a file with its name, cleaned once and cut into lines or parsed once."""

import json
from functools import cached_property
from typing import Any

from salescoach.reading.limits import check_lines
from salescoach.reading.texts import LINE_BREAK, clean

_MAX_DEPTH = 100  # of lists and objects within each other


class Source:
    """A text to read. Looking at it in one way costs nothing in the others.

    Attributes:
        text: as it was given.
        name: of the file, which may help to tell formats apart; empty where the text was pasted.
        rep: who the user says is on our side, which makes a label a speaker's.
    """

    def __init__(self, text: str, name: str = "", rep: str | None = None) -> None:
        self.text, self.name, self.rep = text, name, rep

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, blank ones too, without white space around them and characters that can't be seen.

        Raises:
            TranscriptError: there are too many, or one is too long.
        """
        lines = [line.strip() for line in LINE_BREAK.split(self._cleaned[0])]
        check_lines(lines)
        return lines

    @cached_property
    def filled_lines(self) -> list[str]:
        """Those of its lines that aren't blank; raises as ``lines``."""
        return [line for line in self.lines if line]

    @property
    def json(self) -> Any:
        """What it holds as JSON, its strings without characters that can't be seen; None if it isn't JSON."""
        return self._json[0]

    @property
    def warnings(self) -> list[str]:
        """What was removed from it."""
        n_removed = self._cleaned[1] + self._json[1]
        if not n_removed:
            return []
        return [f"{n_removed} hidden or control character{'s were' if n_removed > 1 else ' was'} removed."]

    @cached_property
    def _cleaned(self) -> tuple[str, int]:
        return clean(self.text)

    @cached_property
    def _json(self) -> tuple[Any, int]:
        text = self._cleaned[0].strip()
        if text[:1] not in ("{", "["):
            return None, 0
        try:
            return _cleaned_tree(json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_doubles))
        except (ValueError, RecursionError):
            return None, 0


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is there twice")
    return values


def _cleaned_tree(value: Any, depth: int = 0) -> tuple[Any, int]:
    """A JSON value with its strings cleaned, as escapes can bring anything into them; and how many characters went."""
    if isinstance(value, str):
        return (value, 0) if value.isascii() and value.isprintable() else clean(value)
    if not isinstance(value, dict | list):
        return value, 0
    if depth == _MAX_DEPTH:
        raise RecursionError("too deep")
    found = [_cleaned_tree(one, depth + 1) for one in (value.values() if isinstance(value, dict) else value)]
    n_removed = sum(n for _, n in found)
    if isinstance(value, dict):
        return dict(zip(value, (one for one, _ in found), strict=True)), n_removed
    return [one for one, _ in found], n_removed
