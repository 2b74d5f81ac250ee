"""Who sees, changes and deletes what in the chat: the server's own record decides, never what a browser sends."""

import asyncio
import json
import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chainlit.element import CustomElement, File, Text
from chainlit.message import Message
from chainlit.session import ws_sessions_id

from agent.build import build_coach
from agent.chat_models import Wording
from agent.coach import Answer, Coach
from agent.preferences import Preferences
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.testing import make_call, make_transcript
from salescoach.types import Citation, LabelledCall
from serving.chat import actions as chat_actions
from serving.chat import review as chat_review
from serving.chat.actions import Desk, buttons
from serving.chat.answering import AnswerOnPage, sources
from serving.chat.asking import OTHER, choose
from serving.chat.exchanges import Exchange, exchanges_of
from serving.chat.export import DELETED, Conversation, export_html, export_markdown
from serving.chat.history import ChatHistory
from serving.chat.kept_text import MAX_FIELD_CHARS, MAX_STEP_CHARS
from serving.chat.store import ChatStore
from serving.chat.stored_calls import CALL_DELETED
from serving.chat.stored_files import LEFT_AFTER_S, remove_uploads, sweep
from serving.usecases.owners import give_owners
from tests.open_pages import ANNA, BEN, answer_with, be, everything, history, home, no_page_is_left, step
from tools.parts import Parts

__all__ = ["history", "home", "no_page_is_left"]  # fixtures

CALL = make_transcript("Rep: How is the zither orchestra doing?", "Customer: The zither orchestra is quite broke.")
COMMON = make_transcript("Rep: Thank you for your time today.", "Customer: The zither is broke, as I said before.")
EXCHANGE = {"question": "How likely?", "answer": "99 % certain [T1].", "citations": []}


@pytest.fixture
def library(home: Settings) -> Iterator[Library]:
    with Library(home.library_file) as opened:
        yield opened


def coach_of(library: Library) -> Coach:
    """A coach that is asked for calls only."""
    return Coach(None, Parts(library, None, None), Wording(None, "offline", None))  # type: ignore[arg-type]


def upload_of(home: Settings, text: str, session: str = "s", name: str = "u.txt") -> Path:
    file = home.home / "chat" / "8000" / ".files" / session / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def citing(call_id: str) -> Citation:
    return Citation(marker="[T1]", call_id=call_id, turn_start=1, turn_end=2, quote="")


# What was asked and answered


@pytest.mark.parametrize("kind", ["user_message", "assistant_message", "tool", "run"])
async def test_no_exchange_comes_from_a_browser(history: ChatHistory, kind: str) -> None:
    thread = be(BEN)
    sent = {
        "id": str(uuid.uuid4()), "threadId": thread, "type": kind, "name": "Sales Coach", "output": "99 % certain",
        "createdAt": "", "metadata": {"exchange": EXCHANGE, "avatarName": "default", "favorite": True},
    }  # fmt: skip
    made = Message.from_dict(sent).to_dict()  # type: ignore[arg-type]  # as Chainlit takes a message in
    await history.create_step(made)
    await history.update_step(made)
    again = await history.get_thread(thread)
    assert again is not None
    assert [one["metadata"] for one in again["steps"]] == [{"avatarName": "default"}]
    assert await history.exchanges(thread) == []


async def test_what_was_answered_comes_back_in_its_order_and_goes_with_its_message(history: ChatHistory) -> None:
    thread = be(ANNA)
    replies = [step(thread, f"{n}", "assistant_message") for n in range(3)]
    for number, reply in enumerate(replies):
        await history.keep_exchange(thread, reply["id"], {**EXCHANGE, "question": f"q{number}"})
        await history.create_step(reply)
    await history.update_step({**replies[0], "metadata": {"exchange": EXCHANGE}})
    assert [one.question for one in exchanges_of(await history.exchanges(thread))] == ["q0", "q1", "q2"]
    await history.delete_step(replies[1]["id"])
    assert [one["question"] for one in await history.exchanges(thread)] == ["q0", "q2"]
    be(BEN)
    with pytest.raises(InputError, match="somebody else"):
        await history.exchanges(thread)
    await history.keep_exchange(thread, replies[0]["id"], EXCHANGE)  # refused, which the log says
    be(ANNA, thread)
    assert [one["question"] for one in await history.exchanges(thread)] == ["q0", "q2"]
    await history.delete_thread(thread)
    assert await history.exchanges(thread) == []


