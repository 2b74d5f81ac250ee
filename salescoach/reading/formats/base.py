"""What every format's reader has."""

from abc import ABC, abstractmethod
from typing import ClassVar

from salescoach.reading.drafts import ReadCall
from salescoach.reading.source import Source


class FormatReader(ABC):
    """Reads one format. It holds nothing, so one of it serves everybody."""

    name: ClassVar[str]  # as a user would say it

    @abstractmethod
    def recognises(self, source: Source) -> bool:
        """Whether the text is of this format, by its content; the readers before this one in the table said no.

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
