"""The chat's history: everything is there tomorrow, nobody else sees it, and what is deleted is gone."""

import asyncio
import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chainlit.element import File, Plotly, Text
from chainlit.message import Message
from chainlit.types import Feedback, Pagination, ThreadFilter
from chainlit.user import User
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from plotly.graph_objects import Figure

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.library import Library
from salescoach.testing import make_transcript
from serving.chat.history import CONTENT_URL, ChatHistory
from serving.chat.kept_text import searchable, thread_name
from serving.chat.schema import SCHEMA_VERSION
from serving.chat.store import ChatStore
from serving.chat.stored_calls import CALL_DELETED, NAME_DELETED
from serving.chat.view import answer_markdown, scored_name
from tests.open_pages import ANNA, BEN, be, everything, history, home, no_page_is_left, step

__all__ = ["history", "home", "no_page_is_left"]  # fixtures


@pytest.fixture
def store(home: Settings) -> Iterator[ChatStore]:
    with ChatStore(home.history_file) as opened:
        yield opened


def say(store: ChatStore, user: str, thread: str, *texts: str) -> list[str]:
    """A thread with messages; returns their ids."""
    store.update_thread(thread, user, name=texts[0])
    said = [step(thread, text) for text in texts]
    for one in said:
        store.put_step(one, user)
    return [one["id"] for one in said]


def names(store: ChatStore, user: str, **filters: Any) -> list[str]:
    return [one["name"] for one in store.threads(user, 50, **filters).threads]


# A thread that was closed and is opened again


async def test_a_thread_comes_back_as_it_was(history: ChatHistory) -> None:
    thread = be(ANNA)
    question = Message(content="How likely?", type="user_message", author="anna")
    await question.send()
    figure = Figure({"data": [{"y": [1, 2]}], "layout": {"title": {"text": "Score"}}})
    answer = Message(content="**61 %**", elements=[Text(name="T1", content="> said", display="side")])
    plot = Plotly(name="chart", figure=figure, display="inline", for_id=answer.id)
    await history.create_step(step(thread, "How likely?", id=question.id, createdAt=question.created_at))
    run = step(thread, "", "run", parentId=question.id, input="How likely?")
    await history.create_step(run)
    tool = step(thread, "- 3 turns", "tool", parentId=run["id"], input="secret", showInput=False, isError=False)
    await history.create_step(tool)
    await history.create_step({**answer.to_dict(), "parentId": run["id"], "createdAt": "2026-11-21T10:00:00Z"})
    for element in (*answer.elements, plot):
        element.for_id, element.mime = answer.id, element.mime or "text/plain"
        await history.create_element(element)
    await history.update_thread(thread, name="How likely?", user_id=ANNA)
    await history.close()

    again = await history.get_thread(thread)
    assert again is not None
    assert [(one["type"], one["output"]) for one in again["steps"]] == [
        ("user_message", "How likely?"), ("run", ""), ("tool", "- 3 turns"), ("assistant_message", "**61 %**")
    ]  # fmt: skip
    assert [one["parentId"] for one in again["steps"]] == [None, question.id, run["id"], run["id"]]
    assert all(one["end"] is not None or one["type"] != "assistant_message" for one in again["steps"])
    assert {one["input"] for one in again["steps"]} == {""}  # only what was shown
    assert [(one["type"], one["name"], one["display"], one["forId"]) for one in again["elements"]] == [
        ("text", "T1", "side", answer.id), ("plotly", "chart", "inline", answer.id)
    ]  # fmt: skip
    text, drawn = again["elements"]
    content = await history.content(ANNA, text["url"].removeprefix(CONTENT_URL))
    assert content is not None
    assert (content.body, content.media_type) == (b"> said", "text/plain; charset=utf-8")
    content = await history.content(ANNA, drawn["url"].removeprefix(CONTENT_URL))
    assert content is not None
    assert content.media_type == "application/json"
    assert json.loads(content.body)["data"][0]["y"] == [1, 2]
    assert await history.get_element(thread, text["id"]) == text
    json.dumps(again)  # Chainlit sends it so


