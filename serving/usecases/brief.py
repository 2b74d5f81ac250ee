"""The brief of a call, as every door makes it: read once by the coach's own reader, without a language model."""

from salescoach.brief.build import brief_of
from salescoach.brief.results import Brief
from salescoach.config import Settings
from salescoach.moves.reader import MoveReader
from salescoach.types import Transcript


def brief_call(
    settings: Settings, transcript: Transcript, *, with_email: bool = False, reader: MoveReader | None = None
) -> Brief:
    """The brief of a call.

    Args:
        settings: name where the reader's cache is.
        transcript: the call.
        with_email: whether a follow-up mail is drafted.
        reader: of moves; default: the one that comes with the coach, which is loaded for it.

    Raises:
        ModelError: a file of the reader is missing or damaged.
    """
    if reader is None:
        from salescoach.model.loading import load_reader  # torch takes seconds to import

        reader = load_reader(settings)
    return brief_of(transcript, reader.read(transcript), with_email=with_email)
