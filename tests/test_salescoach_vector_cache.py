"""Caches of vectors: what was put in comes out, bit by bit, and a broken file costs time, never an answer."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salescoach.errors import CoachError
from salescoach.model.vector_cache import FileCache, MemoryCache, VectorCache


def key(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def some_vectors(n: int, dimension: int = 4) -> dict[bytes, np.ndarray]:
    rng = np.random.default_rng(0)
    return {key(str(number)): rng.normal(size=dimension).astype(np.float32) for number in range(n)}


@pytest.fixture(params=["memory", "file"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorCache]:
    if request.param == "memory":
        yield MemoryCache()
        return
    file = FileCache(tmp_path / "vectors.sqlite")
    yield file
    file.close()


def test_what_was_put_in_comes_out_and_unknown_keys_are_left_out(cache: VectorCache) -> None:
    vectors = some_vectors(1200)  # more than one statement asks for
    cache.put(vectors)
    found = cache.get([*vectors, key("unknown")])
    assert found.keys() == vectors.keys()
    assert all(found[name].tobytes() == vector.tobytes() for name, vector in vectors.items())
    assert cache.get([]) == {}


def test_what_was_forgotten_is_gone(cache: VectorCache) -> None:
    vectors = some_vectors(3)
    cache.put(vectors)
    cache.forget([key("1"), key("unknown")])
    assert cache.get(list(vectors)).keys() == {key("0"), key("2")}


def test_the_file_outlives_the_process_and_holds_no_text(tmp_path: Path) -> None:
    file = tmp_path / "new" / "vectors.sqlite"
    first = FileCache(file)
    vectors = some_vectors(5)
    first.put(vectors)
    first.forget([key("3")])
    first.close()
    second = FileCache(file)
    found = second.get(list(vectors))
    second.close()
    assert found.keys() == vectors.keys() - {key("3")}
    assert all(found[name].tobytes() == vectors[name].tobytes() for name in found)


def test_memory_keeps_what_was_used_last() -> None:
    cache = MemoryCache(max_vectors=3)
    vectors = some_vectors(5)
    first, *rest = vectors
    cache.put({first: vectors[first]})
    for name in rest:
        cache.put({name: vectors[name]})
        cache.get([first])
    assert cache.get(list(vectors)).keys() == {first, *rest[-2:]}


@pytest.mark.parametrize("content", [b"garbage " * 1000, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "vectors.sqlite"
    file.write_bytes(content)
    cache = FileCache(file)
    vectors = some_vectors(3)
    cache.put(vectors)
    cache.close()
    again = FileCache(file)
    assert again.get(list(vectors)).keys() == vectors.keys()
    again.close()


def test_threads_dont_get_in_each_others_way(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "vectors.sqlite")
    vectors = some_vectors(400)
    names = list(vectors)

    def work(worker: int) -> int:
        mine = names[worker * 50 : (worker + 1) * 50]
        for name in mine:
            cache.put({name: vectors[name]})
            assert cache.get([name])[name].tobytes() == vectors[name].tobytes()
        return len(cache.get(mine))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [50] * 8
    cache.close()
    again = FileCache(tmp_path / "vectors.sqlite")
    assert again.get(names).keys() == vectors.keys()
    again.close()


def changed(file: Path, statement: str, *values: object) -> None:
    """Changes the file behind the cache's back."""
    database = sqlite3.connect(file)
    with database:
        database.execute(statement, values)
    database.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("cache") / "vectors.sqlite"
    cache = FileCache(file)
    cache.put(some_vectors(3))
    cache.close()
    return file


@settings(deadline=None)
@given(which=st.integers(0, 2), position=st.integers(0, 4 * 4 - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_is_ever_an_answer(filled: Path, which: int, position: int, bit: int) -> None:
    vectors = some_vectors(3)
    name = key(str(which))
    content = bytearray(vectors[name].tobytes())
    content[position] ^= 1 << bit
    changed(filled, "UPDATE checked_vectors SET vector = ? WHERE key = ?", bytes(content), name)
    cache = FileCache(filled)
    found = cache.get(list(vectors))
    assert found.keys() == vectors.keys() - {name}
    assert all(found[other].tobytes() == vectors[other].tobytes() for other in found)
    cache.put({name: vectors[name]})  # made anew
    cache.close()
    again = FileCache(filled)
    assert again.get([name])[name].tobytes() == vectors[name].tobytes()
    again.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE checked_vectors SET vector = substr(vector, 1, 8) WHERE key = ?1",
        "UPDATE checked_vectors SET vector = x'' WHERE key = ?1",
        "UPDATE checked_vectors SET vector = 'text' WHERE key = ?1",
        "UPDATE checked_vectors SET vector = NULL WHERE key = ?1",
        "UPDATE checked_vectors SET checksum = x'00' WHERE key = ?1",
        "UPDATE checked_vectors SET checksum = NULL WHERE key = ?1",
        # Of another text, whole and with its own checksum.
        "UPDATE checked_vectors SET (vector, checksum) = "
        "(SELECT vector, checksum FROM checked_vectors WHERE key != ?1 LIMIT 1) WHERE key = ?1",
    ],
)
def test_a_damaged_or_moved_row_is_dropped_and_said_once(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file, vectors = tmp_path / "vectors.sqlite", some_vectors(3)
    FileCache(file).put(vectors)
    changed(file, damage, key("1"))
    cache = FileCache(file)
    for _ in range(3):
        assert cache.get(list(vectors)).keys() == {key("0"), key("2")}
    cache.close()
    assert caplog.text.count("damaged rows") == 1
    assert "train" not in caplog.text


def test_a_file_of_before_checksums_is_emptied(tmp_path: Path) -> None:
    file, vectors = tmp_path / "vectors.sqlite", some_vectors(1)
    changed(file, "CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
    changed(file, "INSERT INTO vectors VALUES (?, ?)", key("0"), some_vectors(2)[key("1")].tobytes())
    cache = FileCache(file)
    assert cache.get(list(vectors)) == {}
    cache.put(vectors)
    cache.close()
    again = FileCache(file)
    assert again.get(list(vectors))[key("0")].tobytes() == vectors[key("0")].tobytes()
    again.close()


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be written, also where the tests run as root, whom rights don't stop."""
    monkeypatch.setattr(os, "access", lambda place, mode: not mode & os.W_OK)


def test_a_file_that_cant_be_written_to_is_read_and_says_so_where_it_matters(
    tmp_path: Path, read_only: None, caplog: pytest.LogCaptureFixture
) -> None:
    file, vectors = tmp_path / "vectors.sqlite", some_vectors(3)
    FileCache(file).put({key("0"): vectors[key("0")]})  # it isn't there yet, so it is made
    before = file.read_bytes()
    cache = FileCache(file)
    assert cache.get(list(vectors)).keys() == {key("0")}
    cache.put(vectors)
    cache.put(vectors)
    assert cache.get(list(vectors)).keys() == vectors.keys()  # in memory
    assert caplog.text.count("can't be written") == 1
    with pytest.raises(CoachError, match="nothing was deleted"):
        cache.forget([key("0")])
    cache.close()
    assert file.read_bytes() == before


def test_a_folder_that_cant_be_made_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = FileCache(tmp_path / "cache" / "vectors.sqlite")
    vectors = some_vectors(2)
    cache.put(vectors)
    assert cache.get(list(vectors)).keys() == vectors.keys()
    cache.close()
