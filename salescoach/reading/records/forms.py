"""The forms that single tools give to their lists of utterances: what their names alone don't say."""

from dataclasses import dataclass
from typing import Final

from salescoach.reading.records.fields import Fields
from salescoach.reading.values import text_in
from salescoach.types import Role


@dataclass(frozen=True)
class Form:
    """A tool's list of utterances, known by its name and by what stands in its first record.

    Attributes:
        name: what a file of this form is said to be.
        lists: what the list may be called; an empty name is a list that stands alone.
        has: names that its first record has.
        per_second: how many of its units make a second where the names don't say it; None to judge by the numbers.
        says: words of "type" that are speech; without them all records are.
        sides: fields, or a field's word after ``=``, that are of one side.
    """

    name: str
    lists: tuple[str, ...]
    has: frozenset[str]
    per_second: float | None = None
    says: frozenset[str] = frozenset()
    sides: tuple[tuple[str, Role], ...] = ()

    def side_of(self, fields: Fields) -> Role | None:
        """The side that the tool states in its own way."""
        for test, side in self.sides:
            name, _, word = test.partition("=")
            value = text_in(fields.get(name)).casefold()
            if value and word in ("", value):
                return side
        return None


def _form(name: str, lists: str, has: str, per_second: float | None = None) -> Form:
    return Form(name, tuple(lists.split()), frozenset(has.split()), per_second)


# Any other list of the kind is read as well. The first that fits counts.
FORMS: Final = (
    _form("Contact Lens JSON", "transcript segments", "content participantid"),
    _form("Contact Lens JSON", "transcript segments", "content participantrole"),
    _form("Azure batch transcription JSON", "recognizedphrases", "nbest"),
    _form("Azure fast transcription JSON", "phrases", "offsetmilliseconds text"),
    _form("whisper.cpp JSON", "transcription", "timestamps offsets text"),
    _form("Whisper JSON", "segments", "start end text avglogprob", per_second=1),
    _form("WhisperX JSON", "segments", "start end text words", per_second=1),
    _form("Google Meet JSON", "transcriptentries entries", "participant text starttime"),
    _form("Google CCAI JSON", "transcriptsegments", "text segmentparticipant"),
    _form("Twilio JSON", "sentences", "mediachannel transcript", per_second=1),
    _form("HubSpot JSON", "transcriptcreateutterances", "speaker text", per_second=1e3),
    _form("Avoma JSON", "transcript", "transcript timestamps", per_second=1),
    _form("Chorus JSON", "utterances", "snippet", per_second=1),
    Form(
        "Dialpad JSON",
        ("lines",),
        frozenset({"content", "time", "type"}),
        says=frozenset({"transcript"}),
        sides=(("userid", "rep"), ("contactid", "customer")),
    ),
    Form(
        "Truto JSON",
        ("entries",),
        frozenset({"speakertype", "text"}),
        per_second=1,
        sides=(("speakertype=user", "rep"), ("speakertype=guest", "customer")),
    ),
    _form("Clari Copilot JSON", "transcript", "personid text", per_second=1),
    _form("Genesys JSON", "phrases", "participantpurpose text"),
    _form("RingCentral JSON", "transcript utterances utteranceinsights", "speakerid text start", per_second=1),
    _form("Fathom JSON", "transcript", "speaker text timestamp"),
    _form("Deepgram JSON", "utterances", "transcript channel start", per_second=1),
    _form("Gladia JSON", "utterances", "text language words start", per_second=1),
    _form("AssemblyAI JSON", "utterances sentences", "speaker text words confidence"),
    _form("Zoom JSON", "timeline", "text ts users"),
    _form("Zoom JSON", "transcripts", "text starttime itemid"),
    _form("Rev JSON", "monologues", "elements", per_second=1),
    Form("chat messages", ("messages", "conversations", "conversation", ""), frozenset({"role", "content"})),
    Form("chat messages", ("messages", "conversations", "conversation", ""), frozenset({"from", "value"})),
)
