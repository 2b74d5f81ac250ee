"""What people said of what the coach read: ids, numbers and answers in the library's file, and no word of a call."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from salescoach.library.side_tables import kept_time, reading, writing
from salescoach.types import Frozen

Answer = Literal["yes", "no", "unsure"]

OUTCOME: Final = "outcome"
WHOLE_CALL: Final = 0  # the turn of a label that is about the whole call

_COLUMNS: Final = "call_id, content_hash, turn, subject, answer, rater, model_id, probability, labelled_at"
_INSERT: Final = f"""
INSERT INTO labels ({_COLUMNS})
VALUES (:call_id, :content_hash, :turn, :subject, :answer, :rater, :model_id, :probability, :labelled_at)
ON CONFLICT (content_hash, turn, subject, rater) DO UPDATE SET
    call_id = excluded.call_id, answer = excluded.answer, model_id = excluded.model_id,
    probability = excluded.probability, labelled_at = excluded.labelled_at
"""


class GivenLabel(Frozen):
    """An answer of a person to: is this right?

    ``turn``: from 1; 0 where it is about the whole call. ``subject``: a move, ``tracker:NAME``, or ``outcome``, where
    "yes" means that the call converted. ``model_id`` and ``probability``: what had read it, and how likely it was then.
    """

    call_id: str
    content_hash: str
    turn: int
    subject: str
    answer: Answer
    rater: str
    model_id: str
    probability: float | None
    labelled_at: datetime


def give(file: Path, labels: Sequence[GivenLabel]) -> None:
    """Keeps labels, all of them or none; a person's earlier answer to the same question gives way.

    Raises:
        CoachError: there is no library, or it can't be written to.
    """
    rows = [{**label.model_dump(), "labelled_at": kept_time(label.labelled_at)} for label in labels]
    with writing(file) as database:
        database.executemany(_INSERT, rows)


def all_labels(file: Path) -> list[GivenLabel]:
    """Every label, oldest first."""
    with reading(file) as database:
        rows = database.execute(f"SELECT {_COLUMNS} FROM labels ORDER BY number").fetchall()
    return [GivenLabel.model_validate(dict(zip(_COLUMNS.split(", "), row, strict=True))) for row in rows]


def delete(database: sqlite3.Connection, content_hashes: Iterable[str]) -> None:
    """Takes deleted calls out, in the transaction that deleted them, unless the library still has the same words."""
    database.executemany(
        "DELETE FROM labels WHERE content_hash = :it AND NOT EXISTS (SELECT * FROM calls WHERE content_hash = :it)",
        [{"it": content} for content in content_hashes],
    )
