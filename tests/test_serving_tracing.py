"""Traces: spans of what takes time, with numbers and names of ours; never a word, a name or an id of a call."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.testing import make_call
from serving import tracing
from serving.api.traces import TracedRequests
from serving.tracing import ATTRIBUTES, MISSING, begin, span, start_tracing, stop_tracing
from serving.usecases.answer_traces import TOOLS
from serving.usecases.read import read_call
from tests.api_server import serving_api
from tests.homes import clone

pytest.importorskip("opentelemetry.sdk", reason="the extra tracing is not installed")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra tracing is not installed")

SAID = (
    "Wilhelmina: What keeps you from going ahead with the zither?",
    "Ottokar: Honestly, forty a month is far above what we set aside for this.",
    "Wilhelmina: I hear you. What did you set aside?",
    "Ottokar: Thirty, and not a cent more, or my boss says no.",
) * 3  # fmt: skip
CALL = "\n".join(SAID)
TYPED = ("xylophone-7", "Wilhelmina", "Ottokar", "zither", "forty", "quokka", "marmalade")


@pytest.fixture
def spans() -> Iterator[Any]:
    """Where spans arrive."""
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    assert start_tracing(Settings.load(), exporter)
    yield exporter
    stop_tracing()


def test_a_span_has_numbers_and_the_type_of_an_error_and_stands_under_another(spans: Any) -> None:
    with pytest.raises(KeyError), span("answer"), span("score") as traced:
        traced.note(n_turns=3, model_id="starter-1", abstained=None)
        raise KeyError("quokka")
    inner, outer = spans.get_finished_spans()
    assert dict(inner.attributes) == {"coach.n_turns": 3, "coach.model_id": "starter-1", "error.type": "KeyError"}
    assert inner.parent.span_id == outer.context.span_id
    assert not any(one.events or one.status.description for one in (inner, outer))
    assert dict(outer.resource.attributes) == {"service.name": "sales-coach"}


@pytest.mark.parametrize("wrong", [{"text": "quokka"}, {"n_turns": "quokka"}, {"model_id": 3}, {"call_id": "c"}])
def test_nothing_else_can_be_noted(spans: Any, wrong: dict[str, Any]) -> None:
    with span("read") as traced, pytest.raises(ValueError, match="is no attribute"):
        traced.note(**wrong)
    with pytest.raises(ValueError, match="no name of a span"):
        begin("quokka")  # type: ignore[arg-type]
    assert not spans.get_finished_spans()[0].attributes


def test_other_libraries_find_nothing_to_send_by(spans: Any) -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    assert not isinstance(trace.get_tracer_provider(), TracerProvider)
    with trace.get_tracer("other").start_as_current_span("quokka"), span("read"):
        pass
    assert [one.name for one in spans.get_finished_spans()] == ["read"]


def test_without_an_address_nothing_is_traced() -> None:
    assert not start_tracing(Settings.load())
    with span("read") as traced:
        traced.note(n_turns=3)
    assert traced.inner is None


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, None),
        ({"COACH_TRACES": "http://h:4318"}, "http://h:4318/v1/traces"),
        ({"COACH_TRACES": "http://h:4318/v1/traces"}, "http://h:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318/"}, "http://h:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://h/own"}, "https://h/own"),
        ({"COACH_TRACES": "http://a", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://b"}, "http://a/v1/traces"),
        ({"COACH_TRACES": "off", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://b"}, None),
    ],
)
def test_where_traces_go(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], address: str | None) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings.load().traces_address == address


@pytest.mark.parametrize("name", ["COACH_TRACES", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_an_address_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "collector:4318")
    with pytest.raises(InputError, match=f"The setting {name} can't be used"):
        Settings.load()


def test_without_the_extra_a_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InputError, match=r"pip install 'sales-coach\[tracing\]'.*unset COACH_TRACES"):
        start_tracing(Settings.load(traces="http://h:4318"))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:4318")  # which may be meant for other programs
    assert not start_tracing(Settings.load())
    assert caplog.messages == [MISSING.format(address="http://h:4318/v1/traces", setting="OTEL_EXPORTER_OTLP_ENDPOINT")]


def test_reading_is_traced_and_what_fails_tells_no_more_than_its_type(spans: Any, tmp_path: Path) -> None:
    file = tmp_path / "xylophone-7.txt"
    file.write_text(CALL)
    read_call(file, "Wilhelmina")
    with pytest.raises(InputError):
        read_call(file, "quokka")
    good, bad = spans.get_finished_spans()
    assert (good.name, dict(good.attributes)) == ("read", {"coach.n_turns": len(SAID)})
    assert dict(bad.attributes)["error.type"].endswith("Error")
    assert not _words(spans)


def test_requests_are_traced_and_hold_nothing_of_a_call(spans: Any, coach_home: Path, tmp_path: Path) -> None:
    settings = Settings.load(home=clone(coach_home, tmp_path / "home"))
    with Library(settings.library_file) as library:
        library.add([make_call("xylophone-7", *SAID, outcome=None, account_id="quokka")])
    body = {"transcript": CALL, "rep": ["Wilhelmina"]}
    with serving_api(settings) as api:
        spans.clear()
        headers = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "X-Request-ID": "quokka"}
        score = api.client.post("/v1/score", json=body, headers=headers).json()
        assert api.client.post("/v1/similar", json=body).status_code == 200
        asked = {**body, "question": "Why did Ottokar say marmalade?"}
        assert api.client.post("/v1/ask", json=asked).status_code == 200
        assert api.client.get("/v1/calls/xylophone-7").status_code == 200
        assert api.client.get("/v1/marmalade").status_code == 404
    found = spans.get_finished_spans()
    names = [one.name for one in found]
    assert {"request", "read", "score", "search", "answer", "tool"} <= set(names)
    requests = [dict(one.attributes) for one in found if one.name == "request"]
    assert requests[0] == {
        "http.request.method": "POST", "http.route": "/v1/score", "http.response.status_code": 200
    }  # fmt: skip
    assert requests[3]["http.route"] == "/v1/calls/{call_id}"
    assert requests[-1] == {"http.request.method": "GET", "http.response.status_code": 404}
    (scored,) = (one for one in found if one.name == "score")
    assert dict(scored.attributes) == {
        "coach.n_turns": len(SAID), "coach.model_id": score["model_id"], "coach.abstained": score["abstained"]
    }  # fmt: skip
    request = found[names.index("request")]
    assert scored.parent.span_id == request.context.span_id
    assert request.parent is None  # a client's trace is not taken over
    answer = next(one for one in found if one.name == "answer")
    tools = [one for one in found if one.name == "tool"]
    assert all(one.parent.span_id == answer.context.span_id for one in tools)
    assert {one.attributes["coach.tool"] for one in tools} <= TOOLS
    assert not _words(spans)
    assert all(one.attributes.keys() <= ATTRIBUTES.keys() for one in found)


async def test_a_method_that_somebody_made_up_is_not_told(spans: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        """It answers nothing."""

    await TracedRequests(app)({"type": "http", "method": "QUOKKA"}, app, app)  # type: ignore[arg-type]
    await TracedRequests(app)({"type": "lifespan"}, app, app)  # type: ignore[arg-type]
    assert [dict(one.attributes) for one in spans.get_finished_spans()] == [{"http.request.method": "_OTHER"}]


def test_the_command_sends_what_it_traced_when_it_ends(tmp_path: Path, collector: type["Collector"]) -> None:
    file = tmp_path / "xylophone-7.txt"
    file.write_text(CALL)
    environment = {"COACH_HOME": str(tmp_path / "home"), "COACH_TRACES": collector.address, "PATH": ""}
    command = [sys.executable, "-m", "serving.cli", "read", str(file), "--rep", "Wilhelmina"]
    root = Path(tracing.__file__).parent.parent
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    [(path, sent)] = collector.got
    assert path == "/v1/traces"
    assert b"sales-coach" in sent
    assert b"coach.n_calls" in sent
    assert not [word for word in (*TYPED, str(tmp_path)) if word.encode() in sent]


class Collector(BaseHTTPRequestHandler):
    """Keeps what is sent to it."""

    got: ClassVar[list[tuple[str, bytes]]] = []
    address: ClassVar[str] = ""

    def do_POST(self) -> None:
        import gzip

        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, gzip.decompress(sent) if self.headers["Content-Encoding"] == "gzip" else sent))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """It says nothing."""


@pytest.fixture
def collector() -> Iterator[type[Collector]]:
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        Collector.address = f"http://127.0.0.1:{server.server_port}"
        Collector.got.clear()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Collector
        server.shutdown()
        thread.join()


def _words(spans: Any) -> list[str]:
    """What was said or typed and stands in a span."""
    everything = "".join(one.to_json() for one in spans.get_finished_spans())
    return [word for word in TYPED if word in everything]
