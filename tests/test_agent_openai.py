"""ChatOpenAI against a local server that speaks the protocol over real HTTP: streaming, tool calls, and faults."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.build import build_coach, build_parts
from agent.chat_models import MAX_BODY_BYTES, choose_wording
from agent.coach import Answer, Coach
from agent.drafting import DraftedAnswer
from agent.graph import FALLBACK_NOTE, NO_TOOLS_NOTE
from agent.intents import IntentRouter
from agent.offline import OfflineChatModel
from agent.request import FIRST_QUESTION
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.hosts import is_this_machine
from salescoach.reading.transcripts import read_transcript
from salescoach.testing import WordHashEncoder
from tests.homes import clone
from tools.parts import Parts
from tools.registry import make_tools

pytestmark = pytest.mark.usefixtures("one_encoder")


Delta = dict[str, Any]


@dataclass(frozen=True)
class Raw:
    """A reply as it goes over the wire. ``n_missing`` bytes are promised and never come."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"
    n_missing: int = 0


Respond = Callable[[dict[str, Any]], list[Delta] | int | bytes | Raw]


class ChatServer:
    """A server on a free port of this machine. ``respond`` maps a request to deltas, a status or a raw body."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.respond: Respond = lambda request: [{"content": "Hello."}]
        self.listed = json.dumps({"object": "list", "data": [{"id": "local-model", "object": "model"}]}).encode()
        self.n_listed_missing = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def do_GET(self) -> None:
                self._send(outer.listed, n_missing=outer.n_listed_missing)
                while outer.n_listed_missing:  # it goes on for ever
                    self.wfile.write(b" ")
                    time.sleep(0.1)

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(request)
                reply = outer.respond(request)
                if isinstance(reply, int):
                    self._send(b'{"error": {"message": "no"}}', status=reply)
                elif isinstance(reply, Raw):
                    self._send(reply.body, reply.status, reply.content_type, reply.n_missing)
                elif isinstance(reply, bytes):
                    self._send(reply)
                elif request.get("stream"):
                    self._send(_stream(reply), content_type="text/event-stream")
                else:
                    self._send(_whole(reply))

            def _send(
                self, body: bytes, status: int = 200, content_type: str = "application/json", n_missing: int = 0
            ) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body) + n_missing))
                self.send_header("Connection", "close")  # langchain-openai keeps its client open for good
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that left is expected here
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()  # seconds to its end

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _chunk(delta: Delta, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "local-model", "choices": [choice]}


def _stream(deltas: list[Delta], finish: str | None = None) -> bytes:
    finish = finish or ("tool_calls" if any("tool_calls" in delta for delta in deltas) else "stop")
    chunks = [_chunk({"role": "assistant"}), *(_chunk(delta) for delta in deltas), _chunk({}, finish)]
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


CUT = _stream([{"content": "It is "}]).rsplit(b"data: ", 2)[0]  # neither its finish nor the end of the stream


def _whole(deltas: list[Delta]) -> bytes:
    text = "".join(delta.get("content", "") for delta in deltas)
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return json.dumps(
        {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
    ).encode()


def calls_score(request: dict[str, Any]) -> list[Delta]:
    """One tool call, its arguments in two pieces as servers stream them."""
    call_id = re.findall(r"^call \d+: (\S+)$", request["messages"][0]["content"], re.MULTILINE)[-1]
    arguments = json.dumps({"call_id": call_id})
    head = {
        "index": 0,
        "id": "call-1",
        "type": "function",
        "function": {"name": "score_call", "arguments": arguments[:7]},
    }
    return [{"tool_calls": [head]}, {"tool_calls": [{"index": 0, "function": {"arguments": arguments[7:]}}]}]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    server = ChatServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def parts(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Parts:
    home = tmp_path_factory.mktemp("coach") / "own-home"
    clone(coach_home, home)
    return build_parts(Settings.load(home=home))


def coach_on(server: ChatServer, parts: Parts, deadline_s: float = 10) -> Coach:
    settings = Settings.load(llm="openai:local-model", openai_base_url=server.url, deadline_s=deadline_s)
    return build_coach(settings, parts)


@pytest.fixture
def coach(server: ChatServer, parts: Parts) -> Coach:
    return coach_on(server, parts)


async def ask(coach: Coach, example: Path) -> Answer:
    call_id = coach.add_call(read_transcript(example))
    answer = [event async for event in coach.ask("t", FIRST_QUESTION, call_id)][-1]
    assert isinstance(answer, Answer)
    return answer


async def test_a_model_over_http_calls_a_tool_and_words_its_result(
    server: ChatServer, coach: Coach, parts: Parts, example: Path
) -> None:
    def respond(request: dict[str, Any]) -> list[Delta]:
        last = request["messages"][-1]
        if last["role"] != "tool":
            return calls_score(request)
        assert re.match(r"F1: \*\*\d+ % likely to convert\*\*", last["content"].split("\n")[1])
        return [{"content": "So far: {"}, {"content": "F1}"}]

    server.respond = respond
    answer = await ask(coach, example)
    assert answer.grounded
    assert answer.llm == "openai:local-model"
    assert answer.answer.startswith(f"**{round(100 * (answer.probability or 0))} % likely to convert**")
    assert FALLBACK_NOTE not in answer.answer
    assert [call.name for call in answer.tool_calls] == ["score_call"]
    assert {tool["function"]["name"] for tool in server.requests[0]["tools"]} == {
        "answer",
        *(tool.name for tool in make_tools(parts)),
    }
    assert all(request["stream"] for request in server.requests)


async def test_no_transcript_is_sent_before_a_tool_quotes_it(server: ChatServer, coach: Coach, example: Path) -> None:
    server.respond = lambda request: [{"content": "Ask me about the call."}]
    await ask(coach, example)
    sent = json.dumps(server.requests)
    assert not [turn.text for turn in read_transcript(example).turns if len(turn.text) > 40 and turn.text in sent]


@pytest.mark.parametrize(
    ("reply", "n_requests"),
    [
        (401, 1),
        (404, 1),
        (429, 2),
        (500, 2),
        (b"<html>not json</html>", 2),
        (b"{}", 2),
        (b'{"choices": []}', 2),
        (Raw(b"data: {\n\n"), 2),
        (Raw(b'data: {"choices": []}\n\ndata: [DONE]\n\n'), 2),
        (Raw(CUT), 2),
        (Raw(CUT, n_missing=1_000), 2),
        (Raw(_stream([{"content": "Hello."}]), content_type="text/html"), 0),
        (_stream([{"content": "It is"}], finish="length"), 1),
        (Raw(_stream([{"content": "word " * 10}] * 1_000)), 1),
        (Raw(b": " + b"x" * MAX_BODY_BYTES + b"\n\n"), 0),
        ([], 1),
        ([{"content": "<think>I shall say that it is"}], 1),
        ([{"content": None, "reasoning_content": "It must be 99 %."}], 1),
    ],
    ids=[
        "unauthorised",
        "no such model",
        "too many requests",
        "server error",
        "html",
        "empty object",
        "no choices",
        "broken json in a stream",
        "a stream without choices",
        "a stream that ends early",
        "a connection that breaks off",
        "another content type",
        "cut by its limit",
        "an enormous answer",
        "an enormous comment",
        "silence",
        "thoughts without an end",
        "thoughts alone",
    ],
)
async def test_any_failure_is_the_offline_coachs_turn(
    server: ChatServer, coach: Coach, example: Path, reply: int | bytes | Raw | list[Delta], n_requests: int
) -> None:
    server.respond = lambda request: reply
    answer = await ask(coach, example)
    assert answer.grounded
    if n_requests:  # where it is the server's fault and not a matter of taste
        assert answer.probability is not None
        assert FALLBACK_NOTE in answer.answer
        assert len(server.requests) == n_requests
    assert len(server.requests) <= 2  # one retry


@pytest.mark.parametrize("fault", [429, 500, Raw(CUT, n_missing=1_000)], ids=["429", "500", "cut"])
async def test_a_fault_that_passes_is_got_over(
    server: ChatServer, coach: Coach, example: Path, fault: int | Raw
) -> None:
    server.respond = lambda request: fault if len(server.requests) == 1 else [{"content": "Ask me about the call."}]
    answer = await ask(coach, example)
    assert answer.answer == "Ask me about the call."
    assert len(server.requests) == 2


async def test_odd_replies_are_read_all_the_same(server: ChatServer, coach: Coach, example: Path) -> None:
    thinking = [
        {"reasoning_content": "Hm, 99 %.", "reasoning": "Hm."},
        {"content": "<think>\nIt is surely 99 %.\n</think>\n"},
        {"content": "Ask me about the call.", "refusal": None, "mood": "good"},
    ]
    server.respond = lambda request: Raw(_stream(thinking, finish="eos_reached"))
    assert (await ask(coach, example)).answer == "Ask me about the call."


@pytest.mark.parametrize("arguments", ['{"call_id": ', "no json", "[]", "null"])
async def test_broken_arguments_of_a_tool_call_are_not_run(
    server: ChatServer, coach: Coach, example: Path, arguments: str
) -> None:
    call = {"index": 0, "id": "x", "type": "function", "function": {"name": "look_up_library", "arguments": arguments}}
    server.respond = lambda request: [{"tool_calls": [call]}]
    answer = await ask(coach, example)
    assert FALLBACK_NOTE in answer.answer
    assert "score_call" in [call.name for call in answer.tool_calls]


async def test_a_structured_answer_is_shown_as_markdown(server: ChatServer, coach: Coach, example: Path) -> None:
    given = {"finding": "Hello.", "points": ["Ask me\nabout it."], "advice": ["Ask me.", "Tell me.", "Thanks!", "Hi!"]}
    call = {"index": 0, "id": "", "type": "function", "function": {"name": "answer", "arguments": json.dumps(given)}}
    server.respond = lambda request: [{"tool_calls": [call]}]
    answer = await ask(coach, example)
    assert DraftedAnswer.model_validate(given).markdown() == (
        "Hello.\n\n- Ask me about it.\n\n**Next**\n1. Ask me.\n2. Tell me.\n3. Thanks!"
    )
    assert answer.answer == "Hello.\n\n- Ask me about it.\n- Ask me.\n- Tell me.\n- Thanks!"
    assert answer.tool_calls == ()


async def test_results_are_fenced_and_the_limits_are_sent(server: ChatServer, parts: Parts, example: Path) -> None:
    def respond(request: dict[str, Any]) -> list[Delta]:
        return [{"content": "{F1}"}] if request["messages"][-1]["role"] == "tool" else calls_score(request)

    server.respond = respond
    settings = Settings.load(
        llm="openai:local-model", openai_base_url=server.url, max_sent_chars=8_000, max_answer_tokens=300
    )
    await ask(build_coach(settings, parts), example)
    rules, *_, result = server.requests[1]["messages"]
    fence = re.search(r"<data (\w+)>", rules["content"])
    assert fence
    assert result["content"].startswith(f"<data {fence[1]}>\nF1: ")
    assert result["content"].endswith(f"\n</data {fence[1]}>")
    assert fence[1] not in json.dumps(server.requests[0])
    assert len(server.requests) == 2
    assert all(request["max_tokens"] == 300 for request in server.requests)
    assert all(sum(len(str(one["content"])) for one in request["messages"]) < 9_000 for request in server.requests)


def takes(*refused: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a request has any of the parts that a server refuses."""
    return lambda request: any(part in request for part in refused)


