"""What was computed once and is taken again: values by a hash of what they were made from, in one SQLite file.

Three things are kept in such files, each in its own: vectors of turns (``salescoach.model.vector_cache``), states below
the trained layers (``training.activations``), and the results of a comparison's folds (``eval.compare``). Keys are
hashes and values numbers, so no text is ever in one. Every row carries a checksum over its key and its value, so that
one that was changed or moved on the disk is never an answer. Several processes may use a file at once; a row is whole
or not there.
"""

import contextlib
import hashlib
import logging
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from salescoach.errors import CoachError
from salescoach.scrub import scrub
from salescoach.sqlite_files import connect_read_only, is_read_only

logger = logging.getLogger(__name__)

_KEYS_AT_ONCE = 500  # below SQLite's limit of variables in one statement
_FORMAT = 3  # SQLite's user_version; files of another one are emptied
_CHECKSUM_BYTES = 8


def key_of(*parts: str) -> bytes:
    """The key of what is made from a text, or from several: 32 bytes."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


class FileStore:
    """Values by 32-byte keys. A file that can't be read or written costs time, never an answer."""

    def __init__(self, file: Path) -> None:
        """The file and its folder are made where they are missing; one that can't be written to is read as it is."""
        self._file = file
        self._lock = threading.Lock()  # the chat answers several users from worker threads
        self._warned: set[str] = set()
        self._database = self._open()
        weakref.finalize(self, self._database.close)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The values that are known and sound; other keys are left out."""
        found: dict[bytes, bytes] = {}
        for rows in self._select("key, value, checksum", keys):
            sound = {key: value for key, value, checksum in rows if _is_as_written(key, value, checksum)}
            found |= sound
            if len(sound) < len(rows):
                self._warn("has damaged rows; they are made anew")
        return found

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """The keys that have a row, without a look at what is in it."""
        return {key for rows in self._select("key", keys) for (key,) in rows}

    def put(self, values: Mapping[bytes, bytes]) -> None:
        """Keeps the values, all of them or, where the file can't be written, none."""
        with self._lock:
            try:
                with self._database:
                    self._database.executemany(
                        "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)",
                        [(key, value, _checksum(key, value)) for key, value in values.items()],
                    )
            except sqlite3.DatabaseError as error:
                self._warn(f"can't be written ({error})")

    def forget(self, keys: Iterable[bytes]) -> int:
        """Drops values for good and returns how many there were.

        Raises:
            CoachError: the file can't be written to, so they may still be in it.
        """
        with self._lock:
            try:
                with self._database:
                    n = self._database.executemany("DELETE FROM kept WHERE key = ?", [(key,) for key in keys]).rowcount
            except sqlite3.DatabaseError as error:
                raise CoachError(
                    f"The cache {self._file} can't be written ({error}), so nothing was deleted from it; make it "
                    "writable, or delete the file; it will be made again."
                ) from None
            if n > 0:
                scrub(self._database, f"The cache {self._file.name}")
        return max(n, 0)

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def _select(self, columns: str, keys: Sequence[bytes]) -> Iterator[list[tuple[bytes, ...]]]:
        """Rows of the keys, some at a time."""
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[start : start + _KEYS_AT_ONCE]
            marks = ",".join("?" * len(some))
            with self._lock:
                try:
                    rows = self._database.execute(f"SELECT {columns} FROM kept WHERE key IN ({marks})", some).fetchall()
                except sqlite3.DatabaseError as error:
                    self._warn(f"can't be read ({error})")
                    return
            yield rows

    def _open(self) -> sqlite3.Connection:
        """The file; made anew where it is damaged, read as it is where it can't be written, else nothing at all."""
        file = self._file
        if is_read_only(file):
            return _open_unchangeable(file)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                return _open(file)
            except sqlite3.OperationalError:  # such as one that can't be written to, or that another process has locked
                raise
            except sqlite3.DatabaseError as error:
                logger.warning("The cache %s is damaged (%s); it is made anew.", file, error)
                for part in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
                    part.unlink(missing_ok=True)
                return _open(file)
        except (OSError, sqlite3.OperationalError):
            return _open_unchangeable(file)

    def _warn(self, what: str) -> None:
        """Once each: a damaged file would be named for every call of a table."""
        if what not in self._warned:
            self._warned.add(what)
            logger.warning("The cache %s %s.", self._file, what)


def _open(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=30, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
            database.execute(f"PRAGMA {pragma}")
        if database.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
            _make_table(database)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _make_table(database: sqlite3.Connection) -> None:
    """Rows of older programs, under other names or without checksums, are dropped."""
    for older in ("vectors", "checked_vectors"):
        database.execute(f"DROP TABLE IF EXISTS {older}")
    # With row ids, as states have many kB: in a table without them each page would hold four rows at most.
    database.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, value BLOB, checksum BLOB)")
    database.execute(f"PRAGMA user_version = {_FORMAT}")


def _open_unchangeable(file: Path) -> sqlite3.Connection:
    """The file as it is; where it can't even be read, one without rows, which can't be written to either."""
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.ExitStack() as opened:
        database = opened.enter_context(contextlib.closing(connect_read_only(file)))
        if database.execute("PRAGMA user_version").fetchone()[0] == _FORMAT:
            opened.pop_all()
            return database
    database = sqlite3.connect(":memory:", check_same_thread=False)
    _make_table(database)
    database.execute("PRAGMA query_only=ON")
    return database


def _is_as_written(key: bytes, value: object, checksum: object) -> bool:
    """A row that was damaged may hold anything, such as a text in place of numbers."""
    return isinstance(value, bytes) and checksum == _checksum(key, value)


def _checksum(key: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, key=key, digest_size=_CHECKSUM_BYTES).digest()
