"""How much one call may hold, and the sentences that refuse more. Nothing is ever cut or split silently."""

from collections.abc import Sequence
from typing import Final

from salescoach.errors import TranscriptError

MAX_BYTES: Final = 1_000_000  # of a file, with its times and tags
MAX_LINES: Final = 25_000  # that aren't blank
MAX_TURN_CHARS: Final = 20_000  # of a line as well
MAX_TURNS: Final = 5_000
MAX_CALL_CHARS: Final = 200_000  # of what is said: four hours of talk, and what bounds the time that a score takes
MAX_LABEL_CHARS: Final = 64

_BREAK_UP = "break it into several lines that each begin with the speaker, such as “Rep: …”"


def check_bytes(n_bytes: int) -> None:
    """Raises TranscriptError for a file of more than ``MAX_BYTES``."""
    if n_bytes > MAX_BYTES:
        raise TranscriptError(
            f"The text is larger than {MAX_BYTES // 1_000_000} MB, the limit for one call; split it into single calls."
        )


def check_lines(lines: Sequence[str]) -> None:
    """Raises TranscriptError for too many lines that aren't blank, or for one that is too long."""
    if sum(map(bool, lines)) > MAX_LINES:
        raise TranscriptError(
            f"The text has more than {MAX_LINES:,} lines, the limit for one call; split it into single calls."
        )
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_TURN_CHARS:
            raise TranscriptError(
                f"Line {number} has {len(line):,} characters and at most {MAX_TURN_CHARS:,} can be read as one turn; "
                f"{_BREAK_UP}.",
                line=number,
            )


def check_turn(number: int, text: str) -> None:
    """Raises TranscriptError for one turn too many, or for a turn that is too long. ``number`` counts from 1."""
    if number > MAX_TURNS:
        raise TranscriptError(
            f"The text has {MAX_TURNS + 1} turns or more and at most {MAX_TURNS} can be read; "
            "split it into single calls.",
            turn=number,
        )
    if len(text) > MAX_TURN_CHARS:
        raise TranscriptError(
            f"Turn {number} has more than {MAX_TURN_CHARS:,} characters, the limit for one turn; {_BREAK_UP}.",
            turn=number,
        )


def check_call(n_chars: int) -> None:
    """Raises TranscriptError where more is said in a call than ``MAX_CALL_CHARS``."""
    if n_chars > MAX_CALL_CHARS:
        raise TranscriptError(
            f"{n_chars:,} characters are said in this text and at most {MAX_CALL_CHARS:,} can be read, some four hours "
            "of talk; split it into single calls."
        )
