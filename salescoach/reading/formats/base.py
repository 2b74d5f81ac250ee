"""What every format's reader has."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from salescoach.reading.drafts import ReadCall
from salescoach.reading.source import Source

# How sure a reader is. Of two that are as sure, the one that stands first in the table reads.
CERTAIN: Final = 1.0  # the file names the format, or has what no other format has
LIKELY: Final = 0.7  # it has the form of the format, which others may have too
ANY_TEXT: Final = 0.01  # it could be anything


class FormatReader(ABC):
    """Reads one format. It holds nothing, so one of it serves everybody."""

    name: ClassVar[str]  # as a user would say it
    says: ClassVar[str]  # what the file was taken for, to stand behind "read as"

    @abstractmethod
    def recognises(self, source: Source) -> float:
        """How sure it is, by the content, that the text is of this format, from 0 (no) to 1; True is 1.

        Raises:
            TranscriptError: the text exceeds a limit.
        """

    @abstractmethod
    def read(self, source: Source) -> list[ReadCall]:
        """The calls in a text that is recognised, in its order.

        Raises:
            TranscriptError: it can't be read, or exceeds a limit.
        """

    def is_pasted_call(self, source: Source) -> bool:
        """Whether a chat message that is recognised is a call to read, not a question with a line of one in it."""
        return True
