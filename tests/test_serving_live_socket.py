"""``WS /v1/live`` through real sockets: the file's score, breaks, who may connect, and what can't be read."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from salescoach.config import Settings
from salescoach.library import score_log
from salescoach.reading.transcripts import read_transcript
from salescoach.types import Score
from serving.api.live import KEY_PROTOCOL, PROTOCOL
from serving.api.live_messages import MAX_MESSAGE_CHARS, NotReadableError, read
from serving.usecases.live_replay import LiveAddress, Pace, live_turns, replay_to
from tests.homes import clone
from tests.live_server import LiveServer, live_server

EXAMPLE = Path(__file__).parent.parent / "data" / "examples" / "07-condo-viewing-downsizing.txt"
SECRET = "the-walrus-said"
SECONDS = 120


@pytest.fixture(scope="module")
def server(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(clone(coach_home, tmp_path_factory.mktemp("live") / "home")) as one:
        yield one


def send(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of a kind; others are passed over."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=SECONDS))
        if message["type"] == kind:
            return message


def turn_messages() -> list[dict[str, Any]]:
    return [{"type": "turn", **one.model_dump(mode="json")} for one in live_turns(read_transcript(EXAMPLE))]


def test_a_call_that_breaks_off_goes_on_and_ends_with_the_files_score(server: LiveServer) -> None:
    turns = turn_messages()
    with connect(server.socket) as socket:
        send(socket, type="begin", call_id="broken", planned_s=600.0)
        assert until(socket, "begun") == {
            "type": "begun", "call_id": "broken", "resumed": False, "last_order": None, "cues": [],
        }  # fmt: skip
        for turn in turns[:9]:
            send(socket, **turn)
        while until(socket, "update")["turn_order"] != 8:
            pass
    with connect(server.socket) as watcher, connect(server.socket) as socket:
        send(watcher, type="watch", call_id="broken")
        assert [one["turn_order"] for one in until(watcher, "watching")["turns"]] == list(range(9))
        send(socket, type="begin", call_id="broken")
        begun = until(socket, "begun")
        assert (begun["resumed"], begun["last_order"]) == (True, 8)
        assert until(socket, "update")["turn_order"] == 8
        for turn in [*turns[7:9], *reversed(turns[9:])]:
            send(socket, **turn)
        send(socket, type="end")
        ended = until(socket, "ended")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=SECONDS)
        assert until(watcher, "turn")["turn_order"] == len(turns) - 1
        assert until(watcher, "ended") == ended
    transcript = read_transcript(EXAMPLE)
    expected = server.app.state.coach.parts.scorer.score(transcript, with_exchanges=True)
    found = Score.model_validate(ended["score"])
    assert found.model_dump(exclude={"call_id", "latency_ms"}) == expected.model_dump(exclude={"call_id", "latency_ms"})
    logged = score_log.read(server.app.state.coach.settings.library_file)
    assert [(one.probability, one.door) for one in logged] == [(found.probability, "api")]
    with connect(server.socket) as again:  # whoever missed the end is told once more
        send(again, type="begin", call_id="broken")
        assert until(again, "ended") == ended


def test_the_replay_drives_it(server: LiveServer) -> None:
    updates: list[dict[str, Any]] = []
    transcript = read_transcript(EXAMPLE).prefix(8)
    score = asyncio.run(
        replay_to(LiveAddress(server.root), transcript, Pace(10_000.0), lambda one: updates.append(dict(one)))
    )
    assert updates
    assert score.n_turns == 8
    assert score.probability == updates[-1]["probability"] or updates[-1]["n_turns"] < 8


def test_what_cannot_be_read_is_said_without_its_words(server: LiveServer) -> None:
    turn = {"type": "turn", "turn_order": 1, "speaker": "A", "text": SECRET, "final": True}
    wrong = [
        "{", "[]", '"begin"', "null", "[" * 100_000, json.dumps(turn)[:-1],
        *map(json.dumps, (
            {"type": SECRET}, {SECRET: 1}, {"type": "begin", "call_id": f"../{SECRET}"}, {"type": "begin", SECRET: 1},
            {**turn, "turn_order": SECRET}, {**turn, "turn_order": -1}, {**turn, "final": 1}, {**turn, "role": SECRET},
            {**turn, "start_s": float("nan")}, {**turn, "text": None}, {**turn, "speaker": ""},
        )),
    ]  # fmt: skip
    with connect(server.socket) as socket:
        for text in wrong:
            socket.send(text)
            problem = until(socket, "error")
            assert problem["code"] == "malformed", text[:80]
            assert SECRET not in json.dumps(problem)
        socket.send(b"\x00\x01")
        assert until(socket, "error")["code"] == "malformed"
        send(socket, type="end")
        assert until(socket, "error")["code"] == "not_begun"
        send(socket, type="ping")
        assert until(socket, "pong") == {"type": "pong"}
        send(socket, type="watch", call_id="nobody-began-it")
        assert until(socket, "error")["code"] == "no_such_call"
        send(socket, type="begin")
        assert until(socket, "begun")["call_id"]
        send(socket, type="end")
        assert until(socket, "error")["code"] == "nothing_said"
        send(socket, type="begin")
        assert until(socket, "error")["code"] == "begun_already"
        with pytest.raises(ConnectionClosed):
            for _ in range(20):
                socket.send("{")
                until(socket, "error")
            socket.recv(timeout=SECONDS)


def test_a_message_that_is_too_long_is_not_looked_at() -> None:
    with pytest.raises(NotReadableError, match="at most"):
        read("{" + " " * MAX_MESSAGE_CHARS + "}")


def test_whoever_begins_a_call_again_drives_it_and_the_other_is_told(server: LiveServer) -> None:
    with connect(server.socket) as first, connect(server.socket) as second:
        send(first, type="begin", call_id="taken-over")
        until(first, "begun")
        send(second, type="begin", call_id="taken-over")
        assert until(second, "begun")["resumed"]
        with pytest.raises(ConnectionClosed) as closed:
            first.recv(timeout=SECONDS)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4001


def test_another_sites_page_may_not_connect(server: LiveServer) -> None:
    with pytest.raises(InvalidStatus), connect(server.socket, origin="https://evil.example"):  # type: ignore[arg-type]
        pass
    with connect(server.socket, origin=server.origin) as socket:  # type: ignore[arg-type]
        send(socket, type="ping")
        assert until(socket, "pong")


def test_where_there_are_keys_a_call_is_its_keys_alone(coach_home: Path, tmp_path: Path) -> None:
    from serving.usecases.api_keys import ApiKeys

    home = clone(coach_home, tmp_path / "home")
    keys = ApiKeys(Settings.load(home=home).api_keys_file)
    mine, other = (keys.add(name, ("read",)).secret for name in ("mine", "other"))
    with live_server(home) as server:
        with pytest.raises(InvalidStatus), connect(server.socket):
            pass
        with connect(server.socket, additional_headers={"Authorization": f"Bearer {mine}"}) as socket:
            send(socket, type="begin", call_id="mine")
            until(socket, "begun")
            protocols: list[Any] = [PROTOCOL, KEY_PROTOCOL + other]
            with connect(server.socket, subprotocols=protocols) as stranger:
                assert stranger.subprotocol == PROTOCOL
                send(stranger, type="watch", call_id="mine")
                assert until(stranger, "error")["code"] == "no_such_call"
                keys.revoke("other")  # whoever watches is shown nothing more, and whoever speaks isn't heard
                with pytest.raises(ConnectionClosed) as closed:
                    send(stranger, type="ping")
                    until(stranger, "pong")
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
            with connect(server.socket, additional_headers={"Authorization": f"Bearer {mine}"}) as watcher:
                send(watcher, type="watch", call_id="mine")
                until(watcher, "watching")
                keys.revoke("mine")
                server.app.state.live.find("mine", "mine").forget()
                with pytest.raises(ConnectionClosed):
                    until(watcher, "turn")
