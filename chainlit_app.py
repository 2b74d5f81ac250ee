"""The chat page: Chainlit's events <-> the coach's, nothing else. Start it with ``coach chat``.

What each event does is in ``serving/chat/``; what is true comes from the coach.
"""

# Chainlit is not read by the type checker (see pyproject.toml), so its decorators are untyped to it.
# mypy: disallow-untyped-decorators=False

from typing import Any

import chainlit as cl

from salescoach.config import Settings
from serving.chat.hardening import harden
from serving.chat.history import ChatHistory
from serving.chat.intake import take_in
from serving.chat.offering import followed_by_buttons, press, stoppable
from serving.chat.page_state import page_state
from serving.chat.panel import preferences_of
from serving.chat.process import ChatProcess
from serving.chat.reopening import reopen
from serving.chat.welcome import offer_settings, profile
from serving.chat.welcome import starters as offered_starters
from serving.usecases.settled import settle

chat = ChatProcess(Settings.load())


@cl.on_app_startup
async def start() -> None:
    """Opens the coach before the first page is served, so that the first question doesn't wait for it."""
    await chat.start()
    settle()


@cl.on_app_shutdown
async def stop() -> None:
    """Closes what is held open."""
    await chat.close()


@cl.data_layer
def history() -> ChatHistory:
    """What was said and shown."""
    return chat.history()


@cl.set_chat_profiles
async def profiles(user: object = None, language: object = None) -> list[cl.ChatProfile]:
    """The welcome."""
    return [await profile(chat)]


@cl.set_starters
async def starters(user: object = None, language: object = None) -> list[cl.Starter]:
    """What to try first, and what waits for the user."""
    return await offered_starters(chat, user)


@cl.on_chat_start
async def begin() -> None:
    """A new conversation."""
    await offer_settings(chat)


@cl.on_chat_resume
async def resume(thread: dict[str, Any]) -> None:
    """Back in a conversation."""
    await reopen(chat, thread["id"])


@cl.on_settings_update
async def change_settings(values: dict[str, Any]) -> None:
    """From the next question on."""
    page_state().preferences = preferences_of(values)


@cl.on_message
async def on_message(message: cl.Message) -> None:
    """A call, pasted or uploaded, or a question."""
    async with followed_by_buttons(chat):
        coach = await chat.coach()
        await chat.history().refuse_if_full()
        await take_in(chat, coach, message)


@cl.action_callback("do")
async def on_action(action: cl.Action) -> None:
    """A button under an answer."""
    await stoppable(press(chat, str(action.payload.get("do"))))


harden(chat.settings, chat.history, chat.live)
