"""Keys to the REST interface: a name, what it may do, and the sha256 of a secret that is shown once.

A secret is 256 random bits, so a plain hash of it can't be guessed back, as that of a password could.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from salescoach.errors import CoachError, InputError
from salescoach.types import Frozen
from salescoach.whole_file import write_private

Scope = Literal["read", "write", "admin"]

SCOPES: Final[tuple[Scope, ...]] = ("read", "write", "admin")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PREFIX: Final = "coach_"  # by which scanners for leaked secrets, and people, know it
_SECRET_BYTES: Final = 32


class ApiKey(Frozen):
    """A key as it is kept. ``hash``: sha256 of the secret, in hex."""

    name: str
    scopes: tuple[Scope, ...]
    hash: str
    created_at: datetime

    def allows(self, scope: Scope) -> bool:
        """Whether it may do this; who may do everything needs no other scope."""
        return scope in self.scopes or "admin" in self.scopes


class KeyMade(Frozen):
    """A new key with its secret, which nobody can be shown again."""

    name: str
    scopes: tuple[Scope, ...]
    secret: str


class _KeyFile(Frozen):
    keys: tuple[ApiKey, ...] = ()


class ApiKeys:
    """The file of keys. It is read again whenever it has changed, so a revoked key is out at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at: tuple[int, int, int] | None = None
        self._keys: tuple[ApiKey, ...] = ()

    @property
    def in_use(self) -> bool:
        """Whether there is a file of keys: from then on nobody gets in without one, even if all are revoked."""
        return self._file.exists()

    def all(self) -> tuple[ApiKey, ...]:
        """The keys, by name.

        Raises:
            CoachError: the file can't be read.
        """
        try:
            found = self._file.stat()
            read_at = found.st_mtime_ns, found.st_size, found.st_ino
            if read_at != self._read_at:
                self._keys = _KeyFile.model_validate_json(self._file.read_bytes()).keys
                self._read_at = read_at
        except FileNotFoundError:
            self._keys, self._read_at = (), None
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is damaged"
            raise CoachError(
                f"The keys in {self._file} can't be read ({reason}); mend the file, or delete it and add new keys."
            ) from None
        return self._keys

    def find(self, secret: str) -> ApiKey | None:
        """The key whose secret it is; each is compared, so that how long it takes says nothing.

        Raises:
            CoachError: the file can't be read.
        """
        given, found = _hash(secret), None
        for key in self.all():
            if hmac.compare_digest(key.hash, given):
                found = key
        return found

    def add(self, name: str, scopes: Sequence[str] = ("read",)) -> KeyMade:
        """Adds a key and gives its secret, the only time that it can be seen.

        Raises:
            InputError: the name can't be used or is taken, or a scope isn't known.
            CoachError: the file can't be read or written.
        """
        if not _NAME.fullmatch(name):
            raise InputError(
                "A key's name has 1 to 64 letters, digits, dots, dashes and underscores, such as crm-export."
            )
        if any(key.name == name for key in self.all()):
            raise InputError(
                f"There is a key {name!r} already; revoke it with `coach key revoke {name}`, or choose another name."
            )
        if not scopes or not set(scopes) <= set(SCOPES):
            raise InputError(f"A key's scopes are {', '.join(SCOPES)}; name at least one of them.")
        allowed = tuple(scope for scope in SCOPES if scope in scopes)
        secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        key = ApiKey(name=name, scopes=allowed, hash=_hash(secret), created_at=datetime.now(UTC).replace(microsecond=0))
        self._save((*self.all(), key))
        return KeyMade(name=name, scopes=allowed, secret=secret)

    def revoke(self, name: str) -> None:
        """Takes a key back; a server that runs refuses it from its next request on.

        Raises:
            InputError: there is no such key.
            CoachError: the file can't be read or written.
        """
        left = tuple(key for key in self.all() if key.name != name)
        if len(left) == len(self.all()):
            raise InputError(f"There is no key {name!r}; `coach key list` shows which there are.")
        self._save(left)

    def _save(self, keys: Sequence[ApiKey]) -> None:
        content = _KeyFile(keys=tuple(sorted(keys, key=lambda key: key.name)))
        try:
            write_private(self._file, content.model_dump_json(indent=1))
        except OSError as error:
            raise CoachError(
                f"The keys can't be written to {self._file} ({error.strerror}); check the folder."
            ) from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
