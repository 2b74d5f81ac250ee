"""The library's file as the logs beside its calls are written: whole transactions, the standard library alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from salescoach.errors import CoachError
from salescoach.sqlite_files import address, connect_read_only

SINCE_SCHEMA: Final = 9
PATIENCE_S: Final = 10.0  # with somebody else who is writing


def now() -> datetime:
    """UTC without a zone, as the library keeps times."""
    return datetime.now(UTC).replace(tzinfo=None)


def kept_time(when: datetime) -> str:
    """A time as it stands in the file, which sorts as it is."""
    return when.isoformat(" ", "microseconds")


@contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection in a transaction that holds the write lock, committed where the block ends well.

    A file of an older program gets its tables first.

    Raises:
        CoachError: there is no library, or it can't be written to. Nothing was changed.
    """
    _bring_up_to_date(file)
    try:
        with closing(sqlite3.connect(address(file, read_only=False), uri=True, timeout=PATIENCE_S)) as database:
            database.isolation_level = None
            for pragma in ("foreign_keys=ON", "secure_delete=ON", "synchronous=NORMAL"):
                database.execute(f"PRAGMA {pragma}")
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise CoachError(f"The library {file} can't be used just now ({error}); nothing was changed.") from None


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing, in one transaction; a file of an older program gets its tables first.

    Raises:
        CoachError: there is no library, or it is damaged.
    """
    _bring_up_to_date(file)
    try:
        with closing(connect_read_only(file)) as database:
            database.execute("BEGIN")
            yield database
    except sqlite3.Error as error:
        raise CoachError(f"The library {file} can't be read just now ({error}).") from None


def _bring_up_to_date(file: Path) -> None:
    try:
        with closing(connect_read_only(file)) as database:
            [version] = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        version = 0
    if version < SINCE_SCHEMA:
        from salescoach.library.store import Library

        Library(file, create=False).close()
