"""Vectors by the sha256 of their text: in memory, or also in a file that outlives the process.

A file holds the vectors of one encoder only; its name is the fingerprint.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from salescoach.file_store import FileStore

MAX_IN_MEMORY = 50_000  # vectors; 75 MiB at 384 dimensions


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
        self._lock = threading.Lock()  # the chat answers several users from worker threads

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        found = {}
        with self._lock:
            for key in keys:
                vector = self._vectors.get(key)
                if vector is not None:
                    self._vectors.move_to_end(key)
                    found[key] = vector
        return found

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        with self._lock:
            self._vectors.update(vectors)
            while len(self._vectors) > self._max_vectors:
                self._vectors.popitem(last=False)

    def forget(self, keys: Iterable[bytes]) -> int:
        with self._lock:
            return sum(self._vectors.pop(key, None) is not None for key in keys)


class FileCache:
    """A memory cache over a file. A file that can't be read or written costs time, never an answer."""

    def __init__(self, file: Path) -> None:
        self._memory = MemoryCache()
        self._store = FileStore(file)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        found = self._memory.get(keys)
        kept = self._store.get([key for key in keys if key not in found])
        loaded = {key: np.frombuffer(value, dtype="<f4") for key, value in kept.items()}
        self._memory.put(loaded)
        return found | loaded

    def put(self, vectors: Mapping[bytes, np.ndarray]) -> None:
        self._memory.put(vectors)
        self._store.put({key: vector.astype("<f4").tobytes() for key, vector in vectors.items()})

    def forget(self, keys: Iterable[bytes]) -> int:
        """Drops the vectors for good.

        Raises:
            CoachError: the file can't be written to, so they may still be in it.
        """
        keys = list(keys)
        self._memory.forget(keys)
        return self._store.forget(keys)

    def close(self) -> None:
        """Closes the file."""
        self._store.close()
