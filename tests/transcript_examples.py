"""Examples of transcript formats, and what the tests of all formats look at.

The tests of each format, ``tests/test_salescoach_transcripts_<module>.py``, have a list ``EXAMPLES`` of these.
"""

import re
from dataclasses import dataclass

from salescoach.reading.transcripts import ReadCall
from salescoach.types import Transcript

Said = list[tuple[str, str]]


@dataclass(frozen=True)
class Example:
    """A file as a user has it: its name, its text, and the (speaker, text) pairs that are said in each of its calls.

    One in which nothing is said is to be refused.
    """

    name: str
    text: str
    said: tuple[Said, ...]


def said(call: Transcript | ReadCall) -> Said:
    """The (speaker, text) pair of each turn."""
    return [(turn.speaker or "unknown", turn.text) for turn in call.turns]


def has_warning(call: Transcript | ReadCall, pattern: str) -> bool:
    """Whether a warning matches a pattern."""
    return any(re.search(pattern, warning) for warning in call.warnings)
