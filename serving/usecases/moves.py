"""The moves of a call, as every door reads them."""

from pathlib import Path

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model.base_model import resolve_base_model
from salescoach.moves.reader import BUNDLED_READER, EncoderReader, MoveReader


def load_reader() -> MoveReader:
    """The reader that comes with the coach; it stands on the base encoder, whatever the model is that scores.

    Raises:
        ModelError: a file of the reader or of the base encoder is missing or damaged.
    """
    return EncoderReader.load(BUNDLED_READER, Path(resolve_base_model(BUNDLED_BASE_MODEL)))
