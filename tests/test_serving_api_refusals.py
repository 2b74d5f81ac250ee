"""What REST refuses, and how: keys, bodies, pages from elsewhere; problems never hold a word of a call."""

import contextlib
import http.client
import json
import logging
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from salescoach.config import Settings
from salescoach.errors import InputError
from serving.api.front import MAX_BODY_BYTES
from serving.api.problems import PROBLEMS
from serving.usecases.answered import Answered, AnsweredRequests, OtherRequestError, StillRunningError
from serving.usecases.api_keys import ApiKeys
from tests.api_server import ApiServer, serving_api
from tests.homes import clone

SECRET = "Zanzibarquokka"  # said in a call, and nowhere else
SAID = f"Rep: {SECRET} is the plan, isn't it?\nCustomer: {SECRET}? Certainly not."


@pytest.fixture(scope="module")
def api(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server over a home of its own, where a key may ask thirty times an hour."""
    home = clone(coach_home, tmp_path_factory.mktemp("api") / "home")
    with serving_api(Settings.load(home=home, api_rate="30/hour", api_origins="https://crm.example")) as server:
        yield server


@pytest.fixture
def keys(api: ApiServer) -> Iterator[ApiKeys]:
    """The server's keys, of which there are none again afterwards."""
    yield ApiKeys(api.settings.api_keys_file)
    api.settings.api_keys_file.unlink(missing_ok=True)


def kind_of(response: Any) -> str:
    """The kind of a problem, which has to be whole."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    kind: str = problem["type"].removeprefix("urn:coach:problem:")
    assert (problem["status"], problem["title"]) == (response.status_code, PROBLEMS[kind].title)
    assert problem["status"] == PROBLEMS[kind].status
    assert problem["instance"] == response.headers["x-request-id"]
    assert problem["detail"].endswith((".", "…"))
    return kind


@pytest.mark.parametrize(
    ("body", "kind", "pointer", "turn"),
    [
        ({}, "invalid-request", "", None),
        ({"transcript": SAID, "call_id": "ex-01"}, "invalid-request", "", None),
        ({"transcript": 7}, "invalid-request", "/transcript", None),
        ({"transcript": SAID, "k": 3}, "invalid-request", "/k", None),
        ({"transcript": SAID, "force": "yes"}, "invalid-request", "/force", None),
        ({"transcript": SAID, "method": SECRET}, "invalid-request", "/method", None),
        ({"turns": [{"text": "Hello."}, {"text": [SECRET]}]}, "invalid-request", "/turns/1/text", 2),
        ({"turns": [{"text": "Hello.", "role": SECRET}]}, "invalid-request", "/turns/0/role", 1),
        ({"turns": [{"text": SECRET * 2_000}]}, "invalid-request", "/turns/0/text", 1),
        ({"transcript": ""}, "unreadable-call", None, None),
        ({"transcript": f"<xml>{SECRET}"}, None, None, None),
        ({"transcript": SAID, "rep": ["Nobody"]}, "unusable-input", "/rep", None),
        ({"call_id": "nope"}, "no-such-call", None, None),
    ],
)
def test_what_is_wrong_is_said_and_where(
    api: ApiServer, body: dict[str, Any], kind: str | None, pointer: str | None, turn: int | None
) -> None:
    response = api.client.post("/v1/score", json=body)
    assert SECRET not in response.text
    if kind is None:
        return
    assert kind_of(response) == kind
    faults = response.json().get("errors", [{}])
    assert (faults[0].get("pointer"), faults[0].get("turn")) == (pointer, turn)


def test_a_line_that_is_too_long_is_named(api: ApiServer) -> None:
    said = f"Rep: Hello there.\nCustomer: {SECRET * 2_000}\n"
    response = api.client.post("/v1/moves", json={"transcript": said})
    assert kind_of(response) == "unreadable-call" and SECRET not in response.text
    assert response.json()["errors"][0]["line"] == 2


@rules(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(
        st.sampled_from(
            [SECRET, "Rep: ", "Customer: ", "\n", "|", ",", ";", "\t", '"', "{", "}", "[", "]", "<v ", ">", "00:00:01", "1",
             " --> ", "WEBVTT\n", "conversion_label", "call_transcript", "speaker", "text", ":", "<tt>", "=", "%PDF"]
        ),
        max_size=24,
    )
)  # fmt: skip
def test_no_problem_holds_a_word_of_a_call(api: ApiServer, pieces: list[str]) -> None:
    response = api.client.post("/v1/moves", json={"transcript": "".join(pieces), "rep": ["Nobody"]})
    assert response.status_code in (200, 422)
    if response.status_code != 200:
        assert SECRET not in response.text
        kind_of(response)


def test_no_log_holds_a_word_of_a_call(api: ApiServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="serving"):
        found = api.client.post("/v1/score", json={"transcript": SAID}, headers={"X-Request-Id": "mine-1"})
        api.client.get(f"/v1/{SECRET}", params={"a": SECRET})
        api.client.post("/v1/score", content=SAID, headers={"content-type": "text/plain"})
    assert found.headers["x-request-id"] == "mine-1"
    lines = [record.getMessage() for record in caplog.records]
    assert SECRET not in "\n".join(lines)
    assert [line for line in lines if re.fullmatch(r"POST /v1/score 200 \d+ ms key=- id=mine-1", line)]


@pytest.mark.parametrize(
    ("method", "path", "sent", "kind"),
    [
        ("GET", "/v1/nothing", {}, "no-such-path"),
        ("PUT", "/v1/score", {"json": {}}, "no-such-method"),
        ("POST", "/v1/score", {"content": b"{"}, "malformed-json"),
        ("POST", "/v1/score", {"content": b'{"transcript": NaN}'}, "malformed-json"),
        ("POST", "/v1/score", {"content": b'{"transcript": "\\ud800"}'}, "malformed-json"),
        ("POST", "/v1/score", {"content": b"\xff"}, "malformed-json"),
        ("POST", "/v1/score", {"content": b"[" * 100_000}, "malformed-json"),
        ("POST", "/v1/score", {"content": b""}, "invalid-request"),
        ("POST", "/v1/score", {"content": b"a=1", "headers": {"content-type": "text/plain"}}, "no-json"),
        ("GET", "/v1/deals?on=tomorrow", {}, "invalid-request"),
        ("GET", "/v1/deals?rep=sam", {}, "unusable-input"),
        ("DELETE", "/v1/calls/nope", {}, "no-such-call"),
        ("PUT", "/v1/calls/ex-01/outcome", {"json": {"outcome": "won"}}, "invalid-request"),
        ("POST", "/v1/calls", {"json": {"call_id": "ex-01"}}, "invalid-request"),
        ("POST", "/v1/calls", {"json": {"transcript": SAID}, "headers": {"Idempotency-Key": " "}}, "invalid-request"),
        ("GET", "/healthz", {"headers": {"Host": "evil.example"}}, "foreign-page"),
        ("GET", "/healthz", {"headers": {"Origin": "http://evil.example"}}, "foreign-page"),
        ("POST", "/v1/score", {"json": {}, "headers": {"Origin": "null"}}, "foreign-page"),
    ],
)
def test_a_request_that_is_refused(api: ApiServer, method: str, path: str, sent: dict[str, Any], kind: str) -> None:
    sent.setdefault("headers", {}).setdefault("content-type", "application/json")
    if "json" in sent:
        sent["content"] = json.dumps(sent.pop("json"))
    assert kind_of(api.client.request(method, path, **sent)) == kind


def test_a_body_in_chunks_has_the_same_limit(api: ApiServer) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 100_000 + 20):
            yield b" " * 100_000

    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
    headers = {"Content-Type": "application/json"}
    # It is refused before the end; the answer is there all the same.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", "/v1/score", chunks(), headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    said = api.client.post("/v1/score", content=b"", headers={**headers, "Content-Length": str(10**9)})
    assert kind_of(said) == "too-large"  # without waiting for it


def test_pages_that_are_named_may_ask(api: ApiServer) -> None:
    asked = {"Origin": "https://crm.example", "Access-Control-Request-Method": "POST"}
    allowed = api.client.options("/v1/score", headers=asked)
    assert allowed.headers["access-control-allow-origin"] == "https://crm.example"
    found = api.client.get("/healthz", headers={"Origin": "https://crm.example"})
    assert found.status_code == 200 and found.headers["access-control-allow-origin"] == "https://crm.example"
    assert "access-control-allow-origin" not in api.client.options(
        "/v1/score", headers={**asked, "Origin": "https://evil.example"}
    ).headers  # fmt: skip


def test_keys_are_asked_for_once_there_are_any(api: ApiServer, keys: ApiKeys) -> None:
    path, sent = "/v1/moves", {"call_id": "ex-01"}
    reader, writer, boss = keys.add("reader"), keys.add("writer", ["write"]), keys.add("boss", ["admin"])
    refused = api.client.post(path, json=sent)
    assert kind_of(refused) == "no-key" and refused.headers["www-authenticate"] == "Bearer"
    for wrong in ("Bearer coach_guess", "Basic eDp5", "Bearer", f"Basic {reader.secret}", "Bearer ü"):
        assert kind_of(api.client.post(path, json=sent, headers={"Authorization": wrong.encode("latin-1")})) == "no-key"
    assert kind_of(api.client.get("/v1/nothing")) == "no-key"  # nor does anybody learn what there is
    assert api.client.get("/healthz").status_code == api.client.get("/openapi.json").status_code == 200

    def asked(secret: str, method: str, path: str) -> Any:
        return api.client.request(method, path, json=sent, headers={"Authorization": f"Bearer {secret}"})

    assert asked(reader.secret, "POST", path).status_code == 200
    assert kind_of(asked(writer.secret, "POST", path)) == "not-allowed"
    assert kind_of(asked(reader.secret, "PUT", "/v1/calls/nope/outcome")) == "not-allowed"
    assert kind_of(asked(writer.secret, "DELETE", "/v1/calls/nope")) == "not-allowed"
    assert kind_of(asked(boss.secret, "DELETE", "/v1/calls/nope")) == "no-such-call"

    keys.revoke("reader")
    assert kind_of(asked(reader.secret, "POST", path)) == "no-key"
    keys.revoke("writer")
    keys.revoke("boss")
    assert kind_of(api.client.post(path, json=sent)) == "no-key"  # with the last key gone nobody gets in


def test_a_key_that_asks_too_often_has_to_wait(api: ApiServer, keys: ApiKeys) -> None:
    busy, calm = ({"Authorization": f"Bearer {keys.add(name).secret}"} for name in ("busy", "calm"))
    answers = [api.client.get("/v1/calls/nope", headers=busy) for _ in range(31)]
    assert {kind_of(one) for one in answers[:30]} == {"no-such-call"}
    assert kind_of(answers[30]) == "too-many-requests"
    assert 0 < int(answers[30].headers["retry-after"]) <= 3_600
    assert kind_of(api.client.get("/v1/calls/nope", headers=calm)) == "no-such-call"


def test_keys_are_kept_hashed_and_privately(tmp_path: Path) -> None:
    keys = ApiKeys(tmp_path / "home" / "api-keys.json")
    assert keys.all() == () and not keys.in_use
    made = keys.add("crm", ["write", "read"])
    content = (tmp_path / "home" / "api-keys.json").read_text()
    assert made.secret not in content and made.secret.removeprefix("coach_") not in content
    assert stat.S_IMODE((tmp_path / "home" / "api-keys.json").stat().st_mode) == 0o600
    assert made.scopes == ("read", "write")
    found = keys.find(made.secret)
    assert found is not None and found.allows("write") and not found.allows("admin")
    assert keys.find(made.secret + "x") is None
    for name, scopes in (("crm", ["read"]), ("", ["read"]), ("a b", ["read"]), ("new", []), ("new", ["root"])):
        with pytest.raises(InputError):
            keys.add(name, scopes)
    with pytest.raises(InputError):
        keys.revoke("nobody")


def test_what_was_answered_outlives_the_process(tmp_path: Path) -> None:
    file = tmp_path / "requests.sqlite"
    first = AnsweredRequests(file)
    assert first.begin("crm", "k", "f") is None
    with pytest.raises(StillRunningError):
        first.begin("crm", "k", "f")
    assert first.begin("other", "k", "g") is None  # another's key of the same name
    again = AnsweredRequests(file)
    assert again.begin("crm", "k", "f") is None  # whoever ran it is gone
    again.finish("crm", "k", Answered(201, {"location": "/x"}, b"{}"))
    assert AnsweredRequests(file).begin("crm", "k", "f") == Answered(201, {"location": "/x"}, b"{}")
    with pytest.raises(OtherRequestError):
        again.begin("crm", "k", "other")
    again.begin("crm", "failed", "f")
    again.give_up("crm", "failed")
    assert again.begin("crm", "failed", "other") is None
