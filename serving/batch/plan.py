"""Which shards a batch has: made once, before anything is scored, and kept beside what comes of it.

plan.jsonl   a shard a line, in their order
job.json     what was asked for, by which model, and how many rows there are; it is written last

Every later run goes by the plan, so that a shard always holds the same rows; what is done is known without opening a
file whose shards are all there.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from salescoach.errors import CoachError, InputError
from salescoach.progress import Progress
from salescoach.reading.team import Team
from salescoach.types import Frozen
from salescoach.whole_file import whole_file
from serving.batch.inputs import BatchFile, files_of, is_as_before
from serving.batch.rows import MAX_FILE_BYTES, BatchRow, batch_of, rows_of_files, rows_of_table

if TYPE_CHECKING:
    import pyarrow

PLAN: Final = "plan.jsonl"
JOB: Final = "job.json"
SHARD_BYTES: Final = 32_000_000  # of what is read for one shard; a row more than that is a shard of its own
ROWS_AT_ONCE: Final = 8  # that an engine is given at a time, and that are scored again where it fails
MAX_NOTES: Final = 20
TOLD_EVERY: Final = 10_000  # rows that were found


class PlannedShard(Frozen):
    """Rows that are written together: of a table from ``first`` on, from 0; or files with calls, a row each."""

    number: int
    files: tuple[BatchFile, ...]
    is_table: bool
    first: int
    rows: int


class Job(Frozen):
    """What was asked for. ``team``: a hash of the names on our side; ``begun_at``: UTC without a zone."""

    given: str
    model_id: str
    team: str
    rows: int
    shards: int
    begun_at: datetime
    notes: tuple[str, ...] = ()


def team_hash(team: Sequence[str]) -> str:
    """Changes with the names on our side, and doesn't tell them."""
    return hashlib.sha256("\0".join(sorted(team)).encode()).hexdigest()[:16]


def make_plan(folder: Path, asked: Job, team: Team, shard_rows: int, progress: Progress) -> Job:
    """Looks through everything that is to be scored and writes the plan.

    Args:
        folder: of the batch.
        asked: what was asked for; its rows and shards are counted here.
        team: who is on our side.
        shard_rows: rows of a shard, at most.
        progress: is told how many rows were found.

    Raises:
        InputError: there is nothing to score, or it can't be reached.
    """
    notes: list[str] = []
    n_rows = n_shards = told = 0
    with whole_file(folder / PLAN, is_durable=True) as temporary, temporary.open("w", encoding="utf-8") as lines:
        for shard in _shards(files_of(asked.given), team, shard_rows, notes):
            lines.write(shard.model_copy(update={"number": n_shards}).model_dump_json() + "\n")
            n_shards += 1
            n_rows += shard.rows
            if n_rows >= told + TOLD_EVERY:
                told = n_rows
                progress("rows found", n_rows, n_rows)
    if not n_rows:
        raise InputError(f"{asked.given} holds no call; give a table with a row for each, or transcripts.")
    more = [f"… and {len(notes) - MAX_NOTES} more notes of this kind."] if len(notes) > MAX_NOTES else []
    job = asked.model_copy(update={"rows": n_rows, "shards": n_shards, "notes": (*notes[:MAX_NOTES], *more)})
    with whole_file(folder / JOB, is_durable=True) as temporary:
        temporary.write_text(job.model_dump_json(indent=1), encoding="utf-8")
    return job


def load_job(folder: Path) -> Job | None:
    """What a folder's batch is; None where none was planned.

    Raises:
        CoachError: it can't be read.
    """
    try:
        return Job.model_validate_json((folder / JOB).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise CoachError(f"The batch in {folder} can't be read ({JOB}); begin anew in another folder.") from None


def load_plan(folder: Path) -> Iterator[PlannedShard]:
    """The shards of a batch, in their order.

    Raises:
        CoachError: the plan can't be read.
    """
    try:
        with (folder / PLAN).open(encoding="utf-8") as lines:
            for line in lines:
                yield PlannedShard.model_validate(json.loads(line))
    except (OSError, ValueError):
        raise CoachError(f"The batch in {folder} can't be read ({PLAN}); begin anew in another folder.") from None


def batches_of(shards: Iterable[PlannedShard], team: Team) -> "Iterator[pyarrow.RecordBatch]":
    """What is in shards, a few rows at a time. A file is opened once for shards of it that follow each other.

    Raises:
        InputError: a file isn't any more what it was when the batch was planned.
    """
    for is_table, own in groupby(shards, key=lambda one: one.files[0].place if one.is_table else ""):
        if is_table:
            yield from _of_table(own, team)
            continue
        for shard in own:
            yield from _in_pieces(shard, rows_of_files(shard.files))


def _of_table(shards: Iterable[PlannedShard], team: Team) -> "Iterator[pyarrow.RecordBatch]":
    first, *others = shards
    if not is_as_before(file := first.files[0]):
        raise _changed(file)
    at = 0
    with closing(rows_of_table(file, team)) as rows:
        for shard in (first, *others):
            while at < shard.first and next(rows, None) is not None:
                at += 1
            at = shard.first + shard.rows
            yield from _in_pieces(shard, rows)


def _in_pieces(shard: PlannedShard, rows: Iterator[BatchRow]) -> "Iterator[pyarrow.RecordBatch]":
    for first in range(0, shard.rows, ROWS_AT_ONCE):
        wanted = min(ROWS_AT_ONCE, shard.rows - first)
        some = list(islice(rows, wanted))
        if len(some) < wanted:
            raise _changed(shard.files[0])
        yield batch_of(some, shard.number, first, shard.rows)


def _changed(file: BatchFile) -> InputError:
    return InputError(
        f"{file.shown} has changed since this batch was planned; begin anew in another folder, which scores it as it "
        "is now."
    )


def _shards(files: Iterable[BatchFile], team: Team, shard_rows: int, notes: list[str]) -> Iterator[PlannedShard]:
    together: list[BatchFile] = []
    n_bytes = 0
    for file in files:
        size = min(file.size, MAX_FILE_BYTES)
        if together and (file.is_table or len(together) == shard_rows or n_bytes + size > SHARD_BYTES):
            yield _of_files(together)
            together, n_bytes = [], 0
        if file.is_table:
            yield from _table_shards(file, team, shard_rows, notes)
        else:
            together.append(file)
            n_bytes += size
    if together:
        yield _of_files(together)


def _of_files(files: Sequence[BatchFile]) -> PlannedShard:
    return PlannedShard(number=0, files=tuple(files), is_table=False, first=0, rows=len(files))


def _table_shards(file: BatchFile, team: Team, shard_rows: int, notes: list[str]) -> Iterator[PlannedShard]:
    first = n_rows = n_bytes = 0
    for row in rows_of_table(file, team, notes):
        if n_rows and (n_rows == shard_rows or n_bytes + len(row.data) > SHARD_BYTES):
            yield PlannedShard(number=0, files=(file,), is_table=True, first=first, rows=n_rows)
            first, n_rows, n_bytes = first + n_rows, 0, 0
        n_rows += 1
        n_bytes += len(row.data)
    if n_rows:
        yield PlannedShard(number=0, files=(file,), is_table=True, first=first, rows=n_rows)