@pytest.mark.parametrize(
    "refused", [("tools",), ("tools", "response_format"), ("tools", "temperature", "response_format")], ids=str
)
@pytest.mark.parametrize("says_why", [True, False])
async def test_a_server_that_cannot_call_tools_words_what_the_offline_coach_looked_up(
    server: ChatServer, coach: Coach, example: Path, refused: tuple[str, ...], says_why: bool
) -> None:
    is_refused = takes(*refused)

    def respond(request: dict[str, Any]) -> list[Delta] | Raw:
        if is_refused(request):
            named = [part for part in refused if part in request]
            message = f"{named[0]} is not supported" if says_why else "bad request"
            return Raw(json.dumps({"error": {"message": message}}).encode(), 400, "application/json")
        assert {message["role"] for message in request["messages"]} <= {"system", "user", "assistant"}
        tag = re.search(r"(F\d+): \*\*\d+ % likely to convert\*\*", request["messages"][-1]["content"])
        assert tag
        return [{"content": f"{{{tag[1]}}}"}]

    server.respond = respond
    answer = await ask(coach, example)
    assert answer.answer.startswith(f"**{round(100 * (answer.probability or 0))} % likely to convert**")
    assert answer.answer.endswith(f"\n\n{NO_TOOLS_NOTE}")
    assert "score_call" in [call.name for call in answer.tool_calls]
    n_before = len(server.requests)
    await ask(coach, example)
    assert len(server.requests) == n_before + 1  # what it refuses is not asked of it again


