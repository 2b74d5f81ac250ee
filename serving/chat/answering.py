"""An answer as it appears on the page: a step for each tool, charts of the score, the checked text, its sources."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Final, TypeVar

import chainlit as cl
from chainlit.element import Element
from chainlit.utils import utc_now
from plotly.graph_objects import Figure

from agent.answer import COACHED
from agent.coach import Answer, Coach, Event, Token, ToolFinished, ToolStarted, Waiting
from agent.preferences import Preferences
from agent.queue import Place
from salescoach.errors import CoachError, InputError
from salescoach.types import Citation, LabelledCall
from serving.chat import charts, view
from serving.chat import steps as chat_steps
from serving.chat.exchanges import Exchange, exchange_of, kept
from serving.chat.history import CONTENT_URL, ChatHistory, conversation
from serving.chat.page_state import page_state
from serving.chat.plotly_figures import page_json
from serving.chat.waiting import WaitingOnPage
from serving.usecases.ask import noting_scores
from tools.look_up_metrics import MetricsResult
from tools.score_call import ScoreResult
from tools.score_trajectory import TrajectoryResult

logger = logging.getLogger(__name__)

STOPPED: Final = "stopped"

Shown = TypeVar("Shown", bound=Element)


class AnswerOnPage:
    """Passes on what the coach does about one question, as it does it."""

    def __init__(self, coach: Coach, history: ChatHistory, preferences: Preferences) -> None:
        self._coach = coach
        self._history = history
        self._preferences = preferences
        self._waiting = WaitingOnPage()
        self._user: str = cl.context.session.user.identifier
        self._steps: dict[str, cl.Step] = {}
        self._stream = view.AnswerStream()
        self._reply: cl.Message | None = None
        self._charts: list[Element] = []

    async def ask(self, question: str, call_id: str | None = None) -> Exchange | None:
        """Asks the coach and shows what comes.

        Args:
            question: the user's words, without any transcript.
            call_id: a call that joins the conversation with this question.

        Returns:
            What was asked and answered; None where the answer never came.
        """
        thread_id = cl.context.session.thread_id
        try:
            with self._coach.queue.place(self._user) as place:
                asked = self._coach.ask(
                    conversation(self._user, thread_id), question, call_id, self._preferences,
                    calls=await self._calls(thread_id), place=place, user=self._user,
                )  # fmt: skip
                asked = noting_scores(asked, self._coach, "chat")
                # Closed at once where the user presses stop, so that the next question need not wait for this one.
                async with self._history.answering(thread_id), aclosing(asked) as events:
                    async for event in events:
                        if isinstance(event, Answer):
                            return await self._finish(question, event, call_id)
                        await self._show(event, place, is_new=call_id is not None)
        finally:
            await self._stop_steps()
        return None

    async def _show(self, event: Event, place: Place, *, is_new: bool) -> None:
        if isinstance(event, Waiting):
            await self._waiting.say(event.n_ahead)
            return
        await self._waiting.end()
        match event:
            case ToolStarted():
                await self._start_step(event)
            case ToolFinished():
                await self._finish_step(event)
                await self._draw(event, place, is_new=is_new)
            case Token():
                # Made at the first token: made earlier, it would stand above the steps.
                self._reply = self._reply or cl.Message(content="")
                await self._reply.stream_token(self._stream.feed(event.text))

    async def _calls(self, thread_id: str) -> Sequence[str]:
        """The conversation's calls, which the coach may have forgotten."""
        try:
            return await self._history.calls(thread_id)
        except CoachError as error:
            logger.error("The history does not say which calls a conversation is about: %s", error)
            return ()

    async def _start_step(self, event: ToolStarted) -> None:
        run = cl.context.current_step
        step = cl.Step(
            name=chat_steps.step_title(event.name),
            type="tool",
            show_input=False,
            parent_id=run.id if run is not None else None,
            metadata={"avatarName": "default"},  # else a step's name is looked up as a picture
        )
        step.start = utc_now()
        self._steps[event.id] = step
        await step.send()

    async def _finish_step(self, event: ToolFinished) -> None:
        step = self._steps.pop(event.id)
        step.name = chat_steps.step_result(event.name, event.result)
        step.output = chat_steps.step_details(event.result, event.text, event.args)
        step.is_error = event.result is None
        step.end = utc_now()
        await step.update()

    async def _stop_steps(self) -> None:
        """What was still running when the user pressed stop."""
        await self._waiting.end()
        for step in self._steps.values():
            step.name, step.is_error, step.end = f"{step.name}: {STOPPED}", True, utc_now()
            await step.update()

    async def _draw(self, event: ToolFinished, place: Place, *, is_new: bool) -> None:
        """Charts of what a tool found: a new call's score at once, the rest under the words."""
        match event.result:
            case ScoreResult() as score:
                page_state().abstained = score.probability_percent is None
                if is_new and score.probability_percent is not None:
                    message = cl.Message(content="", elements=[chart("Score", charts.gauge(score))])
                    await message.send()
                    # Elements that are sent together arrive in any order.
                    await (await self._trajectory(score)).send(for_id=message.id)
                    await self._history.quotes(message.id, [score.call_id])
            case TrajectoryResult() as found if found.probability_percent is not None and not is_new:
                score = await place.run(
                    partial(self._coach.score_anyway, found.call_id, self._preferences, user=self._user)
                )
                self._charts.append(await self._trajectory(score))
            case MetricsResult() as found:
                figure = charts.metric_bars(found, COACHED)
                if figure is not None:
                    self._charts.append(chart("Numbers", figure))

    async def _trajectory(self, score: ScoreResult) -> Element:
        return chart("Turns", charts.trajectory(score, (await self._call(score.call_id)).transcript.turns))

    async def _call(self, call_id: str) -> LabelledCall:
        """A whole call, read beside the event loop: the longest would hold everybody up."""
        return await asyncio.to_thread(self._coach.call, call_id, self._user)

    async def _finish(self, question: str, answer: Answer, call_id: str | None) -> Exchange:
        """Sends the whole text with its sources, in place of what was streamed."""
        reply = self._reply or cl.Message(content="")
        exchange = exchange_of(question, answer)
        reply.content = view.answer_markdown(answer.answer)
        reply.elements = [*self._charts, *await asyncio.to_thread(sources, self._coach, self._user, answer.citations)]
        if call_id is not None:
            reply.elements.append(whole_call(await self._call(call_id)))
            reply.content += f"\n\n{view.WHOLE_CALL}"
        await reply.send()
        await self._history.keep_exchange(reply.thread_id, reply.id, kept(exchange))
        quoted = {cited.call_id for cited in answer.citations}
        await self._history.quotes(reply.id, quoted | ({call_id} if call_id else set()))
        return exchange


def from_history(element: Shown) -> Shown:
    """An element that the page reads from the history instead of from a file.

    There it is asked whose it is, and it goes with its conversation.
    """
    element.url = f"{CONTENT_URL}{element.id}"
    return element


def chart(name: str, figure: Figure) -> Element:
    """A chart in the conversation."""
    element = cl.Plotly(name=name, figure=figure, display="inline", size="large")
    element.content = page_json(figure)
    return from_history(element)


def whole_call(call: LabelledCall) -> Element:
    """A whole call, to read beside the conversation."""
    panel = view.transcript_panel(call.transcript)
    return from_history(cl.Text(name=view.WHOLE_CALL, content=panel, display="side"))


def sources(coach: Coach, user: str, citations: Sequence[Citation]) -> list[Element]:
    """What the markers of an answer open beside the conversation; calls that the user can't see are left out."""
    found = []
    for cited in citations:
        try:
            panel = view.citation_panel(coach.call(cited.call_id, user), cited)
        except InputError:
            continue
        found.append(from_history(cl.Text(name=view.element_name(cited.marker), content=panel, display="side")))
    return found
