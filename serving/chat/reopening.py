"""A conversation that is opened again: it goes on where it was, also where an answer is still being made."""

import asyncio
import logging
from typing import Any, Final

import chainlit as cl

from serving.chat.exchanges import exchanges_of
from serving.chat.offering import offer_buttons
from serving.chat.page_state import PageState, page_state, renew_page_state
from serving.chat.panel import preferences_of
from serving.chat.process import ChatProcess
from serving.chat.welcome import offer_settings

logger = logging.getLogger(__name__)

# What the page is sent first when a thread is opened again has arrived by then.
RESUMED_SECONDS: Final = 0.3
FOLLOW_SECONDS: Final = 300


async def reopen(chat: ChatProcess, thread_id: str) -> None:
    """Takes up a thread. Where its answer is still being made, the page gets the thread again when it is done."""
    session, history = cl.context.session, chat.history()
    exchanges = exchanges_of(await history.exchanges(thread_id))
    renew_page_state(PageState(preferences=preferences_of(session.chat_settings), exchanges=exchanges))
    await offer_settings(chat)
    task = history.answering_task(thread_id)
    if task is not None:
        session.current_task = task  # the stop button stops it, as before
    chat.run_aside(_follow(chat, thread_id, task))


async def _follow(chat: ChatProcess, thread_id: str, task: asyncio.Task[Any] | None) -> None:
    await asyncio.sleep(RESUMED_SECONDS)
    if task is not None:
        logger.info("A question of a conversation that was opened again is still being worked on.")
        await cl.context.emitter.task_start()
        _, unfinished = await asyncio.wait([task], timeout=FOLLOW_SECONDS)
        if unfinished:
            logger.warning("An answer takes over %d s; the page that waits for it has to be reloaded.", FOLLOW_SECONDS)
        history = chat.history()
        if (again := await history.get_thread(thread_id)) is not None:
            page_state().exchanges = exchanges_of(await history.exchanges(thread_id))
            await cl.context.emitter.resume_thread(again)
        await cl.context.emitter.task_end()
    await offer_buttons(chat)
