"""Batches that were sent to the server: kept in a folder each, so that they outlive it, and worked off one by one.

COACH_HOME/runs/jobs/ID/calls.jsonl   what was sent, until it is scored
                        job.json      who is on our side, how many calls, and when it came; it is written last
                        failed.json   why it can't be done, where it can't
                        out/          as ``coach batch`` leaves it

Whatever became of the server, a job that was accepted is done by the next one, from where it stood.
"""

import json
import logging
import re
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError, without_paths
from salescoach.library.side_tables import now
from salescoach.types import Frozen
from salescoach.whole_file import whole_file
from serving.batch.output import FAILURES, SCORES, OutFolder
from serving.usecases.batch import BatchOptions, run_batch

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 20
KEPT: Final = timedelta(days=30)
_SWEEP_S: Final = 86_400.0  # without a new job, until old ones are looked for
SHARD_ROWS: Final = 50  # what is lost of a job where the server is killed

_CALLS: Final = "calls.jsonl"
_JOB: Final = "job.json"
_FAILED: Final = "failed.json"
_OUT: Final = "out"
_ID: Final = re.compile(r"[0-9a-f]{32}")

JobState = Literal["queued", "running", "done", "failed"]


class TooManyJobsError(CoachError):
    """As many jobs wait as may."""


class JobAsked(Frozen):
    """What was sent. ``sent_at``: UTC without a zone."""

    n_calls: int
    rep: tuple[str, ...]
    sent_at: datetime


class BatchJob(Frozen):
    """How a job stands.

    ``done``: calls that were looked at, ``of`` those that were sent; ``failures``: calls that can't be scored, known
    when all is done; ``detail``: why the job failed.
    """

    id: str
    state: JobState
    done: int
    of: int
    failures: int
    sent_at: datetime
    detail: str | None = None


