"""The approximate side of the index: the shelves' vectors in Chroma, which finds the nearest without looking at all.

Chroma damaged on disk can answer wrongly without an error, or end the process, and a database that somebody else wrote
can make it run code. So its files are compared with their hashes, and what its database says is checked, before it
opens them; and one object at a time owns a folder.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import chromadb
import chromadb.config
import numpy as np
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateCollectionConfiguration
from chromadb.errors import ChromaError
from filelock import FileLock, Timeout
from langchain_chroma import Chroma

from salescoach.types import OUTCOMES, Outcome
from salescoach.whole_file import copy_folder
from vectorstore.database import DATABASE, OWNER, STORE, UnsoundStoreError, check_database
from vectorstore.shelf import KINDS, Kind, Shelf

VERSION = chromadb.__version__

_BATCH = 5_000  # Chroma takes 5,461 at most
_MAX_NEIGHBORS, _EF_CONSTRUCTION, _EF_SEARCH = 32, 200, 200  # Chroma's defaults miss 2 % of 44,000 moments
_ROWS_PER_SYNC = 20_000  # Chroma writes the whole index each time; its default of 1,000 is quadratic in the end


class NotOwnedError(Exception):
    """This process can't own the store: another has it open, or the folder can't be written to."""


def collection_name(kind: Kind, outcome: Outcome, fingerprint: str) -> str:
    """The collection of ``kind``: one per outcome, because a filter costs far more."""
    return f"{kind}-{outcome}-{fingerprint[-12:]}"


@dataclass(frozen=True)
class StoreBefore:
    """A store to go on from: ``folder`` of its generation, whose files have been compared with their hashes.

    ``database``: what its database said when it was written, as ``digest_of_database`` has it.
    """

    folder: Path
    database: str


def write_store(
    folder: Path, shelves: Sequence[Shelf], fingerprint: str, progress: Callable[[int], None],
    before: StoreBefore | None = None,
) -> None:  # fmt: skip
    """Copies the shelves of a generation into a new store.

    Args:
        folder: of the generation.
        shelves: one per outcome.
        fingerprint: of the model that made the vectors.
        progress: is told how many rows were added since the last time.
        before: a store, which may be in use, that holds the first rows of each shelf already.

    Raises:
        UnsoundStoreError: ``before`` doesn't hold what it should, or can't be opened without danger.
        ChromaError, sqlite3.DatabaseError, OSError, ValueError: Chroma, or the disk, failed.
    """
    if before is not None:
        _copy(before, folder)
    client = _open_client(folder)
    try:
        for shelf in shelves:
            for kind in KINDS:
                vectors, names = shelf.vectors[kind], _ids(shelf, kind)
                name = collection_name(kind, shelf.outcome, fingerprint)
                if before is None:  # without an embedding function: Chroma's default would download a model
                    collection = client.create_collection(
                        name, embedding_function=None, configuration=_configuration(len(vectors))
                    )
                else:
                    collection = client.get_collection(name, embedding_function=None)
                for rows in _batches(collection.count(), len(vectors)):
                    collection.add(
                        ids=list(names[rows.start : rows.stop]),
                        embeddings=np.array(vectors[rows.start : rows.stop]),
                        # Texts stay in the library; langchain skips rows without a document.
                        documents=[str(row) for row in rows],
                    )
                    progress(len(rows))
                if collection.count() != len(vectors):
                    raise UnsoundStoreError(f"{name} holds {collection.count()} vectors in place of {len(vectors)}")
    finally:
        client.close()


class ChromaStore:
    """An open store that answers with row numbers of the shelves it was filled from."""

    def __init__(self, client: Client, lock: FileLock, fingerprint: str) -> None:
        self._client = client
        self._lock = lock
        self._collections = {
            (kind, outcome): Chroma(
                collection_name(kind, outcome, fingerprint), client=client, create_collection_if_not_exists=False
            )
            for kind in KINDS
            for outcome in OUTCOMES
        }

    @classmethod
    def open(
        cls, folder: Path, shelves: Sequence[Shelf], fingerprint: str, version: str, database: str
    ) -> "ChromaStore":
        """Opens the store of a generation whose files have been compared with their hashes.

        ``version`` of Chroma wrote it, and ``database`` is what ``digest_of_database`` gave then.

        Raises:
            NotOwnedError: another process has it open, and its answers would go stale here; or it can't be written to.
            UnsoundStoreError: it is damaged, or another version of Chroma wrote it.
        """
        if version != VERSION:
            raise UnsoundStoreError(f"chromadb {version} wrote it and {VERSION} is installed")
        lock = FileLock(folder / OWNER, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except (Timeout, OSError):
            raise NotOwnedError from None
        client: Client | None = None
        try:
            check_database(folder / STORE / DATABASE, database)
            client = _open_client(folder)
            store = cls(client, lock, fingerprint)
            for shelf in shelves:
                for kind in KINDS:
                    name, n = collection_name(kind, shelf.outcome, fingerprint), len(shelf.vectors[kind])
                    n_found = client.get_collection(name, embedding_function=None).count()
                    if n_found != n:
                        raise UnsoundStoreError(f"{name} holds {n_found} vectors in place of {n}")
        except (ChromaError, sqlite3.DatabaseError, OSError, ValueError, UnsoundStoreError) as error:
            if client is not None:
                client.close()
            lock.release()
            raise UnsoundStoreError(str(error)) from None
        return store

    def nearest(self, kind: Kind, outcome: Outcome, query: np.ndarray, k: int) -> np.ndarray:
        """Rows of about the ``k`` nearest vectors, nearest first.

        Raises:
            UnsoundStoreError: Chroma failed.
        """
        try:
            store = self._collections[kind, outcome]
            found = store.similarity_search_by_vector_with_relevance_scores(query.tolist(), k=k)
        except (ChromaError, ValueError, RuntimeError) as error:
            raise UnsoundStoreError(str(error)) from None
        return np.array([int(document.page_content) for document, _ in found], dtype=np.intp)

    def close(self) -> None:
        """Closes the store and lets others own it."""
        self._client.close()
        self._lock.release()


def _copy(before: StoreBefore, folder: Path) -> None:
    """Copies a store that may be in use, and looks at the copy before anybody opens it."""
    copy_folder(before.folder / STORE, folder / STORE, f"{DATABASE}*")
    address = f"{(before.folder / STORE / DATABASE).absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as source,
        closing(sqlite3.connect(folder / STORE / DATABASE)) as target,
    ):
        source.backup(target)
    check_database(folder / STORE / DATABASE, before.database)


def _ids(shelf: Shelf, kind: Kind) -> Sequence[str]:
    """Ids that follow from what was said: the call's content, and for a moment its anchor."""
    if kind == "calls":
        return [call.content_hash for call in shelf.calls]
    return [f"{shelf.calls[call].content_hash}:{anchor}" for call, _, _, anchor, _ in shelf.places.tolist()]


