"""Who may use the chat: names and hashed passwords in ``users.json``.

Without that file the chat is one person's, at this machine, and nobody signs in.
"""

import hashlib
import hmac
import json
import re
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError, field_validator

from salescoach.errors import CoachError, InputError
from salescoach.types import Frozen
from salescoach.whole_file import write_private

MIN_PASSWORD_CHARS: Final = 10
MAX_PASSWORD_CHARS: Final = 1_000

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_N, _R, _P, _SALT_BYTES = 2**15, 8, 1, 16  # what scrypt costs: 32 MiB and about a tenth of a second
_SECRET_BYTES: Final = 48


class Account(Frozen):
    """A password as it is kept, with what it was hashed by and when it was given, in seconds since 1970."""

    salt: str
    hash: str
    n: int
    r: int
    p: int
    since: float

    @field_validator("salt", "hash")
    @classmethod
    def _check_base64(cls, value: str) -> str:
        b64decode(value, validate=True)
        return value

    def admits(self, password: str) -> bool:
        """Whether it is the password; takes the same time whatever is wrong with it."""
        return hmac.compare_digest(_hash(password, b64decode(self.salt), self.n, self.r, self.p), b64decode(self.hash))

    @property
    def generation(self) -> str:
        """Tells this password from those before and after it, whatever the clock said when they were given."""
        return hashlib.sha256(f"{self.salt} {self.hash}".encode()).hexdigest()


_FILE: Final = TypeAdapter(dict[str, Account])
# What a name that nobody has is compared with, so that it takes as long as one that somebody has.
_NOBODY: Final = Account(
    salt=b64encode(bytes(_SALT_BYTES)).decode(), hash=b64encode(bytes(64)).decode(), n=_N, r=_R, p=_P, since=0
)  # fmt: skip