def test_words_of_a_deleted_call_in_a_question_go_too(home: Settings) -> None:
    with ChatStore(home.history_file) as store:
        store.put_step(step("t", "34 %", "assistant_message", id="reply"), ANNA)
        said = "What if turn 2 had been “the zither orchestra is quite broke”?"
        store.put_exchange("t", "reply", {**EXCHANGE, "question": said}, ANNA)
        assert store.forget_call([], ["The zither orchestra is quite broke"]) == 1
    assert b"zither" not in everything(home)


@pytest.mark.parametrize(("owner", "n_kept"), [("local", 1), (ANNA, 0)])
def test_exchanges_of_before_are_trusted_where_there_was_one_user(home: Settings, owner: str, n_kept: int) -> None:
    with ChatStore(home.history_file) as store:
        for kind in ("assistant_message", "user_message"):
            store.put_step(step("t", "34 %", kind, id=kind), owner)  # type: ignore[arg-type]
    connection = sqlite3.connect(home.history_file)
    connection.execute("UPDATE steps SET step_metadata = ?", (json.dumps({"exchange": EXCHANGE}),))
    connection.executescript("DROP TABLE exchanges; DROP TABLE uploads; PRAGMA user_version = 1;")
    connection.close()
    with ChatStore(home.history_file) as store:
        assert store.exchanges("t", owner) == [EXCHANGE] * n_kept
        thread = store.thread("t")
    assert thread is not None
    assert [one["metadata"] for one in thread["steps"]] == [{}, {}]


# Calls


async def test_a_foreign_call_is_in_no_export_and_beside_no_answer(library: Library) -> None:
    be(BEN)
    annas = library.add_pasted(CALL, ANNA)
    coach = coach_of(library)
    exchange = Exchange("Show me.", "As in [T1].", [citing(annas), citing("pasted-0000000000")])
    forged = Conversation("Sales call", datetime.now(UTC), "m", "d", "offline", [exchange])
    for export in (export_markdown, export_html):
        seen = export(forged, lambda call_id: coach.call(call_id, BEN))
        assert "zither" not in seen
        assert seen.count(DELETED) == 2  # one that is there and one that isn't look alike
        assert "zither" in export(forged, lambda call_id: coach.call(call_id, ANNA))
    assert sources(coach, BEN, exchange.citations) == []
    assert len(sources(coach, ANNA, exchange.citations)) == 1


async def test_panels_charts_and_files_are_read_where_it_is_asked_whose_they_are(
    library: Library, history: ChatHistory
) -> None:
    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    [panel] = sources(coach_of(library), ANNA, [citing(library.add_pasted(CALL, ANNA))])
    await panel.send(for_id="m")
    assert panel.chainlit_key is None  # no file is made of it
    await history.create_element(panel)
    assert panel.url is not None
    served = await history.content(ANNA, panel.url.rpartition("/")[2])
    assert served is not None
    assert b"zither" in served.body
    assert await history.content(BEN, panel.id) is None


def test_a_button_takes_no_call_that_the_user_cant_see(library: Library, home: Settings) -> None:
    annas = library.add_pasted(CALL, ANNA)
    desk = desk_of(library, home, annas, BEN)
    for call_id in (annas, "pasted-0000000000"):
        with pytest.raises(InputError, match=f"There is no call '{call_id}'"):
            desk.call(call_id)
        with pytest.raises(InputError, match=f"There is no call '{call_id}'"):
            desk.coach.score_anyway(call_id, user=BEN)


async def test_a_button_that_was_not_offered_is_none(home: Settings) -> None:
    for sent in ({"number": 7}, {"number": -2}, {"number": "0"}, {}, None):
        be(BEN)
        answer_with({"payload": sent, "label": "**forged**", "name": "choose", "forId": "", "id": ""})
        assert await choose("Which?", {"a": 0, "b": 1}, other="None") is None
    answer_with({"payload": {"number": OTHER}, "label": "x", "name": "choose", "forId": "", "id": ""})
    assert await choose("Which?", {"a": 0, "b": 1}, other="None") == OTHER