async def test_what_failed_for_another_reason_is_asked_for_again(
    server: ChatServer, coach: Coach, example: Path
) -> None:
    server.respond = lambda request: 400
    assert FALLBACK_NOTE in (await ask(coach, example)).answer
    server.respond = lambda request: [{"content": "Ask me about the call."}]
    assert (await ask(coach, example)).answer == "Ask me about the call."
    assert "tools" in server.requests[-1]


async def test_a_model_that_hangs_is_cut_off(server: ChatServer, parts: Parts, example: Path) -> None:
    release = threading.Event()

    def hang(request: dict[str, Any]) -> list[Delta]:
        release.wait(20)
        return [{"content": "Too late."}]

    server.respond = hang
    try:
        answer = await ask(coach_on(server, parts, deadline_s=0.5), example)
    finally:
        release.set()
    assert FALLBACK_NOTE in answer.answer


class Proxy:
    """Where a proxy of the environment would stand: it notes what is asked of it, and answers as a language model."""

    def __init__(self, server: ChatServer) -> None:
        self.url = server.url.removesuffix("/v1")
        self.seen: list[str] = []
        inner = server._server.RequestHandlerClass
        outer = self

        class Noting(inner):  # type: ignore[misc, valid-type]
            def parse_request(self) -> bool:
                is_well = bool(super().parse_request())
                outer.seen.append(f"{self.command} {self.path}")
                return is_well

        server._server.RequestHandlerClass = Noting


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    server = ChatServer()
    proxy = Proxy(server)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.lower(), proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield proxy
    server.close()


