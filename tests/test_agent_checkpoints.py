"""The file of conversations: what is refused in it, and what becomes of a conversation where it is damaged."""

import json
import logging
import random
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agent.chat_models import Wording
from agent.checkpoints import (
    CoachSerializer,
    UnreadableError,
    as_kept,
    conversations,
    problem_of,
    readable,
    remembering,
    set_aside,
)
from agent.coach import BEGUN_ANEW, Answer, Coach
from agent.doubles import ScriptedChatModel
from agent.graph import GraphParts, make_graph
from agent.intents import IntentRouter
from agent.offline import OfflineChatModel
from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.testing import WordHashEncoder
from serving.usecases.delete import _forget_conversations, forget_conversation
from serving.usecases.doctor import examine

SECRET = "What did Ms Winterbourne say?"


def coach_over(memory: BaseCheckpointSaver[Any]) -> tuple[Coach, ScriptedChatModel]:
    """A coach without any tools, whose language model always says the same."""

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        return AIMessage("Ask me about the call.")

    model = ScriptedChatModel(reply=reply)
    offline = OfflineChatModel(router=IntentRouter(WordHashEncoder()))
    graph = make_graph(GraphParts(model, offline, [], deadline_s=5.0), memory)
    return Coach(graph, None, Wording(model, "scripted", None)), model  # type: ignore[arg-type]


@asynccontextmanager
async def opened(file: Path) -> AsyncIterator[tuple[Coach, ScriptedChatModel]]:
    async with remembering(file) as memory:
        yield coach_over(memory)


async def answer_of(coach: Coach, question: str, thread: str = "t", **more: Any) -> str:
    answer = [event async for event in coach.ask(thread, question, **more)][-1]
    assert isinstance(answer, Answer)
    return answer.answer


def told(model: ScriptedChatModel) -> tuple[list[str], list[str]]:
    """Which calls and which earlier questions the language model knew of last."""
    rules, *history = model.seen[-1]
    return rules.additional_kwargs["calls"], [one.text for one in history if one.type == "human"][:-1]


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A file with two conversations, one of them interrupted."""
    file = tmp_path / "conversations.sqlite"
    async with opened(file) as (coach, _):
        await answer_of(coach, SECRET, call_id="call-1")
        await answer_of(coach, "Why?")
        await answer_of(coach, "And here?", thread="other", call_id="call-2")
        asked = coach.ask("other", "Stopped?")
        await anext(asked)
        await asked.aclose()
    assert problem_of(file) is None
    return file


async def test_what_the_coach_writes_it_can_read(file: Path) -> None:
    async with opened(file) as (coach, model):
        assert await answer_of(coach, "What next?") == "Ask me about the call."
        assert told(model) == (["call-1"], [SECRET, "Why?"])
    assert set_aside(file) == []


async def test_what_an_earlier_release_wrote_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "conversations.sqlite"
    async with AsyncSqliteSaver.from_conn_string(str(file)) as saver:
        await answer_of(coach_over(saver)[0], SECRET, call_id="call-1")
    async with opened(file) as (coach, model):
        await answer_of(coach, "Why?")
    assert told(model) == (["call-1"], [SECRET])


# What is refused


def _ext(code: int, *content: object) -> bytes:
    return ormsgpack.packb(ormsgpack.Ext(code, ormsgpack.packb(content)))


def _attacks(marker: Path) -> dict[str, tuple[str, bytes]]:
    """Values that make LangGraph's own reader call something; where it can be, something that leaves a file."""
    touch = f"touch {marker}"
    return {
        "a call with one argument": ("msgpack", _ext(0, "os", "system", touch)),
        "a call with arguments": ("msgpack", _ext(1, "os", "system", [touch])),
        "a call with named arguments": ("msgpack", _ext(2, "subprocess", "getoutput", {"cmd": touch})),
        "a method": ("msgpack", _ext(3, "pathlib", "Path", str(marker), "touch")),
        "a pydantic object": ("msgpack", _ext(4, "subprocess", "getoutput", {"cmd": touch})),
        "a newer pydantic object": ("msgpack", _ext(5, "subprocess", "getoutput", {"cmd": touch}, "m")),
        "a type that LangGraph calls safe": ("msgpack", _ext(1, "re", "compile", ["(a+)+$", 0])),
        "another message": ("msgpack", _ext(5, "langchain_core.messages.tool", "ToolMessage", {"content": "x"}, "m")),
        "an array": ("msgpack", _ext(6, "<f4", [1], "C", b"\0\0\0\0")),
        "one within another": ("msgpack", ormsgpack.packb({"a": [ormsgpack.Ext(7, _ext(0, "os", "system", touch))]})),
        "within a message": (
            "msgpack",
            ormsgpack.packb(
                ormsgpack.Ext(
                    5,
                    ormsgpack.packb(
                        [
                            "langchain_core.messages.human",
                            "HumanMessage",
                            {"content": ormsgpack.Ext(0, ormsgpack.packb(["os", "system", touch]))},
                            "m",
                        ]
                    ),
                )
            ),
        ),
        "json": (
            "json",
            json.dumps({"lc": 2, "type": "constructor", "id": ["os", "system"], "args": [touch]}).encode(),
        ),
        "a pickle": ("pickle", b"cos\nsystem\n(S'" + touch.encode() + b"'\ntR."),
    }


