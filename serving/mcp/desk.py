"""What the door for MCP clients holds open, and what its tools do with it. Nothing here knows the SDK."""

import functools
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.types import LabelledCall, Transcript
from serving.mcp.arguments import ClientCall
from serving.mcp.masks import Masks
from serving.usecases.lost_library import check_library
from serving.usecases.read import read_call
from serving.usecases.score_log import Log, log_to
from serving.usecases.team import our_side

if TYPE_CHECKING:
    from salescoach.model.scoring import CallScorer
    from salescoach.moves.reader import EncoderReader
    from tools.parts import Parts

T = TypeVar("T", bound=BaseModel)

# Who is asked for where a call is looked up: nobody, so that what a user of the chat pasted stays theirs.
NOBODY = ""


class McpDesk:
    """Model, reader and library, each opened when it is first needed; several threads may use it."""

    def __init__(self, settings: Settings, *, masked: bool = True) -> None:
        self.settings = settings
        self._is_masked = masked
        self._opening = threading.RLock()

    @property
    def is_masked(self) -> bool:
        """Whether names, numbers and mail are masked."""
        return self._is_masked

    @property
    def scorer(self) -> "CallScorer":
        """The scorer of the model that is used; raises ModelError as ``CallScorer.load``."""
        with self._opening:
            return self._scorer

    @property
    def reader(self) -> "EncoderReader":
        """The move reader; raises ModelError as ``load_reader``."""
        with self._opening:
            return self._reader

    @property
    def library(self) -> Library:
        """The library.

        Raises:
            CoachError: there is none, or it isn't the one that the index was built from.
        """
        with self._opening:
            return self._library

    @property
    def parts(self) -> "Parts":
        """What similar calls are found with."""
        with self._opening:
            return self._parts

    @property
    def log(self) -> Log:
        """Notes scores as seen by an MCP client."""
        return log_to(self.settings.library_file, "mcp")

    def close(self) -> None:
        """Closes the library and lets another process own the index."""
        with self._opening:
            if "_parts" in self.__dict__:
                self._past.close()
            if "_library" in self.__dict__:
                self._library.close()

    def call(self, given: ClientCall) -> Transcript:
        """The call that a client gives or names.

        Raises:
            InputError: it can't be read, or there is no such call.
        """
        if given.transcript is not None:
            return read_call(given.transcript.encode(), our_side(self.settings, given.rep))
        return self.known(given.call_id or "").transcript

    def known(self, call_id: str) -> LabelledCall:
        """A call of the team by its id or its alias.

        Raises:
            InputError: there is no such call, or it is somebody's own.
        """
        with suppress(InputError):
            return self.library.visible(call_id, NOBODY)
        for known in self.library.team_ids() if self.is_masked else ():
            if self._masks.alias("call", known) == call_id:
                return self.library.get(known)
        raise InputError(
            f"There is no call {call_id[:100]!r} in the library; `search` finds the ids of those there are."
        )

    def shown(self, found: T, call: Transcript | None = None) -> T:
        """A result as the client may see it. ``call``: what it is about."""
        return self._masks.masked(found, call) if self.is_masked else found

    def shown_id(self, call_id: str) -> str:
        """What a call is called at the client."""
        return self._masks.alias("call", call_id) if self.is_masked else call_id

    def shown_words(self, call: Transcript) -> Callable[[str], str]:
        """Makes words of a call fit for the client."""
        return (lambda text: self._masks.words(text, call)) if self.is_masked else (lambda text: text)

    @functools.cached_property
    def _scorer(self) -> "CallScorer":
        from salescoach.model.scoring import CallScorer

        return CallScorer.load(self.settings)

    @functools.cached_property
    def _reader(self) -> "EncoderReader":
        from salescoach.model.loading import load_reader

        return load_reader(self.settings)

    @functools.cached_property
    def _library(self) -> Library:
        check_library(self.settings, must_exist=True)
        return Library(self.settings.library_file, create=False)

    @functools.cached_property
    def _parts(self) -> "Parts":
        from tools.parts import Parts
        from vectorstore.search import PastCalls

        self._past = PastCalls(self.settings.index_dir, self._library, self._scorer)
        return Parts(self._library, self._scorer, self._past, self.settings.rep_lookups)

    @functools.cached_property
    def _masks(self) -> Masks:
        # The library's id is known to nobody outside, and stays the same in copies of the library.
        key = self.library.library_id if self.settings.library_file.exists() else ""
        return Masks(key, self._transcript_of)

    def _transcript_of(self, call_id: str) -> Transcript | None:
        with suppress(InputError):
            return self.library.get(call_id).transcript
        return None
