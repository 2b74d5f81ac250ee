"""The log of scores that somebody saw: numbers, ids and a hash in the library's file, and no word of a call.

It is written with the standard library alone, so that scoring a file doesn't wait for SQLAlchemy to be imported.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from salescoach.sqlite_files import address, connect_read_only
from salescoach.types import Frozen

SINCE_SCHEMA: Final = 6  # files of an older one have no log
PATIENCE_S: Final = 2.0  # with somebody else who is writing

# A private call is named only to whoever names it; the team's is found by its words as well.
_APPEND: Final = """
INSERT INTO scores (call_id, content_hash, model_id, scorer, probability, low, high, abstained, scored_at, door)
VALUES (
    (SELECT call_id FROM calls WHERE content_hash = :content_hash AND (visibility = 'team' OR call_id = :call_id)
     ORDER BY call_id IS NOT :call_id LIMIT 1),
    :content_hash, :model_id, :scorer, :probability, :low, :high, :abstained, :scored_at, :door
)
"""
_COLUMNS: Final = "call_id, content_hash, model_id, scorer, probability, low, high, abstained, scored_at, door"


class LoggedScore(Frozen):
    """A score that somebody saw.

    ``call_id``: None where the library doesn't have the call. ``content_hash``: sha256 of what was scored, as
    ``Transcript.content_hash``. ``scored_at``: UTC without a zone. ``door``: where it was seen, such as ``cli``.
    """

    call_id: str | None
    content_hash: str
    model_id: str
    scorer: str
    probability: float | None
    interval: tuple[float, float] | None
    abstained: bool
    scored_at: datetime
    door: str


def append(file: Path, scores: Sequence[LoggedScore]) -> bool:
    """Adds scores to the log of a library, all of them or none; the call ids are those that the library knows.

    Returns:
        Whether the file has a log; one of an older program has none until the library is opened.

    Raises:
        sqlite3.Error: the file can't be written to, is locked for too long, or is damaged.
    """
    with closing(sqlite3.connect(address(file, read_only=False), uri=True, timeout=PATIENCE_S)) as database:
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version < SINCE_SCHEMA:
            return False
        database.execute("PRAGMA synchronous=NORMAL")
        with database:
            database.executemany(_APPEND, [_row(score) for score in scores])
        return True


def read(file: Path) -> list[LoggedScore]:
    """The whole log, oldest first; empty where the file has none.

    Raises:
        sqlite3.Error: there is no such file, or it is damaged.
    """
    with closing(connect_read_only(file)) as database:
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version < SINCE_SCHEMA:
            return []
        return [_score(row) for row in database.execute(f"SELECT {_COLUMNS} FROM scores ORDER BY number")]


def stamps(file: Path, door: str, since: datetime) -> set[datetime]:
    """When scores were noted at a door from some time on, each time once; what a batch has noted has one time a shard.

    Raises:
        sqlite3.Error: there is no such file, or it is damaged.
    """
    with closing(connect_read_only(file)) as database:
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version < SINCE_SCHEMA:
            return set()
        found = database.execute(
            "SELECT DISTINCT scored_at FROM scores WHERE door = ? AND scored_at >= ?", (door, _written(since))
        )
        return {datetime.fromisoformat(when) for (when,) in found}


def delete(database: sqlite3.Connection, call_ids: Iterable[str], content_hashes: Iterable[str]) -> None:
    """Takes deleted calls out of the log, in the transaction that deleted them.

    Args:
        database: a connection to the library, in that transaction.
        call_ids: every id that the calls had.
        content_hashes: of the calls; lines of one stay while the library still has a call of the same words.
    """
    database.executemany("DELETE FROM scores WHERE call_id = ?", [(call_id,) for call_id in call_ids])
    database.executemany(
        "DELETE FROM scores WHERE content_hash = :it AND NOT EXISTS (SELECT * FROM calls WHERE content_hash = :it)",
        [{"it": content_hash} for content_hash in content_hashes],
    )


def _row(score: LoggedScore) -> dict[str, object]:
    low, high = score.interval or (None, None)
    fields = score.model_dump(exclude={"interval"})
    return {**fields, "low": low, "high": high, "scored_at": _written(score.scored_at)}


def _written(when: datetime) -> str:
    return when.isoformat(" ", "microseconds")


def _score(row: Sequence[object]) -> LoggedScore:
    known = dict(zip(_COLUMNS.split(", "), row, strict=True))
    low, high = known.pop("low"), known.pop("high")
    return LoggedScore.model_validate({**known, "interval": None if low is None else (low, high)})
