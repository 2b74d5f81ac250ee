"""The formats that can be read, in the order in which their readers are asked: a new one is a line here."""

from typing import Final

from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.formats.blocks import Blocks
from salescoach.reading.formats.fireflies import Fireflies
from salescoach.reading.formats.lines import Lines
from salescoach.reading.formats.subrip import SubRip
from salescoach.reading.formats.webvtt import WebVTT
from salescoach.reading.source import Source

# The strict ones come first. The last takes any text.
READERS: Final[tuple[FormatReader, ...]] = (
    Fireflies(),
    WebVTT(),
    SubRip(),
    Blocks(),
    Lines(),
)


def reader_of(source: Source) -> FormatReader:
    """The first reader that recognises a text; raises TranscriptError where the text exceeds a limit."""
    return next(reader for reader in READERS if reader.recognises(source))


def calls_in(source: Source) -> list[ReadCall]:
    """The calls of a text, at least one, each with the warnings about the text.

    Raises:
        TranscriptError: the text can't be read, or exceeds a limit.
    """
    calls = reader_of(source).read(source)
    for call in calls:
        call.warnings[:0] = source.warnings
    return calls
