"""REST over real HTTP: the command line's numbers, the forms that are promised, the library, and questions."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import BaseModel

from salescoach.config import Settings
from salescoach.library import score_log
from salescoach.reading.transcripts import transcript_of
from salescoach.scorecards.playbook import read_playbook
from serving.cli import app as cli
from serving.usecases.as_json import plain
from serving.usecases.brief import write_brief
from serving.usecases.metrics import measure_call
from serving.usecases.similar import find_similar
from tests.api_server import ApiServer, serving_api
from tests.homes import clone

PLAYBOOK = """
playbook: ours
criteria:
  - name: finding out
    counts: the rep asks what the customer needs
    side: rep
    moves: [discovery]
"""
TURNS = [
    {"speaker": "Dana Roth", "role": "rep", "text": "What made you look at new scheduling now?", "start_s": 0.0},
    {"speaker": "Jess", "role": "customer", "text": "Two people redo the roster each Monday.", "start_s": 4.5},
    {"speaker": "Dana Roth", "role": "rep", "text": "It would be four hundred a month for the site.", "start_s": 9},
    {"speaker": "Jess", "role": "customer", "text": "That is more than we had set aside for it.", "start_s": 14},
    {"speaker": "Dana Roth", "role": "rep", "text": "Shall we set it up together on Thursday at ten?", "start_s": 20},
    {"speaker": "Jess", "role": "customer", "text": "Yes, Thursday at ten works, see you then.", "start_s": 25},
]


@pytest.fixture(scope="module")
def api(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server over a home of its own."""
    home = clone(coach_home, tmp_path_factory.mktemp("api") / "home")
    with serving_api(Settings.load(home=home)) as server:
        yield server


@pytest.fixture(scope="module")
def document(api: ApiServer) -> dict[str, Any]:
    """/openapi.json."""
    found: dict[str, Any] = api.client.get("/openapi.json").json()
    return found


Check = Callable[..., None]


@pytest.fixture(scope="module")
def check(document: dict[str, Any]) -> Check:
    """Holds an answer to the schema that /openapi.json promises for it."""

    def check(given: Any, path: str, method: str = "post", status: str = "200") -> None:
        content = document["paths"][path][method]["responses"][status]["content"]
        [schema] = [one["schema"] for kind, one in content.items() if kind.endswith("json")]
        jsonschema.validate(given, {**schema, "components": document["components"]})

    return check


