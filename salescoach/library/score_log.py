"""The log of scores that somebody saw: numbers, ids and a hash in the library's file, and no word of a call.

It is written with the standard library alone, so that scoring a file doesn't wait for SQLAlchemy to be imported.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from salescoach.library.side_tables import kept_time
from salescoach.speech.shape import CallShape
from salescoach.sqlite_files import address, connect_read_only
from salescoach.types import Frozen

PATIENCE_S: Final = 2.0  # with somebody else who is writing

_FIELDS: Final = (
    "content_hash", "model_id", "scorer", "probability", "low", "high", "abstained", "scored_at", "door",
    *CallShape.model_fields, "unlikeness", "reasons",
)  # fmt: skip

# A private call is named only to whoever names it; the team's is found by its words as well.
_APPEND: Final = f"""
INSERT INTO scores (call_id, {", ".join(_FIELDS)})
VALUES (
    (SELECT call_id FROM calls WHERE content_hash = :content_hash AND (visibility = 'team' OR call_id = :call_id)
     ORDER BY call_id IS NOT :call_id LIMIT 1),
    {", ".join(f":{name}" for name in _FIELDS)}
)
"""


class LoggedScore(Frozen):
    """A score that somebody saw.

    ``call_id``: None where the library doesn't have the call. ``content_hash``: sha256 of what was scored, as
    ``Transcript.content_hash``. ``scored_at``: UTC without a zone. ``door``: where it was seen, such as ``cli``.

    The rest is what the call was like, None in lines of programs that didn't note it. ``unlikeness``: in units of what
    the model still judges. ``reasons``: codes of why it abstained, as ``abstention.Code`` has them.
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
    shape: CallShape | None = None
    unlikeness: float | None = None
    reasons: tuple[str, ...] | None = None


def append(file: Path, scores: Sequence[LoggedScore]) -> bool:
    """Adds scores to the log of a library, all of them or none; the call ids are those that the library knows.

    Returns:
        Whether the file has a log; one of an older program has none until the library is opened.

    Raises:
        sqlite3.Error: the file can't be written to, is locked for too long, or is damaged.
    """
    with closing(sqlite3.connect(address(file, read_only=False), uri=True, timeout=PATIENCE_S)) as database:
        if not columns_of_log(database).issuperset(_FIELDS):
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
        known = columns_of_log(database)
        if not known:
            return []
        names = ["call_id", *(name for name in _FIELDS if name in known)]
        lines = database.execute(f"SELECT {', '.join(names)} FROM scores ORDER BY number")
        return [_score(dict(zip(names, line, strict=True))) for line in lines]


def scored(file: Path, model_id: str) -> set[str]:
    """Hashes of what a model has scored; raises as ``read``."""
    with closing(connect_read_only(file)) as database:
        if not columns_of_log(database):
            return set()
        rows = database.execute("SELECT DISTINCT content_hash FROM scores WHERE model_id = ?", (model_id,))
        return {content_hash for (content_hash,) in rows}


class SeenScore(Frozen):
    """What counts of a line of the log: its number, where it was seen, and the probability or why there is none."""

    number: int
    door: str
    probability: float | None
    reasons: tuple[str, ...]


def read_after(file: Path, number: int | None) -> tuple[list[SeenScore], int]:
    """The lines that were written after one, in order, and the number of the last line that there is.

    Args:
        file: of a library.
        number: of the line; None: only the last line's number is wanted, which is 0 where there is none.

    Raises:
        sqlite3.Error: there is no such file, or it is damaged.
    """
    with closing(connect_read_only(file)) as database:
        known = columns_of_log(database)
        if not known:
            return [], 0
        [last] = database.execute("SELECT coalesce(max(number), 0) FROM scores").fetchone()
        if number is None or last <= number:
            return [], last
        reasons = "reasons" if "reasons" in known else "NULL"
        lines = database.execute(
            f"SELECT number, door, probability, {reasons} FROM scores WHERE number BETWEEN ? AND ? ORDER BY number",
            (number + 1, last),
        )
        return [
            SeenScore(number=at, door=door, probability=p, reasons=tuple(filter(None, (codes or "").split(","))))
            for at, door, p, codes in lines
        ], last


def columns_of_log(database: sqlite3.Connection) -> set[str]:
    """What a line of a library's log has; nothing where an older program wrote the library, and it has no log."""
    return {name for _, name, *_ in database.execute("PRAGMA table_info(scores)")}


def stamps(file: Path, door: str, since: datetime) -> set[datetime]:
    """When scores were noted at a door from some time on, each time once; what a batch has noted has one time a shard.

    Raises:
        sqlite3.Error: there is no such file, or it is damaged.
    """
    with closing(connect_read_only(file)) as database:
        if not columns_of_log(database):
            return set()
        found = database.execute(
            "SELECT DISTINCT scored_at FROM scores WHERE door = ? AND scored_at >= ?", (door, kept_time(since))
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
    fields = score.model_dump(exclude={"interval", "shape", "reasons"})
    shape = score.shape.model_dump() if score.shape else dict.fromkeys(CallShape.model_fields)
    reasons = None if score.reasons is None else ",".join(score.reasons)
    return {**fields, **shape, "low": low, "high": high, "reasons": reasons, "scored_at": kept_time(score.scored_at)}


def _score(known: dict[str, object]) -> LoggedScore:
    low, high = known.pop("low"), known.pop("high")
    shape = {name: known.pop(name, None) for name in CallShape.model_fields}
    reasons = known.pop("reasons", None)
    return LoggedScore.model_validate(
        {
            **known,
            "interval": None if low is None else (low, high),
            "shape": None if shape["n_turns"] is None else shape,
            "reasons": None if reasons is None else tuple(code for code in str(reasons).split(",") if code),
        }
    )
