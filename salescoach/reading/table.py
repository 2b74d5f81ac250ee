"""The formats that can be read: a new one is a line here."""

from typing import Final

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.formats.blocks import Blocks
from salescoach.reading.formats.fireflies import Fireflies
from salescoach.reading.formats.lines import Lines
from salescoach.reading.formats.subrip import SubRip
from salescoach.reading.formats.webvtt import WebVTT
from salescoach.reading.source import Source

# Of readers that are as sure as each other the first one reads.
READERS: Final[tuple[FormatReader, ...]] = (
    Fireflies(),
    WebVTT(),
    SubRip(),
    Blocks(),
    Lines(),
)


def reader_of(source: Source) -> FormatReader:
    """The reader that is surest of a text; raises TranscriptError where the text exceeds a limit for all of them."""
    best, sure = READERS[-1], 0.0
    for reader in READERS:
        try:
            how_sure = reader.recognises(source)
        except TranscriptError:  # as JSON a text may be read whose lines are too long
            if reader is READERS[-1] and not sure:
                raise
            continue
        if how_sure > sure:
            best, sure = reader, how_sure
        if sure >= CERTAIN:
            break
    return best


def calls_in(source: Source) -> list[ReadCall]:
    """The calls of a text, at least one, each with the warnings about the text.

    Raises:
        TranscriptError: the text can't be read, or exceeds a limit.
    """
    reader = reader_of(source)
    calls = reader.read(source)
    for call in calls:
        call.warnings[:0] = source.warnings
        call.format = call.format or reader.name
    return calls
