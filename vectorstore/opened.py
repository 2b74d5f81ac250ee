"""A generation of the index that is open: its nearest rows, from Chroma where that is faster, else exactly."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from salescoach.library import Library
from salescoach.model.scoring import Scorer
from vectorstore.chroma import ChromaStore, NotOwnedError
from vectorstore.database import STORE, UnsoundStoreError
from vectorstore.generation import REBUILD, Generation, changed_files, current_generation, open_shelves
from vectorstore.shelf import Kind, Shelf, exact_nearest

logger = logging.getLogger(__name__)

OVERSAMPLING = 4  # rows asked of Chroma for each one wanted, as some may not be shown


class OpenIndex:
    """A generation that is open.

    One object at a time owns a generation's Chroma store; all others, in other processes too, search the same vectors
    exactly. So does the owner where Chroma's files turn out to be damaged.
    """

    def __init__(self, index_dir: Path, generation: Generation, exact_below: int) -> None:
        """``exact_below``: collections of fewer vectors are searched exactly.

        Raises:
            UnavailableError: its vectors are missing or damaged.
        """
        self.generation = generation
        self.shelves = open_shelves(index_dir, generation)
        self._exact_below = exact_below
        self._store = _open_store(index_dir / generation.name, generation, self.shelves)
        self._lock = threading.Lock()

    def nearest(self, kind: Kind, shelf: Shelf, vector: np.ndarray, k: int, allowed: np.ndarray) -> np.ndarray:
        """The ``k`` nearest allowed rows, nearest first: from Chroma where that is faster, else by exact search.

        Where most of what is near isn't allowed, such as the calls of one large account, Chroma would have to be asked
        for more and more; looking at everything that is allowed is then simpler and right.
        """
        with self._lock:
            if self._store is not None and len(allowed) >= max(self._exact_below, 1):
                try:
                    rows = self._store.nearest(kind, shelf.outcome, vector, min(OVERSAMPLING * k, len(allowed)))
                    rows = rows[allowed[rows]]
                    if len(rows) >= k:
                        return np.asarray(rows[:k])
                except UnsoundStoreError as error:
                    _warn(str(error))
                    self._close_store()
        return exact_nearest(shelf.vectors[kind], vector, k, allowed)

    def close(self) -> None:
        """Lets another process own the store."""
        with self._lock:
            self._close_store()

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store = None


def is_sound(index_dir: Path, scorer: Scorer) -> bool:
    """Whether the current generation is all there, Chroma's part included.

    Raises:
        UnavailableError: there is none that can be searched at all.
    """
    generation = current_generation(index_dir, scorer)
    shelves = open_shelves(index_dir, generation)
    try:
        _open_checked(index_dir / generation.name, generation, shelves).close()
    except NotOwnedError:
        pass  # who has it open has checked it; and where nothing can be written it isn't opened at all
    except UnsoundStoreError:
        return False
    return True


def is_current(index_dir: Path, scorer: Scorer, library: Library) -> bool:
    """Whether the current generation was built from what the library holds now.

    Raises:
        UnavailableError: there is none.
    """
    generation = current_generation(index_dir, scorer)
    return (generation.library_id, generation.library_digest) == (library.library_id, library.digest())


def _open_store(folder: Path, generation: Generation, shelves: Sequence[Shelf]) -> ChromaStore | None:
    """None where it is searched exactly."""
    try:
        return _open_checked(folder, generation, shelves)
    except NotOwnedError:
        return None
    except UnsoundStoreError as error:
        _warn(str(error))
        return None


def _open_checked(folder: Path, generation: Generation, shelves: Sequence[Shelf]) -> ChromaStore:
    changed = changed_files(folder, generation, in_store=True)
    if changed:
        raise UnsoundStoreError(f"{changed[0]} is missing or changed")
    return ChromaStore.open(folder, shelves, generation.fingerprint, generation.chroma_version, generation.database)


def _warn(why: str) -> None:
    logger.warning("%s can't be used (%s): past calls are searched exactly, which is slower; %s.", STORE, why, REBUILD)
