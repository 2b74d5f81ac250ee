"""SubRip (``.srt``), and any other captions without a heading."""

from salescoach.reading.captions import read_captions
from salescoach.reading.cues import are_cues, n_cue_times
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.source import Source


class SubRip(FormatReader):
    """Numbered cues, their speakers before a colon."""

    name = "SRT"
    says = "SubRip captions"

    def recognises(self, source: Source) -> float:
        """By a cue at the beginning, or two anywhere."""
        return are_cues(source.filled_lines)

    def read(self, source: Source) -> list[ReadCall]:
        """One call; raises TranscriptError where no cue can be read."""
        return [read_captions(source)]

    def is_pasted_call(self, source: Source) -> bool:
        """With two cues or more."""
        return n_cue_times(source.filled_lines) > 1
