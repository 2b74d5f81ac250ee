"""What a batch leaves behind: Parquet files that are whole or not there.

scores/part-000000.parquet    the scores of a shard
failures/part-000000.parquet  its rows that couldn't be scored, where there are some
manifest.json                 when all is done: the model, the counts, and each shard
_SUCCESS                      after that

A shard is there when its file of scores is: that comes last, under a temporary name and then under its own. What its
file says of itself is checked whenever the batch is taken up again.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

from salescoach.errors import InputError
from salescoach.library.side_tables import now
from salescoach.types import Frozen
from salescoach.whole_file import whole_file
from serving.batch.plan import Job, PlannedShard

if TYPE_CHECKING:
    import pyarrow

logger = logging.getLogger(__name__)

SCORES: Final = "scores"
FAILURES: Final = "failures"
MANIFEST: Final = "manifest.json"
SUCCESS: Final = "_SUCCESS"
_KEY: Final = b"coach"  # of what a file says of itself


class ShardDone(Frozen):
    """What a shard's file says of itself: ``rows`` that went in, and what came out. ``scored_at``: UTC, no zone."""

    name: str
    model_id: str
    rows: int
    scores: int
    abstained: int
    failures: int
    scored_at: datetime


class BatchManifest(Frozen):
    """What a finished batch is."""

    job: Job
    finished_at: datetime
    scores: int
    abstained: int
    failures: int
    shards: tuple[ShardDone, ...]


class OutFolder:
    """The folder of a batch."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else writes into the folder during the block; what a killed program was writing is removed.

        Raises:
            InputError: another program is at it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / ".lock", timeout=0):
                for name in (".", SCORES, FAILURES):
                    for half in (self.path / name).glob(".????????.*"):
                        half.unlink(missing_ok=True)
                yield
        except Timeout:
            raise InputError(
                f"Another program is writing to {self.path}; wait for it, or give another folder."
            ) from None

    @property
    def is_finished(self) -> bool:
        """Whether everything is there."""
        return (self.path / SUCCESS).is_file()

    def done(self, shard: PlannedShard, model_id: str) -> ShardDone | None:
        """What a shard is, where it is there and sound; one that isn't is made anew."""
        import pyarrow
        from pyarrow import parquet

        file = self._file(SCORES, shard.number)
        if not file.is_file():
            return None
        try:
            about = parquet.read_metadata(file)
            found = ShardDone.model_validate_json((about.metadata or {}).get(_KEY, b""))
            is_sound = (about.num_rows, found.name, found.rows, found.model_id) == (
                found.scores, file.name, shard.rows, model_id,
            )  # fmt: skip
            if found.failures:
                failed = parquet.read_metadata(self._file(FAILURES, shard.number))
                is_sound &= failed.num_rows == found.failures and failed.metadata[_KEY] == about.metadata[_KEY]
        except (pyarrow.ArrowException, OSError, ValueError, LookupError):
            is_sound = False
        if not is_sound:
            logger.warning("%s is damaged or of something else; it is made anew.", file)
            return None
        return found

    def write(self, shard: PlannedShard, results: "Sequence[pyarrow.RecordBatch]", model_id: str) -> ShardDone:
        """Writes a shard: first its failures, then its scores, which say that it is there."""
        import pyarrow
        from pyarrow import compute

        from serving.batch.work import failure_schema, result_schema, score_schema

        table = pyarrow.Table.from_batches(results, schema=result_schema())
        failed = compute.is_valid(table["reason"])
        scores = table.filter(compute.invert(failed)).select(score_schema().names)
        failures = table.filter(failed).select(failure_schema().names)
        done = ShardDone(
            name=self._file(SCORES, shard.number).name,
            model_id=model_id,
            rows=shard.rows,
            scores=scores.num_rows,
            abstained=compute.sum(scores["abstained"]).as_py() or 0,
            failures=failures.num_rows,
            scored_at=now(),
        )
        if failures.num_rows:
            self._write(self._file(FAILURES, shard.number), failures, done)
        else:
            self._file(FAILURES, shard.number).unlink(missing_ok=True)
        self._write(self._file(SCORES, shard.number), scores, done)
        return done

    def read(self, done: ShardDone) -> "pyarrow.Table":
        """The scores of a shard that is there."""
        from pyarrow import parquet

        return parquet.read_table(self.path / SCORES / done.name)

    def finish(self, job: Job, shards: Sequence[ShardDone]) -> BatchManifest:
        """Says that everything is there."""
        manifest = BatchManifest(
            job=job,
            finished_at=now(),
            scores=sum(one.scores for one in shards),
            abstained=sum(one.abstained for one in shards),
            failures=sum(one.failures for one in shards),
            shards=tuple(shards),
        )
        for name, content in ((MANIFEST, manifest.model_dump_json(indent=1)), (SUCCESS, "")):
            with whole_file(self.path / name, is_durable=True) as temporary:
                temporary.write_text(content, encoding="utf-8")
        return manifest

    def manifest(self) -> BatchManifest:
        """Of a finished batch."""
        return BatchManifest.model_validate_json((self.path / MANIFEST).read_bytes())

    def _file(self, kind: str, number: int) -> Path:
        return self.path / kind / f"part-{number:06}.parquet"

    @staticmethod
    def _write(file: Path, table: "pyarrow.Table", done: ShardDone) -> None:
        from pyarrow import parquet

        about: dict[Any, Any] = {_KEY: done.model_dump_json().encode()}
        with whole_file(file, is_durable=True) as temporary:
            parquet.write_table(table.replace_schema_metadata(about), temporary, compression="zstd")
