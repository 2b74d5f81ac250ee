"""Deleting a call: afterwards its words are in no file, and nothing else is gone."""

import asyncio
import contextlib
import hashlib
import json
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from agent.build import open_coach
from agent.coach import Answer, Coach
from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.library import Library
from salescoach.model.encoder import turn_text
from salescoach.model.scoring import CallScorer
from salescoach.testing import make_transcript
from salescoach.types import LabelledCall
from serving.chat import view
from serving.chat.store import ChatStore
from serving.chat.stored_calls import CALL_DELETED, NAME_DELETED
from serving.cli import app as cli
from serving.usecases import words_left
from serving.usecases.delete import delete_call
from tests.homes import clone
from training.options import TrainingOptions
from training.run import train
from vectorstore.build import build_index
from vectorstore.generation import generations_in
from vectorstore.opened import is_current

PASTED = make_transcript(
    "Rep: Thanks for making time, what is the xylophone orchestra short of at the moment?",
    "Customer: Mostly mallets, and the rosewood bars of our xylophone crack every single winter.",
    "Rep: Would a climate case for every xylophone make the winters any easier for you?",
    "Customer: It might, but the xylophone committee decides about money, and that is not before spring.",
)


@pytest.fixture
def own(small_home: Path, tmp_path: Path) -> Settings:
    """Settings of a copy of the small shared home."""
    clone(small_home, tmp_path / "home")
    return Settings.load(home=tmp_path / "home")


def silent(stage: str, done: int, total: int) -> None:
    """Shows no progress."""


async def ask(settings: Settings, thread: str, question: str, call_id: str) -> None:
    """Asks, and keeps in the chat's history what the page would show."""
    async with open_coach(settings) as coach:
        async for event in coach.ask(thread, question, call_id):
            if isinstance(event, Answer):
                keep(settings, coach, thread, call_id, event)


def keep(settings: Settings, coach: Coach, thread: str, call_id: str, answer: Answer) -> None:
    shown = {"threadId": thread, "parentId": f"run of {thread}"}
    card, reply = f"card of {thread}", f"answer of {thread}"
    transcript = coach.call(call_id, None).transcript
    with ChatStore(settings.history_file) as store:
        named = view.card(transcript, "Pasted call")
        store.put_step({"id": card, "threadId": thread, "type": "user_message", "name": "u", "output": named}, "anna")
        store.update_thread(thread, "anna", name=named)
        store.add_call(thread, call_id, card, "anna")
        found = "\n".join(f"- {used.result}" for used in answer.tool_calls)
        store.put_step({**shown, "id": f"tool of {thread}", "type": "tool", "name": "t", "output": found}, "anna")
        output = view.answer_markdown(answer.answer)
        store.put_step({**shown, "id": reply, "type": "assistant_message", "name": "a", "output": output}, "anna")
        panels = [view.citation_panel(coach.call(one.call_id, None), one) for one in answer.citations]
        for number, panel in enumerate([*panels, view.transcript_panel(transcript)]):
            element = {"id": f"{thread} {number}", "threadId": thread, "forId": reply, "type": "text", "name": "T1"}
            store.put_element({**element, "display": "side", "mime": "text/plain"}, panel.encode(), "anna")
        store.quotes(reply, [call_id, *(one.call_id for one in answer.citations)])


def messages(settings: Settings, thread: str) -> list[str]:
    with ChatStore(settings.history_file) as store:
        kept = store.thread(thread)
    assert kept is not None
    return [kept["name"], *(step["output"] for step in kept["steps"])]


def threads(settings: Settings) -> set[str]:
    connection = sqlite3.connect(settings.threads_file)
    found = {thread for (thread,) in connection.execute("SELECT thread_id FROM checkpoints")}
    connection.close()
    return found


def words_of(settings: Settings, call_id: str) -> list[bytes]:
    """Turns whose words are in no other call."""
    with Library(settings.library_file) as library:
        others = [
            library.get(call.call_id).transcript.text() for call in library.team_calls() if call.call_id != call_id
        ]
        turns = library.get(call_id).transcript.turns
    rest = "\n".join(others)
    return [turn.text.encode() for turn in turns if len(turn.text) > 15 and turn.text not in rest]


