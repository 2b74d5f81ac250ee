"""Vectors by the sha256 of their text: in memory, or in a SQLite file that outlives the process.

The file holds hashes and vectors, never texts, and one encoder's vectors only (its name is the fingerprint). Each row
carries a checksum over its key and its vector, so that one that was changed or moved on the disk is never an answer.
"""

import contextlib
import hashlib
import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from salescoach.errors import CoachError
from salescoach.scrub import scrub
from salescoach.sqlite_files import connect_read_only, is_read_only

logger = logging.getLogger(__name__)

MAX_IN_MEMORY = 50_000  # vectors; 75 MiB at 384 dimensions
_QUERY_BATCH = 500  # below SQLite's limit of variables in one statement
_FORMAT = 2  # SQLite's user_version; files of another one are emptied
_CHECKSUM_BYTES = 8


class VectorCache(Protocol):
    """Where vectors are kept. Keys are 32-byte digests, vectors have shape (dimension,), float32."""

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """The vectors that are known; unknown keys are left out."""
        ...

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        """Keeps the vectors."""
        ...

    def forget(self, keys: Iterable[bytes]) -> int:
        """Drops the vectors for good, where they are; returns how many there were."""
        ...


class MemoryCache:
    """The most recently used vectors."""

    def __init__(self, max_vectors: int = MAX_IN_MEMORY) -> None:
        self._max_vectors = max_vectors
        self._vectors: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        found = {}
        for key in keys:
            vector = self._vectors.get(key)
            if vector is not None:
                self._vectors.move_to_end(key)
                found[key] = vector
        return found

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        self._vectors.update(vectors)
        while len(self._vectors) > self._max_vectors:
            self._vectors.popitem(last=False)

    def forget(self, keys: Iterable[bytes]) -> int:
        return sum(self._vectors.pop(key, None) is not None for key in keys)


class FileCache:
    """A memory cache over a SQLite file. A file that can't be read or written costs time, never an answer."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._memory = MemoryCache()
        self._lock = threading.Lock()  # the chat answers several users from worker threads
        self._warned: set[str] = set()
        self._database = self._open()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        with self._lock:
            found = self._memory.get(keys)
            loaded = {}
            missing = [key for key in keys if key not in found]
            try:
                for batch in (missing[start : start + _QUERY_BATCH] for start in range(0, len(missing), _QUERY_BATCH)):
                    marks = ",".join("?" * len(batch))
                    rows = self._database.execute(
                        f"SELECT key, vector, checksum FROM checked_vectors WHERE key IN ({marks})", batch
                    ).fetchall()
                    sound = {key: vector for key, vector, checksum in rows if _is_as_written(key, vector, checksum)}
                    loaded.update({key: np.frombuffer(vector, dtype="<f4") for key, vector in sound.items()})
                    if len(sound) < len(rows):
                        self._warn("has damaged rows; they are made anew")
            except sqlite3.DatabaseError as error:
                self._warn(f"can't be read ({error})")
            self._memory.put(loaded)
            return found | loaded

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        with self._lock:
            self._memory.put(vectors)
            rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
            try:
                with self._database:
                    self._database.executemany(
                        "INSERT OR REPLACE INTO checked_vectors VALUES (?, ?, ?)",
                        [(key, vector, _checksum(key, vector)) for key, vector in rows],
                    )
            except sqlite3.DatabaseError as error:
                self._warn(f"can't be written ({error})")

    def forget(self, keys: Iterable[bytes]) -> int:
        """Drops the vectors for good.

        Raises:
            CoachError: the file can't be written to, so they may still be in it.
        """
        keys = list(keys)
        with self._lock:
            self._memory.forget(keys)
            try:
                with self._database:
                    n = self._database.executemany(
                        "DELETE FROM checked_vectors WHERE key = ?", [(key,) for key in keys]
                    ).rowcount
            except sqlite3.DatabaseError as error:
                raise CoachError(
                    f"The cache of vectors {self._file} can't be written ({error}), so nothing was deleted from it; "
                    "see to that, or delete the file: it is made anew."
                ) from None
            if n:
                scrub(self._database, "The cache of vectors")
        return n

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

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
                logger.warning("The cache of vectors %s is damaged (%s); it is made anew.", file, error)
                for part in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
                    part.unlink(missing_ok=True)
                return _open(file)
        except (OSError, sqlite3.OperationalError):
            return _open_unchangeable(file)

    def _warn(self, what: str) -> None:
        """Once each: a damaged file would be named for every call of a table."""
        if what not in self._warned:
            self._warned.add(what)
            logger.warning("The cache of vectors %s %s.", self._file, what)


def _open(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=30, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
            database.execute(f"PRAGMA {pragma}")
        if database.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
            _make_tables(database)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _make_tables(database: sqlite3.Connection) -> None:
    """Rows without checksums, as older programs wrote them, are dropped: nothing tells the sound ones."""
    database.execute("DROP TABLE IF EXISTS vectors")
    database.execute(
        "CREATE TABLE IF NOT EXISTS checked_vectors (key BLOB PRIMARY KEY, vector BLOB, checksum BLOB) WITHOUT ROWID"
    )
    database.execute(f"PRAGMA user_version = {_FORMAT}")


def _open_unchangeable(file: Path) -> sqlite3.Connection:
    """The file as it is; where it can't even be read, one without rows, which can't be written to either."""
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.ExitStack() as opened:
        database = opened.enter_context(contextlib.closing(connect_read_only(file)))
        if database.execute("PRAGMA user_version").fetchone()[0] == _FORMAT:
            opened.pop_all()
            return database
    database = sqlite3.connect(":memory:", check_same_thread=False)
    _make_tables(database)
    database.execute("PRAGMA query_only=ON")
    return database


def _is_as_written(key: bytes, vector: object, checksum: object) -> bool:
    """A row that was damaged may hold anything, such as a text in place of a vector."""
    return isinstance(vector, bytes) and checksum == _checksum(key, vector)


def _checksum(key: bytes, vector: bytes) -> bytes:
    return hashlib.blake2b(vector, key=key, digest_size=_CHECKSUM_BYTES).digest()
