"""What every reader is given: the text of a file with its name, cleaned once and cut into lines or parsed once."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from salescoach.reading.limits import check_lines
from salescoach.reading.texts import LINE_BREAK, clean, in_number


class Source:
    """A text to read. Looking at it in one way costs nothing in the others.

    Attributes:
        text: as it was given.
        name: of the file, which may help to tell formats apart; empty where the text was pasted.
        reps: who the user says are on our side, which makes a label a speaker's.
    """

    def __init__(self, text: str, name: str = "", reps: Sequence[str] = ()) -> None:
        self.text, self.name, self.reps = text, name, tuple(reps)

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
        return [f"{n_removed} hidden or control {in_number(n_removed, 'character was', 'characters were')} removed."]

    @cached_property
    def _cleaned(self) -> tuple[str, int]:
        return clean(self.text)

    @cached_property
    def _json(self) -> tuple[Any, int]:
        text = self._cleaned[0].strip()
        if text[:1] not in ("{", "["):
            return None, 0
        try:
            root = json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_doubles)
        except (ValueError, RecursionError):
            return None, 0
        return root, _clean_strings(root)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is there twice")
    return values


def _clean_strings(root: dict[str, Any] | list[Any]) -> int:
    """Cleans all strings within a JSON value, as escapes can bring anything into them; returns what was removed."""
    n_removed = 0
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
    return n_removed
