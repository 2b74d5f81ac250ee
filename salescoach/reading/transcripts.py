"""Reading a sales conversation: bytes or text of any usual format become a ``Transcript``.

The formats are the table of ``salescoach.reading.table``, one reader each. Whatever was dropped, joined or assumed on
the way is said in ``Transcript.warnings``; see docs/formats.md.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from salescoach.errors import DataError, TableError, TranscriptError
from salescoach.reading.archives import MAX_DOCUMENT_BYTES
from salescoach.reading.decode import decode
from salescoach.reading.documents import calls_in_document, is_document
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.finish import to_transcript
from salescoach.reading.limits import (
    MAX_BYTES,
    MAX_CALL_CHARS,
    MAX_LABEL_CHARS,
    MAX_LINES,
    MAX_TURN_CHARS,
    MAX_TURNS,
    check_bytes,
)
from salescoach.reading.roles import UNKNOWN_SPEAKER, assign_roles, names_of, speakers
from salescoach.reading.source import Source
from salescoach.reading.table import calls_in, reader_of
from salescoach.reading.tables.calls import calls_of_table
from salescoach.reading.tables.sheets import holds_table
from salescoach.reading.texts import tidy
from salescoach.types import Transcript

__all__ = [
    "MAX_BYTES",
    "MAX_CALL_CHARS",
    "MAX_LABEL_CHARS",
    "MAX_LINES",
    "MAX_TURNS",
    "MAX_TURN_CHARS",
    "PASTE_CHARS",
    "UNKNOWN_SPEAKER",
    "ReadCall",
    "ReadTurn",
    "assign_roles",
    "decode",
    "judged_part",
    "looks_like_transcript",
    "parse_transcript",
    "read_calls_of",
    "read_transcript",
    "speakers",
    "tidy",
    "to_transcript",
    "transcript_of",
]

# A chat message is judged by its beginning: a pasted call shows its labels at once, but for JSON.
PASTE_CHARS: Final = 20_000


def parse_transcript(text: str, *, rep: str | Sequence[str] = (), call_id: str | None = None) -> Transcript:
    """Read a conversation from text of any format that we know.

    Args:
        text: The conversation.
        rep: The speakers on our side, by name or unique first name. Without them roles come from labels such as "Rep".
        call_id: Kept in the transcript as it is.

    Raises:
        TranscriptError: There is nothing to read, more than one call, or more than one of the limits above allows.
        InputError: One of ``rep`` is none of the speakers.
    """
    return to_transcript(_only(_calls(Source(text, reps=names_of(rep)))), rep=rep, call_id=call_id)


def transcript_of(
    data: bytes, name: str = "", *, rep: str | Sequence[str] = (), call_id: str | None = None
) -> Transcript:
    """Read a conversation from the bytes of a file, with a warning where its encoding was a guess.

    Args:
        data: The file's content.
        name: The file's name, which may help to tell its format.
        rep: As for ``parse_transcript``.
        call_id: As for ``parse_transcript``.

    Raises:
        TranscriptError: The bytes are no text, or as for ``parse_transcript``.
        InputError: One of ``rep`` is none of the speakers.
    """
    return to_transcript(_only(read_calls_of(data, name, rep=rep)), rep=rep, call_id=call_id)


def read_calls_of(data: bytes, name: str = "", *, rep: str | Sequence[str] = ()) -> list[ReadCall]:
    """All calls in the bytes of a file, in its order, with what the file says about each.

    ``to_transcript`` makes a transcript of one. ``rep`` is who the user says are on our side.

    Raises:
        TranscriptError: The bytes are no text, can't be read, or exceed a limit.
    """
    if holds_table(data, name):
        if not is_document(data):
            check_bytes(len(data))
        try:
            calls = calls_of_table(data, name, names_of(rep))
        except DataError as error:
            raise TableError(str(error)) from None
        if not calls:
            raise TranscriptError(f"{name or 'The table'} holds no call; it needs a row for each turn or each call.")
        return calls
    if is_document(data):
        return calls_in_document(data, name, names_of(rep))
    text, warnings = decode(data)
    calls = _calls(Source(text, name, names_of(rep)))
    for call in calls:
        call.warnings[:0] = warnings
    return calls


def read_transcript(path: Path, *, rep: str | Sequence[str] = (), call_id: str | None = None) -> Transcript:
    """Read a conversation from a file; see ``parse_transcript``.

    Raises:
        TranscriptError: The file can't be read or holds no transcript; the message names the file.
        InputError: One of ``rep`` is none of the speakers.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
            if is_document(data):
                data += file.read(MAX_DOCUMENT_BYTES)
    except FileNotFoundError:
        raise TranscriptError(f"There is no file {path}; check the path.") from None
    except IsADirectoryError:
        raise TranscriptError(f"{path} is a folder; give the path of one transcript file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TranscriptError(f"{path} can't be read ({reason}); check the path and its permissions.") from None
    try:
        return transcript_of(data, path.name, rep=rep, call_id=call_id)
    except TranscriptError as error:
        raise TranscriptError(f"{path}: {error}") from None


def judged_part(text: str) -> str:
    """What is looked at to tell whether a chat message is a call: its beginning, or all of it, if it may be JSON."""
    return text[: MAX_BYTES if text.lstrip()[:1] in ("{", "[") else PASTE_CHARS]


def looks_like_transcript(text: str) -> bool:
    """Whether a chat message is a pasted call: two or more turns with labels or times, not a question about one.

    Judged by its first ``PASTE_CHARS`` characters, except that JSON is judged as a whole: a part of it is none.
    """
    whole = Source(judged_part(text))
    if whole.json is not None:
        with suppress(TranscriptError):  # such as of a line that is too long in every other format
            return reader_of(whole).is_pasted_call(whole)
    source = Source(text[:PASTE_CHARS])
    return reader_of(source).is_pasted_call(source)


def _calls(source: Source) -> list[ReadCall]:
    check_bytes(len(source.text))
    check_bytes(len(source.text.encode("utf-8", "surrogatepass")))
    return calls_in(source)


def _only(calls: Sequence[ReadCall]) -> ReadCall:
    if len(calls) > 1:
        raise TranscriptError(
            f"There are {len(calls)} calls here and one is read at a time; give each in a file of its own."
        )
    return calls[0]