class BatchJobs:
    """The jobs of a home. One thread works them off, in the order in which they came."""

    def __init__(self, settings: Settings, workers: int | None = None) -> None:
        """``workers``: processes that score; default: as many as there are slots for questions."""
        self._settings = settings
        self._folder = settings.runs_dir / "jobs"
        self._workers = workers or settings.slots
        self._new = threading.Event()
        self._stopped = threading.Event()
        self._current: tuple[str, int] | None = None  # the job that is worked on, and how many calls are done
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Takes up what was left undone, and works off what comes."""
        self._forget_old(with_half_sent=True)
        self._thread = threading.Thread(target=self._work, name="batch jobs", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops between two calls; what is done of a job is kept."""
        self._stopped.set()
        self._new.set()
        if self._thread is not None:
            self._thread.join(timeout=20)

    def add(self, calls: Sequence[tuple[str, str]], rep: Sequence[str] = ()) -> BatchJob:
        """Accepts a job, which is on the disk then.

        Args:
            calls: the id of each, and its transcript as a cell of a table may hold it.
            rep: who is on our side.

        Raises:
            TooManyJobsError: as many wait as may.
        """
        if sum(1 for _ in self._undone()) >= MAX_WAITING:
            raise TooManyJobsError(f"{MAX_WAITING} jobs wait already; send this one again when some are done.")
        job_id = uuid.uuid4().hex
        asked = JobAsked(n_calls=len(calls), rep=tuple(rep), sent_at=now())
        rows = ({"call_id": call_id, "call_transcript": text} for call_id, text in calls)
        with whole_file(self._folder / job_id / _CALLS, is_durable=True) as temporary:
            temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        with whole_file(self._folder / job_id / _JOB, is_durable=True) as temporary:
            temporary.write_text(asked.model_dump_json(), encoding="utf-8")
        self._new.set()
        return self.get(job_id)

    def get(self, job_id: str) -> BatchJob:
        """How a job stands; raises KeyError where there is none."""
        asked = self._asked(job_id)
        folder = self._folder / job_id
        known: dict[str, Any] = {"id": job_id, "of": asked.n_calls, "sent_at": asked.sent_at}
        place = OutFolder(folder / _OUT)
        if place.is_finished:
            return BatchJob(state="done", done=asked.n_calls, failures=place.manifest().failures, **known)
        if (folder / _FAILED).is_file():
            detail = json.loads((folder / _FAILED).read_bytes())["detail"]
            return BatchJob(state="failed", done=0, failures=0, detail=detail, **known)
        current = self._current
        if current is not None and current[0] == job_id:
            return BatchJob(state="running", done=current[1], failures=0, **known)
        return BatchJob(state="queued", done=0, failures=0, **known)

    def results(self, job_id: str) -> dict[str, list[dict[str, Any]]]:
        """What came of a job that is done: its scores and failures, in the order of its calls.

        Raises:
            KeyError: there is no such job, or it isn't done.
        """
        if self.get(job_id).state != "done":
            raise KeyError(job_id)
        out = self._folder / job_id / _OUT
        scores = [_as_json(row) for row in _rows(out / SCORES)]
        failures = [{"call_id": row["call_id"], "reason": row["reason"]} for row in _rows(out / FAILURES)]
        return {"results": scores, "failures": failures}

    def _work(self) -> None:
        while not self._stopped.is_set():
            self._new.clear()
            job_id = next(self._undone(), None)
            if job_id is None:
                self._new.wait(timeout=_SWEEP_S)
                self._forget_old()
                continue
            try:
                self._do(job_id)
            except _StopError:
                return
            except Exception as error:
                logger.exception("A batch job failed.")
                said = without_paths(str(error)) if isinstance(error, CoachError) else "Something went wrong."
                self._fail(job_id, said)
            finally:
                self._current = None

    def _do(self, job_id: str) -> None:
        folder = self._folder / job_id
        self._current = job_id, 0

        def progress(stage: str, done: int, total: int) -> None:
            if self._stopped.is_set():
                raise _StopError
            if stage == "scoring":
                self._current = job_id, done

        options = BatchOptions(workers=self._workers, shard_rows=SHARD_ROWS, rep=self._asked(job_id).rep)
        run_batch(self._settings, str(folder / _CALLS), folder / _OUT, options, progress)
        (folder / _CALLS).unlink(missing_ok=True)  # nothing that was said is kept longer than it is needed

    def _fail(self, job_id: str, detail: str) -> None:
        folder = self._folder / job_id
        with whole_file(folder / _FAILED) as temporary:
            temporary.write_text(json.dumps({"detail": detail}), encoding="utf-8")
        (folder / _CALLS).unlink(missing_ok=True)

    def _undone(self) -> Iterator[str]:
        """Jobs that are neither done nor failed, in the order in which they came."""
        waiting = []
        for folder in self._folder.glob("*"):
            if (folder / _FAILED).is_file() or OutFolder(folder / _OUT).is_finished:
                continue
            try:
                waiting.append((self._asked(folder.name).sent_at, folder.name))
            except KeyError:  # it was being sent when the server ended
                continue
        yield from (job_id for _, job_id in sorted(waiting))

    def _asked(self, job_id: str) -> JobAsked:
        if not _ID.fullmatch(job_id):
            raise KeyError(job_id)
        try:
            return JobAsked.model_validate_json((self._folder / job_id / _JOB).read_bytes())
        except (OSError, ValidationError):
            raise KeyError(job_id) from None

    def _forget_old(self, *, with_half_sent: bool = False) -> None:
        """What was sent long ago and, where nothing is being sent just now, what was only half sent."""
        for folder in self._folder.glob("*"):
            try:
                is_old = now() - self._asked(folder.name).sent_at > KEPT
            except KeyError:
                is_old = with_half_sent
            if is_old:
                shutil.rmtree(folder, ignore_errors=True)
            elif OutFolder(folder / _OUT).is_finished:
                (folder / _CALLS).unlink(missing_ok=True)


class _StopError(Exception):
    """The server stops."""


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    from pyarrow import parquet

    for file in sorted(folder.glob("part-*.parquet")):
        yield from parquet.read_table(file).to_pylist()


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    """A score as ``coach score --json`` has it, as far as batches compute it, with what was read of the call."""
    low, high = row["interval_low"], row["interval_high"]
    names = (
        "call_id", "probability", "interval_level", "prediction_set", "abstained", "reasons", "warnings", "model_id",
        "scorer", "n_turns", "moves", "objections", "next_step", "reader",
    )  # fmt: skip
    return {**{name: row[name] for name in names}, "interval": None if low is None else [low, high]}


def check_ids(ids: Sequence[str]) -> None:
    """Raises InputError where two calls have the same id."""
    if len(set(ids)) < len(ids):
        raise InputError("Two calls have the same call_id; give each its own, or none.")
