"""Scores in shadow: what every contending model says of a call before its outcome is known. Nobody is shown them.

They stand in a table of their own, so that no door which reads the log of scores takes one for a score that was given.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from salescoach.library.side_tables import kept_time, now, reading, writing
from salescoach.types import Frozen

# A call is open for certain where no row of it, private ones included, has an outcome or waits for one to be confirmed.
_OPEN: Final = """
NOT EXISTS (SELECT * FROM calls AS known WHERE known.content_hash = {hash}
            AND (known.outcome IS NOT NULL OR known.proposed_outcome IS NOT NULL))
"""
_INSERT: Final = f"""
INSERT INTO shadow_scores (content_hash, model_id, probability, scored_at)
SELECT :content_hash, :model_id, :probability, :scored_at
WHERE EXISTS (SELECT * FROM calls WHERE content_hash = :content_hash) AND {_OPEN.format(hash=":content_hash")}
ON CONFLICT (content_hash, model_id) DO NOTHING
"""
_MISSING: Final = f"""
SELECT min(calls.call_id), calls.content_hash FROM calls
WHERE {_OPEN.format(hash="calls.content_hash")} AND calls.provenance != 'sample'
AND NOT EXISTS (SELECT * FROM shadow_scores
                WHERE shadow_scores.content_hash = calls.content_hash AND model_id = ?)
GROUP BY calls.content_hash ORDER BY 1
"""
_SETTLE: Final = """
INSERT INTO settled_calls (content_hash, settled_at)
SELECT content_hash, :now FROM (
    SELECT calls.content_hash, max(coalesce(calls.outcome_entered_at, '')) AS entered FROM calls
    WHERE calls.visibility = 'team' AND calls.outcome IS NOT NULL
    AND EXISTS (SELECT * FROM shadow_scores WHERE shadow_scores.content_hash = calls.content_hash)
    GROUP BY calls.content_hash ORDER BY entered, calls.content_hash
) WHERE true ON CONFLICT (content_hash) DO NOTHING
"""
_PAIRS: Final = """
SELECT settled_calls.content_hash, calls.account_id, settled_calls.settled_at, calls.outcome = 'converted',
       one.probability, other.probability
FROM settled_calls
JOIN calls ON calls.content_hash = settled_calls.content_hash AND calls.visibility = 'team'
     AND calls.outcome IS NOT NULL
JOIN shadow_scores AS one ON one.content_hash = settled_calls.content_hash AND one.model_id = :champion
JOIN shadow_scores AS other ON other.content_hash = settled_calls.content_hash AND other.model_id = :challenger
WHERE one.probability IS NOT NULL AND other.probability IS NOT NULL
ORDER BY settled_calls.number
"""


class ShadowScore(Frozen):
    """What a model says of a call that is open; ``probability`` is None where it abstains.

    ``content_hash``: as ``Transcript.content_hash``.
    """

    content_hash: str
    model_id: str
    probability: float | None


@dataclass(frozen=True)
class SettledPair:
    """A call that both models had scored before its outcome came.

    ``settled_at``: the same of calls whose outcomes were noticed together; ``converted``: 1 or 0.
    """

    content_hash: str
    account_id: str | None
    settled_at: str
    converted: int
    champion: float
    challenger: float


def append(file: Path, scores: Sequence[ShadowScore]) -> int:
    """Notes scores of calls that are open at this moment, and returns how many.

    Whether a call is open is looked up in the transaction that writes, so that an outcome which came while the models
    worked is never known to a score that is kept. A model's first score of a call stays.

    Raises:
        CoachError: there is no library, or it can't be written to.
    """
    scored_at = kept_time(now())
    with writing(file) as database:
        before = database.total_changes
        database.executemany(_INSERT, [{**score.model_dump(), "scored_at": scored_at} for score in scores])
        return database.total_changes - before


def missing(file: Path, model_id: str) -> list[tuple[str, str]]:
    """Open calls that a model hasn't scored in shadow: call id and content hash, each content once, by id.

    Example calls are left out: their outcomes belong to them.
    """
    with reading(file) as database:
        return [(call_id, content) for call_id, content in database.execute(_MISSING, (model_id,))]


def settle(file: Path) -> int:
    """Notes which calls with shadow scores have got their outcome, in the order it came; returns how many are new.

    That order never changes afterwards, whatever is corrected: what is concluded at every look rests on it.
    """
    with writing(file) as database:
        before = database.total_changes
        database.execute(_SETTLE, {"now": kept_time(now())})
        return database.total_changes - before


def pairs(file: Path, champion: str, challenger: str) -> list[SettledPair]:
    """Calls that two models had scored before their outcome came, in the order it came; outcomes as they are now.

    Calls of which one of the two abstained are left out: there is nothing to compare.
    """
    with reading(file) as database:
        rows = database.execute(_PAIRS, {"champion": champion, "challenger": challenger})
        return [SettledPair(*row) for row in rows]


def n_pending(file: Path, champion: str, challenger: str) -> int:
    """How many calls both models have scored whose outcome hasn't come."""
    query = (
        "SELECT count(*) FROM shadow_scores AS one JOIN shadow_scores AS other USING (content_hash) "
        "WHERE one.model_id = ? AND other.model_id = ? AND one.probability IS NOT NULL "
        "AND other.probability IS NOT NULL "
        "AND content_hash NOT IN (SELECT content_hash FROM settled_calls)"
    )
    with reading(file) as database:
        [n] = database.execute(query, (champion, challenger)).fetchone()
        return int(n)


def abstained_share(file: Path, model_id: str) -> float | None:
    """The share of a model's shadow scores that are abstentions; None where there are none."""
    query = "SELECT avg(probability IS NULL) FROM shadow_scores WHERE model_id = ?"
    with reading(file) as database:
        [share] = database.execute(query, (model_id,)).fetchone()
        return None if share is None else float(share)


def delete(database: sqlite3.Connection, content_hashes: Iterable[str]) -> None:
    """Takes deleted calls out, in the transaction that deleted them, unless the library still has the same words."""
    gone = [{"it": content} for content in content_hashes]
    for table in ("shadow_scores", "settled_calls"):
        database.executemany(
            f"DELETE FROM {table} WHERE content_hash = :it "
            "AND NOT EXISTS (SELECT * FROM calls WHERE content_hash = :it)",
            gone,
        )
