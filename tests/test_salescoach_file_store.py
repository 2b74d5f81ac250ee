"""What is kept in files comes out as it was put in, or not at all; a broken file costs time, never an answer."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salescoach.errors import CoachError
from salescoach.file_store import FileStore
from salescoach.file_store import key_of as key


def some_values(n: int) -> dict[bytes, bytes]:
    return {key(str(number)): f"{number:016}".encode() for number in range(n)}


def test_keys_tell_what_they_are_made_of_apart() -> None:
    assert len({key(), key("a"), key("b"), key("a", "b"), key("ab"), key("a b")}) == 6
    assert len(key("a")) == 32


def test_what_was_put_in_comes_out_of_the_file_and_what_was_forgotten_is_gone(tmp_path: Path) -> None:
    file, values = tmp_path / "new" / "kept.sqlite", some_values(1200)  # more than one statement asks for
    first = FileStore(file)
    first.put(values)
    assert first.forget([key("3"), key("unknown")]) == 1
    first.close()
    assert values[key("3")] not in file.read_bytes()
    second = FileStore(file)
    assert second.get([*values, key("unknown")]) == {name: value for name, value in values.items() if name != key("3")}
    assert second.known([key("2"), key("3")]) == {key("2")}
    assert second.get([]) == {}
    assert second.forget([]) == 0
    second.close()


def test_two_processes_share_a_file(tmp_path: Path) -> None:
    one, other = FileStore(tmp_path / "kept.sqlite"), FileStore(tmp_path / "kept.sqlite")
    values = some_values(200)
    names = list(values)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda store: [store.put({name: values[name]}) for name in names], (one, other)))
    assert one.get(names) == other.get(names) == values
    one.close()
    other.close()


def test_a_folder_that_cant_be_made_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    store = FileStore(tmp_path / "cache" / "kept.sqlite")
    store.put(some_values(2))
    assert store.get(list(some_values(2))) == {}
    store.close()


@pytest.mark.parametrize("content", [b"garbage " * 1000, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "kept.sqlite"
    file.write_bytes(content)
    store = FileStore(file)
    values = some_values(3)
    store.put(values)
    store.close()
    again = FileStore(file)
    assert again.get(list(values)).keys() == values.keys()
    again.close()


def changed(file: Path, statement: str, *values: object) -> None:
    """Changes the file behind the cache's back."""
    database = sqlite3.connect(file)
    with database:
        database.execute(statement, values)
    database.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("cache") / "kept.sqlite"
    store = FileStore(file)
    store.put(some_values(3))
    store.close()
    return file


@settings(deadline=None)
@given(which=st.integers(0, 2), position=st.integers(0, 4 * 4 - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_is_ever_an_answer(filled: Path, which: int, position: int, bit: int) -> None:
    values = some_values(3)
    name = key(str(which))
    content = bytearray(values[name])
    content[position] ^= 1 << bit
    changed(filled, "UPDATE kept SET value = ? WHERE key = ?", bytes(content), name)
    store = FileStore(filled)
    found = store.get(list(values))
    assert found.keys() == values.keys() - {name}
    assert all(found[other] == values[other] for other in found)
    store.put({name: values[name]})  # made anew
    store.close()
    again = FileStore(filled)
    assert again.get([name])[name] == values[name]
    again.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE kept SET value = substr(value, 1, 8) WHERE key = ?1",
        "UPDATE kept SET value = x'' WHERE key = ?1",
        "UPDATE kept SET value = 'text' WHERE key = ?1",
        "UPDATE kept SET value = NULL WHERE key = ?1",
        "UPDATE kept SET checksum = x'00' WHERE key = ?1",
        "UPDATE kept SET checksum = NULL WHERE key = ?1",
        # Of another text, whole and with its own checksum.
        "UPDATE kept SET (value, checksum) = (SELECT value, checksum FROM kept WHERE key != ?1 LIMIT 1) WHERE key = ?1",
    ],
)
def test_a_damaged_or_moved_row_is_dropped_and_said_once(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file, values = tmp_path / "kept.sqlite", some_values(3)
    FileStore(file).put(values)
    changed(file, damage, key("1"))
    store = FileStore(file)
    for _ in range(3):
        assert store.get(list(values)).keys() == {key("0"), key("2")}
    store.close()
    assert caplog.text.count("damaged rows") == 1
    assert "train" not in caplog.text


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID",
        "CREATE TABLE checked_vectors (key BLOB PRIMARY KEY, vector BLOB, checksum BLOB) WITHOUT ROWID",
    ],
)
def test_a_file_of_an_older_program_is_emptied(tmp_path: Path, made: str) -> None:
    file = tmp_path / "kept.sqlite"
    changed(file, made)
    changed(file, f"INSERT INTO {made.split()[2]} (key, vector) VALUES (?, ?)", key("0"), b"a row of before")
    store = FileStore(file)
    assert store.get([key("0")]) == {}
    store.put({key("0"): b"anew"})
    store.close()
    assert b"a row of before" not in file.read_bytes()
    again = FileStore(file)
    assert again.get([key("0")]) == {key("0"): b"anew"}
    again.close()


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be written, also where the tests run as root, whom rights don't stop."""
    monkeypatch.setattr(os, "access", lambda place, mode: not mode & os.W_OK)


def test_a_file_that_cant_be_written_to_is_read_and_says_so_where_it_matters(
    tmp_path: Path, read_only: None, caplog: pytest.LogCaptureFixture
) -> None:
    file, values = tmp_path / "kept.sqlite", some_values(3)
    FileStore(file).put({key("0"): values[key("0")]})  # it isn't there yet, so it is made
    before = file.read_bytes()
    store = FileStore(file)
    assert store.get(list(values)).keys() == {key("0")}
    store.put(values)
    store.put(values)
    assert store.get(list(values)).keys() == {key("0")}
    assert caplog.text.count("can't be written") == 1
    with pytest.raises(CoachError, match="nothing was deleted"):
        store.forget([key("0")])
    store.close()
    assert file.read_bytes() == before