ATTACKS = tuple(_attacks(Path("x")))


@pytest.mark.parametrize("name", ATTACKS)
def test_other_types_are_refused_and_nothing_is_called(name: str, tmp_path: Path) -> None:
    marker = tmp_path / "called"
    with pytest.raises((UnreadableError, ValueError)):
        CoachSerializer().loads_typed(_attacks(marker)[name])
    assert not marker.exists()


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("place", ["a checkpoint", "what a step wrote"])
async def test_of_other_types_nothing_is_called_and_only_their_conversation_begins_anew(
    name: str, place: str, file: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "called"
    plant(file, *_attacks(marker)[name], place)
    async with opened(file) as (coach, model):
        await answer_of(coach, "Why?")
        # What a step wrote is of no use any more once its question was answered.
        assert told(model) == (([], []) if place == "a checkpoint" else (["call-1"], [SECRET, "Why?"]))
        await answer_of(coach, "Why?", thread="other")
        assert told(model)[0] == ["call-2"]
    assert not marker.exists()
    assert set_aside(file) == []


def test_who_looks_through_a_file_with_other_types_calls_nothing(file: Path, tmp_path: Path) -> None:
    marker = tmp_path / "called"
    plant(file, *_attacks(marker)["a call with one argument"], "a checkpoint")
    with conversations(file) as saver:
        found, unreadable = readable(saver)
    assert {kept.config["configurable"]["thread_id"] for kept in found} == {"other"}
    assert unreadable == {as_kept("t")}
    assert not marker.exists()


async def test_a_bad_row_beside_a_running_chat_takes_nothing_from_it(file: Path) -> None:
    async with opened(file) as (coach, model):
        await answer_of(coach, "And now?", thread="third", call_id="call-3")
        plant(file, "msgpack", b"\xc1 no msgpack", "a checkpoint")
        with conversations(file) as saver:
            assert readable(saver)[1] == {as_kept("t")}
        await answer_of(coach, "And then?", thread="third")
        assert told(model) == (["call-3"], ["And now?"])
    assert set_aside(file) == []


def test_what_cant_be_read_may_be_about_a_deleted_call_and_goes_with_it(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plant(file, "msgpack", b"\xc1 no msgpack", "a checkpoint")
    with caplog.at_level(logging.WARNING):
        assert _forget_conversations(Settings.load(home=file.parent), {"call-9"}, []) == 1
    assert "Deleted what can't be read and may be about the call: 1 conversation." in caplog.text
    with conversations(file) as saver:
        found, unreadable = readable(saver)
    assert {kept.config["configurable"]["thread_id"] for kept in found} == {"other"}
    assert unreadable == set()


@pytest.mark.parametrize(
    ("name", "count"),
    [("CAST(X'74FF' AS TEXT)", 1), ("CAST(X'EFBFBD' AS TEXT)", 0), ("X'74'", 1), ("X'6F74686572'", 1)],
    ids=["no UTF-8", "odd but sound", "no text", "no text, and the name of another"],
)
def test_a_conversation_goes_although_its_name_is_damaged(file: Path, name: str, count: int) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        for table in ("checkpoints", "writes"):
            database.execute(f"UPDATE {table} SET thread_id = {name} WHERE thread_id = 't'")
    assert _forget_conversations(Settings.load(home=file.parent), {"call-9"}, []) == count
    with conversations(file) as saver:
        found, unreadable = readable(saver)
    assert unreadable == set()
    assert len({kept.config["configurable"]["thread_id"] for kept in found}) == 2 - count
    assert ("Winterbourne" in everything_in(file)) == (count == 0)


def test_what_a_step_wrote_goes_with_the_checkpoint_that_it_belonged_to(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM checkpoints WHERE thread_id = 't'")
        n_before = database.execute("SELECT count(*) FROM writes WHERE thread_id = 'other'").fetchone()
    assert "Winterbourne" in everything_in(file)
    assert _forget_conversations(Settings.load(home=file.parent), {"call-9"}, []) == 0
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM writes WHERE thread_id = 't'").fetchone() == (0,)
        assert database.execute("SELECT count(*) FROM writes").fetchone() == n_before
    assert "Winterbourne" not in everything_in(file)


def everything_in(file: Path) -> str:
    return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*")).decode("utf-8", errors="replace")


def plant(file: Path, kind: str, value: bytes, place: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        if place == "a checkpoint":
            database.execute("UPDATE checkpoints SET type = ?, checkpoint = ? WHERE thread_id = 't'", (kind, value))
        else:
            database.execute("UPDATE writes SET type = ?, value = ?", (kind, value))


# Damage that is there at the start


def _bits(raw: bytes, seed: int) -> bytes:
    draw, changed = random.Random(seed), bytearray(raw)
    for _ in range(60):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "header": lambda raw: raw[:4] + b"XXXX" + raw[8:],
    "cut in half": lambda raw: raw[: len(raw) // 2],
    "one byte": lambda raw: raw[:100],
    "garbage": lambda raw: random.Random(1).randbytes(5_000),
    "text": lambda raw: b"no database at all\n" * 100,
    "bits": lambda raw: _bits(raw, 2),
}


@pytest.mark.parametrize("how", DAMAGE)
async def test_a_damaged_file_is_set_aside_and_said_once(
    how: str, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = DAMAGE[how](file.read_bytes())
    file.write_bytes(raw)
    with caplog.at_level(logging.WARNING):
        async with opened(file) as (coach, model):
            assert await answer_of(coach, "Why?", calls=("call-1",)) == "Ask me about the call."
            assert told(model) == (["call-1"], [])
        async with opened(file) as (coach, model):  # and the new one is kept
            await answer_of(coach, "What next?")
            assert told(model) == (["call-1"], ["Why?"])
    [aside] = set_aside(file)
    assert aside.read_bytes() == raw
    assert stat.S_IMODE(aside.stat().st_mode) == stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(caplog.records) == 1
    assert aside.name in caplog.text


async def test_a_file_of_another_kind_is_set_aside(tmp_path: Path) -> None:
    for number, tables in enumerate(("CREATE TABLE other (a)", "CREATE TABLE checkpoints (thread_id)")):
        file = tmp_path / f"{number}.sqlite"
        with closing(sqlite3.connect(file)) as database:
            database.execute(tables)
        async with opened(file) as (coach, _):
            assert await answer_of(coach, "Why?") == "Ask me about the call."
        assert len(set_aside(file)) == 1


def test_a_file_with_a_trigger_is_set_aside(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TRIGGER forgets AFTER INSERT ON writes BEGIN DELETE FROM checkpoints; END")
    assert problem_of(file) == "it holds more than tables"


async def test_a_locked_file_is_not_damaged(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.checkpoints.PATIENCE_S", 0.1)
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM writes")
        with pytest.raises(CoachError, match="locked"):
            problem_of(file)
        async with opened(file) as (coach, model):  # and the chat goes on
            await answer_of(coach, "Why?", calls=("call-1",))
            await answer_of(coach, "What next?")
            assert told(model) == (["call-1"], ["Why?"])
        other.rollback()
    assert set_aside(file) == []
    async with opened(file) as (coach, model):
        await answer_of(coach, "What next?")
    assert told(model) == (["call-1"], [SECRET, "Why?"])


# Damage that shows only later


async def test_a_conversation_that_turns_out_unreadable_begins_anew(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(file) as (coach, model):
        plant(file, "msgpack", b"\xc1 no msgpack", "a checkpoint")
        first = await answer_of(coach, "What next?", calls=("call-1",))
        assert first == f"Ask me about the call.\n\n{BEGUN_ANEW}"
        assert told(model) == (["call-1"], [])
        assert await answer_of(coach, "And then?") == "Ask me about the call."
        assert told(model) == (["call-1"], ["What next?"])
        await answer_of(coach, "What about that one?", thread="other")  # the others are as they were
        assert told(model)[0] == ["call-2"]
    assert len(caplog.records) == 1
    assert problem_of(file) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw.replace(b"HumanMessage", b"HumanMassage"),
        lambda raw: raw.replace(b"Winterbourne", b"Winterbour\xff\xff"),
        lambda raw: _bits(raw, 3),
    ],
    ids=["a bit of a message", "a byte that is no text", "bits of rows"],
)
async def test_what_is_damaged_in_a_row_costs_its_conversation_alone(
    damage: Callable[[bytes], bytes], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(damage(file.read_bytes()))
    with caplog.at_level(logging.WARNING):
        async with opened(file) as (coach, model):
            await answer_of(coach, "Why?", calls=("call-1",))
            assert told(model) == (["call-1"], [])
    assert len(caplog.records) == 1
    assert "begins anew" in caplog.text
    assert set_aside(file) == []


async def test_a_file_that_breaks_while_it_is_open_is_done_without(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(file) as (coach, model):
        await answer_of(coach, "Before?")
        with closing(sqlite3.connect(file)) as database:
            database.execute("DROP TABLE checkpoints")
        assert await answer_of(coach, "After?") == "Ask me about the call."  # its newest state was at hand
        assert told(model) == (["call-1"], [SECRET, "Why?", "Before?"])
        assert await answer_of(coach, "And then?") == "Ask me about the call."
        assert told(model)[1][-1] == "After?"
        assert BEGUN_ANEW in await answer_of(coach, "Who?", thread="other", calls=("call-2",))
        assert told(model) == (["call-2"], [])
        assert await answer_of(coach, "New?", thread="new", call_id="call-3") == "Ask me about the call."
    assert len(caplog.records) == 1


# Which calls a conversation is about


async def test_calls_that_are_known_elsewhere_are_bound_again() -> None:
    coach, model = coach_over(InMemorySaver())
    await answer_of(coach, "Why?", calls=("call-1", "call-2"))
    assert told(model)[0] == ["call-1", "call-2"]
    await answer_of(coach, "And this?", call_id="call-1", calls=("call-2", "call-1"))
    assert told(model)[0] == ["call-2", "call-1"]
    await answer_of(coach, "Which?")
    assert told(model)[0] == ["call-2", "call-1"]


# What else looks at the file


def _doctor(home: Path) -> tuple[bool, str]:
    [check] = [one for one in examine(Settings.load(home=home)) if one.name == "conversations"]
    return check.ok, check.detail


async def test_doctor_says_how_the_memory_is(file: Path) -> None:
    assert _doctor(file.parent) == (True, "remembered")
    assert _doctor(file.parent / "elsewhere") == (True, "none yet")
    plant(file, "msgpack", b"\xc1 no msgpack", "a checkpoint")
    ok, detail = _doctor(file.parent)
    assert ok
    assert "1 can't be read; each begins anew when it is continued" in detail
    file.write_bytes(b"no database" * 100)
    ok, detail = _doctor(file.parent)
    assert not ok
    assert "sets the file aside" in detail
    async with opened(file):
        pass
    ok, detail = _doctor(file.parent)
    assert ok
    assert set_aside(file)[0].name in detail


def test_a_deleted_conversation_is_in_no_damaged_file_either(file: Path) -> None:
    settings = Settings.load(home=file.parent)
    file.write_bytes(_bits(file.read_bytes(), 2))
    assert problem_of(file)
    forget_conversation(settings, "t")
    assert not [path for path in file.parent.iterdir() if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert set_aside(file) == []
