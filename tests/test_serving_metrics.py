"""What Prometheus is shown: requests by route, scores and abstentions of the log, and nothing of what was said."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from agent.queue import WorkQueue
from salescoach.config import Settings
from salescoach.library import score_log
from serving.api.metrics import add_metrics
from tests.scored_library import ScoredCall, write_library

CALLS = [
    ScoredCall("won", [(0, 0.8, "m")], "converted", 5),
    ScoredCall("lost", [(1, 0.4, "m")], "lost", 6),
    ScoredCall("open", [(2, 0.55, "m")]),
]


def make_app(file: Path) -> FastAPI:
    """A small app with the real endpoint; what stands around it in the product has tests of its own."""
    app = FastAPI()
    app.state.coach = SimpleNamespace(
        queue=WorkQueue(), settings=Settings.load(home=file.parent).model_copy(update={"library_file": file})
    )

    @app.middleware("http")
    async def no_key(request, call_next):  # type: ignore[no-untyped-def]
        request.state.key = None
        return await call_next(request)

    @app.get("/v1/calls/{call_id}")
    async def show(call_id: str) -> dict[str, str]:
        if call_id == "broken":
            raise RuntimeError("of the zither orchestra")
        return {"call_id": call_id}

    @app.websocket("/v1/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    add_metrics(app)
    return app


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return write_library(tmp_path / "home" / "library.sqlite", CALLS)


@pytest.fixture
def client(file: Path) -> Iterator[TestClient]:
    with TestClient(make_app(file), raise_server_exceptions=False) as client:
        yield client


def numbers(client: TestClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def labels(**known: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(known.items()))


def test_requests_are_counted_by_route_and_never_by_path(client: TestClient) -> None:
    for _ in range(3):
        client.get("/v1/calls/acme-7")
    client.get("/v1/calls/broken")
    client.request("ZITHER", "/v1/orchestra")
    with client.websocket_connect("/v1/live"):
        pass
    found = numbers(client)
    route = {"method": "GET", "route": "/v1/calls/{call_id}"}
    assert found["coach_requests_total", labels(**route, status="200")] == 3
    assert found["coach_requests_total", labels(**route, status="500")] == 1
    assert found["coach_request_errors_total", labels(**route)] == 1
    assert found["coach_request_seconds_count", labels(**route)] == 4
    assert found["coach_requests_total", labels(method="-", route="-", status="404")] == 1
    assert found["coach_requests_in_progress", ()] == 1  # this one
    text = client.get("/metrics").text
    assert not [word for word in ("acme", "zither", "ZITHER", "orchestra") if word in text]


def test_scores_of_every_door_are_counted_from_now_on(client: TestClient, file: Path) -> None:
    first = numbers(client)
    assert ("coach_score_count", labels(door="api")) not in first  # what was scored before is no rate of now
    log = score_log.read(file)
    silent = log[0].model_copy(update={"probability": None, "abstained": True, "reasons": ("unlike", "too_short")})
    score_log.append(file, [log[0], log[1].model_copy(update={"door": "cli"}), silent])
    for _ in range(2):  # twice read, once counted
        found = numbers(client)
        assert found["coach_score_count", labels(door="api")] == 1
        assert found["coach_score_bucket", labels(door="api", le="0.8")] == 1
        assert found["coach_score_bucket", labels(door="api", le="0.7")] == 0
        assert found["coach_score_count", labels(door="cli")] == 1
        assert found["coach_abstain_total", labels(reason="unlike")] == 1
        assert found["coach_abstain_total", labels(reason="too_short")] == 1


def test_it_says_how_far_scores_came_true(client: TestClient) -> None:
    found = numbers(client)
    assert found["coach_labels_pending", ()] == 1
    assert found["coach_labels_judged", ()] == 2
    assert found["coach_brier_rolling", ()] == pytest.approx((0.2**2 + 0.4**2) / 2)


def test_without_a_library_the_rest_is_there(tmp_path: Path) -> None:
    with TestClient(make_app(tmp_path / "library.sqlite")) as client:
        found = numbers(client)
    assert found["coach_queue", ()] == 0
    assert found["coach_labels_pending", ()] != found["coach_labels_pending", ()]  # not a number: nobody knows
    assert not (tmp_path / "library.sqlite").exists()


def test_a_damaged_library_is_counted_and_takes_nothing_down(client: TestClient, file: Path) -> None:
    file.write_bytes(b"This is no database. " * 500)
    found = numbers(client)
    assert found["coach_score_log_errors_total", ()] == 1


def test_two_apps_in_one_process_count_apart(file: Path) -> None:
    with TestClient(make_app(file)) as one, TestClient(make_app(file)) as other:
        one.get("/v1/calls/a")
        assert not [name for name, known in numbers(other) if ("route", "/v1/calls/{call_id}") in known]


async def test_the_queue_is_shown(file: Path) -> None:
    app = make_app(file)
    queue: WorkQueue = app.state.coach.queue
    with queue.place("anna"), queue.place("bob"):
        found = await asyncio.to_thread(lambda: numbers(TestClient(app)))
    assert found["coach_queue", ()] == 2
