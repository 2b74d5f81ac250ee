"""The conversation of an open page: calls join it, it gets its name, and questions about it are answered."""

import asyncio

import chainlit as cl

from agent.coach import Coach
from agent.request import FIRST_QUESTION
from salescoach.errors import InputError
from salescoach.reading.team import Team
from salescoach.types import Transcript
from serving.chat import view
from serving.chat.actions import Desk
from serving.chat.answering import AnswerOnPage
from serving.chat.choosing import settle_roles
from serving.chat.exchanges import Exchange
from serving.chat.page_state import page_state
from serving.chat.process import ChatProcess
from serving.usecases.team import remember, saved_team


class OpenConversation:
    """The conversation of the page that the present event came from."""

    def __init__(self, chat: ChatProcess, coach: Coach) -> None:
        self._chat = chat
        self._coach = coach
        self._history = chat.history()
        self._user: str = cl.context.session.user.identifier

    @property
    def team(self) -> Team:
        """Who is on the user's side in all calls.

        Raises:
            CoachError: the saved names can't be read.
        """
        return saved_team(self._chat.settings, self._user)

    async def take_call(self, message: cl.Message, transcript: Transcript, title: str, question: str = "") -> None:
        """Shows a call as a card in place of its message, asks who is who where that is unclear, and scores it.

        Raises:
            InputError: the user has as many calls as may be kept.
            CoachError: the call can't be kept, or the question not be answered.
        """
        card = view.card(transcript, title)
        await self.shorten(message, f"{question}\n{card}" if question else card)
        transcript = await settle_roles(transcript, self._remember)
        call_id = await self._chat.run_whole(self._keep(message, transcript))
        exchange = await self.ask(question or FIRST_QUESTION, call_id)
        if exchange is not None and exchange.score is not None:
            await self._name(message, view.scored_name(exchange.score.probability_percent, message.content))

    async def ask(self, question: str, call_id: str | None = None) -> Exchange | None:
        """Answers a question on the page; ``call_id`` joins the conversation with it. None where no answer came."""
        page = page_state()
        exchange = await AnswerOnPage(self._coach, self._history, page.preferences).ask(question, call_id)
        if exchange is not None:
            page.exchanges.append(exchange)
        return exchange

    async def shorten(self, message: cl.Message, content: str) -> None:
        """Puts something shorter in the place of a message that held a call."""
        message.content = content
        await message.update()
        await self._name(message, content)

    async def desk(self) -> Desk:
        """What a button works with.

        Raises:
            InputError: there is no call in the conversation, or the user can't see it.
        """
        calls = await self._history.calls(cl.context.session.thread_id)
        if not calls:
            raise InputError("There is no call in this conversation yet; paste one, or upload it.")
        # Whatever a button does with it, the user may see it.
        await asyncio.to_thread(self._coach.call, calls[-1], self._user)
        page = page_state()
        return Desk(
            self._coach,
            self._chat.settings,
            page.preferences,
            calls[-1],
            self._user,
            page.exchanges,
            ask=self.ask,
            note=self._history.quotes,
        )

    async def _remember(self, names: list[str]) -> None:
        await asyncio.to_thread(remember, self._chat.settings, names, self._user)

    async def _keep(self, message: cl.Message, transcript: Transcript) -> str:
        """Keeps a call, and that the conversation is about it; without that nobody could delete the call."""
        at_most = self._chat.settings.max_private_calls
        call_id = await asyncio.to_thread(self._coach.add_call, transcript, self._user, at_most)
        await self._history.add_call(message.thread_id, call_id, message.id)
        return call_id

    async def _name(self, message: cl.Message, name: str) -> None:
        """Names the conversation after its first message."""
        if [known.id for known in cl.chat_context.get() if known.type == "user_message"] == [message.id]:
            await self._history.name_thread(message.thread_id, name)
            # Lets the page's list of conversations show the name.
            await cl.context.emitter.emit("first_interaction", {"interaction": name, "thread_id": message.thread_id})
