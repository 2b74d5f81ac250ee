"""WebVTT: captions under the heading ``WEBVTT``, as Zoom, Teams and most players write them."""

import re

from salescoach.reading.captions import read_captions
from salescoach.reading.cues import n_cue_times
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.source import Source

_HEADING = re.compile(r"WEBVTT(?:\s|$)")


class WebVTT(FormatReader):
    """The speaker is in a voice tag, ``<v Name>`` (Teams), or before a colon (Zoom)."""

    name = "WebVTT"
    says = "WebVTT captions"

    def recognises(self, source: Source) -> float:
        """By its first line."""
        lines = source.filled_lines
        return bool(lines) and _HEADING.match(lines[0]) is not None

    def read(self, source: Source) -> list[ReadCall]:
        """One call; raises TranscriptError where no cue can be read."""
        return [read_captions(source)]

    def is_pasted_call(self, source: Source) -> bool:
        """With two cues or more."""
        return n_cue_times(source.filled_lines) > 1
