"""Chroma's own database, looked at before Chroma opens it.

Its file changes each time it is opened, so it has no hash like the other files of a generation; what it says has one.
And a collection names the function that its texts would be embedded with, which Chroma imports and builds when rows are
added, code of others included (CVE-2026-45829). Our collections get vectors and name none: any other is refused.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

STORE = "chroma"  # the folder of the store inside a generation
OWNER = ".owner"  # the lock of the one object that has the store open
DATABASE = "chroma.sqlite3"  # in that folder
NO_FUNCTION = ({"type": "legacy"}, {"type": "unknown"})  # how Chroma writes that vectors are given
_FUNCTION = "embedding_function"

# What opening changes: a lock, and a log. The tables behind the full-text search say again what others say.
_PASSING = frozenset({"acquire_write", "maintenance_log"})
_DERIVED = "embedding_fulltext_search"


class UnsoundStoreError(Exception):
    """Chroma's files can't be trusted; the message says why."""


def digest_of_database(file: Path) -> str:
    """sha256 over what a store's database says: its tables, collections and their configuration, segments and rows.

    Raises:
        UnsoundStoreError: it is missing or damaged, or names a function to embed texts with.
    """
    if not file.is_file():
        raise UnsoundStoreError(f"{DATABASE} is missing")
    digest = hashlib.sha256()
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise UnsoundStoreError(f"{DATABASE}: {verdict}")
            _refuse_functions(database)
            for line in _lines(database):
                digest.update(f"{line}\n".encode())
    except sqlite3.DatabaseError as error:
        raise UnsoundStoreError(f"{DATABASE}: {error}") from None
    return digest.hexdigest()


def check_database(file: Path, expected: str) -> None:
    """Compares what a store's database says with what it said when it was written.

    Raises:
        UnsoundStoreError: it says something else, or it can't be opened without danger.
    """
    if digest_of_database(file) != expected:
        raise UnsoundStoreError(f"{DATABASE} is changed, or an older version wrote it")


def _lines(database: sqlite3.Connection) -> Iterator[str]:
    made = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    yield from map(repr, made)
    for kind, name, _ in made:
        if kind == "table" and name not in _PASSING and not name.startswith(_DERIVED):
            yield name
            yield from map(repr, database.execute(f'SELECT * FROM "{name}" ORDER BY rowid'))


def _refuse_functions(database: sqlite3.Connection) -> None:
    for name, *texts in database.execute("SELECT name, config_json_str, schema_str FROM collections"):
        for text in texts:
            try:
                known = json.loads(text or "{}", object_pairs_hook=_without_doubles)
            except (ValueError, TypeError, RecursionError):
                raise UnsoundStoreError(f"{DATABASE}: the configuration of {name} can't be read") from None
            if any(function not in (None, *NO_FUNCTION) for function in _functions(known)):
                raise UnsoundStoreError(f"{DATABASE}: {name} names a function to embed texts with, which is never run")


def _functions(value: Any) -> Iterator[Any]:
    """Whatever stands under a key that names a function, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if _FUNCTION in key.casefold():
                yield inner
            else:
                yield from _functions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _functions(inner)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that is there twice, two readers may take different ones."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key is there twice")
    return values
