"""What came with a message: a call, pasted or in a file, a wish that the page offers, or a question."""

import asyncio
from pathlib import Path
from typing import Final

import chainlit as cl
from chainlit.element import Element

from agent.coach import Coach
from salescoach.errors import InputError
from salescoach.reading.labelled import is_table
from serving.chat.came_true_page import is_asked, show_came_true
from serving.chat.choosing import choose_row
from serving.chat.conversation import OpenConversation
from serving.chat.deals_page import DEALS, show_deals
from serving.chat.labels_page import LABELS, ask_labels
from serving.chat.process import ChatProcess
from serving.chat.review import review
from serving.chat.server import ROOT
from serving.usecases.outcomes import WAITING
from serving.usecases.reader_process import Reader

SAMPLE_CALL: Final = ROOT / "data" / "examples" / "02-income-protection-electrician.txt"
SAMPLE_REQUEST: Final = "Score a sample call"

MAX_FILES: Final = 3
MAX_QUESTION_CHARS: Final = 4_000


async def take_in(chat: ChatProcess, coach: Coach, message: cl.Message) -> None:
    """Does what a message asks for, and shows what comes of it.

    Raises:
        InputError: it is too long for a question, has too many files, or holds no call that can be read.
        CoachError: it can't be answered just now.
    """
    conversation = OpenConversation(chat, coach)
    text = message.content.strip()
    files = [element for element in message.elements if element.path]
    if files:
        await _take_files(conversation, chat.reader, message, files)
    elif text == SAMPLE_REQUEST:
        await _take_text(conversation, chat.reader, message, SAMPLE_CALL.read_text(encoding="utf-8"), "Sample call")
    elif text == WAITING:
        await review(coach, chat.settings, cl.context.session.user.identifier, chat.history().quotes)
    elif text == DEALS:
        await show_deals(coach, cl.context.session.user.identifier, chat.history().quotes)
    elif text == LABELS:
        await ask_labels(coach, chat.settings, cl.context.session.user.identifier, chat.history().quotes)
    elif is_asked(text):
        await show_came_true(coach, chat.settings, cl.context.session.user.identifier)
    elif await chat.reader.is_call(text):
        await _take_text(conversation, chat.reader, message, text, "Pasted call")
    elif len(text) > MAX_QUESTION_CHARS:
        await _refuse_wall(
            conversation,
            message,
            "That is too long for a question, and I can't read it as a call: "
            "a call has one line per turn, such as “Rep: …” and “Customer: …”.",
        )
    else:
        await conversation.ask(text)


async def _take_files(
    conversation: OpenConversation, reader: Reader, message: cl.Message, files: list[Element]
) -> None:
    question = message.content.strip()
    if len(question) > MAX_QUESTION_CHARS:
        await _refuse_wall(
            conversation,
            message,
            f"That is too long for a question beside a file; give at most {MAX_QUESTION_CHARS:,} characters.",
        )
    if len(files) > MAX_FILES:
        raise InputError(f"You gave {len(files)} files; give at most {MAX_FILES} at a time.")
    for file in files:
        title = f"Uploaded {file.name}"
        await conversation.shorten(message, question or title)
        content = await asyncio.to_thread(Path(file.path).read_bytes)
        if is_table(Path(file.name)):
            transcript = await choose_row(reader, content, file.name, conversation.team)
            if transcript is None:
                continue
        else:
            transcript = await reader.file(content, file.name, conversation.team)
        await conversation.take_call(message, transcript, title, question)


async def _take_text(
    conversation: OpenConversation, reader: Reader, message: cl.Message, text: str, title: str
) -> None:
    await conversation.shorten(message, title)
    await conversation.take_call(message, await reader.text(text, conversation.team), title)


async def _refuse_wall(conversation: OpenConversation, message: cl.Message, why: str) -> None:
    """What is too long doesn't stay: it may well be a call."""
    await conversation.shorten(message, f"Pasted text · {len(message.content.strip()):,} characters")
    raise InputError(why)
