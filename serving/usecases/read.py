"""A call as somebody gives it, as a file or as bytes, read into a transcript with all that its reader has to say."""

from pathlib import Path

from salescoach.reading.transcripts import read_transcript, transcript_of
from salescoach.types import Transcript


def read_call(source: Path | bytes, rep: str | None = None) -> Transcript:
    """The call in a file, or in the bytes of one.

    Args:
        source: the file, or what is in it.
        rep: the speaker who is on the user's side.

    Raises:
        InputError: the file can't be read.
        TranscriptError: what is in it is no text, is empty, or is too much for one call.
    """
    return read_transcript(source, rep=rep) if isinstance(source, Path) else transcript_of(source, rep=rep)
