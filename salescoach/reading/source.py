"""What every reader is given: the text of a file with its name, cleaned once and cut into lines or parsed once."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from salescoach.errors import TranscriptError
from salescoach.reading.limits import check_lines
from salescoach.reading.parse_json import Parsed, parse_json
from salescoach.reading.plain_text import PlainText
from salescoach.reading.team import Team
from salescoach.reading.texts import LINE_BREAK, clean, in_number


class Source:
    """A text to read. Looking at it in one way costs nothing in the others.

    Attributes:
        text: as it was given.
        name: of the file, which may help to tell formats apart; empty where the text was pasted.
        reps: who the user says are on our side, which makes a label a speaker's.
    """

    def __init__(self, text: str, name: str = "", reps: Sequence[str] = ()) -> None:
        self.text, self.name = text, name
        self.reps: Sequence[str] = reps if isinstance(reps, Team) else tuple(reps)

    @property
    def lines(self) -> list[str]:
        """Its lines, blank ones too, without white space around them and characters that can't be seen.

        Raises:
            TranscriptError: there are too many, or one is too long.
        """
        if isinstance(self._lines, TranscriptError):
            raise self._lines
        return self._lines

    @cached_property
    def filled_lines(self) -> list[str]:
        """Those of its lines that aren't blank; raises as ``lines``."""
        return [line for line in self.lines if line]

    @cached_property
    def plain(self) -> PlainText:
        """Its lines without those that a recorder wrote; raises as ``lines``."""
        return PlainText(self.lines)

    @property
    def json(self) -> Any:
        """What it holds as JSON, its strings without characters that can't be seen; None if it isn't JSON.

        JSON Lines, and other JSON values one after another, are a list of these.
        """
        return self._json.value

    @property
    def json_fault(self) -> str:
        """Where and why it isn't JSON, though it begins like it; empty if it is, or doesn't."""
        return self._json.fault

    @property
    def warnings(self) -> list[str]:
        """What was removed from it."""
        n_removed = self._cleaned[1] + self._json.n_removed
        if not n_removed:
            return []
        return [f"{n_removed} hidden or control {in_number(n_removed, 'character was', 'characters were')} removed."]

    @cached_property
    def _lines(self) -> list[str] | TranscriptError:
        """The lines, or why they are refused: every reader asks."""
        lines = [line.strip() for line in LINE_BREAK.split(self._cleaned[0])]
        try:
            check_lines(lines)
        except TranscriptError as error:
            return error
        return lines

    @cached_property
    def _cleaned(self) -> tuple[str, int]:
        return clean(self.text)

    @cached_property
    def _json(self) -> Parsed:
        return parse_json(self._cleaned[0])
