"""The history's file: how it is opened, and who may read and write in which of its threads."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from salescoach.errors import CoachError, InputError
from salescoach.scrub import scrub_file
from salescoach.sqlite_files import remedy_for
from serving.chat.kept_text import searchable
from serving.chat.schema import SCHEMA_VERSION, ThreadRow, UserRow, bring_up_to_date

MAX_ID_CHARS: Final = 100


class HistoryFile:
    """An open file of the newest schema. Every thread in it has one owner, who alone writes into it.

    ``user`` is who reads or writes, everywhere; None where it was checked before.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._deleted: set[str] = set()  # an answer that is still being made must not bring its thread back
        self._engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 30})
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            self._bring_up_to_date()
        except DatabaseError as error:
            self.close()
            remedy = remedy_for(error.orig)
            raise CoachError(f"The history {file} can't be opened ({error.orig}); {remedy}.") from None
        file.chmod(0o600)

    def _bring_up_to_date(self) -> None:
        with self._engine.begin() as connection:
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if version > SCHEMA_VERSION:
                raise CoachError(
                    f"The history {self._file} was written by a newer Sales Coach (schema {version}); "
                    "update the program."
                )
            if version < SCHEMA_VERSION:
                bring_up_to_date(connection, version)

    def close(self) -> None:
        """Closes the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _own(self, session: Session, thread_id: str, user: str | None) -> None:
        """Makes sure that there is the thread, and that it is the user's."""
        if thread_id in self._deleted:
            raise InputError("This conversation was deleted; start a new one.")
        row = session.get(ThreadRow, thread_id)
        if row is None:
            if user is None:
                raise InputError("A conversation needs somebody whose it is.")
            if len(thread_id) > MAX_ID_CHARS:
                raise InputError("That is no name of a conversation.")
            row = ThreadRow(id=thread_id, owner=user, name=None, created_at=now(), thread_metadata={}, tags=None)
            values = {"identifier": user, "created_at": now(), "user_metadata": {}}
            session.execute(insert(UserRow).values(**values).on_conflict_do_nothing())
            session.add(row)
            session.flush()
        if user is not None:
            refuse_foreign(row, user)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except DatabaseError as error:
            raise CoachError(
                f"The history {self._file} can't be used just now ({error.orig}); nothing was changed."
            ) from None

    def _scrub(self) -> None:
        """Rewrites the file, so that no byte of what was deleted stays."""
        scrub_file(self._engine, f"The history {self._file}")


def check_reader(session: Session, thread_id: str, user: str | None) -> None:
    """Raises InputError where a thread is another user's."""
    if user is not None:
        refuse_foreign(session.get(ThreadRow, thread_id), user)


def refuse_foreign(row: ThreadRow | None, user: str) -> None:
    """Raises InputError where a thread is another user's."""
    if row is not None and row.owner != user:
        raise InputError("This conversation belongs to somebody else.")


def now() -> str:
    """The time, always of the same length, so that the order of the texts is the order in time."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    # No write-ahead log: a wall of text that became a card would stay legible in it.
    for pragma in ("journal_mode=DELETE", "foreign_keys=ON", "secure_delete=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("searchable", 1, searchable, deterministic=True)


def _begin(connection: Connection) -> None:
    # Nearly all of it writes, and what a writer decides by must not change under it.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