def test_a_score_is_the_command_lines(
    api: ApiServer, check: Check, example: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = {"transcript": example.read_text(encoding="utf-8")}
    found = api.client.post("/v1/score", json=sent).json()
    monkeypatch.setattr("sys.argv", ["coach", "score", str(example), "--json"])
    monkeypatch.setenv("COACH_HOME", str(api.settings.home))
    with pytest.raises(SystemExit):
        cli.main()
    printed = json.loads(capsys.readouterr().out)
    assert found.pop("latency_ms") and printed.pop("latency_ms")
    assert found == printed
    assert found["probability"] is not None and found["exchanges"]
    check({**found, "latency_ms": 1.0}, "/v1/score")
    assert {one.door for one in score_log.read(api.settings.library_file)} == {"api", "cli"}


def test_turns_are_read_as_a_file_of_them_is(api: ApiServer) -> None:
    found = api.client.post("/v1/score", json={"turns": TURNS}).json()
    read = transcript_of(json.dumps({"turns": TURNS}).encode())
    assert found["probability"] == api.state.parts.scorer.score(read).probability
    assert found["n_turns"] == len(TURNS)
    short = api.client.post("/v1/score", json={"turns": TURNS[:2], "force": True}).json()
    assert short["abstained"] and short["probability"] is None and short["uncalibrated_probability"] is not None
    sides = api.client.post("/v1/moves", json={"turns": [{**turn, "role": None} for turn in TURNS], "rep": ["Dana"]})
    assert [turn["role"] for turn in sides.json()["turns"]] == ["rep", "customer"] * 3
    unclear = [{"speaker": turn["speaker"], "text": turn["text"]} for turn in TURNS]
    warned = api.client.post("/v1/score", json={"turns": unclear}).json()["warnings"]
    assert any("which side" in warning for warning in warned)


def test_what_is_asked_about_a_call_is_what_the_use_cases_say(api: ApiServer, check: Check) -> None:
    parts, ex = api.state.parts, api.state.parts.library.get("ex-01")
    call = ex.transcript.model_copy(update={"call_id": "ex-01"})
    scored = api.client.post("/v1/score", json={"call_id": "ex-01"}).json()
    assert scored["call_id"] == "ex-01"
    expected: dict[str, tuple[dict[str, Any], BaseModel]] = {
        "/v1/moves": ({}, api.state.move_reader.read(call)),
        "/v1/brief": ({"email": True}, write_brief(api.settings, call, with_mail=True)),
        "/v1/metrics": ({"call_type": "demo"}, measure_call(api.settings, call, call_type="demo")),
        "/v1/scorecard": ({"playbook": "bant"}, api.state.parts.scorecards.score(call, read_playbook("bant"))),  # type: ignore[union-attr]
        "/v1/similar": ({"k": 3, "lambda": 0.7, "outcome": "lost"}, find_similar(parts, call, "lost", 3, 0.7)),
    }
    for path, (options, wanted) in expected.items():
        found = api.client.post(path, json={"call_id": "ex-01", **options}).json()
        assert found == plain(wanted), path
        check(found, path)


def test_a_method_and_a_playbook_of_ones_own(api: ApiServer) -> None:
    by_likeness = api.client.post("/v1/score", json={"call_id": "ex-01", "method": "cosine"}).json()
    assert by_likeness["scorer"] == "cosine" and by_likeness["interval"] is None
    given = api.client.post("/v1/scorecard", json={"call_id": "ex-01", "own_playbook": PLAYBOOK}).json()
    assert (given["playbook"], [one["name"] for one in given["criteria"]]) == ("ours", ["finding out"])
    wrong = api.client.post("/v1/scorecard", json={"call_id": "ex-01", "own_playbook": "playbook: x\n"})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:coach:problem:unusable-input")


def test_a_question_is_answered_whole_or_as_events(api: ApiServer, check: Check) -> None:
    sent = {"question": "How many calls are in the library?"}
    whole = api.client.post("/v1/ask", json=sent).json()
    check(whole, "/v1/ask")
    assert whole["grounded"] and whole["tool_calls"][0]["name"] == "look_up_library"
    events = []
    with api.client.stream("POST", "/v1/ask", json=sent, headers={"Accept": "text/event-stream"}) as streamed:
        assert streamed.headers["content-type"].startswith("text/event-stream")
        for line in streamed.iter_lines():
            if line.startswith("event:"):
                events.append([line.partition(": ")[2], ""])
            elif line.startswith("data:"):
                events[-1][1] = line.partition(": ")[2]
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "tool_started" and kinds[-1] == "answer"
    last = json.loads(events[-1][1])
    assert last == whole
    assert "".join(json.loads(data)["text"] for kind, data in events if kind == "token") == last["answer"]


def test_a_question_about_a_call_that_is_sent(api: ApiServer) -> None:
    found = api.client.post("/v1/ask", json={"turns": TURNS, "question": "What is the talk ratio?"}).json()
    assert found["tool_calls"][0]["name"] == "look_up_metrics"
    call_id = found["tool_calls"][0]["args"]["call_id"]
    assert call_id in api.state.parts.library.private_calls(None)
    unknown = api.client.post("/v1/ask", json={"call_id": "nope", "question": "Score this call."})
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:coach:problem:no-such-call")


def test_a_call_is_added_corrected_and_deleted(api: ApiServer, check: Check) -> None:
    said = [*TURNS, {"speaker": "Dana Roth", "role": "rep", "text": "I'll send the invitation then.", "start_s": 30}]
    sent = {"turns": said, "outcome": "lost", "at": "2026-03-31", "account_id": "hexa"}
    key = {"Idempotency-Key": "add-1"}
    added = api.client.post("/v1/calls", json=sent, headers=key)
    check(added.json(), "/v1/calls", "post", "201")
    assert added.status_code == 201 and added.json()["is_indexed"]
    place = added.headers["location"]

    again = api.client.post("/v1/calls", json=sent, headers=key)
    assert (again.status_code, again.json(), again.headers["location"]) == (201, added.json(), place)
    assert again.headers["idempotency-replayed"] == "true"
    other = api.client.post("/v1/calls", json={**sent, "outcome": "converted"}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:coach:problem:key-reused")
    assert api.client.post("/v1/calls", json=sent).status_code == 200  # it is there already
    contradicted = api.client.post("/v1/calls", json={**sent, "outcome": "converted"})
    assert (contradicted.status_code, contradicted.json()["type"]) == (409, "urn:coach:problem:conflict")

    kept = api.client.get(place).json()
    check(kept, "/v1/calls/{call_id}", "get")
    assert [turn["text"] for turn in kept["turns"]] == [turn["text"] for turn in said]
    assert (kept["outcome"], kept["outcome_at"], kept["account_id"]) == ("lost", "2026-03-31T00:00:00", "hexa")
    deals = api.client.get("/v1/deals", params={"all": True}).json()
    check(deals, "/v1/deals", "get")
    assert [deal["account_id"] for deal in deals["deals"]] == ["hexa"]

    opened = api.client.put(f"{place}/outcome", json={"outcome": "open"}).json()
    check(opened, "/v1/calls/{call_id}/outcome", "put")
    assert (opened["before"], opened["outcome"]) == ("lost", None)

    gone = api.client.delete(place)
    check(gone.json(), "/v1/calls/{call_id}", "delete")
    assert gone.status_code == 200 and not gone.json()["left"]
    assert api.client.get(place).status_code == api.client.delete(place).status_code == 404
    assert api.client.put("/v1/calls/ex-01/outcome", json={"outcome": "lost"}).status_code == 422  # an example call


def test_a_request_that_is_still_running_is_not_begun_again(api: ApiServer) -> None:
    release, answers = threading.Event(), []
    path, key = "/v1/calls/nope/outcome", {"Idempotency-Key": "put-1"}

    held = asyncio.run_coroutine_threadsafe(api.state.run_alone(release.wait, seconds=60), api.loop)
    try:
        first = threading.Thread(
            target=lambda: answers.append(api.client.put(path, json={"outcome": "lost"}, headers=key))
        )
        first.start()
        while not api.state.whole.n_open:
            threading.Event().wait(0.02)
        second = api.client.put(path, json={"outcome": "lost"}, headers=key)
        assert (second.status_code, second.json()["type"]) == (409, "urn:coach:problem:still-running")
        assert second.headers["retry-after"]
        assert api.client.get("/healthz").json() == {"ok": True}  # the loop is free whatever is worked on
    finally:
        release.set()
        held.result(60)
        first.join(60)
    assert answers[0].status_code == 404  # and what failed may be sent again
    assert api.client.put(path, json={"outcome": "lost"}, headers=key).status_code == 404


def test_every_body_is_strict_json(api: ApiServer, document: dict[str, Any]) -> None:
    n_checked = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation:
                where = path.replace("{call_id}", "ex-01")
                headers = {"content-type": "application/json"}
                refused = api.client.request(method, where, content=b'{"transcript": NaN}', headers=headers)
                assert (refused.status_code, refused.json()["type"]) == (400, "urn:coach:problem:malformed-json"), path
                n_checked += 1
    assert n_checked > 8


def test_examples_are_as_promised(document: dict[str, Any], check: Check) -> None:
    components = document["components"]
    n_checked = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in body.get("examples", {}).values():
                jsonschema.validate(example["value"], {**body["schema"], "components": components})
                n_checked += 1
            for status in ("200", "201"):
                answer = operation["responses"].get(status, {}).get("content", {}).get("application/json", {})
                if "example" in answer:
                    check(answer["example"], path, method, status)
                    n_checked += 1
            assert not body or body.get("examples"), (path, method)
    assert n_checked > 25
    assert "HTTPValidationError" not in json.dumps(document)
