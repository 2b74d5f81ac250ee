"""``POST /v1/batch``: accepted over HTTP, scored in the background, asked for, and still done after a restart."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from salescoach.config import Settings
from salescoach.model.scoring import CallScorer
from salescoach.reading.transcripts import read_transcript
from serving.api.jobs import add_jobs
from serving.api.problems import add_problems
from serving.usecases import batch as batch_module
from serving.usecases.batch_jobs import BatchJobs
from tests.homes import clone
from tests.test_serving_batch import SHORT, InProcess


@pytest.fixture(scope="module")
def scorer(coach_home: Path) -> CallScorer:
    return CallScorer.load(Settings.load(home=coach_home), cached=False)


@pytest.fixture
def own(coach_home: Path, tmp_path: Path, scorer: CallScorer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(batch_module, "_engine", lambda work, options: InProcess(scorer))
    return Settings.load(home=clone(coach_home, tmp_path / "own"))


def waited_for(jobs: BatchJobs, job_id: str) -> str:
    for _ in range(1200):
        if (state := jobs.get(job_id).state) in {"done", "failed"}:
            return state
        asyncio.run(asyncio.sleep(0.05))
    return jobs.get(job_id).state


@pytest.fixture
def jobs(own: Settings) -> Iterator[BatchJobs]:
    made = BatchJobs(own, workers=1)
    made.begin()
    yield made
    made.stop()


def calls(example: Path) -> list[tuple[str, str]]:
    return [("one", example.read_text()), ("short", SHORT), ("empty", "")]


def test_a_job_gives_what_coach_score_gives(jobs: BatchJobs, example: Path, scorer: CallScorer, own: Settings) -> None:
    job = jobs.add(calls(example))
    assert (job.state, job.done, job.of) in {("queued", 0, 3), ("running", 0, 3)}
    assert waited_for(jobs, job.id) == "done"
    assert jobs.get(job.id).failures == 1
    found = jobs.results(job.id)
    score = scorer.score(read_transcript(example))
    assert [row["call_id"] for row in found["results"]] == ["one", "short"]
    assert found["results"][0]["probability"] == score.probability
    assert found["results"][0]["interval"] == list(score.interval or ())
    assert [row["call_id"] for row in found["failures"]] == ["empty"]
    # Nothing that was said is left of it.
    said = read_transcript(example).turns[3].text
    for file in (own.runs_dir / "jobs").rglob("*"):
        assert not file.is_file() or said.encode() not in file.read_bytes()


def test_a_job_outlives_the_server(own: Settings, example: Path) -> None:
    before = BatchJobs(own, workers=1)  # which never begins, as one that is killed at once
    first, second = before.add(calls(example)[1:]), before.add(calls(example)[1:])
    assert {before.get(job.id).state for job in (first, second)} == {"queued"}
    after = BatchJobs(own, workers=1)
    after.begin()
    assert waited_for(after, second.id) == "done"
    assert after.get(first.id).state == "done"
    after.stop()


def test_a_job_that_cannot_be_done_says_why(own: Settings, example: Path) -> None:
    jobs = BatchJobs(own, workers=1)
    job = jobs.add(calls(example))
    own.current_model_file.unlink()
    jobs.begin()
    assert waited_for(jobs, job.id) == "failed"
    assert "coach setup" in (jobs.get(job.id).detail or "")
    jobs.stop()


@pytest.fixture
def app(own: Settings) -> Iterator[FastAPI]:
    """The endpoints alone, with what the whole app gives them."""

    class Whole:
        settings = own

        async def run_whole(self, work: Any) -> Any:
            return await work

    app = FastAPI()
    add_problems(app)
    add_jobs(app)
    app.state.coach = Whole()
    app.state.jobs = BatchJobs(own, workers=1)
    app.state.jobs.begin()

    @app.middleware("http")
    async def without_keys(request: Any, call_next: Any) -> Any:
        request.state.key = None
        return await call_next(request)

    yield app
    app.state.jobs.stop()


async def test_the_endpoints_accept_a_job_and_say_how_it_stands(app: FastAPI, example: Path) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        turns = [{"speaker": "Rep", "text": "How do you plan?"}, {"speaker": "Customer", "text": "By hand."}]
        sent = await client.post("/v1/batch", json={"calls": [{"call_id": "a", "turns": turns}, {"transcript": SHORT}]})
        assert sent.status_code == 202, sent.text
        where = sent.headers["location"]
        assert where == f"/v1/jobs/{sent.json()['id']}"
        for _ in range(1200):
            stands = (await client.get(where)).json()
            if stands["state"] == "done":
                break
            await asyncio.sleep(0.05)
        assert (stands["state"], stands["done"], stands["of"], stands["failures"]) == ("done", 2, 2, 0)
        results = (await client.get(stands["results"])).json()
        assert [row["call_id"] for row in results["results"]] == ["a", "call-2"]
        assert [row["n_turns"] for row in results["results"]] == [2, 2]


@pytest.mark.parametrize(
    "body",
    [
        {"calls": []},
        {"calls": [{"call_id": "a"}]},
        {"calls": [{"transcript": "Rep: Hello.", "turns": []}]},
        {"calls": [{"transcript": "Rep: x", "call_id": "a"}, {"transcript": "Rep: y", "call_id": "a"}]},
        {"calls": [{"path": "/etc/passwd"}]},
        {"path": "/etc/passwd"},
    ],
)
async def test_what_is_no_batch_is_refused(app: FastAPI, body: dict[str, Any]) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        refused = await client.post("/v1/batch", content=json.dumps(body), headers={"content-type": "application/json"})
        assert refused.status_code == 422
        assert refused.headers["content-type"] == "application/problem+json"
        missing = await client.get("/v1/jobs/" + "0" * 32)
        assert (missing.status_code, missing.json()["type"]) == (404, "urn:coach:problem:no-such-job")
        assert (await client.get("/v1/jobs/..%2F..")).status_code == 404
