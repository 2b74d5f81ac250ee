"""Builds the index: every past call of the library, as one vector and as moments."""

import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.models.Collection import Collection
from chromadb.base_types import SparseVector
from filelock import FileLock, Timeout

from salescoach.encoder import encode_turns
from salescoach.errors import CoachError
from salescoach.library import Library
from salescoach.scoring import Scorer
from salescoach.types import OUTCOMES, LabelledCall, Outcome
from vectorstore.generation import Generation, collection_name, open_client, swap_in
from vectorstore.moments import moment_spans, moment_vector

BATCH = 2_000  # Chroma takes 5,461 at most

Metadata = Mapping[str, str | int | float | bool | SparseVector | list[str | int | float | bool] | None]
Progress = Callable[[int, int], None]


class _Buffer:
    """Rows for one collection, written in batches."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._ids: list[str] = []
        self._vectors: list[np.ndarray] = []
        self._metadatas: list[Metadata] = []

    def add(self, row_id: str, vector: np.ndarray, metadata: Metadata) -> None:
        self._ids.append(row_id)
        self._vectors.append(vector)
        self._metadatas.append(metadata)
        if len(self._ids) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if self._ids:
            # Ids stand in for documents: texts stay in the library, and without a document langchain skips the row.
            self._collection.add(
                ids=self._ids, embeddings=np.stack(self._vectors), metadatas=self._metadatas, documents=self._ids
            )
        self._ids, self._vectors, self._metadatas = [], [], []


def build_index(
    library: Library, scorer: Scorer, index_dir: Path, progress: Progress = lambda done, total: None
) -> Generation:
    """Builds a new generation from the library and swaps it in; the old one serves until then.

    Raises:
        CoachError: another process is building the index right now.
    """
    index_dir.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(index_dir / ".lock", timeout=0):
            return _build(library, scorer, index_dir, progress)
    except Timeout:
        raise CoachError("Another process is building the index of past calls; wait until it is done.") from None


def _build(library: Library, scorer: Scorer, index_dir: Path, progress: Progress) -> Generation:
    fingerprint = scorer.manifest.model_id
    name = uuid.uuid4().hex[:12]
    folder = index_dir / name
    counts = dict.fromkeys(OUTCOMES, 0)
    total = len(library.summaries())
    try:
        client = open_client(folder)
        buffers = {
            (kind, outcome): _Buffer(_collection(client, collection_name(kind, outcome, fingerprint)))
            for kind in ("calls", "moments")
            for outcome in OUTCOMES
        }
        for done, call in enumerate(library.past_calls()):
            progress(done, total)
            assert call.outcome is not None  # the library gives calls with an outcome only
            _add_call(call, call.outcome, scorer, buffers)
            counts[call.outcome] += 1
        for buffer in buffers.values():
            buffer.flush()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    progress(total, total)
    generation = Generation(name=name, fingerprint=fingerprint, n_calls=counts)
    swap_in(index_dir, generation)
    return generation


def _add_call(
    call: LabelledCall, outcome: Outcome, scorer: Scorer, buffers: dict[tuple[str, Outcome], _Buffer]
) -> None:
    facts: Metadata = {
        "call_id": call.call_id,
        "content_hash": call.transcript.content_hash,
        "account_id": call.account_id or "",
    }
    buffers["calls", outcome].add(call.call_id, scorer.call_vector(call.transcript), facts)
    vectors = encode_turns(scorer.encoder, call.transcript.turns)
    for start, end in moment_spans(len(call.transcript)):
        buffers["moments", outcome].add(
            f"{call.call_id}:{start}-{end}",
            moment_vector(vectors, (start, end)),
            {"call_id": call.call_id, "turn_start": start, "turn_end": end},
        )


def _collection(client: ClientAPI, name: str) -> Collection:
    # embedding_function=None: Chroma's default would download a model.
    return client.create_collection(name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