class Accounts:
    """The file of accounts. It is read again whenever it has changed, so a removed user is out at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at: tuple[int, int] | None = None
        self._accounts: dict[str, Account] = {}

    def names(self) -> list[str]:
        """Who has an account."""
        return sorted(self._load())

    def add(self, name: str, password: str) -> bool:
        """Adds an account, or gives one a new password, which ends its sessions.

        Returns:
            Whether it is a new one.

        Raises:
            InputError: name or password can't be used.
        """
        known = self._load()
        name = account_name(name)
        if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
            raise InputError(f"A password needs at least {MIN_PASSWORD_CHARS} characters; a few words make a good one.")
        salt = secrets.token_bytes(_SALT_BYTES)
        account = Account(
            salt=b64encode(salt).decode(), hash=b64encode(_hash(password, salt, _N, _R, _P)).decode(),
            n=_N, r=_R, p=_P, since=time.time(),
        )  # fmt: skip
        self._save({**known, name: account})
        return name not in known

    def remove(self, name: str) -> None:
        """Removes an account, which ends its sessions.

        Raises:
            InputError: there is no such account.
        """
        known = dict(self._load())
        if known.pop(account_name(name), None) is None:
            raise InputError(f"There is no account {name!r}; `coach user list` shows which there are.")
        self._save(known)

    def check(self, name: str, password: str) -> str | None:
        """The name of the account whose password it is, or None; both take the same time."""
        account = self._load().get(name.strip().casefold(), _NOBODY)
        is_right = account.admits(password[:MAX_PASSWORD_CHARS])
        return name.strip().casefold() if is_right and account is not _NOBODY else None

    def generation(self, name: str) -> str:
        """Which password of an account is the present one.

        Raises:
            InputError: there is no such account.
        """
        account = self._load().get(name)
        if account is None:
            raise InputError(f"There is no account {name!r}; `coach user list` shows which there are.")
        return account.generation

    def admits(self, name: str, generation: str) -> bool:
        """Whether a session of that name, begun with that generation of its password, still holds."""
        account = self._load().get(name)
        return account is not None and account.generation == generation

    def _load(self) -> dict[str, Account]:
        try:
            status = self._file.stat()
            if self._read_at != (status.st_mtime_ns, status.st_ino):
                self._accounts = _FILE.validate_json(self._file.read_bytes())
                self._read_at = (status.st_mtime_ns, status.st_ino)
        except FileNotFoundError:
            self._accounts, self._read_at = {}, None
        except (OSError, ValidationError) as error:
            raise CoachError(
                f"The accounts in {self._file} can't be read ({type(error).__name__}); restore the file from a backup, "
                "or delete it and make the accounts again with `coach user add NAME`."
            ) from None
        return self._accounts

    def _save(self, accounts: dict[str, Account]) -> None:
        write_private(self._file, json.dumps({name: one.model_dump() for name, one in accounts.items()}, indent=1))
        self._read_at = None


class Throttle:
    """Slows down whoever guesses passwords: after some failures, nothing is tried for a while, twice as long each time.

    It counts by name and address together, so that nobody can lock another one out from elsewhere; and by each alone,
    against one who tries many names or from many places. These two hit people who did nothing wrong, as a whole office
    or everybody behind a proxy may have one address: they allow far more and close for a minute at most.

    A browser that has signed in to the account before is counted by itself and by nothing else. What others get
    wrong, be it with the same name from the same address, never keeps it out.
    """

    LIMITS: Final = (("both", 5), ("address", 100), ("name", 100))
    BROWSER_LIMIT: Final = 5
    FIRST_S: Final = 30.0
    LONGEST_S: Final = 900.0
    LONGEST_ALONE_S: Final = 60.0
    MAX_KEYS: Final = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}

    def is_closed(self, name: str, address: str, browser: str = "") -> bool:
        """Whether this attempt is not even looked at. ``browser``: of one that has signed in to the account before."""
        now = self._clock()
        return any(now < self._failures.get(key, (0, 0.0))[1] for key, _ in self._keys(name, address, browser))

    def failed(self, name: str, address: str, browser: str = "") -> None:
        """Counts a wrong name or password, or one that is about to be tried and may be wrong."""
        now = self._clock()
        if len(self._failures) >= self.MAX_KEYS:
            oldest = sorted(self._failures, key=lambda key: self._failures[key][1])
            for key in oldest[: self.MAX_KEYS // 2]:
                del self._failures[key]
        for key, limit in self._keys(name, address, browser):
            n, closed_until = self._failures.get(key, (0, now))
            if now - closed_until > self.LONGEST_S:
                n = 0
            over = n + 1 - limit
            longest = self.LONGEST_ALONE_S if key[0] in ("address", "name") else self.LONGEST_S
            wait = 0.0 if over < 0 else min(self.FIRST_S * 2.0 ** min(over, 10), longest)
            self._failures[key] = (n + 1, now + wait)

    def succeeded(self, name: str, address: str, browser: str = "") -> None:
        """Forgets the failures of this name from this address, and of the others the one that was none."""
        for key, limit in self._keys(name, address, browser):
            n, closed_until = self._failures.pop(key, (0, 0.0))
            if key[0] in ("address", "name") and n > 1:
                self._failures[key] = (n - 1, self._clock() if n - 1 < limit else closed_until)

    def _keys(self, name: str, address: str, browser: str) -> list[tuple[tuple[str, str], int]]:
        if browser:
            return [(("browser", browser), self.BROWSER_LIMIT)]
        parts = {"both": f"{name}\n{address}", "address": address, "name": name}
        return [((kind, parts[kind]), limit) for kind, limit in self.LIMITS]


def account_name(name: str) -> str:
    """A name as it is kept: whoever types it in capitals is the same one.

    Raises:
        InputError: it can't be a name.
    """
    kept = name.strip().casefold()
    if not _NAME.fullmatch(kept):
        raise InputError(f"{name!r} can't be a name; use up to 64 letters a to z, digits and . _ @ -, without spaces.")
    return kept


def cookie_secret(file: Path) -> str:
    """What session cookies are signed with: made once, readable by nobody else; made again where it is damaged.

    Raises:
        CoachError: the file can't be read or written.
    """
    try:
        kept = file.read_bytes().strip()
        if len(kept) >= _SECRET_BYTES and kept.isascii():
            return kept.decode("ascii")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise CoachError(
            f"The secret in {file} can't be read ({error.strerror}); delete it, and it is made again."
        ) from None
    write_private(file, secrets.token_urlsafe(_SECRET_BYTES))
    return file.read_text(encoding="ascii").strip()


def _hash(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=64)
