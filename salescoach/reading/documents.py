"""Documents that are no plain text: Word files and web pages, read by their text or by a table in them."""

from collections.abc import Sequence

from salescoach.errors import DataError, TranscriptError
from salescoach.reading.archives import MAX_DOCUMENT_BYTES, archive_kind, is_archive
from salescoach.reading.drafts import ReadCall
from salescoach.reading.pages import Document, calls_of_page
from salescoach.reading.source import Source
from salescoach.reading.wordprocessing import read_word

_GIVE: str = "give the transcript as text, .docx, .vtt, .srt, .json or as a table"


def is_document(data: bytes) -> bool:
    """Whether bytes are those of an office document, which is read by its parts and not as text."""
    return is_archive(data)


def calls_in_document(data: bytes, name: str = "", reps: Sequence[str] = ()) -> list[ReadCall]:
    """The calls in the bytes of a document.

    Raises:
        TranscriptError: it is of a kind that isn't read, damaged or too large, or holds no speech.
    """
    import io

    if len(data) > MAX_DOCUMENT_BYTES:
        raise TranscriptError(f"The document is larger than {MAX_DOCUMENT_BYTES // 1_000_000} MB; {_GIVE}.")
    kind = archive_kind(io.BytesIO(data))
    if kind == "Word document":
        calls = calls_of_document(read_word(data), reps)
        for call in calls:
            call.format = f"Word document, {call.format}" if call.format else kind
        return calls
    raise TranscriptError(f"This is {f'an {kind}' if kind else 'a zip archive'}, not a transcript; {_GIVE}.")


def calls_of_document(page: Document, reps: Sequence[str] = ()) -> list[ReadCall]:
    """The calls of what a document shows.

    Raises:
        TranscriptError: there is nothing to read, or too much.
    """
    from salescoach.reading.table import calls_in  # which knows this module's formats

    return calls_of_page(page, lambda text: calls_in(Source(text, reps=reps)), lambda rows: _calls_of_grid(rows, reps))


def _calls_of_grid(rows: Sequence[Sequence[str]], reps: Sequence[str]) -> list[ReadCall]:
    """The calls of a table within a document; none of one that isn't a table of calls."""
    from salescoach.reading.tables.calls import calls_of_grid

    try:
        return calls_of_grid(rows, reps)
    except DataError:
        return []
