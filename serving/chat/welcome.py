"""What the page shows before anything is asked: who speaks, what to try, and what waits for the user."""

import asyncio
import logging

import chainlit as cl

from salescoach.errors import CoachError
from serving.chat import view
from serving.chat.came_true_page import CAME_TRUE
from serving.chat.deals_page import DEALS
from serving.chat.explained import SORRY, for_page
from serving.chat.intake import SAMPLE_REQUEST
from serving.chat.labels_page import LABELS
from serving.chat.page_state import page_state
from serving.chat.panel import widgets
from serving.chat.process import ChatProcess
from serving.usecases.outcomes import WAITING, has_accounts

logger = logging.getLogger(__name__)


async def profile(chat: ChatProcess) -> cl.ChatProfile:
    """The one profile there is; its description is the welcome, or says why there is no coach."""
    try:
        coach = await chat.coach()
        welcome = view.welcome(coach.manifest, coach.wording)
    except CoachError as error:
        welcome = view.welcome(None, None, for_page(error, chat.settings.home))
    except Exception:
        logger.exception("The coach could not be opened.")
        welcome = view.welcome(None, None, SORRY)
    return cl.ChatProfile(name="coach", markdown_description=welcome, icon="/public/favicon.svg", default=True)


async def starters(chat: ChatProcess, user: object) -> list[cl.Starter]:
    """What to try first; before that what colleagues' calls wait for the user."""
    waiting = [cl.Starter(label=WAITING, message=WAITING)] if await _is_awaited(chat, user) else []
    return [
        *waiting,
        cl.Starter(label=SAMPLE_REQUEST, message=SAMPLE_REQUEST),  # in this order two fit side by side on a phone
        cl.Starter(label=DEALS, message=DEALS),
        cl.Starter(label="Find similar won deals", message="Show me similar won deals."),
        cl.Starter(label=LABELS, message=LABELS),
        cl.Starter(label=CAME_TRUE, message=CAME_TRUE),
        cl.Starter(label="Why do we lose?", message="Why do we lose?"),
        cl.Starter(label="How good is the model?", message="How good is the model?"),
    ]


async def offer_settings(chat: ChatProcess) -> None:
    """The settings panel, as it is set on this page."""
    try:
        coach = await chat.coach()
    except CoachError:  # the welcome says so
        return
    await cl.ChatSettings(widgets(coach.wordings, coach.wording, page_state().preferences)).send()


async def _is_awaited(chat: ChatProcess, user: object) -> bool:
    if not isinstance(user, cl.User) or not has_accounts(chat.settings):
        return False
    try:
        coach = await chat.coach()
        return bool(await asyncio.to_thread(coach.parts.library.proposals, user.identifier))
    except CoachError:  # the welcome says so
        return False
