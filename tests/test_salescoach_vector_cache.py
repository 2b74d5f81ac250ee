"""Caches of vectors: what was put in comes out, bit by bit, whether it is kept in memory or in a file."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

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


def test_a_folder_that_cant_be_made_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = FileCache(tmp_path / "cache" / "vectors.sqlite")
    vectors = some_vectors(2)
    cache.put(vectors)
    assert cache.get(list(vectors)).keys() == vectors.keys()  # in memory
    cache.close()