async def test_a_message_that_became_a_card_is_kept_as_the_card_whatever_is_slower(history: ChatHistory) -> None:
    thread = be(ANNA)
    wall = "Rep: Well, the xylophone.\n" * 4_000
    message = step(thread, wall)
    await asyncio.gather(
        history.create_step(message),
        history.update_thread(thread, name=wall, user_id=ANNA),
        history.update_step({**message, "output": "Pasted call · 4000 turns"}),
        history.name_thread(thread, "Pasted call · 4000 turns"),
    )
    again = await history.get_thread(thread)
    assert again is not None
    assert (again["name"], [one["output"] for one in again["steps"]]) == (
        "Pasted call · 4000 turns", ["Pasted call · 4000 turns"]
    )  # fmt: skip


def test_of_a_wall_only_the_beginning_is_kept_until_it_is_a_card(store: ChatStore, home: Settings) -> None:
    wall = step("t", "Rep: Well, the xylophone.\n" * 4_000)
    store.put_step(wall, ANNA)
    kept = store.thread("t")
    assert kept is not None
    assert len(kept["steps"][0]["output"]) == 4_000
    store.put_step({**wall, "output": "Pasted call"}, ANNA)
    assert b"xylophone" not in b"".join(file.read_bytes() for file in home.home.iterdir())


@given(st.text(max_size=500))
def test_a_name_is_one_short_line(text: str) -> None:
    name = thread_name(text)
    assert 0 < len(name) <= 60
    assert len(name.splitlines()) == 1


def test_a_wall_gives_no_name() -> None:
    assert thread_name("Rep: a\nCustomer: b\nRep: c\nCustomer: d") == "Pasted text"
    assert thread_name("Why did we lose?\nPasted call · 3 turns") == "Why did we lose? Pasted call · 3 turns"


async def test_a_file_that_was_uploaded_is_not_kept_twice(history: ChatHistory, tmp_path: Path) -> None:
    thread = be(ANNA)
    upload = tmp_path / "call.txt"
    upload.write_text("Rep: hello")
    await history.create_step(step(thread, "Uploaded call.txt"))
    await history.create_element(File(name="call.txt", path=str(upload), for_id="m", mime="text/plain"))
    again = await history.get_thread(thread)
    assert again is not None
    assert again["elements"] == []


async def test_what_a_session_knows_is_kept_only_as_far_as_it_is_needed(history: ChatHistory) -> None:
    thread = be(ANNA)
    await history.update_thread(thread, name="x", user_id=ANNA)
    known = {"chat_settings": {"k": 3}, "chat_profile": "coach", "env": {"KEY": "1"}, "is_shared": True, "rows": "text"}
    await history.update_thread(thread, metadata=known)
    again = await history.get_thread(thread)
    assert again is not None
    assert again["metadata"] == {"chat_settings": {"k": 3}, "chat_profile": "coach"}
    await history.update_thread("never begun", metadata=known)
    assert await history.get_thread("never begun") is None


async def test_users_are_kept(history: ChatHistory) -> None:
    assert await history.get_user(ANNA) is None
    made = await history.create_user(User(identifier=ANNA))
    assert await history.create_user(User(identifier=ANNA)) == made == await history.get_user(ANNA)
    assert await history.get_favorite_steps(ANNA) == []
    assert await history.build_debug_url() == ""


# The list


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=25), st.integers(1, 6))
def test_pages_neither_repeat_nor_skip_while_threads_come_and_go(
    tmp_path_factory: pytest.TempPathFactory, is_deleted: list[bool], size: int
) -> None:
    with ChatStore(tmp_path_factory.mktemp("pages") / "chat.sqlite") as store:
        for number, _ in enumerate(is_deleted):
            store.update_thread(f"{number:03}", ANNA, name=f"{number:03}")
        store.update_thread("other", BEN, name="other")
        seen: list[str] = []
        cursor: str | None = None
        for turn in range(len(is_deleted) + 1):
            page = store.threads(ANNA, size, cursor)
            seen += [one["id"] for one in page.threads]
            assert len(page.threads) <= size
            store.update_thread(f"new {turn}", ANNA, name="new")  # what comes meanwhile is before the first page
            gone = [number for number, it in enumerate(is_deleted) if it and f"{number:03}" in seen]
            for number in gone:  # also the one that the cursor names
                store.delete_thread(f"{number:03}")
            if (cursor := page.cursor) is None:
                break
        assert seen == sorted((f"{number:03}" for number, _ in enumerate(is_deleted)), reverse=True)


