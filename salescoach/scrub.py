"""Takes deleted rows out of a SQLite file for good: a plain DELETE leaves their bytes in the file and in its log."""

import sqlite3
from typing import TYPE_CHECKING, Any

from salescoach.errors import CoachError

if TYPE_CHECKING:
    from sqlalchemy import Engine

PATIENCE_MS = 10_000  # with somebody else who is just reading


def scrub_file(engine: "Engine", name: str) -> None:
    """``scrub`` on a connection of the engine's own."""
    connection = engine.raw_connection()
    try:
        scrub(connection.driver_connection, name)
    finally:
        connection.close()


def scrub(database: sqlite3.Connection | Any, name: str) -> None:
    """Rewrites the file without what was deleted, and empties its write-ahead log.

    Args:
        database: a connection that is in no transaction (sqlite3's, or one that is used like it).
        name: of the file, for the error.

    Raises:
        CoachError: another process is using the file; what was deleted may still be legible in it.
    """
    try:
        database.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        database.execute("VACUUM")
        is_busy = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise CoachError(f"{name} could not be rewritten ({error}); try again when nothing else uses it.") from None
    if is_busy:
        raise CoachError(f"{name} is in use, so deleted text would be left in its log; stop the chat and try again.")
