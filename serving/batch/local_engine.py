"""The engine of one machine: a process for each core.

Each process is a pool of its own, so that one that is killed takes the rows with it that it was working on, and no
others. These are given to a new process; rows that end it again are given one by one, and a row that always does is a
failure like any other.
"""

import contextlib
import logging
import multiprocessing
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from salescoach.errors import CoachError
from salescoach.reading.team import Team
from serving.batch.engines import cores
from serving.batch.plan import PlannedShard, batches_of
from serving.batch.worker import WorkerJob, begin, score_rows

if TYPE_CHECKING:
    import pyarrow

logger = logging.getLogger(__name__)

TRIES: Final = 3  # of rows whose process ended
MAX_ENDED: Final = 8  # processes, times how many there are, that end one after another without having scored anything


@dataclass
class _Task:
    batch: "pyarrow.RecordBatch"
    n_tries: int = 0


class LocalEngine:
    """Scores with processes of this machine."""

    def __init__(self, job: WorkerJob, workers: int | None = None) -> None:
        """``workers``: processes; default: one for each core that may be used."""
        self._job = job
        self._n = workers or cores()

    def results(self, shards: list[PlannedShard], team: Team) -> "Generator[pyarrow.RecordBatch, None, None]":
        """As ``Engine``."""
        return self.score(batches_of(shards, team))

    def score(self, batches: "Iterable[pyarrow.RecordBatch]") -> "Generator[pyarrow.RecordBatch, None, None]":
        """What comes out of batches, as ``results``; also for those that no plan has."""
        with contextlib.ExitStack() as opened:
            pools = [_Pool() for _ in range(self._n)]
            for pool in pools:
                opened.callback(pool.close)
            yield from self._work_off(iter(batches), pools)

    def _work_off(
        self, batches: "Iterator[pyarrow.RecordBatch]", pools: "list[_Pool]"
    ) -> "Iterator[pyarrow.RecordBatch]":
        again: deque[_Task] = deque()
        running: dict[Future[pyarrow.RecordBatch], tuple[_Pool, _Task]] = {}
        idle = deque(pools)
        ended = 0
        while True:
            while idle and (task := again.popleft() if again else _next(batches)) is not None:
                pool = idle.popleft()
                running[pool.submit(self._job, task)] = pool, task
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                pool, task = running.pop(future)
                idle.append(pool)
                try:
                    found = future.result()
                except BrokenProcessPool:
                    pool.renew()
                    ended += 1
                    if ended >= MAX_ENDED * self._n:
                        raise CoachError(
                            "The processes that score keep ending, as if something killed them, such as for want of "
                            "memory; run it again, perhaps with fewer --workers. What is done is kept."
                        ) from None
                    again.extend(_tried(task))
                    if task.batch.num_rows == 1 and task.n_tries >= TRIES:
                        yield self._given_up(task)
                    continue
                ended = 0
                yield found

    def _given_up(self, task: _Task) -> "pyarrow.RecordBatch":
        from serving.batch.work import failure_of, results_of

        reason = f"The process that scored this row ended {task.n_tries} times, as if it took too much memory."
        logger.warning("A row of %s was given up: its process ended each time.", task.batch["source"][0])
        return results_of([failure_of(row, reason, self._job.model_id) for row in task.batch.to_pylist()])


class _Pool:
    """One process."""

    def __init__(self) -> None:
        self._pool = self._begun()

    def submit(self, job: WorkerJob, task: _Task) -> "Future[pyarrow.RecordBatch]":
        """Gives it rows; a process that ended while it had nothing to do is replaced."""
        try:
            return self._pool.submit(score_rows, job, task.batch)
        except BrokenProcessPool:
            self.renew()
            return self._pool.submit(score_rows, job, task.batch)

    def renew(self) -> None:
        """Another process in the place of one that ended."""
        self.close()
        self._pool = self._begun()

    def close(self) -> None:
        """Ends the process, whatever it is doing: what it was given will be given again."""
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        for process in processes:
            process.join()

    @staticmethod
    def _begun() -> ProcessPoolExecutor:
        # A copy of this process, with its threads' locks as they are just now, might wait for ever.
        return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=begin)


def _next(batches: "Iterator[pyarrow.RecordBatch]") -> _Task | None:
    batch = next(batches, None)
    return None if batch is None else _Task(batch)


def _tried(task: _Task) -> list[_Task]:
    """What is left to do of rows whose process ended: all of them once more, then one by one."""
    task.n_tries += 1
    n = task.batch.num_rows
    if n == 1:
        return [task] if task.n_tries < TRIES else []
    if task.n_tries < 2:
        return [task]
    return [_Task(task.batch.slice(at, 1)) for at in range(n)]
