"""A language model reads moves over real HTTP; what it says of a call that isn't so is thrown away whole."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.read_moves import moves_reader
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.moves.results import CallMoves
from salescoach.reading.transcripts import parse_transcript
from tests.test_agent_openai import ChatServer

CALL = parse_transcript(
    "Rep: Shall we go through the quote?\nCustomer: It's a lot for two vans, to be frank.\n"
    "Rep: A lot against what?\nCustomer: Against nothing at all. Send it again on Friday.\n"
)
READING: dict[str, Any] = {
    "turns": [
        {"turn": 2, "quote": "a lot for two vans", "moves": ["objection_price"]},
        {"turn": 3, "quote": "against what", "moves": ["explore_objection"]},
    ],
    "objections": [{"turn": 2, "kind": "price", "handled": "partly", "handled_at": 3}],
    "next_step": {"turn": 4, "what": "Send it again", "who": "rep", "when": "Friday", "committed": True},
}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    server = ChatServer()
    yield server
    server.close()


@pytest.fixture
def read(server: ChatServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[object], CallMoves]:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("COACH_LLM", "openai:local-model")

    def ask(reply: object) -> CallMoves:
        server.respond = lambda _: reply if isinstance(reply, int) else [{"content": json.dumps(reply)}]
        return moves_reader(Settings.load(home=tmp_path)).read(CALL)

    return ask


def test_it_reads_and_says_so(read: Callable[[object], CallMoves], server: ChatServer) -> None:
    found = read(READING)
    assert found.reader == "openai:local-model"
    assert [[move.name for move in turn.moves] for turn in found.turns] == [
        [],
        ["objection_price"],
        ["explore_objection"],
        [],
    ]
    # What it may choose are names; how likely they are is the coach's own reading.
    assert all(0 < move.probability < 1 for turn in found.turns for move in turn.moves)
    [objection] = found.objections
    assert (objection.quote, objection.answer) == (CALL.turns[1].text, CALL.turns[2].text)
    assert found.next_step is not None
    assert found.next_step.when == "Friday"
    assert "It's a lot for two vans" in server.requests[-1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"turns": [{"turn": 9, "quote": "a lot", "moves": ["objection_price"]}], "objections": []},
        {"turns": [{"turn": 2, "quote": "far too dear", "moves": ["objection_price"]}], "objections": []},
        {"turns": [{"turn": 2, "quote": "a lot", "moves": ["pitch"]}], "objections": []},
        {"turns": [{"turn": 2, "quote": "a lot", "moves": ["brilliance"]}], "objections": []},
        {"objections": [{"turn": 4, "kind": "price", "handled": "not", "handled_at": None}]},
        {"objections": [{"turn": 2, "kind": "price", "handled": "well", "handled_at": None}]},
        {"objections": [{"turn": 2, "kind": "price", "handled": "well", "handled_at": 4}]},
        {"next_step": {"turn": 4, "what": "Send it again", "who": "rep", "when": "Monday", "committed": True}},
        {"next_step": {"turn": 3, "what": "Send it again", "who": "rep", "when": None, "committed": True}},
    ],
)
def test_what_is_not_so_is_thrown_away_whole(
    read: Callable[[object], CallMoves], wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    found = read(READING | wrong)
    assert found.reader == "encoder"
    assert "wasn't taken" in caplog.text


def test_a_server_that_fails_costs_nothing(read: Callable[[object], CallMoves]) -> None:
    assert read(500) == read({"turns": "none"})
    assert read(500).reader == "encoder"


def test_nobody_is_asked_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COACH_LLM", "offline")
    with pytest.raises(InputError, match="COACH_LLM=openai"):
        moves_reader(Settings.load(home=tmp_path))
