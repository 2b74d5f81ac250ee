"""The library's file: opened once, brought up to date, read and written in whole transactions."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from salescoach.errors import CoachError
from salescoach.library.migrate import bring_up_to_date
from salescoach.scrub import scrub_file
from salescoach.sqlite_files import DISK_REMEDY, address, connect_read_only, is_read_only, remedy_for

_LOCK_SECONDS = 30


def look_at_library(file: Path) -> tuple[str | None, int] | None:
    """The library's id and how many calls it holds, changing nothing: no file is made and none is migrated.

    The id is None in a file of an older program, which had none. None where there is no file, or one without tables.

    Raises:
        CoachError: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        with closing(connect_read_only(file)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "calls" not in tables:
                return None
            (n_calls,) = database.execute("SELECT count(*) FROM calls").fetchone()
            ids = database.execute("SELECT library_id FROM library").fetchone() if "library" in tables else None
            return (ids[0] if ids else None), n_calls
    except sqlite3.DatabaseError as error:
        raise CoachError(f"The library {file} can't be read ({error}); restore it or move it away.") from None


class LibraryDatabase:
    """An open library file.

    Once open it never makes its file again: one that is removed meanwhile is an error, and not an empty library.
    """

    def __init__(self, file: Path, *, create: bool = True) -> None:
        """Opens the library; a file that can't be written to is read as it is.

        Args:
            file: of the library.
            create: whether to make it where there is none.

        Raises:
            CoachError: there is none, it is damaged, or a newer program wrote it.
        """
        _make_file(file, create)
        self._file = file
        is_fixed = is_read_only(file)
        self._engine = create_engine(
            "sqlite:///library",
            creator=lambda: sqlite3.connect(
                address(file, read_only=is_fixed), uri=True, timeout=_LOCK_SECONDS, check_same_thread=False
            ),
        )
        if not is_fixed:
            event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(is_writer=True)
        try:
            bring_up_to_date(self._writer, file)
        except DatabaseError as error:
            remedy = DISK_REMEDY if is_fixed else remedy_for(error.orig)
            raise CoachError(f"The library {file} can't be opened ({error.orig}); {remedy}.") from None

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return self._file

    def close(self) -> None:
        """Closes the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _scrub(self) -> None:
        scrub_file(self._engine, f"The library {self._file}")

    @contextmanager
    def _session(self, *, writes: bool = False) -> Iterator[Session]:
        try:
            with Session(self._writer if writes else self._engine) as session, session.begin():
                yield session
        except (DatabaseError, sqlite3.Error) as error:  # the latter from work on the driver's own connection
            reason = error.orig if isinstance(error, DatabaseError) else error
            raise CoachError(
                f"The library {self._file} can't be used just now ({reason}); nothing was changed."
            ) from None


def _make_file(file: Path, create: bool) -> None:
    """An empty file is a library without tables, which it then gets."""
    if not create and not (file.is_file() and file.stat().st_size):
        raise CoachError("There is no call library yet; run `coach setup`.")
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)
    except OSError as error:
        raise CoachError(
            f"The library {file} can't be made ({error.strerror}); set COACH_HOME to a folder of yours."
        ) from None


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below; sqlite3's own would begin only at the first write
    _use_write_ahead_log(connection)
    for pragma in ("foreign_keys=ON", "secure_delete=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Tried again while another process makes the file: only for this statement SQLite doesn't wait by itself."""
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _begin(connection: Connection) -> None:
    """A writer holds the lock before it reads, so that what it decides by can't change under it."""
    is_writer = connection.get_execution_options().get("is_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