def test_the_newest_comes_first_and_a_thread_without_a_message_not_at_all(store: ChatStore) -> None:
    for number in range(3):
        say(store, ANNA, f"t{number}", f"question {number}")
    store.put_step(step("t9", "no name yet"), ANNA)
    assert names(store, ANNA) == ["question 2", "question 1", "question 0"]
    assert len(store.threads(ANNA, 0).threads) == 1  # a page is never empty by mistake


@pytest.mark.parametrize(
    "search", ["tavrelin", "TAVRELIN GMBH", "grösse", "100%", "a_b", "3:40", "it's", "(yes)", "  yes)   no "]
)
def test_search_finds_what_a_reader_sees(store: ChatStore, search: str) -> None:
    say(store, ANNA, "other", "nothing of it", "100 and axb and its 340")
    shown = answer_markdown("Tavrelin GmbH, Grösse “at 3:40 it's 100% a_b” (yes)\n no")
    say(store, ANNA, "wanted", "The wanted one", shown)
    assert names(store, ANNA, search=search) == ["The wanted one"]


def test_search_looks_at_names_too_and_never_at_another_users(store: ChatStore) -> None:
    say(store, ANNA, "a", "A renamed xylophone")
    say(store, BEN, "b", "Ben's xylophone", "xylophone")
    assert names(store, ANNA, search="XYLOPHONE") == ["A renamed xylophone"]
    assert names(store, ANNA, search="%") == []
    assert names(store, ANNA, search="  ") == ["A renamed xylophone"]


async def test_the_list_as_chainlit_asks_for_it(history: ChatHistory) -> None:
    for number in range(3):
        thread = be(ANNA)
        await history.create_step(step(thread, f"q{number}"))
        await history.update_thread(thread, name=f"q{number}", user_id=ANNA)
    first = await history.list_threads(Pagination(first=2), ThreadFilter(userId=ANNA))
    assert [one["name"] for one in first.data] == ["q2", "q1"]
    assert first.pageInfo.hasNextPage
    rest = await history.list_threads(Pagination(first=2, cursor=first.pageInfo.endCursor), ThreadFilter(userId=ANNA))
    assert [one["name"] for one in rest.data] == ["q0"]
    assert not rest.pageInfo.hasNextPage
    with pytest.raises(CoachError):
        await history.list_threads(Pagination(first=2), ThreadFilter())


# Thumbs


async def test_a_thumb_is_kept_changed_found_and_taken_back(history: ChatHistory) -> None:
    thread = be(ANNA)
    answer = step(thread, "34 %", "assistant_message")
    await history.create_step(answer)
    await history.update_thread(thread, name="q", user_id=ANNA)
    given_id = await history.give_feedback(ANNA, Feedback(forId=answer["id"], value=1))
    assert await history.give_feedback(ANNA, Feedback(forId=answer["id"], value=0, comment="wrong")) == given_id
    again = await history.get_thread(thread)
    assert again is not None
    assert again["steps"][0]["feedback"] == {"id": given_id, "forId": answer["id"], "value": 0, "comment": "wrong"}
    for thumb, n in ((0, 1), (1, 0), (None, 1)):
        page = await history.list_threads(Pagination(first=9), ThreadFilter(userId=ANNA, feedback=thumb))
        assert len(page.data) == n
    await history.update_step({**answer, "output": "35 %"})  # keeps its thumb
    assert given_id is not None
    assert not await history.take_feedback(BEN, given_id)
    assert await history.take_feedback(ANNA, given_id)
    assert not await history.take_feedback(ANNA, given_id)
    assert await history.give_feedback(BEN, Feedback(forId=answer["id"], value=1)) is None
    assert await history.give_feedback(ANNA, Feedback(forId="nothing", value=1)) is None
    with pytest.raises(CoachError):
        await history.upsert_feedback(Feedback(forId=answer["id"], value=1))
    with pytest.raises(CoachError):
        await history.delete_feedback(given_id)


# Nobody else


