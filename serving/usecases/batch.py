"""Scores whole folders or tables: plans, works off what is left to do, and says what came of it."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import Field

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.library.side_tables import now
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.progress import Progress, silent
from salescoach.reading.team import Team
from salescoach.types import Frozen
from serving.batch.engines import Engine, EngineName
from serving.batch.gathering import whole_shards
from serving.batch.output import FAILURES, SCORES, OutFolder, ShardDone
from serving.batch.plan import PLAN, Job, PlannedShard, load_job, load_plan, make_plan, team_hash
from serving.batch.worker import WorkerJob
from serving.usecases.batch_log import BatchLog
from serving.usecases.team import team_in_tables

SHARD_ROWS = 500


class BatchOptions(Frozen):
    """How a batch is worked off. ``workers``: processes, None for one a core; ``rep``: who is on our side."""

    engine: EngineName = "local"
    workers: int | None = Field(None, ge=1, le=1024)
    shard_rows: int = Field(SHARD_ROWS, ge=1, le=100_000)
    rep: tuple[str, ...] = ()


class BatchReport(Frozen):
    """What came of a batch.

    ``rows``: of tables, and files with calls, that were read; ``scores``: calls, abstentions among them; ``made_now``:
    rows of this run; ``results``, ``failures_at``: folders of Parquet files, the second None where nothing failed.
    """

    out: str
    model_id: str
    rows: int
    scores: int
    abstained: int
    failures: int
    made_now: int
    results: str
    failures_at: str | None
    notes: tuple[str, ...] = ()


def run_batch(
    settings: Settings, given: str, out: Path, options: BatchOptions | None = None, progress: Progress = silent
) -> BatchReport:
    """Scores everything that is given into a folder; run again, it goes on where it was stopped.

    Args:
        settings: name the model and the library in whose log the scores are noted.
        given: a table, a transcript, a folder, a glob or an address of fsspec.
        out: a folder, which is made.
        options: how.
        progress: is told how many rows are done, of how many.

    Raises:
        InputError: there is nothing to score, the folder holds a batch of something else, or another program is at it.
        ModelError: there is no model, or it is damaged.
        CoachError: the processes that score keep ending.
    """
    options = options or BatchOptions()
    team = team_in_tables(settings, options.rep)
    folder = find_model(settings).absolute()
    model_id = ModelFolder.open(folder).manifest.model_id
    _check_place(out)
    place = OutFolder(out)
    asked = Job(
        given=given,
        model_id=model_id,
        team=team_hash(team),
        rows=0,
        shards=0,
        begun_at=now(),
    )
    with place.held():
        job = load_job(out)
        if job is None:
            job = make_plan(out, asked, team, options.shard_rows, progress)
        _check_same(out, job, asked)
        work = WorkerJob(home=settings.home.absolute(), model=folder, model_id=model_id, team=tuple(team))
        log = BatchLog(settings.library_file, job.begun_at)
        done, made_now = _work_off(place, job, lambda: _engine(work, options), team, log, progress)
        if made_now or not place.is_finished:
            log.note_missing(place, done)
            place.finish(job, done)
        return _report(place, done, job, made_now)


def _work_off(
    place: OutFolder, job: Job, engine: Callable[[], Engine], team: Team, log: BatchLog, progress: Progress
) -> tuple[list[ShardDone], int]:
    """Scores the shards that aren't there yet; what all shards are, and how many rows were scored now."""
    known: dict[int, ShardDone] = {}
    to_do: dict[int, PlannedShard] = {}
    for shard in load_plan(place.path):
        if (found := place.done(shard, job.model_id)) is None:
            to_do[shard.number] = shard
        else:
            known[shard.number] = found
    n_before = sum(one.rows for one in known.values())
    made_now = 0
    progress("scoring", n_before, job.rows)
    if to_do:
        with closing(engine().results(list(to_do.values()), team)) as results:
            for number, n_new, whole in whole_shards(results):
                made_now += n_new
                if whole is not None:
                    known[number] = place.write(to_do.pop(number), whole, job.model_id)
                    log.note(place, known[number])
                progress("scoring", n_before + made_now, job.rows)
    if to_do:
        raise CoachError(f"{len(to_do)} of {job.shards} shards didn't come; run it again: what is done is kept.")
    return [known[number] for number in sorted(known)], made_now


def _engine(work: WorkerJob, options: BatchOptions) -> Engine:
    if options.engine == "ray":
        from serving.batch.ray_engine import RayEngine

        return RayEngine(work, options.workers)
    from serving.batch.local_engine import LocalEngine

    return LocalEngine(work, options.workers)


def _check_place(out: Path) -> None:
    """Refuses a folder with files of others, and what is no folder."""
    if "://" in str(out) or str(out)[:5] in {"s3:/", "gs:/"} or ":/" in str(out)[2:]:
        raise InputError(f"{out} is no folder; a batch is written to a folder, which can be copied when it is done.")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; give a folder, which is made where it is missing.")
    if out.is_dir() and load_job(out) is None and any(not one.name.startswith(".") for one in out.iterdir()):
        left = {one.name for one in out.iterdir() if not one.name.startswith(".")}
        if left != {PLAN}:  # of a program that was stopped while it planned
            raise InputError(f"{out} holds other files; give a folder of its own, which is made where it is missing.")


def _check_same(out: Path, job: Job, asked: Job) -> None:
    """Refuses to go on with something else than what was begun."""
    if job.given != asked.given:
        raise InputError(f"{out} holds a batch of {job.given}, not of {asked.given}; give another folder.")
    if job.model_id != asked.model_id:
        raise InputError(
            f"{out} holds scores of the model {job.model_id}, and the one in use is {asked.model_id}; give another "
            "folder, or name that model with --model."
        )
    if job.team != asked.team:
        raise InputError(
            f"The batch in {out} was begun with other names on your side; give another folder, or name the same people."
        )


def _report(place: OutFolder, shards: Sequence[ShardDone], job: Job, made_now: int) -> BatchReport:
    failures = sum(one.failures for one in shards)
    return BatchReport(
        out=str(place.path),
        model_id=job.model_id,
        rows=job.rows,
        scores=sum(one.scores for one in shards),
        abstained=sum(one.abstained for one in shards),
        failures=failures,
        made_now=made_now,
        results=str(place.path / SCORES),
        failures_at=str(place.path / FAILURES) if failures else None,
        notes=job.notes,
    )
