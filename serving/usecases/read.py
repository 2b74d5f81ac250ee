"""What somebody gives, as a file or as bytes, read with all that its reader has to say."""

from collections.abc import Sequence
from pathlib import Path

from salescoach.errors import TranscriptError
from salescoach.reading.files import FileContent, read_file
from salescoach.reading.transcripts import read_transcript, transcript_of
from salescoach.types import Transcript
from serving.tracing import span


def read_call(source: Path | bytes, rep: str | Sequence[str] | None = None) -> Transcript:
    """The call in a file, or in the bytes of one.

    Args:
        source: the file, or what is in it.
        rep: the speakers who are on the user's side.

    Raises:
        InputError: the file can't be read.
        TranscriptError: what is in it is no text, is empty, or is too much for one call.
    """
    ours = rep or ()
    with span("read") as traced:
        read = read_transcript(source, rep=ours) if isinstance(source, Path) else transcript_of(source, rep=ours)
        traced.note(n_turns=len(read))
    return read


def read_all(source: Path | bytes, rep: str | Sequence[str] | None = None) -> FileContent:
    """All calls in a file, or in the bytes of one; see ``read_call``."""
    if isinstance(source, bytes):
        return _read(source, "", rep or ())
    try:
        data = source.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TranscriptError(f"{source} can't be read ({reason}); check the path and its permissions.") from None
    return _read(data, source.name, rep or ())


def _read(data: bytes, name: str, rep: str | Sequence[str]) -> FileContent:
    with span("read") as traced:
        content = read_file(data, name, rep)
        traced.note(n_calls=len(content.calls))
    return content
