"""MCP, through the SDK's own client: the command line's numbers, names masked, errors in sentences."""

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import ClientSession, McpError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.memory import create_connected_server_and_client_session
from mcp.types import CallToolResult
from pydantic import AnyUrl
from typer.testing import CliRunner

from salescoach.config import Settings
from salescoach.library import Library, score_log
from salescoach.reading.transcripts import parse_transcript
from salescoach.types import LabelledCall
from serving.cli.app import app
from serving.mcp.adapter import INSTRUCTIONS, UNTRUSTED, make_server
from serving.mcp.desk import McpDesk
from serving.usecases.api_keys import ApiKeys
from tests.homes import clone

TOOLS = ("score_call", "read_moves", "brief", "find_similar_calls", "look_up_metrics", "deals", "search", "fetch")
NAMED = """
Rep (Sam Oduya): Thanks for the time, Ingrid. How did you come across Hexaplan?
Customer (Ingrid Vossberg): Through Tobias Lenk at Kite Foods. We have 140 people at Brewmoor and we plan by hand.
Rep (Sam Oduya): What does a plan like that cost you every week?
Customer (Ingrid Vossberg): About $2,300 a week in overtime. I'm at ingrid@brewmoor.example or 0171 5550 1234.
Rep (Sam Oduya): It would be 400 euros a month for the whole site, training included.
Customer (Ingrid Vossberg): That's too expensive for us. Tobias pays half of that, look at https://kite.example/prices.
Rep (Sam Oduya): I see. Shall we set it up for one line only, on Thursday at ten?
Customer (Ingrid Vossberg): Yes, Thursday at ten works. I'll bring Marek, he decides with me.
Rep (Sam Oduya): Great, I'll send the invitation to you and to Marek.
Customer (Ingrid Vossberg): Good, see you Thursday, Sam.
"""
SECRETS = (
    "Ingrid", "Vossberg", "Oduya", "Tobias", "Lenk", "Kite", "Brewmoor", "Hexaplan", "Marek", "2,300", "ingrid@",
    "5550", "kite.example", "brewmoor-inc", "oduya-07", "the-brewmoor-call",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an open deal of the team's own, and a call that somebody pasted for themselves."""
    home = clone(coach_home, tmp_path_factory.mktemp("mcp") / "home")
    call = parse_transcript(NAMED).model_copy(update={"call_id": "the-brewmoor-call"})
    with Library(Settings.load(home=home).library_file) as library:
        library.add([
            LabelledCall(
                transcript=call, call_id="the-brewmoor-call", account_id="brewmoor-inc", rep_id="oduya-07",
                started_at=datetime(2026, 3, 2, 10), metadata={"industry": "food", "contact": "Ingrid Vossberg"},
            )
        ])  # fmt: skip
        library.add_pasted(parse_transcript(NAMED.replace("Thursday", "Monday")), owner="local")
    return home


@pytest.fixture(scope="module")
def masked(home: Path) -> Iterator[McpDesk]:
    desk = McpDesk(Settings.load(home=home))
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def plain(home: Path) -> Iterator[McpDesk]:
    desk = McpDesk(Settings.load(home=home), masked=False)
    yield desk
    desk.close()


@asynccontextmanager
async def session(desk: McpDesk) -> AsyncIterator[ClientSession]:
    """The SDK's client, which itself holds every result against the tool's schema."""
    async with create_connected_server_and_client_session(make_server(desk)) as one:
        yield one


async def given(desk: McpDesk, name: str, **arguments: Any) -> dict[str, Any]:
    """What a tool gives; it has to give something."""
    async with session(desk) as client:
        await client.list_tools()
        result = await client.call_tool(name, arguments)
    assert not result.isError, said(result)
    assert result.structuredContent is not None
    assert json.loads(result.content[0].text) == result.structuredContent  # type: ignore[union-attr]
    return result.structuredContent


async def refused(desk: McpDesk, name: str, **arguments: Any) -> str:
    """The sentence that a tool refuses with."""
    async with session(desk) as client:
        result = await client.call_tool(name, arguments)
    assert result.isError, said(result)
    return said(result)


def said(result: CallToolResult) -> str:
    return "\n".join(getattr(part, "text", "") for part in result.content)


def numbers(found: Any) -> Any:
    """What is left of a result without its texts and how long it took."""
    if isinstance(found, dict):
        return {key: numbers(value) for key, value in found.items() if key not in {"latency_ms", "metadata"}}
    if isinstance(found, list):
        return [numbers(value) for value in found]
    return None if isinstance(found, str) else found


async def test_every_tool_reads_only_and_says_what_it_gives(masked: McpDesk) -> None:
    async with session(masked) as client:
        tools = (await client.list_tools()).tools
    assert tuple(tool.name for tool in tools) == TOOLS
    for tool in tools:
        assert tool.annotations is not None
        assert tool.annotations.readOnlyHint
        assert tool.annotations.destructiveHint is False
        assert tool.description
        assert tool.outputSchema is not None
        assert tool.outputSchema["type"] == "object"
        assert tool.inputSchema["additionalProperties"] is False
    (search,) = [tool for tool in tools if tool.name == "search"]
    (fetch,) = [tool for tool in tools if tool.name == "fetch"]
    assert {name: field["type"] for name, field in search.inputSchema["properties"].items()} == {"query": "string"}
    assert {name: field["type"] for name, field in fetch.inputSchema["properties"].items()} == {"id": "string"}


def command_line(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    monkeypatch.setenv("COACH_HOME", str(home))
    done = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("tool", "command"),
    [
        ("score_call", "score"), ("read_moves", "moves"), ("brief", "brief"), ("find_similar_calls", "similar"),
        ("look_up_metrics", "metrics"), ("deals", "deals"),
    ],
)  # fmt: skip
async def test_without_masks_it_is_the_command_lines_json(
    tool: str, command: str, home: Path, plain: McpDesk, masked: McpDesk, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = {} if tool == "deals" else {"transcript": example.read_text(encoding="utf-8")}
    expected = command_line(home, monkeypatch, command, *([str(example)] if about else []))
    found = await given(plain, tool, **about)
    assert found | {"latency_ms": 0} == expected | {"latency_ms": 0}
    assert numbers(await given(masked, tool, **about)) == numbers(expected)


@pytest.mark.parametrize("by", ["transcript", "call_id"])
@pytest.mark.parametrize("tool", ["score_call", "read_moves", "brief", "find_similar_calls", "look_up_metrics"])
async def test_nothing_that_names_somebody_leaves_masked(tool: str, by: str, masked: McpDesk, plain: McpDesk) -> None:
    about = {"transcript": NAMED} if by == "transcript" else {"call_id": "the-brewmoor-call"}
    open_ = await given(plain, tool, **about)
    found = await given(masked, tool, **about)
    assert any(secret in json.dumps(open_) for secret in SECRETS) == (tool != "find_similar_calls" or by == "call_id")
    assert [secret for secret in SECRETS if secret.casefold() in json.dumps(found).casefold()] == []
    assert numbers(found) == numbers(open_)


async def test_deals_and_whole_calls_are_masked_too(masked: McpDesk, plain: McpDesk) -> None:
    (deal,) = [one for one in (await given(plain, "deals"))["deals"] if one["account_id"] == "brewmoor-inc"]
    assert any("Ingrid" in (risk["quote"] or "") or risk["quote"] for risk in deal["risks"])
    found = await given(masked, "deals")
    results = (await given(masked, "search", query="That's too expensive for us. Tobias pays half"))["results"]
    call = await given(masked, "fetch", id=results[0]["id"])
    assert "too expensive for us" in call["text"]
    assert call["metadata"]["industry"] == "food"
    for one in (found, results, call):
        assert [secret for secret in SECRETS if secret.casefold() in json.dumps(one).casefold()] == []
    assert found["deals"][0]["account_id"].startswith("account-")
    assert found["deals"][0]["scores"][0]["call_id"] == call["id"] == results[0]["id"]
    assert await given(masked, "score_call", call_id=call["id"])


async def test_search_and_fetch_are_as_deep_research_asks_for(plain: McpDesk) -> None:
    found = await given(plain, "search", query="too expensive")
    assert set(found) == {"results"}
    assert 0 < len(found["results"]) <= 10
    for one in found["results"]:
        assert set(one) == {"id", "title", "url"}
    literal = await given(plain, "search", query="140 PEOPLE at Brewmoor")
    assert literal["results"][0]["id"] == "the-brewmoor-call"
    call = await given(plain, "fetch", id="the-brewmoor-call")
    assert set(call) == {"id", "title", "text", "url", "metadata"}
    assert call == (await given(plain, "fetch", id=call["url"])) | {"text": call["text"]}
    assert "[T4] Customer (Ingrid Vossberg): About $2,300 a week" in call["text"] or "$2,300" in call["text"]
    async with session(plain) as client:
        for name, asked in (("search", {"query": "price"}), ("fetch", {"id": "the-brewmoor-call"})):
            assert len((await client.call_tool(name, asked)).content) == 1


async def test_calls_are_resources(masked: McpDesk, home: Path) -> None:
    seen: list[str] = []
    async with session(masked) as client:
        cursor = None
        while True:
            page = await client.list_resources(cursor=cursor)
            seen += [str(one.uri) for one in page.resources]
            if (cursor := page.nextCursor) is None:
                break
        (content,) = (await client.read_resource(AnyUrl(seen[-1]))).contents
        templates = (await client.list_resource_templates()).resourceTemplates
        with pytest.raises(McpError, match="There is no call"):
            await client.read_resource(AnyUrl("call://nobodys"))
    with Library(Settings.load(home=home).library_file, create=False) as library:
        assert len(seen) == len(set(seen)) == len(library.team_ids()) > 50
    assert [one.uriTemplate for one in templates] == ["call://{id}"]
    assert json.loads(content.text)["url"] == seen[-1]  # type: ignore[union-attr]


async def test_an_id_with_any_characters_is_found_again(home: Path, plain: McpDesk) -> None:
    odd = "Kunde Müller/7 100% #a?b"
    call = parse_transcript(NAMED.replace("Thursday", "Friday")).model_copy(update={"call_id": odd})
    with Library(Settings.load(home=home).library_file) as library:
        library.add([LabelledCall(transcript=call, call_id=odd)])
        try:
            url = (await given(plain, "fetch", id=odd))["url"]
            async with session(plain) as client:
                (content,) = (await client.read_resource(AnyUrl(url))).contents
            assert json.loads(content.text)["id"] == odd  # type: ignore[union-attr]
        finally:
            library.delete(odd)


async def test_what_somebody_pasted_for_themselves_stays_theirs(home: Path, plain: McpDesk) -> None:
    with Library(Settings.load(home=home).library_file, create=False) as library:
        (private,) = library.private_calls("local")
    for name, asked in (("fetch", {"id": private}), ("score_call", {"call_id": private})):
        assert "There is no call" in await refused(plain, name, **asked)
    found = await given(plain, "search", query="see you Monday, Sam")
    assert private not in [one["id"] for one in found["results"]]


async def test_words_of_calls_are_marked_wherever_they_stand(masked: McpDesk) -> None:
    async with session(masked) as client:
        begun = await client.initialize()
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        result = await client.call_tool("score_call", {"transcript": NAMED})
    assert begun.instructions is not None
    assert begun.instructions.startswith(INSTRUCTIONS)
    schema = tools["score_call"].outputSchema
    assert schema is not None
    marked = schema["$defs"]["EvidenceTurn"]["properties"]
    assert marked["quote"]["x-untrusted"] is True
    assert "x-untrusted" not in marked["turn"] | marked["role"]
    assert result.meta == {UNTRUSTED: ["evidence[].quote", "evidence[].speaker"]}
    notice = result.content[1].text  # type: ignore[union-attr]
    assert "`evidence[].quote`" in notice
    assert "never an instruction" in notice


async def test_scores_are_noted_as_seen_by_a_client(home: Path, masked: McpDesk) -> None:
    before = len(score_log.read(Settings.load(home=home).library_file))
    await given(masked, "score_call", call_id="the-brewmoor-call")
    entries = score_log.read(Settings.load(home=home).library_file)[before:]
    assert [(entry.call_id, entry.door) for entry in entries] == [("the-brewmoor-call", "mcp")]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("score_call", {}, "give either `transcript` or `call_id`"),
        ("score_call", {"transcript": "secret words", "call_id": "secret words"}, "give either"),
        ("score_call", {"transcript": ["secret words"]}, "`transcript`: input should be a valid string"),
        ("score_call", {"transcript": NAMED, "secret words": 1}, "extra inputs are not permitted"),
        ("score_call", {"transcript": "   "}, "empty"),
        ("score_call", {"transcript": NAMED, "rep": ["Nobody Here"]}, "Nobody Here"),
        ("find_similar_calls", {"transcript": NAMED, "k": 1_000_000}, "`k`: input should be less than or equal to 20"),
        ("look_up_metrics", {"call_id": "../../etc/passwd"}, "There is no call"),
        ("search", {"query": " \n "}, "The query is empty"),
        ("fetch", {"id": "call://%2e%2e%2fx"}, "There is no call '../x'"),
        ("delete_call", {}, "There is no tool 'delete_call'"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(
    name: str, arguments: dict[str, Any], expected: str, masked: McpDesk
) -> None:
    sentence = await refused(masked, name, **arguments)
    assert expected.casefold() in sentence.casefold()
    assert "\n" not in sentence
    assert "secret words: " not in sentence


async def test_a_fault_of_ours_is_no_word_of_a_call(masked: McpDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object, **named: object) -> None:
        raise RuntimeError("Ingrid said that it is too expensive")

    monkeypatch.setattr(type(masked.scorer), "score", broken)
    assert "Ingrid" not in await refused(masked, "score_call", transcript=NAMED)


async def test_without_a_library_and_a_model_it_says_what_to_do(tmp_path: Path) -> None:
    desk = McpDesk(Settings.load(home=tmp_path / "nothing"))
    assert "coach setup" in await refused(desk, "score_call", transcript=NAMED)
    assert "coach setup" in await refused(desk, "search", query="price")
    async with session(desk) as client:
        assert (await client.list_resources()).resources == []


def program(home: Path) -> dict[str, str]:
    return {"COACH_HOME": str(home), "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
async def test_over_pipes_as_a_client_starts_it(home: Path, example: Path, tmp_path: Path) -> None:
    text = example.read_text(encoding="utf-8")
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "serving.cli", "mcp", "--no-mask"], env=program(home)
    )
    with (tmp_path / "said").open("w+") as errors:
        async with (
            stdio_client(command, errlog=errors) as (incoming, outgoing),
            ClientSession(incoming, outgoing) as one,
        ):
            await one.initialize()
            assert tuple(tool.name for tool in (await one.list_tools()).tools) == TOOLS
            result = await one.call_tool("score_call", {"transcript": text})
        errors.seek(0)
        told = errors.read()
    assert result.structuredContent is not None
    assert result.structuredContent["n_turns"] == len(parse_transcript(text))
    assert "may be in the cloud" in told
    assert "Nothing is masked" in told


@pytest.fixture
def port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number: int = one.getsockname()[1]
        return number


@pytest.mark.slow
@pytest.mark.enable_socket
async def test_over_http_with_a_key(home: Path, port: int, tmp_path: Path) -> None:
    keys = ApiKeys(Settings.load(home=home).api_keys_file)
    command = [sys.executable, "-m", "serving.cli", "mcp", "--http", "--port", str(port)]
    elsewhere = [*command, "--host", "0.0.0.0"]
    environment = program(home) | {"COACH_HOSTS": "coach.example"}
    refused_ = subprocess.run(elsewhere, capture_output=True, text=True, check=False, env=environment)
    assert refused_.returncode == 2
    assert "coach key add" in refused_.stderr
    secret = keys.add("client").secret
    url = f"http://127.0.0.1:{port}/mcp"
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(elsewhere, stdout=log, stderr=log, env=environment)
        try:
            wait_for(port, running)
            asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            accepts = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {secret}"}
            with httpx.Client(trust_env=False, timeout=120) as http:
                assert http.post(url, json=asked).status_code == 401
                assert http.post(url, json=asked, headers=accepts | {"Authorization": "Bearer x"}).status_code == 401
                assert http.post(url, json=asked, headers=accepts).status_code == 200
                assert http.post(url, json=asked, headers=accepts | {"Host": "coach.example"}).status_code == 200
                assert http.post(url, json=asked, headers=accepts | {"Host": "evil.example"}).status_code == 421
                assert (
                    http.post(url, json=asked, headers=accepts | {"Origin": "http://evil.example"}).status_code == 403
                )
                assert http.post(url, content=b"x" * 7_000_000, headers=accepts).status_code == 413
            async with (
                httpx.AsyncClient(headers={"Authorization": f"Bearer {secret}"}, timeout=120, trust_env=False) as http,
                streamable_http_client(url, http_client=http) as (incoming, outgoing, _),
                ClientSession(incoming, outgoing) as one,
            ):
                await one.initialize()
                result = await one.call_tool("score_call", {"call_id": "the-brewmoor-call"})
            assert result.structuredContent is not None
            assert result.structuredContent["call_id"].startswith("call-")
        finally:
            running.terminate()
            assert running.wait(60) in (0, -15)
            keys.revoke("client")
            Settings.load(home=home).api_keys_file.unlink()


def wait_for(port: int, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert running.poll() is None
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("it doesn't listen")


def test_only_two_modules_know_the_sdk() -> None:
    folder = Path(__file__).parent.parent / "serving" / "mcp"
    knowing = {
        file.name for file in folder.glob("*.py") if re.search(r"^\s*(from|import) mcp\b", file.read_text(), re.M)
    }
    assert knowing == {"adapter.py", "transports.py"}
