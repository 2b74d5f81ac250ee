"""Vectors by the sha256 of their text: in memory, or in a SQLite file that outlives the process.

The file holds hashes and vectors, never texts, and one encoder's vectors only (its name is the fingerprint).
"""

import logging
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from salescoach.scrub import scrub

logger = logging.getLogger(__name__)

MAX_IN_MEMORY = 50_000  # vectors; 75 MiB at 384 dimensions
_QUERY_BATCH = 500  # below SQLite's limit of variables in one statement


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
        file.parent.mkdir(parents=True, exist_ok=True)
        self._memory = MemoryCache()
        self._lock = threading.Lock()  # the chat answers several users from worker threads
        try:
            self._database = _open(file)
        except sqlite3.OperationalError:  # such as one that another process has locked
            raise
        except sqlite3.DatabaseError as error:
            logger.warning("The cache of vectors %s is damaged (%s); it is made anew.", file, error)
            for part in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
                part.unlink(missing_ok=True)
            self._database = _open(file)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        with self._lock:
            found = self._memory.get(keys)
            loaded = {}
            missing = [key for key in keys if key not in found]
            try:
                for batch in (missing[start : start + _QUERY_BATCH] for start in range(0, len(missing), _QUERY_BATCH)):
                    marks = ",".join("?" * len(batch))
                    rows = self._database.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", batch)
                    loaded.update({key: np.frombuffer(vector, dtype="<f4") for key, vector in rows})
            except sqlite3.DatabaseError as error:
                logger.warning("The cache of vectors can't be read (%s).", error)
            self._memory.put(loaded)
            return found | loaded

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        with self._lock:
            self._memory.put(vectors)
            try:
                with self._database:
                    self._database.executemany(
                        "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                        [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()],
                    )
            except sqlite3.DatabaseError as error:
                logger.warning("The cache of vectors can't be written (%s).", error)

    def forget(self, keys: Iterable[bytes]) -> int:
        keys = list(keys)
        with self._lock:
            self._memory.forget(keys)
            with self._database:
                n = self._database.executemany("DELETE FROM vectors WHERE key = ?", [(key,) for key in keys]).rowcount
            if n:
                scrub(self._database, "The cache of vectors")
        return n

    def close(self) -> None:
        """Closes the file."""
        self._database.close()


def _open(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=30, check_same_thread=False)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
