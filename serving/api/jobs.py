"""Batches: calls that are sent together, scored in the background, and asked for later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final, Self

from fastapi import FastAPI, Path
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.requests import Request

from salescoach.reading.limits import MAX_BYTES, MAX_TURNS
from serving.api.answers import answer
from serving.api.bodies import MAX_ID_CHARS, Body, GivenTurn, RepNames, as_text
from serving.api.keys import Reading, Writing
from serving.api.problems import ProblemError
from serving.api.repeats import writing_routes
from serving.api.routes import routes
from serving.usecases.batch_jobs import BatchJob, BatchJobs, TooManyJobsError, check_ids

MAX_CALLS: Final = 2_000

reading = routes("batches")
writing = writing_routes("batches")

JobId = Annotated[str, Path(max_length=64, description="as POST /v1/batch gave it")]


class BatchCall(Body):
    """A call of a batch: its text, or its turns."""

    call_id: Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)] | None = Field(
        None, description="names the call in the results; without it, call-1 for the first, and so on"
    )
    transcript: Annotated[str, Field(max_length=MAX_BYTES)] | None = None
    turns: Annotated[list[GivenTurn], Field(max_length=MAX_TURNS)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.transcript is None) == (self.turns is None):
            raise PydanticCustomError("one_of", "Give one of transcript and turns.")
        return self


class ToScoreLater(Body):
    """Calls to score. A call that can't be read is a failure of its own and stops no other."""

    calls: Annotated[list[BatchCall], Field(min_length=1, max_length=MAX_CALLS)]
    rep: RepNames = Field([], description="who is on your side, in whichever of the calls; without it, the saved team")


class JobShown(BatchJob):
    """How a job stands, and where its results are."""

    results: str | None = Field(None, description="where the results are, when it is done")


class BatchResults(BaseModel):
    """What came of a job, in the order of its calls."""

    results: list[dict[str, Any]]
    failures: list[dict[str, Any]]


@writing.post("/batch", response_model=JobShown, status_code=202, summary="Score many calls in the background")
async def send(body: ToScoreLater, request: Request, _: Writing) -> Any:
    """202 when the job is kept; Location says where to ask how it stands."""
    ids = [call.call_id or f"call-{number}" for number, call in enumerate(body.calls, start=1)]
    check_ids(ids)
    calls = list(zip(ids, map(_text, body.calls), strict=True))
    try:
        job = await asyncio.to_thread(_jobs(request).add, calls, body.rep)
    except TooManyJobsError as error:
        raise ProblemError("busy", str(error), headers={"Retry-After": "60"}) from None
    return answer(_shown(job), 202, {"Location": f"/v1/jobs/{job.id}"})


@reading.get("/jobs/{job_id}", response_model=JobShown, summary="How a job stands")
async def look_at(job_id: JobId, request: Request, _: Reading) -> Any:
    """queued, running, done or failed, and how many of its calls are done."""
    try:
        return answer(_shown(await asyncio.to_thread(_jobs(request).get, job_id)))
    except KeyError:
        raise _no_such(job_id) from None


@reading.get("/jobs/{job_id}/results", response_model=BatchResults, summary="What came of a job")
async def results(job_id: JobId, request: Request, _: Reading) -> Any:
    """The scores, and the calls that can't be scored with the reasons; kept for 30 days."""
    try:
        return answer(await asyncio.to_thread(_jobs(request).results, job_id))
    except KeyError:
        raise _no_such(job_id, "that is done") from None


def add_jobs(app: FastAPI) -> None:
    """Adds the endpoints."""
    app.include_router(reading)
    app.include_router(writing)


@asynccontextmanager
async def open_jobs(app: FastAPI) -> AsyncIterator[None]:
    """Works off the jobs, while it is open."""
    app.state.jobs = BatchJobs(app.state.coach.settings)
    app.state.jobs.begin()
    try:
        yield
    finally:
        await asyncio.to_thread(app.state.jobs.stop)


def _jobs(request: Request) -> BatchJobs:
    jobs: BatchJobs = request.app.state.jobs
    return jobs


def _text(call: BatchCall) -> str:
    """As a cell of a table holds it: text, or the same JSON that other endpoints read turns from."""
    if call.transcript is not None:
        return call.transcript
    return as_text(call.turns or ())


def _shown(job: BatchJob) -> JobShown:
    where = f"/v1/jobs/{job.id}/results" if job.state == "done" else None
    return JobShown(**job.model_dump(), results=where)


def _no_such(job_id: str, which: str = "here") -> ProblemError:
    return ProblemError(
        "no-such-job", f"There is no job {job_id} {which}; POST /v1/batch names the jobs that there are."
    )