@pytest.mark.parametrize("llm", ["auto", "openai:local-model"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_is_said_to_a_model_on_this_machine_passes_no_proxy(
    server: ChatServer, proxy: Proxy, llm: str, host: str
) -> None:
    url = server.url.replace("127.0.0.1", host)
    wording = choose_wording(Settings.load(llm=llm, openai_base_url=url, openai_api_key="secret"), offline())
    assert wording.name == "openai:local-model"
    assert (await wording.model.ainvoke("Hello?")).text == "Hello."
    assert "".join([str(chunk.text) async for chunk in wording.model.astream("Hello?")]) == "Hello."
    assert wording.model.invoke("Hello?").text == "Hello."
    assert len(server.requests) == 3
    assert proxy.seen == []


async def test_what_is_said_to_another_host_passes_the_proxy(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load(llm="openai:big", openai_base_url="http://models.example/v1", openai_api_key="secret")
    monkeypatch.setenv("OPENAI_PROXY", "http://127.0.0.1:9")  # of another client; nothing here reads it
    assert (await choose_wording(settings, offline()).model.ainvoke("Hello?")).text == "Hello."
    assert proxy.seen == ["POST http://models.example/v1/chat/completions"]


async def test_a_model_on_this_machine_sends_nobody_elsewhere(server: ChatServer, parts: Parts, example: Path) -> None:
    elsewhere = ChatServer()
    handler = server._server.RequestHandlerClass
    send_response = handler.send_response

    def redirects(self: BaseHTTPRequestHandler, code: int, message: str | None = None) -> None:
        send_response(self, 307, message)
        self.send_header("Location", f"{elsewhere.url}/chat/completions")

    handler.send_response = redirects  # type: ignore[method-assign]
    try:
        answer = await ask(coach_on(server, parts), example)
    finally:
        elsewhere.close()
    assert FALLBACK_NOTE in answer.answer
    assert server.requests
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "body", [b"<html>no list</html>", b"{}", b"[]", b"null", b'{"data": 7}', b'{"data": [7]}', b"{"], ids=repr
)
def test_a_server_that_lists_no_models_is_done_without(server: ChatServer, body: bytes) -> None:
    server.listed = body
    assert choose_wording(Settings.load(openai_base_url=server.url), offline()).name == "offline"


def test_a_list_of_models_that_never_ends_is_not_waited_for(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.chat_models.LIST_SECONDS", 0.5)
    server.n_listed_missing = 2**30
    assert choose_wording(Settings.load(openai_base_url=server.url), offline()).name == "offline"


def offline() -> OfflineChatModel:
    return OfflineChatModel(router=IntentRouter(WordHashEncoder()))


def test_auto_takes_a_model_on_this_machine_only(server: ChatServer) -> None:
    here = choose_wording(Settings.load(openai_base_url=server.url), offline())
    assert (here.name, here.host) == ("openai:local-model", "127.0.0.1")
    away = choose_wording(Settings.load(openai_base_url="https://models.example/v1", openai_api_key="k"), offline())
    assert (away.name, away.host) == ("offline", None)
    assert choose_wording(Settings.load(), offline()).name == "offline"


def test_auto_is_offline_where_nothing_answers() -> None:
    wording = choose_wording(Settings.load(openai_base_url="http://127.0.0.1:9/v1"), offline())
    assert wording.name == "offline"


def test_another_host_needs_to_be_named_outright() -> None:
    settings = Settings.load(llm="openai:big", openai_base_url="https://models.example/v1", openai_api_key="k")
    assert choose_wording(settings, offline()).host == "models.example"


@pytest.mark.parametrize(
    ("llm", "message"), [("gpt", "must be auto"), ("openai:", "must be auto"), ("openai:x", "OPENAI_API_KEY")]
)
def test_a_setting_that_cannot_be_is_refused(llm: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose_wording(Settings.load(llm=llm), offline())


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("127.0.0.1.evil.example", False), ("10.0.0.5", False)],
)
def test_which_hosts_are_this_machine(host: str, expected: bool) -> None:
    assert is_this_machine(host) == expected
