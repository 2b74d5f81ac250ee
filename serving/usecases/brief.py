"""The brief of a call: the call in half a page, and a draft of the follow-up mail."""

from salescoach.brief.page import brief_of
from salescoach.brief.results import Brief
from salescoach.config import Settings
from salescoach.model.loading import encoder_reader, load_reader
from salescoach.moves.reader import MoveReader
from salescoach.types import Transcript


def write_brief(
    settings: Settings,
    call: Transcript,
    *,
    with_mail: bool = False,
    by_language_model: bool = False,
    reader: MoveReader | None = None,
) -> Brief:
    """Writes the brief of a call.

    Args:
        settings: name the reader's cache and the language model.
        call: the call, which need not be in the library.
        with_mail: draft a follow-up mail too.
        by_language_model: let the language model of the settings word it; code checks what it says.
        reader: the coach's own, where there is one already.

    Raises:
        InputError: no language model may be asked.
        ModelError: the move reader is missing or damaged.
    """
    own = encoder_reader(reader) or load_reader(settings)
    if by_language_model:
        from agent.read_brief import brief_writer  # langchain takes half a second to import

        return brief_writer(settings, own).brief(call, with_mail=with_mail)
    return brief_of(own, call, own.read(call), with_mail=with_mail)
