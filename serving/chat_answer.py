"""An answer as it appears on the page: a step for each tool, charts of the score, the checked text, its sources."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

import chainlit as cl
from agent.preferences import Preferences
from chainlit.element import Element
from chainlit.utils import utc_now

from agent.answer import COACHED
from agent.coach import Answer, Coach, Token, ToolFinished, ToolStarted
from salescoach.errors import InputError
from salescoach.types import Citation
from serving import chat_charts as charts
from serving import chat_steps
from serving import chat_view as view
from serving.chat_export import Exchange
from tools.look_up_metrics import MetricsResult
from tools.score_call import ScoreResult
from tools.score_trajectory import TrajectoryResult

# The page opens its side panel for every new element. After this time it has, and can be told to close it.
PANEL_SECONDS: Final = 0.3
STOPPED: Final = "stopped"


class AnswerOnPage:
    """Passes on what the coach does about one question, as it does it."""

    def __init__(self, coach: Coach, preferences: Preferences) -> None:
        self._coach = coach
        self._preferences = preferences
        self._steps: dict[str, cl.Step] = {}
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
        stream = view.AnswerStream()
        thread = cl.context.session.thread_id
        try:
            # Closed at once where the user presses stop, so that the next question need not wait for this one.
            async with aclosing(self._coach.ask(thread, question, call_id, self._preferences)) as events:
                async for event in events:
                    match event:
                        case ToolStarted():
                            await self._start_step(event)
                        case ToolFinished():
                            await self._finish_step(event)
                            await self._draw(event, is_new=call_id is not None)
                            if isinstance(event.result, ScoreResult):
                                cl.user_session.set("abstained", event.result.probability_percent is None)
                        case Token():
                            # Made at the first token: made earlier, it would stand above the steps.
                            self._reply = self._reply or cl.Message(content="")
                            await self._reply.stream_token(stream.feed(event.text))
                        case Answer():
                            return await self._finish(question, event, call_id)
        finally:
            await self._stop_steps()
        return None

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
        for step in self._steps.values():
            step.name, step.is_error, step.end = f"{step.name}: {STOPPED}", True, utc_now()
            await step.update()

    async def _draw(self, event: ToolFinished, *, is_new: bool) -> None:
        """Charts of what a tool found: a new call's score at once, the rest under the words."""
        match event.result:
            case ScoreResult() as score if is_new and score.probability_percent is not None:
                turns = self._coach.call(score.call_id).transcript.turns
                drawn = [plotly("Score", charts.gauge(score)), plotly("Turns", charts.trajectory(score, turns))]
                await cl.Message(content="", elements=drawn).send()
            case TrajectoryResult() as found if found.probability_percent is not None and not is_new:
                score = self._coach.score(found.call_id)
                turns = self._coach.call(found.call_id).transcript.turns
                self._charts.append(plotly("Turns", charts.trajectory(score, turns)))
            case MetricsResult() as found:
                figure = charts.metric_bars(found, COACHED)
                if figure is not None:
                    self._charts.append(plotly("Numbers", figure))

    async def _finish(self, question: str, answer: Answer, call_id: str | None) -> Exchange:
        """Sends the whole text with its sources, in place of what was streamed."""
        reply = self._reply or cl.Message(content="")
        exchange = Exchange(
            question=question, answer=answer.answer, citations=answer.citations, llm=answer.llm, at=utc_now()
        )
        reply.content = view.answer_markdown(answer.answer)
        reply.elements = [*self._charts, *sources(self._coach, answer.citations)]
        if call_id is not None:
            whole = view.transcript_panel(self._coach.call(call_id).transcript)
            reply.elements.append(cl.Text(name=view.WHOLE_CALL, content=whole, display="side"))
            reply.content += f"\n\n{view.WHOLE_CALL}"
        reply.metadata = {"exchange": exchange.model_dump(mode="json")}
        await reply.send()
        if reply.elements:
            await asyncio.sleep(PANEL_SECONDS)
            await cl.ElementSidebar.set_elements([])
        return exchange


def plotly(name: str, figure: object) -> Element:
    """A chart in the conversation."""
    return cl.Plotly(name=name, figure=figure, display="inline", size="large")


def sources(coach: Coach, citations: Sequence[Citation]) -> list[Element]:
    """What the markers of an answer open beside the conversation; calls deleted since are left out."""
    found = []
    for cited in citations:
        try:
            panel = view.citation_panel(coach.call(cited.call_id), cited)
        except InputError:
            continue
        found.append(cl.Text(name=view.element_name(cited.marker), content=panel, display="side"))
    return found
