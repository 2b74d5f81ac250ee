"""Notes the scores of batches in the library's log, each once, however often a batch is stopped and taken up again.

All scores of a shard have the same time, which stands in the shard's file too. They are noted in one transaction after
the file is there; where a program ends between the two, the next run finds no score of that time, and notes them.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from salescoach.library import score_log
from salescoach.library.score_log import LoggedScore
from salescoach.model.abstention import code_of
from salescoach.speech.shape import CallShape
from serving.batch.output import OutFolder, ShardDone
from serving.usecases.score_log import note, warned_only


class BatchLog:
    """The log of a library, for one batch. A home without a library has none, and nothing is written."""

    def __init__(self, library_file: Path, begun_at: datetime) -> None:
        """``begun_at``: of the batch, UTC without a zone."""
        self._file = library_file
        self._begun_at = begun_at

    def note(self, place: OutFolder, shard: ShardDone) -> None:
        """Notes the scores of a shard; it raises nothing."""
        if not self._file.is_file():
            return
        with warned_only():
            rows = place.read(shard).to_pylist()
            note(self._file, [entry_of(row, shard.scored_at) for row in rows])

    def note_missing(self, place: OutFolder, shards: Sequence[ShardDone]) -> None:
        """Notes the scores of those shards that the log doesn't have; it raises nothing."""
        with warned_only():
            if not self._file.is_file():
                return
            noted = score_log.stamps(self._file, "batch", self._begun_at)
            for shard in shards:
                if shard.scores and shard.scored_at not in noted:
                    self.note(place, shard)


def entry_of(row: dict[str, Any], scored_at: datetime) -> LoggedScore:
    """A line of the log from a row of ``serving.batch.work.score_schema``."""
    names = ("call_id", "content_hash", "model_id", "scorer", "probability", "abstained", "unlikeness")
    low, high = row["interval_low"], row["interval_high"]
    return LoggedScore(
        **{name: row[name] for name in names},
        interval=None if low is None else (low, high),
        scored_at=scored_at,
        door="batch",
        shape=CallShape(**row["shape"]),
        reasons=tuple(code_of(reason) for reason in row["reasons"]),
    )
