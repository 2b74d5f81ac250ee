"""SQLite files as they lie on the disk: whether one can be written to, and how one that can't is read all the same."""

import os
import sqlite3
from pathlib import Path

DISK_REMEDY = "make room, and make it writable for you"

# Primary result codes of SQLite that speak of the disk and not of the statement.
_DISK_CODES = frozenset(
    {sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}
)


def is_read_only(file: Path) -> bool:
    """Whether a file that is there can't be written to: itself, or its folder, which SQLite's log goes to."""
    return file.exists() and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def address(file: Path, *, read_only: bool) -> str:
    """The URI by which SQLite opens a file that is there, and never makes one.

    A write-ahead log can't be made where nothing can be written, so without one the file is read as if nobody could
    change it. One that is there belongs to the file, and SQLite reads it.
    """
    if not read_only:
        return f"{file.absolute().as_uri()}?mode=rw"
    log = file.with_name(f"{file.name}-wal")
    has_log = log.exists() and log.stat().st_size > 0
    return f"{file.absolute().as_uri()}?{'mode=ro' if has_log else 'immutable=1'}"


def connect_read_only(file: Path) -> sqlite3.Connection:
    """A connection that changes no row and makes no file.

    Raises:
        sqlite3.DatabaseError: there is no such file, or it is damaged.
    """
    # Where the file can be written to, ``mode=ro`` would leave a log behind; an ordinary connection takes it away.
    database = sqlite3.connect(address(file, read_only=is_read_only(file)), uri=True, check_same_thread=False)
    database.execute("PRAGMA query_only=ON")
    return database


def is_disk_error(error: BaseException | None) -> bool:
    """Whether SQLite failed for the disk's sake: it is full, can't be written to, or doesn't answer."""
    code = getattr(error, "sqlite_errorcode", None)  # errors that Python itself makes have none
    return code is not None and code & 0xFF in _DISK_CODES


def remedy_for(error: BaseException | None) -> str:
    """What a user does about a file that SQLite can't use."""
    return DISK_REMEDY if is_disk_error(error) else "restore it or move it away"