def test_nobody_writes_into_anothers_thread(store: ChatStore) -> None:
    [message] = say(store, ANNA, "t", "mine")
    element = {"id": "e", "threadId": "t", "type": "text", "name": "T1", "display": "side", "mime": "text/plain"}
    store.put_element(element, b"said", ANNA)
    before = store.thread("t")
    for attack in (
        lambda: store.put_step(step("t", "forged"), BEN),
        lambda: store.put_step({**step("of ben", "forged"), "id": message}, BEN),  # moves it into a thread of his
        lambda: store.put_element({**element, "threadId": "of ben"}, b"forged", BEN),
        lambda: store.put_element(element, b"forged", BEN),
        lambda: store.update_thread("t", BEN, name="forged"),
        lambda: store.update_thread("t", BEN, metadata={}),
        lambda: store.delete_step(message, BEN),
        lambda: store.delete_element("e", BEN),
        lambda: store.add_call("t", "c", None, BEN),
    ):
        with pytest.raises(InputError):
            attack()
    assert store.thread("t") == before
    assert store.content("e", BEN) is None
    assert store.content("e", ANNA) is not None
    assert store.threads(BEN, 9).threads == ()


async def test_content_that_a_browser_might_run_is_only_a_download(history: ChatHistory) -> None:
    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    page = Text(name="T1", content="<script>alert(1)</script>", for_id="m", mime="text/html; charset=utf-8")
    await history.create_element(page)
    served = await history.content(ANNA, page.id)
    assert served is not None
    assert served.media_type == "application/octet-stream"
    assert await history.content(BEN, page.id) is None
    assert await history.content(ANNA, "no such") is None


async def test_without_a_user_nothing_is_kept_and_the_log_says_so(
    history: ChatHistory, caplog: pytest.LogCaptureFixture
) -> None:
    await history.create_step(step("t", "q"))
    assert "needs somebody whose it is" in caplog.text
    assert await history.get_thread("t") is None


# Errors


