"""An encoder behind an endpoint: asked over HTTP, only where the settings say so, and never with more than it needs."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from salescoach.config import Settings
from salescoach.errors import ModelError, NamedModelError
from salescoach.model.endpoint import FILE, Endpoint, EndpointEncoder, is_endpoint, write
from salescoach.model.loading import load_base_encoder, load_encoder
from salescoach.testing import make_transcript
from salescoach.types import LabelledCall
from training.options import FinetuneOptions, TrainingOptions
from training.run import train

DIMENSION = 16


def vector_of(text: str) -> list[float]:
    """A vector that follows from the words of a text; not of unit length."""
    total = np.zeros(DIMENSION)
    for word in text.lower().split():
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "little")
        total += np.random.default_rng(seed).normal(size=DIMENSION)
    return (3 * total).tolist()


class Service(ThreadingHTTPServer):
    """An OpenAI-compatible server. ``asked``: the bodies of what it was asked; ``status``: what it answers with."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.headers: list[set[str]] = []  # names, of each request
        self.status = 200
        self.dimension = DIMENSION
        self.is_odd = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def texts(self) -> list[str]:
        return [text for body in self.asked for text in body["input"]]


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers["authorization"])
        self.server.headers.append({name.lower() for name in self.headers})
        rows = [
            {"object": "embedding", "index": n, "embedding": vector_of(text)[: self.server.dimension]}
            for n, text in enumerate(body["input"])
        ]
        said = {
            "object": "list",
            "model": body["model"],
            "data": rows[::-1],
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }
        if self.server.is_odd:
            said["data"] = rows[1:]
        if self.server.status != 200:
            said = {"error": {"message": f"no: {body['input']}"}}
        data = json.dumps(said).encode()
        self.send_response(self.server.status if self.path == "/v1/embeddings" else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(service: Service, tmp_path: Path) -> Settings:
    return Settings.load(
        home=tmp_path / "home",
        base_model="openai:words",
        openai_base_url=service.url,
        openai_api_key=SecretStr("key-1"),
    )


def test_vectors_come_from_the_endpoint_in_order_and_at_unit_length(service: Service, settings: Settings) -> None:
    encoder = load_base_encoder(settings)
    assert isinstance(encoder, EndpointEncoder)
    texts = [f"Customer: point {number}" for number in range(150)]
    vectors = encoder.encode(texts)
    expected = np.array([vector_of(text) for text in texts])
    np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)
    assert {len(body["input"]) for body in service.asked[1:]} == {64, 22}
    assert {body["model"] for body in service.asked} == {"words"}
    assert set(service.keys) == {"Bearer key-1"}


def test_words_go_to_the_endpoint_alone_and_nobody_elses_names_go_along(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-other")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-other")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    load_base_encoder(settings).encode(["Customer: This stays here."])
    assert "Customer: This stays here." in service.texts
    assert not [names for names in service.headers if {"openai-organization", "openai-project"} & names]


def test_nothing_is_asked_twice_even_by_another_process(service: Service, settings: Settings) -> None:
    load_base_encoder(settings).encode(["a", "b"])
    before = len(service.texts)
    again = load_base_encoder(settings)
    again.encode(["b", "a"])
    assert service.texts[before:] == ["Hello."]  # how long vectors are
    again.without_cache().encode(["a"])
    assert service.texts[-1] == "a"


def test_a_long_text_goes_in_pieces_and_all_of_it_counts(service: Service, settings: Settings) -> None:
    encoder = load_base_encoder(settings)
    long = "Rep: " + " ".join(f"word{number}" for number in range(600))
    vector = encoder.encode([long])[0]
    pieces = service.texts[1:]
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 1024
    assert " ".join(pieces) == long
    assert float(encoder.encode([long.replace("word599", "elephants")])[0] @ vector) < 1 - 1e-6


@pytest.mark.parametrize(("status", "hint"), [(401, "OPENAI_API_KEY"), (404, "model's name"), (400, "HTTP 400")])
def test_a_refusal_is_told_without_what_was_sent(service: Service, settings: Settings, status: int, hint: str) -> None:
    encoder = load_base_encoder(settings)
    service.status = status
    with pytest.raises(ModelError, match=hint) as refused:
        encoder.encode(["Customer: our secret budget"])
    assert "secret" not in str(refused.value)


def test_an_answer_that_does_not_fit_is_refused(service: Service, settings: Settings) -> None:
    encoder = load_base_encoder(settings)
    service.is_odd = True
    with pytest.raises(ModelError, match="no usable vectors"):
        encoder.encode(["a", "b"])
    service.is_odd = False
    service.dimension = 8
    with pytest.raises(ModelError, match="vectors of 8 numbers"):
        encoder.encode(["a", "b"])


def test_an_endpoint_that_is_not_there_is_told(settings: Settings) -> None:
    gone = settings.model_copy(update={"openai_base_url": "http://127.0.0.1:9/v1"})
    with pytest.raises(ModelError, match=r"127\.0\.0\.1, which encodes with words, can't be reached"):
        load_base_encoder(gone)


def test_a_folder_s_endpoint_is_used_only_where_the_settings_name_it(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    write(settings, tmp_path / "encoder")
    kept = Endpoint.model_validate_json((tmp_path / "encoder" / FILE).read_text())
    assert kept == Endpoint(model="words", url=service.url, dimension=DIMENSION)
    assert "key-1" not in (tmp_path / "encoder" / FILE).read_text()
    asked = len(service.asked)
    for update in ({"base_model": "all-MiniLM-L6-v2"}, {"base_model": "openai:other"}, {"openai_base_url": None}):
        with pytest.raises(NamedModelError, match=r"every turn is sent to 127\.0\.0\.1; if you want that, set"):
            load_encoder(tmp_path / "encoder", "f" * 64, settings.model_copy(update=update))
    assert len(service.asked) == asked
    assert load_encoder(tmp_path / "encoder", "f" * 64, settings).engine == "openai"
    (tmp_path / "encoder" / FILE).write_text("{}")
    with pytest.raises(ModelError, match="damaged"):
        load_encoder(tmp_path / "encoder", "f" * 64, settings)


def some_calls(n: int) -> list[LabelledCall]:
    said = {1: "please send the contract we are ready", 0: "far too expensive do not call again"}
    return [
        LabelledCall(
            call_id=f"c{row}",
            account_id=f"a{row}",
            outcome="converted" if row % 2 else "lost",
            transcript=make_transcript(f"Rep: hello number {row}", f"Customer: {said[row % 2]} {row % 5}"),
        )
        for row in range(n)
    ]


def test_a_model_is_trained_on_vectors_of_an_endpoint_and_names_it(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    manifest = train(some_calls(72), tmp_path / "model", settings, TrainingOptions(name="far", data="some calls"))
    assert manifest.engine == "openai"
    assert manifest.base_model == "openai:words"
    assert [file.name for file in (tmp_path / "model" / "encoder").iterdir()] == [FILE]
    assert len(service.texts) == len(set(service.texts)) + service.texts.count("Hello.") - 1


def test_what_cannot_be_fine_tuned_is_said_before_anything_is_sent(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    options = TrainingOptions(name="far", data="some calls", finetuning=FinetuneOptions())
    with pytest.raises(NamedModelError, match="--objective none"):
        train(some_calls(72), tmp_path / "model", settings, options)
    assert not service.asked


def test_only_what_is_marked_as_one_is_taken_for_an_endpoint() -> None:
    assert is_endpoint("openai:text-embedding-3-small")
    assert not is_endpoint("all-MiniLM-L6-v2")
