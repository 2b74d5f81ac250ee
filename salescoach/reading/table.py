"""The formats that can be read: a new one is a line here."""

from typing import Final

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.formats.blocks import Blocks
from salescoach.reading.formats.columns import Columns
from salescoach.reading.formats.enclosed import Enclosed
from salescoach.reading.formats.fireflies import Fireflies
from salescoach.reading.formats.gong import Gong
from salescoach.reading.formats.graph import Graph
from salescoach.reading.formats.lines import Lines
from salescoach.reading.formats.microdvd import MicroDVD
from salescoach.reading.formats.nist import NIST
from salescoach.reading.formats.other_json import OtherJson
from salescoach.reading.formats.recognisers import Recognisers
from salescoach.reading.formats.sbv import SBV
from salescoach.reading.formats.subrip import SubRip
from salescoach.reading.formats.substation import SubStation
from salescoach.reading.formats.teams_document import TeamsDocument
from salescoach.reading.formats.ttml import TTML
from salescoach.reading.formats.utterances import Utterances
from salescoach.reading.formats.vcon import VCon
from salescoach.reading.formats.web_page import WebPage
from salescoach.reading.formats.webvtt import WebVTT
from salescoach.reading.formats.whatsapp import WhatsApp
from salescoach.reading.formats.zoom_chat import ZoomChat
from salescoach.reading.no_speech import refuse_without_speech
from salescoach.reading.source import Source

# Of readers that are as sure as each other the first one reads.
READERS: Final[tuple[FormatReader, ...]] = (
    WebPage(),
    Gong(),
    VCon(),
    Fireflies(),
    Recognisers(),
    Utterances(),
    Enclosed(lambda source: calls_in(source)),  # noqa: PLW0108 - it is defined below
    OtherJson(),
    Graph(),
    WebVTT(),
    TTML(),
    SubStation(),
    TeamsDocument(),
    SubRip(),
    SBV(),
    MicroDVD(),
    NIST(),
    WhatsApp(),
    ZoomChat(),
    Columns(),
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
        TranscriptError: the text can't be read, holds no speech, or exceeds a limit.
    """
    refuse_without_speech(source)
    reader = reader_of(source)
    calls = reader.read(source)
    for call in calls:
        call.warnings[:0] = source.warnings
        call.format = call.format or reader.name
    return calls
