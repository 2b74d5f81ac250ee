"""The engine for many machines: Ray Data reads the tables, and an actor for each core scores (``sales-coach[ray]``).

Ray only carries rows to the model and results back: which rows there are and what is done stands in the plan and the
shards, as for the other engine. Ray's own checkpoints read all input again, and hold an id for each row in memory.

Every machine has to see what is read, the model's folder and ``COACH_HOME`` under the same paths.
"""

import logging
from collections.abc import Generator, Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from salescoach.errors import CoachError, InputError
from salescoach.reading.team import Team
from serving.batch.engines import cores
from serving.batch.plan import ROWS_AT_ONCE, PlannedShard, batches_of
from serving.batch.worker import WorkerJob, begin, score_rows

if TYPE_CHECKING:
    import pyarrow

BLOCK_BYTES: Final = 1_000_000  # of what is read ahead at a time
STORE_BYTES: Final = 500_000_000  # of a machine of our own, for what is between the one who reads and the actors
MAX_RETRIES: Final = 3  # of rows whose actor ended


class RayEngine:
    """Scores with Ray: of a cluster, where ``RAY_ADDRESS`` names one, else of this machine."""

    def __init__(self, job: WorkerJob, workers: int | None = None) -> None:
        """``workers``: actors; default: one for each core that Ray has.

        Raises:
            InputError: Ray is not installed.
        """
        try:
            import ray.data  # noqa: F401
        except ImportError:
            raise InputError("The engine ray needs Ray; install sales-coach[ray], or take --engine local.") from None
        self._job = job
        self._n = workers

    def results(self, shards: list[PlannedShard], team: Team) -> "Generator[pyarrow.RecordBatch, None, None]":
        """As ``Engine``."""
        import pyarrow
        import ray

        is_ours = not ray.is_initialized()
        if is_ours:
            _begin(self._n)
        try:
            n = self._n or max(int(ray.cluster_resources().get("CPU", 1)) - 1, 1)
            for row in self._dataset(shards, team, n).iter_rows():
                yield from pyarrow.ipc.open_stream(row["result"])
        except ray.exceptions.RayError as error:
            raise _said(error) from None
        finally:
            if is_ours:
                ray.shutdown()

    def _dataset(self, shards: list[PlannedShard], team: Team, n: int) -> Any:
        import ray.data

        context = ray.data.DataContext.get_current()
        context.target_max_block_size = BLOCK_BYTES
        context.enable_progress_bars = False
        source = _source(shards, team)
        return ray.data.read_datasource(source, override_num_blocks=source.n_tasks).map_batches(
            _Actor,
            fn_constructor_args=(self._job,),
            batch_size=ROWS_AT_ONCE,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=n),
            num_cpus=1,
            ray_remote_args_fn=lambda: {"max_restarts": -1, "max_task_retries": MAX_RETRIES},
        )


def _begin(workers: int | None) -> None:
    """Ray on this machine, or the cluster that is named."""
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    n_cpus = (workers or cores()) + 1  # one reads
    try:
        try:
            ray.init(num_cpus=n_cpus, object_store_memory=STORE_BYTES, include_dashboard=False, **quiet)
        except ValueError:  # a cluster is named, which has what it has
            ray.init(**quiet)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise CoachError(f"Ray could not be begun ({reason}); try again, or take --engine local.") from None


class _Actor:
    """One process of Ray's; what comes out of some rows is one value, which Ray doesn't cut."""

    def __init__(self, job: WorkerJob) -> None:
        begin(ends_with_parent=False)
        self._job = job

    def __call__(self, table: "pyarrow.Table") -> "pyarrow.Table":
        import pyarrow

        found = [score_rows(self._job, batch) for batch in table.combine_chunks().to_batches()]
        sink = pyarrow.BufferOutputStream()
        with pyarrow.ipc.new_stream(sink, found[0].schema) as stream:
            for batch in found:
                stream.write_batch(batch)
        return pyarrow.table({"result": pyarrow.array([sink.getvalue().to_pybytes()], pyarrow.large_binary())})


def _source(shards: list[PlannedShard], team: Team) -> Any:
    """What Ray reads: a task for each table, and one for each shard of files."""
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    own_shards = [
        tuple(own) for _, own in groupby(shards, key=lambda one: one.files[0].place if one.is_table else one.number)
    ]

    class _Shards(Datasource):  # type: ignore[misc]  # Ray is an extra, without types here
        n_tasks = len(own_shards)

        def get_name(self) -> str:
            return "Shards"

        def estimate_inmemory_data_size(self) -> int | None:
            return None

        def get_read_tasks(self, parallelism: int, *_: object, **__: object) -> list[Any]:
            return [self._task(own) for own in own_shards]

        def _task(self, own: tuple[PlannedShard, ...]) -> Any:
            about = BlockMetadata(
                num_rows=sum(one.rows for one in own), size_bytes=None, input_files=None, exec_stats=None
            )
            return ReadTask(lambda: _tables(own, team), about)

    return _Shards()


def _tables(shards: Iterable[PlannedShard], team: Team) -> "Iterator[pyarrow.Table]":
    import pyarrow

    for batch in batches_of(shards, team):
        yield pyarrow.Table.from_batches([batch])


def _said(error: Any) -> CoachError:
    """An error of ours as it was raised there; of Ray's own the first line."""
    cause = error
    while (cause := getattr(cause, "cause", None)) is not None:
        if isinstance(cause, CoachError):
            return cause
    line = str(error).strip().rpartition("\n")[2][:300]
    return CoachError(f"Ray could not go on ({line}); run it again: what is done is kept.")