def _open_client(folder: Path) -> Client:
    """Chroma on the store of a generation, embedded, without telemetry."""
    settings = chromadb.config.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(path=str(folder / STORE), settings=settings)
    assert isinstance(client, Client)  # the declared interface has no close()
    return client


def _sync_threshold(n_vectors: int) -> int:
    """After how many rows Chroma writes its index: in equal parts, so that the last rows are written too.

    What isn't written stays in Chroma's log and is indexed again each time the store is opened.
    """
    return max(n_vectors // max(n_vectors // _ROWS_PER_SYNC, 1), 2)


def _batches(n_there: int, n_vectors: int) -> Iterator[range]:
    """Rows to add at once; of a new store, such that a part that is written ends with a batch."""
    part = n_vectors if n_there else _sync_threshold(n_vectors)
    start = n_there
    while start < n_vectors:
        end_of_part = n_vectors if n_vectors - start < 2 * part else start + part
        for first in range(start, end_of_part, _BATCH):
            yield range(first, min(first + _BATCH, end_of_part))
        start = end_of_part


def _configuration(n_vectors: int) -> CreateCollectionConfiguration:
    sync_threshold = _sync_threshold(n_vectors)
    return {
        "hnsw": {
            "space": "cosine",
            "max_neighbors": _MAX_NEIGHBORS,
            "ef_construction": _EF_CONSTRUCTION,
            "ef_search": _EF_SEARCH,
            "batch_size": min(sync_threshold, _BATCH),
            "sync_threshold": sync_threshold,
        }
    }