async def test_a_history_that_cant_be_written_stops_no_answer(
    history: ChatHistory, home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    thread = be(ANNA)
    with sqlite3.connect(home.history_file) as other:
        other.execute("DROP TABLE quotes")
        other.execute("DROP TABLE elements")
        other.execute("ALTER TABLE steps RENAME TO stolen")
    other.close()
    with caplog.at_level(logging.ERROR):
        await history.create_step(step(thread, "q"))
        await history.update_step(step(thread, "q"))
        await history.create_element(Text(name="T1", content="x", for_id="m"))
        await history.quotes("m", ["c"])
    assert caplog.text.count("was not kept in the history") == 4
    assert "Traceback" not in caplog.text
    with pytest.raises(CoachError, match="can't be used just now"):
        await history.list_threads(Pagination(first=9), ThreadFilter(userId=ANNA, search="q"))


async def test_what_is_too_large_is_not_kept_and_said(history: ChatHistory, caplog: pytest.LogCaptureFixture) -> None:
    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    await history.create_element(Text(name="T1", content="x" * 5_000_001, for_id="m"))
    assert "“T1” is too large for the history (5,000,001 bytes)" in caplog.text


def test_a_file_of_a_newer_program_is_left_alone(home: Settings) -> None:
    ChatStore(home.history_file).close()
    with sqlite3.connect(home.history_file) as other:
        other.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    other.close()
    before = home.history_file.read_bytes()
    with pytest.raises(CoachError, match="written by a newer Sales Coach"):
        ChatStore(home.history_file)
    assert home.history_file.read_bytes() == before


def test_a_damaged_file_is_said(home: Settings) -> None:
    home.home.mkdir()
    home.history_file.write_text("this is no database, but it is long enough to look like a file of some kind" * 20)
    with pytest.raises(CoachError, match="can't be opened"):
        ChatStore(home.history_file)


def test_only_its_owner_can_read_the_file(store: ChatStore, home: Settings) -> None:
    if os.name == "posix":
        assert home.history_file.stat().st_mode & 0o777 == 0o600


# Calls


async def test_a_thread_knows_its_calls_the_newest_last(history: ChatHistory) -> None:
    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    for call_id in ("b", "a", "c", "b"):
        await history.add_call(thread, call_id, "m")
    assert await history.calls(thread) == ("a", "c", "b")
    assert await history.calls("other") == ()
    be(BEN)
    with pytest.raises(InputError, match="belongs to somebody else"):
        await history.calls(thread)


async def test_a_call_whose_thread_was_deleted_meanwhile_does_not_stay(history: ChatHistory, home: Settings) -> None:
    pasted = make_transcript("Rep: How is the harp orchestra doing?", "Customer: The harp orchestra is broke.")
    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    await history.delete_thread(thread)
    with Library(home.library_file) as library:
        call_id = library.add_pasted(pasted, ANNA)
        with pytest.raises(CoachError, match="deleted"):
            await history.add_call(thread, call_id, "m")
        assert call_id not in library.private_calls(ANNA)


@pytest.mark.parametrize("error", [OSError("Input/output error"), asyncio.CancelledError()])
async def test_a_call_that_could_not_be_noted_for_a_thread_does_not_stay(
    history: ChatHistory, home: Settings, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fails(*_: object) -> None:
        raise error

    pasted = make_transcript("Rep: How is the harp orchestra doing?", "Customer: The harp orchestra is broke.")
    monkeypatch.setattr(ChatStore, "add_call", fails)
    with Library(home.library_file) as library:
        call_id = library.add_pasted(pasted, ANNA)
        with pytest.raises(type(error)):
            await history.add_call(be(ANNA), call_id, "m")
        assert library.private_calls(ANNA) == []


# Deleting


async def test_a_deleted_thread_is_in_no_byte_of_any_file_and_stays_away(history: ChatHistory, home: Settings) -> None:
    pasted = make_transcript("Rep: How is the zither orchestra doing?", "Customer: The zither orchestra is broke.")
    shared = make_transcript("Rep: How is the bassoon orchestra doing?", "Customer: The bassoon orchestra is rich.")
    adopted = make_transcript("Rep: How is the piccolo orchestra doing?", "Customer: The piccolo orchestra is well.")
    with Library(home.library_file) as library:
        ids = [library.add_pasted(call, ANNA) for call in (pasted, shared, adopted)]
        bens = library.add_pasted(shared, BEN)
        team = library.get(ids[2]).model_copy(update={"call_id": "own-1", "provenance": "own", "outcome": "lost"})
        library.add([team])
    other = be(BEN)
    await history.create_step(step(other, "Ben's"))
    await history.add_call(other, bens)
    thread = be(ANNA)
    answer = step(thread, "“The xylophone is broken”", "assistant_message")
    await history.create_step(step(thread, "xylophone?"))
    await history.create_step(answer)
    await history.update_thread(thread, name="xylophone", user_id=ANNA)
    await history.create_element(Text(name="T1", content="xylophone", for_id=answer["id"]))
    await history.give_feedback(ANNA, Feedback(forId=answer["id"], value=0, comment="no xylophone"))
    await history.quotes(answer["id"], ids)
    for call_id in ids:
        await history.add_call(thread, call_id, "m")
    upload = home.home / "chat" / "8000" / ".files" / "s" / "u.txt"
    upload.parent.mkdir(parents=True)
    upload.write_text(pasted.text())
    await history.create_element(File(name="u.txt", path=str(upload), for_id="m", mime="text/plain"))
    assert b"xylophone" in everything(home)
    assert b"zither" in everything(home)

    await history.delete_thread(thread)

    found = everything(home)
    assert b"xylophone" not in found
    assert b"zither" not in found  # nobody else's
    assert b"bassoon" in found  # Ben has it too
    assert b"piccolo" in found  # it is the team's
    assert await history.get_thread(thread) is None
    assert await history.get_thread_author(thread) == ""
    assert await history.get_thread(other) is not None
    # Neither an answer that was still being made nor a page that closes brings it back.
    await history.create_step(step(thread, "late"))
    await history.update_thread(thread, metadata={"chat_profile": "coach"})
    assert await history.get_thread(thread) is None


async def test_deleting_a_thread_stops_its_answer(history: ChatHistory) -> None:
    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    is_stopped = asyncio.Event()

    async def answer() -> None:
        async with history.answering(thread):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                is_stopped.set()
                raise

    task = asyncio.create_task(answer())
    await asyncio.sleep(0)
    assert history.answering_task(thread) is task
    await history.delete_thread(thread)
    assert is_stopped.is_set()
    assert history.answering_task(thread) is None


async def test_steps_and_elements_go_one_by_one_too(history: ChatHistory) -> None:
    thread = be(ANNA)
    first, second = step(thread, "a"), step(thread, "b", "assistant_message")
    await history.create_step(first)
    await history.create_step(second)
    shown = Text(name="T1", content="x", for_id=second["id"])
    other = Text(name="T2", content="y", for_id=first["id"])
    await history.create_element(shown)
    await history.create_element(other)
    await history.delete_step(second["id"])
    await history.delete_element(other.id, thread)
    await history.delete_step("no such")
    await history.delete_element("no such")
    again = await history.get_thread(thread)
    assert again is not None
    assert ([one["output"] for one in again["steps"]], again["elements"]) == (["a"], [])


@pytest.mark.parametrize("speakers", ["Xaverius", "Xaverius, " * 9 + "Bo"])
@pytest.mark.parametrize("percent", [None, 34])
def test_a_deleted_call_leaves_the_threads_that_were_about_it(
    store: ChatStore, home: Settings, speakers: str, percent: int | None
) -> None:
    card = step("t", f"Pasted call · 2 turns · {speakers}", createdAt="2026-11-21T10:00:00Z")
    store.update_thread("t", ANNA, name=scored_name(percent, card["output"]) if percent else card["output"])
    store.put_step(card, ANNA)
    store.add_call("t", "pasted-1", card["id"], ANNA)
    run = step("t", "", "run", parentId=card["id"])
    tool = step("t", "- It fell after “the xylophone cracks”", "tool", parentId=run["id"])
    answer = step("t", "**34 %** “The xylophone cracks”", "assistant_message", parentId=run["id"])
    answer["metadata"] = {"exchange": {"answer": "The xylophone cracks"}}
    other = step("t", "Your talk ratio is 45 %", "assistant_message")
    for one in (run, tool, answer, other):
        store.put_step(one, ANNA)
    element = {"id": "e", "threadId": "t", "type": "text", "name": "T1", "display": "side", "forId": answer["id"]}
    store.put_element(element, b"**T1** The xylophone cracks", ANNA)
    store.put_element({**element, "id": "f", "forId": other["id"]}, b"nothing", ANNA)
    store.quotes(answer["id"], ["pasted-1", "S7-1"])
    say(store, BEN, "b", "Ben's question")

    assert store.forget_call(["pasted-1"], []) == 2

    again = store.thread("t")
    assert again is not None
    assert again["name"] == NAME_DELETED
    assert [one["output"] for one in again["steps"]] == [CALL_DELETED, "", "", CALL_DELETED, "Your talk ratio is 45 %"]
    assert [one["id"] for one in again["elements"]] == ["f"]
    found = everything(home)
    assert b"ylophone" not in found
    assert b"Xaverius" not in found
    assert store.only_calls("t") == ()
    assert names(store, BEN) == ["Ben's question"]
    assert store.forget_call(["pasted-1"], []) == 0


def test_what_is_not_noted_as_a_quote_is_found_by_its_words(store: ChatStore, home: Settings) -> None:
    words = "Mostly mallets, and the rosewood bars “crack” at 3:40."
    typed, answer, kept = say(store, ANNA, "t", f"Why did she say: {words}", answer_markdown(words), "unrelated")
    element = {"id": "e", "threadId": "t", "type": "plotly", "name": "c", "display": "inline", "forId": kept}
    store.put_element(element, json.dumps({"text": words.replace("bars ", "bars<br>")}).encode(), ANNA)
    assert store.forget_call(["c"], [words]) == 3
    again = store.thread("t")
    assert again is not None
    assert {one["id"]: one["output"] for one in again["steps"]} == dict.fromkeys((typed, answer, kept), CALL_DELETED)
    assert b"rosewood" not in everything(home)


def test_text_is_looked_for_as_it_is_read() -> None:
    assert searchable(answer_markdown("At  3:40 it's\n100%")) == "at 3:40 it's 100%"
    assert searchable(r"C:\Users") == r"c:\users"
    assert searchable(None) == ""
