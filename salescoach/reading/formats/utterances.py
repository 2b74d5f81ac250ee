"""JSON with a list of utterances: who says what, under any of the names that tools give to speaker, text and times."""

from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import LIKELY, FormatReader
from salescoach.reading.records.calls import calls_in_records
from salescoach.reading.records.choose import best_lists
from salescoach.reading.records.forms import FORMS
from salescoach.reading.source import Source


class Utterances(FormatReader):
    """A turn is what one speaker says in successive records. Of lists in a file the most speech-like is read."""

    name = "JSON utterances"
    says = "records of who says what"

    def recognises(self, source: Source) -> float:
        """By a list of records with a text and a speaker, channel or time."""
        return LIKELY if source.json is not None and best_lists(source.json) else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """All calls of the file."""
        return calls_in_records(source.json, FORMS)
