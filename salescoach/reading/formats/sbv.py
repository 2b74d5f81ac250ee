"""SBV, as YouTube exports it, and SubViewer: both times of a cue in one line with a comma between them."""

from salescoach.reading.captions import read_captions
from salescoach.reading.cue_times import COMMA
from salescoach.reading.cues import n_cue_times
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.source import Source


class SBV(FormatReader):
    """Cues without numbers, their speakers before a colon."""

    name = "SBV"
    says = "SBV captions, as YouTube writes them"

    def recognises(self, source: Source) -> float:
        """By the time of a cue in its first line, or two anywhere."""
        lines = source.filled_lines
        return bool(lines) and (COMMA.fullmatch(lines[0]) is not None or self.is_pasted_call(source))

    def read(self, source: Source) -> list[ReadCall]:
        """One call; raises TranscriptError where no cue can be read."""
        return [read_captions(source, COMMA)]

    def is_pasted_call(self, source: Source) -> bool:
        """With two cues or more."""
        return n_cue_times(source.filled_lines, COMMA) > 1