def files_with(home: Path, words: list[bytes]) -> list[str]:
    contents = {file.name: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    return [name for name, content in contents.items() if any(said in content for said in words)]


def training_call(settings: Settings) -> LabelledCall:
    """A call of the library, and a model beside the current one that has learned from it."""
    with Library(settings.library_file) as library:
        calls = [call for call in library.past_calls() if call.split]
    manifest = train(calls, settings.models_dir / "own", settings, TrainingOptions(name="own", data="the library"))
    return next(call for call in calls if manifest.has_seen(call.transcript.content_hash))


def leave_traces(settings: Settings, call: LabelledCall) -> None:
    """Files as training, chat and the setup of older versions leave them; the upload came with the card."""
    text = call.transcript.text()
    triplets = settings.runs_dir / "train" / "mine" / "train_triplets.json"
    upload = settings.home / "chat" / "8000" / ".files" / "session" / "call.txt"
    sample = settings.home / "sample" / "calls.csv"
    for file, content in ((triplets, json.dumps([{"anchor": text}])), (upload, text), (sample, text)):
        file.parent.mkdir(parents=True)
        file.write_text(content)
    with ChatStore(settings.history_file) as store:
        store.add_upload("about it", "card of about it", upload, "anna")


@pytest.mark.slow
def test_a_deleted_call_is_in_no_file_and_models_trained_on_it_are_named(own: Settings) -> None:
    call = training_call(own)
    asyncio.run(ask(own, "about it", "Score this call.", call.call_id))
    asyncio.run(ask(own, "about another", "Score this call.", "ex-02"))
    leave_traces(own, call)
    words = words_of(own, call.call_id)
    assert len(words) > 5
    assert {"library.sqlite", "calls.csv", "train_triplets.json", "call.txt", "chat.sqlite"} <= set(
        files_with(own.home, words)
    )
    other = messages(own, "about another")
    with Library(own.library_file) as library:
        key = hashlib.sha256(turn_text(library.own_turns(call.call_id)[0]).encode()).digest()
        n_before = len(library.team_calls())
    assert any(key in file.read_bytes() for file in own.cache_dir.iterdir())

    gone = delete_call(own, call.call_id, silent)

    assert files_with(own.home, words) == []
    assert files_with(own.home / "index", [call.call_id.encode()]) == []
    assert files_with(own.cache_dir, [key]) == []
    assert threads(own) == {"about another"}
    assert messages(own, "about it") == [NAME_DELETED, CALL_DELETED, "", CALL_DELETED]
    assert messages(own, "about another") == other
    assert gone.n_messages == 2
    assert (gone.call_id, gone.n_conversations, gone.left, gone.is_indexed) == (call.call_id, 1, (), True)
    assert gone.n_vectors > 5
    # The starter learned from written calls, this one among them.
    assert gone.models == tuple(str(own.models_dir / name) for name in ("own", "starter"))
    assert set(gone.thrown_away) == {
        "unfinished trainings and comparisons", "uploads", "the file of sample calls"
    }  # fmt: skip
    with Library(own.library_file) as library:
        assert len(library.team_calls()) == n_before - 1
        with pytest.raises(InputError):
            library.get(call.call_id)
    assert list(own.models_dir.iterdir())  # the models are named, not deleted


def test_a_pasted_call_is_deleted_with_its_conversation(own: Settings) -> None:
    with Library(own.library_file) as library:
        pasted = library.add_pasted(PASTED)
    asyncio.run(ask(own, "about it", "Score this call.", pasted))
    sample = own.home / "sample" / "calls.csv"
    sample.parent.mkdir()
    sample.write_text("call_id,call_transcript\n")
    assert b"xylophone" in own.threads_file.read_bytes() or threads(own) == {"about it"}
    gone = delete_call(own, pasted, silent)
    assert files_with(own.home, [b"xylophone"]) == []
    assert threads(own) == set()
    assert messages(own, "about it") == [NAME_DELETED, CALL_DELETED, "", CALL_DELETED]
    assert gone.models == ()
    assert sample.exists()  # it isn't in there


def test_a_conversation_that_only_cites_the_call_goes_too(own: Settings) -> None:
    asyncio.run(ask(own, "cites", "Show me similar lost deals.", "ex-01"))
    connection = sqlite3.connect(own.threads_file)
    said = b"".join(content for (content,) in connection.execute("SELECT checkpoint FROM checkpoints"))
    connection.close()
    with Library(own.library_file) as library:
        cited = [call.call_id for call in library.summaries("lost") if f"[call {call.call_id}, T".encode() in said]
    assert cited
    words = words_of(own, cited[0])
    assert "chat.sqlite" in files_with(own.home, words)
    delete_call(own, cited[0], silent)
    assert threads(own) == set()
    assert files_with(own.home, words) == []
    card, tool, answer = messages(own, "cites")[1:]
    assert card.startswith("Pasted call")  # that is another call
    assert (tool, answer) == ("", CALL_DELETED)


def test_a_call_that_got_another_id_is_deleted_from_the_history_by_its_new_one(own: Settings) -> None:
    with Library(own.library_file) as library:
        pasted = library.add_pasted(PASTED)
    asyncio.run(ask(own, "about it", "Score this call.", pasted))
    with Library(own.library_file) as library:
        library.add([library.get(pasted).model_copy(update={"call_id": "own-1", "provenance": "own"})])
    delete_call(own, "own-1", silent)
    assert files_with(own.home, [b"xylophone"]) == []
    assert messages(own, "about it") == [NAME_DELETED, CALL_DELETED, "", CALL_DELETED]


def test_words_in_a_file_that_is_not_the_coachs_are_reported(
    own: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library(own.library_file) as library:
        pasted = library.add_pasted(PASTED)
    notes = own.home / "my notes.json"
    notes.write_text(json.dumps({"said": PASTED.turns[1].text}))
    monkeypatch.setattr(sys, "argv", ["coach", "delete", pasted, "--json"])
    monkeypatch.setenv("COACH_HOME", str(own.home))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out)["left"] == [str(notes)]
    assert notes.exists()


def test_an_unknown_call_changes_nothing(own: Settings) -> None:
    before = sorted(own.home.rglob("*"))
    with pytest.raises(InputError, match="'nobody'"):
        delete_call(own, "nobody", silent)
    assert sorted(own.home.rglob("*")) == before


def test_a_deletion_that_the_library_refuses_leaves_an_index(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salescoach.scrub.PATIENCE_MS", 50)
    with closing(sqlite3.connect(own.library_file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM calls").fetchone()
        with pytest.raises(CoachError, match="in use"):
            delete_call(own, "ex-01", silent)
    with Library(own.library_file) as library:
        assert library.get("ex-01")
        assert is_current(own.index_dir, CallScorer.load(own), library)


def test_a_deletion_that_stops_half_way_leaves_an_index_and_says_why(
    own: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (own.home / "sample").symlink_to(tmp_path / "elsewhere")  # isn't removed, which is seen once the index is gone
    with Library(own.library_file) as library:
        call_id = next(call.call_id for call in library.past_calls() if call.provenance == "sample")

    def no_room(*_: object) -> None:
        raise CoachError("no room")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="symbolic link"):
        patch.setattr("serving.usecases.delete.build_index", no_room)
        delete_call(own, call_id, silent)
    with pytest.raises(OSError, match="symbolic link"):
        delete_call(own, call_id, silent)
    with Library(own.library_file) as library:
        assert library.get(call_id)
        assert is_current(own.index_dir, CallScorer.load(own), library)


def test_no_index_is_built_between_the_old_one_and_the_deletion(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    delete, ids = Library.delete, []

    def deletes(library: Library, call_id: str) -> None:
        with pytest.raises(CoachError, match="Another process is building"):
            build_index(library, CallScorer.load(own), own.index_dir)
        ids.append(call_id)
        delete(library, call_id)

    monkeypatch.setattr(Library, "delete", deletes)
    assert delete_call(own, "ex-01", silent).is_indexed
    assert ids == ["ex-01"]
    assert len(generations_in(own.index_dir)) == 1


def test_an_index_that_is_written_to_meanwhile_is_removed_all_the_same(own: Settings) -> None:
    entry, is_over = own.index_dir / generations_in(own.index_dir)[0].name / "late", threading.Event()

    def write_on() -> None:
        with contextlib.suppress(OSError):
            while not is_over.is_set():
                entry.write_bytes(b"x")

    with ThreadPoolExecutor(1) as writer:
        writer.submit(write_on)
        try:
            assert delete_call(own, "ex-01", silent).is_indexed
        finally:
            is_over.set()
    assert not entry.exists()


def test_looking_for_words_takes_no_lock_from_this_process(tmp_path: Path) -> None:
    file, said = tmp_path / "a.sqlite", "the zebra said so"
    (tmp_path / "long.txt").write_text("x" * 1_048_570 + said)  # over the edge of what is looked at together
    (tmp_path / "other.txt").write_text("nothing")
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE a (said)")
        database.execute("INSERT INTO a VALUES (?)", [said])
        database.execute("BEGIN IMMEDIATE")
        assert words_left.files_with(tmp_path, [said]) == (f"{file}-wal", str(tmp_path / "long.txt"))
        program = f"import sqlite3; sqlite3.connect({str(file)!r}, timeout=0).execute('BEGIN IMMEDIATE')"
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert "locked" in other.stderr


def test_while_the_index_is_being_built_nothing_is_deleted(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    with FileLock(own.index_dir / ".lock"), pytest.raises(CoachError, match="wait until it is done"):
        delete_call(own, "ex-01", silent)
    with Library(own.library_file) as library:
        assert library.get("ex-01")


def test_an_interrupted_deletion_can_be_run_again(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    words = words_of(own, "ex-01")

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Library, "delete", dies)
    with pytest.raises(KeyboardInterrupt):
        delete_call(own, "ex-01", silent)
    monkeypatch.undo()
    assert delete_call(own, "ex-01", silent).is_indexed
    assert files_with(own.home, words) == []
