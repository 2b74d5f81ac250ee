"""The real Chroma, filled from shelves: all rows are on disk, and the nearest are found."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore import chroma
from vectorstore.chroma import VERSION, ChromaStore, NotOwnedError, write_store
from vectorstore.database import DATABASE, STORE, UnsoundStoreError, digest_of_database
from vectorstore.shelf import PLACE, CallFacts, Shelf, exact_nearest

N = 2_345


def shelf_of(vectors: np.ndarray, outcome: str) -> Shelf:
    """Moments that all belong to one call, which itself has no vector."""
    empty, call = np.array([], dtype=object), CallFacts("c", "content", None, None, (0, len(vectors)), (0, 0))
    places = np.zeros((len(vectors), len(PLACE)), dtype=np.int32)
    places[:, PLACE.index("anchor")] = np.arange(len(vectors))
    return Shelf(outcome, [call], {"calls": vectors[:0], "moments": vectors}, places, *[empty] * 5)  # type: ignore[arg-type]


def opened(
    folder: Path, shelves: list[Shelf], fingerprint: str = "model-0123456789ab", version: str = VERSION
) -> ChromaStore:
    return ChromaStore.open(folder, shelves, fingerprint, version, digest_of_database(folder / STORE / DATABASE))


@pytest.fixture
def shelves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Shelf]:
    monkeypatch.setattr(chroma, "_ROWS_PER_SYNC", 400)
    monkeypatch.setattr(chroma, "_BATCH", 150)
    drawn = np.random.default_rng(0).normal(size=(N, 24)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    shelves = [shelf_of(vectors[:0], "converted"), shelf_of(vectors, "lost")]
    write_store(tmp_path, shelves, "model-0123456789ab", lambda n: None)
    return shelves


def test_nothing_is_left_to_be_indexed_when_the_store_is_opened(shelves: list[Shelf], tmp_path: Path) -> None:
    written = max(file.stat().st_size // 4 for file in (tmp_path / STORE).glob("*/length.bin"))
    assert N - 10 < written <= N


def test_recall_at_10_against_exact_search(shelves: list[Shelf], tmp_path: Path) -> None:
    store = opened(tmp_path, shelves)
    vectors, found = shelves[1].vectors["moments"], []
    for query in np.random.default_rng(1).normal(size=(60, 24)).astype(np.float32):
        exact = exact_nearest(vectors, query, 10, np.ones(N, dtype=bool))
        found.append(len(set(exact) & set(store.nearest("moments", "lost", query, 10))) / 10)
    store.close()
    assert np.mean(found) >= 0.99


def test_a_store_has_one_owner_until_it_is_closed(shelves: list[Shelf], tmp_path: Path) -> None:
    store = opened(tmp_path, shelves)
    with pytest.raises(NotOwnedError):
        opened(tmp_path, shelves)
    store.close()
    opened(tmp_path, shelves).close()


def test_a_store_of_another_version_or_of_other_vectors_is_not_used(shelves: list[Shelf], tmp_path: Path) -> None:
    with pytest.raises(UnsoundStoreError, match=r"chromadb 0\.1 wrote it"):
        opened(tmp_path, shelves, version="0.1")
    with pytest.raises(UnsoundStoreError):
        opened(tmp_path, shelves, fingerprint="other-ba9876543210")
    fewer = [shelves[0], shelf_of(shelves[1].vectors["moments"][:-1], "lost")]
    with pytest.raises(UnsoundStoreError, match="holds 2345 vectors in place of 2344"):
        opened(tmp_path, fewer)
    opened(tmp_path, shelves).close()


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_batches_cover_every_row_once_and_chroma_takes_them(n_there: int, n_new: int) -> None:
    batches = list(chroma._batches(n_there, n_there + n_new))
    assert sum(map(len, batches)) == n_new
    assert not batches or batches[0].start == n_there
    assert all(first.stop == second.start for first, second in itertools.pairwise(batches))
    assert all(0 < len(batch) <= 5_461 for batch in batches)
