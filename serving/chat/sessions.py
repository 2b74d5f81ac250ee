"""Who is signed in, kept on the server, so that a sign-out ends a session wherever its cookie was copied to.

One private file a session under ``COACH_HOME/sessions``. A session holds until it is ended, its time is over, or its
account is removed or has a new password.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from salescoach.types import Frozen
from salescoach.whole_file import write_private
from serving.chat.accounts import Accounts

_ID_BYTES: Final = 24


class _Session(Frozen):
    """Whose it is, which password of theirs it was begun with, and until when it holds, in seconds since 1970."""

    user: str
    generation: str
    until: float


class Sessions:
    """The sessions of the chat's accounts."""

    def __init__(
        self, folder: Path, accounts: Accounts, seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._accounts = accounts
        self._seconds = seconds
        self._clock = clock

    def begin(self, user: str) -> str:
        """Begins a session of somebody who has just given the right password.

        Returns:
            Its id, which is kept nowhere but in the user's cookie.

        Raises:
            CoachError: the accounts can't be read, or the user's is gone.
        """
        self._clear_away()
        session_id = secrets.token_urlsafe(_ID_BYTES)
        session = _Session(
            user=user, generation=self._accounts.generation(user), until=self._clock() + self._seconds
        )  # fmt: skip
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._file(session_id), session.model_dump_json())
        return session_id

    def user(self, session_id: str) -> str | None:
        """Whose session it is; None where it holds no longer.

        Raises:
            CoachError: the accounts can't be read.
        """
        session = _read(self._file(session_id))
        if session is None or session.until <= self._clock():
            return None
        return session.user if self._accounts.admits(session.user, session.generation) else None

    def end(self, session_id: str) -> None:
        """Ends a session, whoever has its cookie."""
        self._file(session_id).unlink(missing_ok=True)

    def _file(self, session_id: str) -> Path:
        # Hashed, so that whoever reads the folder can't sign in, and what a cookie says can't name another file.
        return self._folder / hashlib.sha256(session_id.encode("utf-8", "replace")).hexdigest()

    def _clear_away(self) -> None:
        for file in self._folder.glob("*"):
            session = _read(file)
            if session is None or session.until <= self._clock():
                file.unlink(missing_ok=True)


def _read(file: Path) -> _Session | None:
    try:
        return _Session.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None