async def test_a_question_reaches_no_call_that_the_user_cant_see(parts: Parts, settings: Settings) -> None:
    coach = build_coach(settings, parts)
    annas, bens = (coach.add_call(parts.library.get("ex-02").transcript.prefix(20), user) for user in (ANNA, BEN))
    with pytest.raises(InputError, match=f"There is no call '{annas}'"):
        await answer_of(coach, "Score this call.", annas, user=BEN)
    with pytest.raises(InputError, match="There is no call 'pasted-0000000000'"):
        await answer_of(coach, "Score this call.", "pasted-0000000000", user=BEN)
    other = coach.add_call(parts.library.get("ex-01").transcript.prefix(20), ANNA)
    await answer_of(coach, "Score this call.", annas, user=ANNA)
    await answer_of(coach, "Score this call.", other, user=ANNA)
    parts.library.delete_private(annas, ANNA)
    again = await answer_of(coach, "Score this call.", None, user=ANNA)
    assert {used.args["call_id"] for used in again.tool_calls if "call_id" in used.args} == {other}
    parts.library.delete_private(other, ANNA)
    with pytest.raises(InputError, match=f"There is no call '{other}'"):  # and no older one takes its place
        await answer_of(coach, "Score this call.", None, user=ANNA)
    assert parts.library.visible(bens, BEN)


