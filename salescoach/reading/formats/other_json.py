"""JSON that no reader knows: it is refused, so that its brackets and names never become what somebody says."""

import re
from typing import Final

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.records.walk import records_in
from salescoach.reading.source import Source

_SURE: Final = 0.5  # less than any reader that knows it
_SYNTAX = re.compile(
    r"""\A(?:["'][^"']{1,80}+["']\s*+:(?:\s|[\["'{]|$)|[\[\]{}]++,?\Z|\{\s*+["'][^"']{1,80}+["']\s*+:)"""
)
_FORMS: Final = (
    "the JSON of Gong, Fireflies, Zoom, Teams, Google Meet or another recorder or recogniser, or a list such as "
    '[{"speaker": "Rep", "text": "…"}]'
)


class OtherJson(FormatReader):
    """It is never read."""

    name = "JSON"
    says = "JSON without a transcript"

    def recognises(self, source: Source) -> float:
        """By being JSON, or by beginning like it, or by half of its lines being JSON's syntax."""
        return _SURE if source.json is not None or source.json_fault or _is_mostly_syntax(source) else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """Always raises TranscriptError, which says what is wrong and what can be read."""
        if source.json_fault:
            raise TranscriptError(
                f"This looks like JSON but can't be read ({source.json_fault}); export it again, call by call."
            )
        if source.json is None:
            raise TranscriptError(f"This is text with JSON in it; give the JSON alone: {_FORMS}.")
        if any("timeline" in record for record in records_in(source.json)):
            raise TranscriptError(
                "This is Zoom's timeline, which says who spoke when, not what; give the recording's transcript (.vtt)."
            )
        raise TranscriptError(f"This JSON holds no transcript that is known; give {_FORMS}.")

    def is_pasted_call(self, source: Source) -> bool:
        """Never."""
        return False


def _is_mostly_syntax(source: Source) -> bool:
    lines = source.filled_lines
    n_syntax = sum(_SYNTAX.match(line) is not None for line in lines)
    return n_syntax > 1 and 2 * n_syntax >= len(lines)
