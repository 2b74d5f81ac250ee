"""One process that scores: it loads the model once, and ends with the program that began it."""

import functools
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from salescoach.config import Settings
from salescoach.errors import ModelError
from salescoach.reading.team import Team
from salescoach.types import Frozen

if TYPE_CHECKING:
    import pyarrow

    from salescoach.model.scoring import Scorer


class WorkerJob(Frozen):
    """What a process needs to score rows. ``model``: a folder; ``model_id``: of the model that has to be in it."""

    home: Path
    model: Path
    model_id: str
    team: tuple[str, ...] = ()


def score_rows(job: WorkerJob, batch: "pyarrow.RecordBatch") -> "pyarrow.RecordBatch":
    """As ``score_batch``, by the model of a job.

    Raises:
        ModelError: the model can't be loaded, or another one is there by now.
    """
    from serving.batch.work import score_batch

    return score_batch(batch, _scorer(job), Team(job.team))


def begin(*, ends_with_parent: bool = True) -> None:
    """Before the first rows: interrupting is the main program's business, and when that ends, however, so does this."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if not ends_with_parent or parent is None:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def leave() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


@functools.cache
def _scorer(job: WorkerJob) -> "Scorer":
    """Nothing is kept on the disk: turn vectors of a million calls would fill it."""
    from threadpoolctl import threadpool_limits

    from salescoach.model.scoring import CallScorer

    threadpool_limits(1)  # a process for each core is as many as help
    scorer = CallScorer.load(Settings.load(home=job.home, model=job.model, threads=1), cached=False)
    if scorer.manifest.model_id != job.model_id:
        raise ModelError(
            f"The model in {job.model} is {scorer.manifest.model_id} by now, and this batch is by {job.model_id}; "
            "begin anew in another folder, or put that model back."
        )
    return scorer
