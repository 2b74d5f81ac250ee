"""What the page makes of a message: a call joins the conversation, a wish is done, a wall of text doesn't stay."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import chainlit as cl
import pytest

from agent.chat_models import Wording
from agent.coach import Coach
from agent.queue import BUSY, MAX_OF_OWNER, WorkQueue
from agent.request import FIRST_QUESTION
from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.library import Library
from salescoach.reading.transcripts import parse_transcript, transcript_of
from salescoach.types import Transcript
from serving.chat.answering import AnswerOnPage
from serving.chat.asking import OTHER
from serving.chat.choosing import choose_row, settle_roles
from serving.chat.conversation import OpenConversation
from serving.chat.exchanges import Exchange
from serving.chat.explained import SORRY, explained
from serving.chat.intake import MAX_FILES, MAX_QUESTION_CHARS, SAMPLE_REQUEST, take_in
from serving.chat.offering import followed_by_buttons, offer_buttons, press
from serving.chat.page_state import page_state
from serving.chat.process import ChatProcess
from serving.chat.reopening import reopen
from serving.usecases.outcomes import WAITING
from serving.usecases.reader_process import Reader
from tests.open_pages import ANNA, answer_with, be, home, no_page_is_left, shown_from_now_on, step
from tools.parts import Parts

__all__ = ["home", "no_page_is_left"]  # fixtures

CALL = "Rep: How is the zither orchestra doing?\nCustomer: The zither orchestra is quite broke."
TABLE = "call_id,call_transcript\n" + "\n".join(f'deal-{n},"Rep: Hi {n}.\nCustomer: Ho."' for n in range(1, 9))


@pytest.fixture
def library(home: Settings) -> Iterator[Library]:
    with Library(home.library_file) as opened:
        yield opened


@pytest.fixture
async def chat(home: Settings, library: Library, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatProcess]:
    """A process whose coach has a library and nothing else, and answers every question with the same words."""
    opened = ChatProcess(home)
    coach = Coach(None, Parts(library, None, None), Wording(None, "offline", None))  # type: ignore[arg-type]

    async def the_coach() -> Coach:
        return coach

    async def answered(page: AnswerOnPage, question: str, call_id: str | None = None) -> Exchange:
        return Exchange(question, f"About {call_id}.")

    monkeypatch.setattr(opened, "coach", the_coach)
    monkeypatch.setattr(AnswerOnPage, "ask", answered)
    yield opened
    await opened.close()


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    one = Reader()
    yield one
    await one.close()


async def given(chat: ChatProcess, text: str, *files: tuple[str, str], folder: Path | None = None) -> cl.Message:
    """A message with files, as the page sends it, and what becomes of it."""
    message = cl.Message(content=text, type="user_message")
    for name, content in files:
        assert folder is not None
        (folder / name).write_text(content)
        message.elements.append(cl.File(name=name, path=str(folder / name), mime="text/plain"))
    await chat.history().create_step(step(message.thread_id, text, id=message.id))
    cl.chat_context.add(message)
    await take_in(chat, await chat.coach(), message)
    return message


def pressed(number: int) -> dict[str, Any]:
    return {"payload": {"number": number}, "label": "", "name": "choose", "forId": "", "id": ""}


def typed_in(text: str) -> dict[str, Any]:
    return {**step("t", text), "createdAt": "2026-11-21T10:00:00Z"}


# What came


async def test_a_pasted_call_becomes_a_card_and_joins_the_conversation(chat: ChatProcess, library: Library) -> None:
    thread = be(ANNA)
    message = await given(chat, CALL)
    assert message.content == "Pasted call · 2 turns · Rep, Customer"
    [call_id] = library.private_calls(ANNA)
    assert await chat.history().calls(thread) == (call_id,)
    assert [(one.question, one.answer) for one in page_state().exchanges] == [(FIRST_QUESTION, f"About {call_id}.")]
    kept = await chat.history().get_thread(thread)
    assert kept is not None
    assert kept["name"] == message.content


async def test_a_question_with_a_file_is_asked_about_its_call(
    chat: ChatProcess, library: Library, tmp_path: Path
) -> None:
    be(ANNA)
    message = await given(chat, "Why did we lose?", ("call.txt", CALL), folder=tmp_path)
    assert message.content == "Why did we lose?\nUploaded call.txt · 2 turns · Rep, Customer"
    assert [one.question for one in page_state().exchanges] == ["Why did we lose?"]
    assert len(library.private_calls(ANNA)) == 1


async def test_a_file_is_read_under_its_name(
    chat: ChatProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(ANNA)
    asked, run = list[tuple[Any, ...]](), chat.reader._run

    async def noted(*args: Any, **named: Any) -> Any:
        asked.append(args)
        return await run(*args, **named)

    monkeypatch.setattr(chat.reader, "_run", noted)
    await given(chat, "", ("call.txt", CALL), folder=tmp_path)
    assert asked == [(transcript_of, CALL.encode(), "call.txt")]


async def test_every_file_of_a_message_is_taken_and_a_table_asks_for_its_row(
    chat: ChatProcess, library: Library, tmp_path: Path
) -> None:
    be(ANNA)
    answer_with(pressed(3))
    await given(chat, "", ("call.txt", CALL), ("deals.csv", TABLE), folder=tmp_path)
    texts = [library.get(call_id).transcript.turns[0].text for call_id in library.private_calls(ANNA)]
    assert sorted(texts) == ["Hi 3.", "How is the zither orchestra doing?"]


async def test_a_row_that_is_none_of_them_leaves_the_conversation_as_it_was(
    chat: ChatProcess, library: Library, tmp_path: Path
) -> None:
    be(ANNA)
    answer_with(None)
    await given(chat, "", ("deals.csv", TABLE), folder=tmp_path)
    assert (library.private_calls(ANNA), page_state().exchanges) == ([], [])


async def test_what_the_page_offers_is_done(chat: ChatProcess, library: Library) -> None:
    be(ANNA)
    message = await given(chat, SAMPLE_REQUEST)
    assert message.content.startswith("Sample call · ")
    assert len(library.private_calls(ANNA)) == 1
    shown = shown_from_now_on()
    await given(chat, WAITING)
    assert "Nothing waits for you to confirm it." in shown


async def test_a_stop_while_a_call_is_kept_leaves_it_in_its_conversation(
    chat: ChatProcess, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = be(ANNA)
    is_begun, may_end, add = threading.Event(), threading.Event(), library.add_pasted

    def slow(*args: Any) -> str:
        is_begun.set()
        may_end.wait(10)
        return add(*args)

    monkeypatch.setattr(library, "add_pasted", slow)
    taking = asyncio.create_task(given(chat, CALL))
    await asyncio.to_thread(is_begun.wait, 10)
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    may_end.set()
    await chat.close()
    [call_id] = library.private_calls(ANNA)
    assert await chat.history().calls(thread) == (call_id,)
    await chat.history().delete_thread(thread)
    assert library.private_calls(ANNA) == []


async def test_any_other_words_are_a_question(chat: ChatProcess) -> None:
    be(ANNA)
    message = await given(chat, "  Why do we lose?  ")
    assert [one.question for one in page_state().exchanges] == ["Why do we lose?"]
    assert message.content == "  Why do we lose?  "


async def test_too_many_files_are_refused(chat: ChatProcess, tmp_path: Path) -> None:
    be(ANNA)
    files = [(f"{n}.txt", CALL) for n in range(MAX_FILES + 1)]
    with pytest.raises(InputError, match=f"You gave {MAX_FILES + 1} files; give at most {MAX_FILES}"):
        await given(chat, "", *files, folder=tmp_path)
    assert page_state().exchanges == []


@pytest.mark.parametrize("with_file", [False, True])
async def test_a_wall_of_text_is_refused_and_does_not_stay(chat: ChatProcess, tmp_path: Path, with_file: bool) -> None:
    thread = be(ANNA)
    files = [("call.txt", CALL)] if with_file else []
    wall = "x" * (MAX_QUESTION_CHARS + 1)
    with pytest.raises(InputError, match="too long for a question"):
        await given(chat, wall, *files, folder=tmp_path)
    assert page_state().exchanges == []
    kept = await chat.history().get_thread(thread)
    assert kept is not None
    assert kept["name"] == f"Pasted text · {MAX_QUESTION_CHARS + 1:,} characters"


# What only the user knows


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [
        ([pressed(2)], "Hi 2."),
        ([pressed(OTHER), typed_in("8")], "Hi 8."),
        ([pressed(OTHER), typed_in("deal-7")], "Hi 7."),
        ([None], None),
    ],
)
async def test_the_row_of_a_table_is_chosen(reader: Reader, answers: list[Any], chosen: str | None) -> None:
    be(ANNA)
    answer_with(*answers)
    found = await choose_row(reader, TABLE.encode(), "deals.csv")
    assert (found and found.turns[0].text) == chosen


async def test_a_row_that_is_not_there_is_said(reader: Reader) -> None:
    be(ANNA)
    answer_with(pressed(OTHER), typed_in("9"))
    with pytest.raises(InputError, match=r"deals\.csv has no such call.*from 1 to 8"):
        await choose_row(reader, TABLE.encode(), "deals.csv")


async def test_a_table_of_one_call_asks_nothing_unless_rows_were_left_out(reader: Reader) -> None:
    be(ANNA)
    one = 'call_id,call_transcript\na,"Rep: Hi.\nCustomer: Ho."\n'
    found = await choose_row(reader, one.encode(), "one.csv")
    assert found is not None
    answer_with(pressed(OTHER))
    assert await choose_row(reader, f"{one}b,\n".encode(), "one.csv") is None


async def test_what_was_assumed_of_a_table_is_among_the_warnings(reader: Reader) -> None:
    be(ANNA)
    rows = "Speaker\tText\nRep\tHi.\nCustomer\tHo.\n"
    found = await choose_row(reader, rows.encode(), "one.tsv")
    assert found is not None
    assert [turn.text for turn in found.turns] == ["Hi.", "Ho."]
    assert found.warnings[0].startswith("Each row was read as an utterance")


async def test_who_is_on_whose_side_is_asked_once_where_it_is_unclear() -> None:
    be(ANNA)
    kept = list[str]()

    async def remember(names: list[str]) -> None:
        kept.extend(names)

    async def settled(call: Transcript) -> dict[str, str]:
        return {turn.speaker: turn.role for turn in (await settle_roles(call, remember)).turns}

    named = parse_transcript("Dana: Hi there.\nBo: Hello you.\nDana: Shall we?\nBo: Yes, please.")
    answer_with(pressed(1))
    assert await settled(named) == {"Dana": "customer", "Bo": "rep"}
    assert kept == ["Bo"]
    answer_with(pressed(OTHER))
    assert await settle_roles(named, remember) == named
    clear = parse_transcript(CALL)
    assert await settle_roles(clear, remember) == clear
    three = parse_transcript("Dana: Hi.\nBo: Hello.\nUla: Shall we?\nDana: So.\nBo: Yes.\nUla: Fine.")
    answer_with(pressed(2), pressed(0))
    assert await settled(three) == {"Dana": "rep", "Bo": "customer", "Ula": "rep"}
    assert kept == ["Bo", "Ula", "Dana"]
    with_rep = parse_transcript("Rep: Hi.\nBo: Hello.\nUla: Shall we?\nRep: So.\nBo: Yes.\nUla: Fine.")
    answer_with(pressed(1))
    assert await settled(with_rep) == {"Rep": "rep", "Bo": "customer", "Ula": "rep"}


async def test_who_was_named_once_is_known_in_the_next_call(chat: ChatProcess, library: Library) -> None:
    be(ANNA)
    answer_with(pressed(1))
    await given(chat, "Dana: Hi there.\nBo Li: Hello you.\nDana: Shall we?\nBo Li: Yes, please.")
    await given(chat, "Ada: Good morning.\nBo Li: Morning.\nAda: Is it still on?\nBo Li: It is.")  # nothing is asked
    sides = [
        {turn.speaker: turn.role for turn in library.get(call_id).transcript.turns}
        for call_id in library.private_calls(ANNA)
    ]
    assert {"Ada": "customer", "Bo Li": "rep"} in sides
    assert {"Dana": "customer", "Bo Li": "rep"} in sides


# Buttons, errors, and a page that comes back


async def test_a_button_without_a_call_says_so(chat: ChatProcess) -> None:
    be(ANNA)
    shown = shown_from_now_on()
    await press(chat, "outcome")
    assert any("There is no call in this conversation yet" in text for text in shown)
    await press(chat, "forged")
    assert any("There is no such button" in text for text in shown)
    with pytest.raises(InputError, match="no call in this conversation"):
        await OpenConversation(chat, await chat.coach()).desk()


async def on_a_page_with_a_call(chat: ChatProcess, monkeypatch: pytest.MonkeyPatch) -> Coach:
    """The coach, whose every score is 34 % from now on, with a page open whose conversation has a call."""
    monkeypatch.setattr(Coach, "score_anyway", lambda *_, **__: SimpleNamespace(probability_percent=34))
    be(ANNA)
    await given(chat, CALL)
    return await chat.coach()


async def test_a_page_that_is_opened_again_takes_no_place_of_the_users_questions(
    chat: ChatProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    coach = await on_a_page_with_a_call(chat, monkeypatch)
    shown = shown_from_now_on()
    with ExitStack() as waiting:
        for _ in range(MAX_OF_OWNER):
            waiting.enter_context(coach.queue.place(ANNA))
        await offer_buttons(chat)
    assert page_state().buttons
    assert shown == []


async def test_a_question_that_finds_no_place_is_told_so_once(
    chat: ChatProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    coach = await on_a_page_with_a_call(chat, monkeypatch)
    shown = shown_from_now_on()
    coach.queue = WorkQueue(limit=0)
    async with followed_by_buttons(chat):
        with coach.queue.place(ANNA):
            pass
    assert shown == [BUSY]
    assert not page_state().buttons


async def test_an_error_is_a_sentence_on_the_page_and_names_no_folder(home: Settings) -> None:
    be(ANNA)
    shown = shown_from_now_on()
    async with explained(home.home):
        raise CoachError(f"The history {home.history_file} is damaged.")
    async with explained(home.home):
        raise ValueError("a secret of the program")
    assert shown[0].startswith("The history COACH\\_HOME/chat.sqlite is damaged")
    assert shown[1:] == [SORRY]


async def test_a_process_closes_everything_whatever_fails_and_opens_nothing_for_it(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    unused = ChatProcess(home)
    await unused.close()
    assert not home.history_file.exists()

    used, closed = ChatProcess(home), list[str]()

    async def aside() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            closed.append("what ran aside")

    async def fails() -> None:
        closed.append("the reader")
        raise OSError("as it was")

    close = used.history().close

    async def history_closes() -> None:
        closed.append("the history")
        await close()

    used.run_aside(aside())
    await asyncio.sleep(0)
    monkeypatch.setattr(used.reader, "close", fails)
    monkeypatch.setattr(used.history(), "close", history_closes)
    with pytest.raises(OSError, match="as it was"):
        await used.close()
    assert closed == ["what ran aside", "the reader", "the history"]


async def test_a_conversation_that_is_opened_again_has_its_exchanges(chat: ChatProcess) -> None:
    thread = be(ANNA)
    await chat.history().create_step(step(thread, "q"))
    await chat.history().keep_exchange(thread, "m", {"question": "Why?", "answer": "Because.", "citations": []})
    page_state().abstained = True
    be(ANNA, thread)
    await reopen(chat, thread)
    assert [one.question for one in page_state().exchanges] == ["Why?"]
    assert page_state().abstained is None