async def test_no_whole_call_is_read_on_the_event_loop(
    parts: Parts, settings: Settings, history: ChatHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    coach = build_coach(settings, parts)
    threads: list[str] = []
    read = Coach.call

    def watched(self: Coach, call_id: str, user: str | None) -> LabelledCall:
        threads.append(threading.current_thread().name)
        return read(self, call_id, user)

    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    earlier, call_id = (coach.add_call(parts.library.get("ex-02").transcript.prefix(n), ANNA) for n in (21, 22))
    await history.add_call(thread, earlier)
    monkeypatch.setattr(Coach, "call", watched)
    exchange = await AnswerOnPage(coach, history, Preferences()).ask("Score this call.", call_id)
    assert exchange is not None
    assert exchange.citations
    assert len(threads) > 3  # for the tools, the line of the score, the sources and the call itself
    assert threading.main_thread().name not in threads


async def answer_of(coach: Coach, question: str, call_id: str | None, user: str) -> Answer:
    *_, answer = [event async for event in coach.ask(f"{user}/t", question, call_id, user=user)]
    assert isinstance(answer, Answer)
    return answer


# Elements


async def test_nothing_is_put_beside_anothers_message(history: ChatHistory, home: Settings) -> None:
    annas = be(ANNA)
    answer = step(annas, "Anna's answer", "assistant_message")
    await history.create_step(answer)
    bens = be(BEN)
    await history.create_step(step(bens, "Ben's question"))
    await history.create_element(Text(name="T1", content="the zither orchestra is quite broke", for_id=answer["id"]))
    await history.create_element(CustomElement(name="Forged", props={"a": "zither"}, for_id=answer["id"]))
    again = await history.get_thread(bens)
    assert again is not None
    assert again["elements"] == []
    with ChatStore(home.history_file) as store:
        assert store.forget_call([], ["the zither orchestra is quite broke"]) == 0


# Deleting


async def test_only_noted_uploads_go_and_nothing_that_happens_to_hold_the_words(
    history: ChatHistory, library: Library, home: Settings
) -> None:
    thread = be(ANNA)
    call_id = library.add_pasted(COMMON, ANNA)
    text = COMMON.text()
    own, others = upload_of(home, text), upload_of(home, text, session="another", name="v.txt")
    page = [home.home / "chat" / "8000" / place for place in ("public/coach.js", ".chainlit/config.toml")]
    for file in page:
        file.parent.mkdir(parents=True)
        file.write_text(f"// {text}")
    await history.create_step(step(thread, "Uploaded"))
    await history.create_element(File(name="u.txt", path=str(own), for_id="m", mime="text/plain"))
    await history.create_element(File(name="x", path=str(page[0]), for_id="m", mime="text/plain"))
    await history.add_call(thread, call_id, "m")
    await history.delete_thread(thread)
    assert not own.exists()
    assert all(file.exists() for file in (others, *page))
    with pytest.raises(InputError):
        library.get(call_id)


async def test_files_of_the_page_that_is_open_go_with_its_conversation(
    history: ChatHistory, home: Settings, tmp_path: Path
) -> None:
    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    file, elsewhere = upload_of(home, "zither"), tmp_path / "mine.txt"
    elsewhere.write_text("mine")
    [session] = ws_sessions_id.values()
    session.files = {
        name: {"id": name, "path": path, "name": name, "size": 1, "type": "text/plain"}
        for name, path in (("a", file), ("b", elsewhere))
    }
    be(BEN, thread)  # names the same conversation
    bens = upload_of(home, "Ben's", session="bens")
    ws_sessions_id[list(ws_sessions_id)[-1]].files = {
        "c": {"id": "c", "path": bens, "name": "c", "size": 1, "type": "text/plain"}
    }
    await history.delete_thread(thread)
    assert (file.exists(), elsewhere.exists(), bens.exists()) == (False, True, True)
    assert session.files == {}


async def test_deleting_a_conversation_takes_no_call_of_a_colleague(history: ChatHistory, library: Library) -> None:
    ids = {}
    threads = {}
    for user in (ANNA, BEN):
        threads[user] = be(user)
        ids[user] = library.add_pasted(CALL, user)
        await history.create_step(step(threads[user], "q"))
        await history.add_call(threads[user], ids[user], "m")
    await history.delete_thread(threads[ANNA])
    assert library.private_calls(ANNA) == []
    assert library.visible(ids[BEN], BEN).transcript.turns == CALL.turns


async def test_a_call_that_goes_while_it_waits_goes_from_who_was_to_confirm_it(
    history: ChatHistory, library: Library, home: Settings
) -> None:
    thread = be(ANNA)
    call_id = library.add_pasted(CALL, ANNA)
    await history.create_step(step(thread, "q"))
    await history.add_call(thread, call_id, "m")
    library.propose_outcome(call_id, "lost", ANNA)
    bens = be(BEN)
    shown = step(bens, "“The zither orchestra is quite broke”", "assistant_message")
    await history.create_step(shown)
    await history.quotes(shown["id"], [call_id])
    await history.delete_thread(thread)
    assert b"zither" not in everything(home)
    again = await history.get_thread(bens)
    assert again is not None
    assert [one["output"] for one in again["steps"]] == [CALL_DELETED]


def test_a_noted_file_that_is_no_upload_stays(home: Settings, tmp_path: Path) -> None:
    link = home.home / "chat" / "8000" / ".files" / "away"
    own, target = upload_of(home, "mine"), tmp_path / "target" / "u.txt"
    target.parent.mkdir()
    target.write_text("keep")
    link.symlink_to(target.parent)
    page = home.home / "chat" / "8000" / "public" / "s" / "coach.js"
    page.parent.mkdir(parents=True)
    page.write_text("keep")
    up = home.home / "chat" / "8000" / ".files" / "s" / ".." / ".." / "public" / "s" / "coach.js"
    assert remove_uploads(home.home, [own, link / "u.txt", target, page, up, home.library_file]) == 1
    assert not own.exists()
    assert target.exists()
    assert page.exists()


def test_what_closed_pages_left_is_swept(home: Settings) -> None:
    now = time.time()
    files = {name: upload_of(home, "zither", session=name) for name in ("open", "old", "young")}
    folder = files["old"].parent.parent
    (folder / "link").symlink_to(home.home)
    for name in ("open", "old"):
        for path in (files[name], files[name].parent):
            os.utime(path, (now - LEFT_AFTER_S - 60,) * 2)
    assert sweep(folder, {"open"}, now) == 1
    assert sorted(one.name for one in folder.iterdir()) == ["link", "open", "young"]
    assert home.home.is_dir()
    assert sweep(folder, {"open"}, now + LEFT_AFTER_S + 60) == 1
    assert sweep(folder / "nowhere", (), now) == 0


# Room


def test_what_stands_in_a_message_is_bounded(home: Settings) -> None:
    long = "x" * (MAX_STEP_CHARS + 1)
    with ChatStore(home.history_file) as store:
        beside = {"name": long, "language": long, "command": long, "modes": {"a": long}, "tags": [long]}
        for kind in ("assistant_message", "tool"):
            store.put_step({**step("t", long, kind), **beside, "input": long, "showInput": True}, ANNA)  # type: ignore[arg-type]
        store.update_thread("t", ANNA, metadata={"chat_settings": {"k": long}, "chat_profile": long})
        again = store.thread("t")
        with pytest.raises(InputError, match="no name of a conversation"):
            store.put_step(step(long, "x"), ANNA)
    assert again is not None
    for one in again["steps"]:
        assert len(one["output"]) == MAX_STEP_CHARS
        assert len(one["name"]) == len(one["language"]) == MAX_FIELD_CHARS
        assert (one["modes"], one["tags"]) == (None, None)
    assert len(json.dumps(again["metadata"])) < 2 * MAX_FIELD_CHARS


async def test_a_user_whose_conversations_take_too_much_is_told(home: Settings) -> None:
    history = ChatHistory(home.model_copy(update={"max_history_mb": 1}))
    thread = be(ANNA)
    await history.create_step(step(thread, "q"))
    await history.refuse_if_full()
    await history.create_element(Text(name="T1", content="x" * 1_000_001, for_id="m"))
    with pytest.raises(InputError, match=r"take more than 1 MB here.*Delete some"):
        await history.refuse_if_full()
    be(BEN)
    await history.refuse_if_full()
    await history.close()


# Homes of before


def test_calls_of_before_get_their_owner_from_the_conversations(home: Settings, library: Library) -> None:
    shared, unnamed = library.add_pasted(CALL), library.add_pasted(COMMON)
    with ChatStore(home.history_file) as store:
        for user in (ANNA, BEN):
            store.put_step(step(f"of {user}", "q"), user)
            store.add_call(f"of {user}", shared, "m", user)
    give_owners(home)
    give_owners(home)
    assert library.private_calls(ANNA) == [shared]
    assert library.private_calls(None) == [unnamed]  # the operator's
    with pytest.raises(InputError):
        library.visible(shared, BEN)


def test_without_a_library_nobody_gets_anything(home: Settings) -> None:
    give_owners(home)
    assert not home.library_file.exists()


# The second person


def desk_of(library: Library, home: Settings, call_id: str, user: str) -> Desk:
    async def nothing(*_: object) -> None:
        """Is asked and notes nothing."""

    return Desk(coach_of(library), home, Preferences(), call_id, user, [], nothing, nothing)


async def test_with_accounts_an_outcome_waits_for_a_colleague(library: Library, home: Settings) -> None:
    home.users_file.write_text("{}")
    call_id = library.add_pasted(CALL, ANNA)
    be(ANNA)
    answer_with({"payload": {"number": 0}, "label": "", "name": "choose", "forId": "", "id": ""})  # converted
    await chat_actions.outcome(desk_of(library, home, call_id, ANNA))
    assert (library.team_calls(), library.get(call_id).outcome) == ([], None)
    assert [one.outcome for one in library.proposals(BEN)] == ["converted"]
    assert [one.payload["do"] for one in buttons(abstained=False, unfolded=True, is_shared=True)][-1] == "waiting"
    assert "waiting" not in [one.payload["do"] for one in buttons(abstained=False, unfolded=True)]


async def test_a_colleague_reads_the_call_before_confirming_it(library: Library, home: Settings) -> None:
    call_id = library.add_pasted(CALL, ANNA)
    library.propose_outcome(call_id, None, ANNA)
    noted: list[Any] = []

    async def note(_: str, call_ids: Any) -> None:
        noted.extend(call_ids)

    pressed = [{"payload": {"number": n}, "label": "", "name": "choose", "forId": "", "id": ""} for n in (0, OTHER)]
    be(BEN)
    answer_with(*pressed)
    await chat_review.review(coach_of(library), home, BEN, note)
    assert noted == [call_id]
    assert len(library.proposals(BEN)) == 1  # it was left
    answer_with(pressed[0], {**pressed[0], "payload": {"number": 1}})
    await chat_review.review(coach_of(library), home, BEN, note)
    assert [(one.call_id, one.outcome) for one in library.team_calls()] == [(call_id, None)]
    answer_with()
    await chat_review.review(coach_of(library), home, BEN, note)  # asks nothing
    await asyncio.sleep(0)


def test_calls_of_the_team_are_everybodys(library: Library) -> None:
    library.add([make_call("team-1", "Rep: Hello.", "Customer: Hi.")])
    assert coach_of(library).call("team-1", BEN).call_id == "team-1"
