"""The buttons of a conversation: they are about its newest call, and stand under its newest message alone."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import chainlit as cl

from agent.queue import NoPlaceError
from salescoach.errors import InputError
from serving.chat.actions import BUTTONS, MORE, buttons
from serving.chat.conversation import OpenConversation
from serving.chat.explained import explained
from serving.chat.page_state import page_state
from serving.chat.process import ChatProcess
from serving.chat.waiting import in_turn
from serving.usecases.outcomes import has_accounts


@asynccontextmanager
async def followed_by_buttons(chat: ChatProcess, *, unfolded: bool = False) -> AsyncIterator[None]:
    """While something is done there are no buttons; whatever fails is said, and the buttons follow."""
    for action in page_state().buttons:
        await action.remove()
    try:
        async with explained(chat.settings.home):
            yield
    finally:
        await offer_buttons(chat, unfolded=unfolded)


async def offer_buttons(chat: ChatProcess, *, unfolded: bool = False) -> None:
    """Puts the buttons under the newest message, where the conversation has a call; what fails is said.

    Nobody asked for them, so they are no question of the user's, and there are none where the queue is full.
    """
    async with explained(chat.settings.home):
        session, page, messages = cl.context.session, page_state(), cl.chat_context.get()
        calls = await chat.history().calls(session.thread_id)
        if not messages or not calls:
            return
        if page.abstained is None:  # a conversation that was opened again
            coach = await chat.coach()
            scored = partial(coach.score_anyway, calls[-1], page.preferences, user=session.user.identifier)
            try:
                score = await in_turn(coach, None, scored)
            except NoPlaceError:
                return
            page.abstained = score.probability_percent is None
        page.buttons = buttons(abstained=page.abstained, unfolded=unfolded, is_shared=has_accounts(chat.settings))
        for action in page.buttons:
            await action.send(for_id=messages[-1].id)


async def press(chat: ChatProcess, name: str) -> None:
    """Does what a button says."""
    async with followed_by_buttons(chat, unfolded=name == MORE):
        conversation = OpenConversation(chat, await chat.coach())
        button = BUTTONS.get(name)
        if button is None:
            raise InputError("There is no such button.")
        await chat.history().refuse_if_full()
        if name != MORE:
            await cl.Message(content=button.label, author="User", type="user_message").send()
        if button.question is not None:
            await conversation.ask(button.question)
        elif button.does is not None:
            await button.does(await conversation.desk())


async def stoppable(work: Coroutine[Any, Any, None]) -> None:
    """Runs what a button does as Chainlit runs a message: with the stop button, which cancels it."""
    session = cl.context.session
    session.current_task = task = asyncio.create_task(work)
    await cl.context.emitter.task_start()
    try:
        await asyncio.wait({task})
    finally:
        await cl.context.emitter.task_end()
