"""The coach as its doors see it: calls go in, events come out."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START
from pydantic import BaseModel

from agent.chat_models import Wording
from agent.graph import RECURSION_LIMIT, UNGROUNDED, Graph
from agent.grounding import citations_of
from agent.memory import mend
from agent.preferences import Preferences
from salescoach.artifact import Manifest
from salescoach.errors import InputError
from salescoach.types import Citation, Frozen, LabelledCall, Transcript
from tools.parts import Parts
from tools.score_call import ScoreResult, score_call

logger = logging.getLogger(__name__)

FIRST_QUESTION = "Score this call."
DEFAULTS = Preferences()
_PIECE = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class ToolStarted:
    """A tool is about to run."""

    id: str
    name: str
    args: dict[str, Any]


@dataclass(frozen=True)
class ToolFinished:
    """A tool has run; ``result`` is None where the call was refused, and ``text`` says why."""

    id: str
    name: str
    args: dict[str, Any]
    result: BaseModel | None
    text: str


@dataclass(frozen=True)
class Token:
    """A piece of the verified answer."""

    text: str


class UsedTool(Frozen):
    """A tool call behind an answer."""

    name: str
    args: dict[str, Any]
    result: Any


class Answer(Frozen):
    """A verified answer. ``probability`` is the model's, where the call was scored for this question."""

    answer: str
    probability: float | None
    citations: tuple[Citation, ...]
    tool_calls: tuple[UsedTool, ...]
    llm: str
    grounded: bool


Event = ToolStarted | ToolFinished | Token | Answer


class Coach:
    """Answers questions about calls. One question at a time for each conversation."""

    def __init__(self, graph: Graph, parts: Parts, wording: Wording, wordings: Sequence[str] = ()) -> None:
        """``wordings``: names of all that may word an answer, among them that of ``wording``, which does by default."""
        self._graph = graph
        # A lock lives as long as somebody holds it or waits for it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.parts = parts
        self.wording = wording
        self.wordings = tuple(wordings) or (wording.name,)

    @property
    def manifest(self) -> Manifest:
        """Of the model that scores."""
        return self.parts.scorer.manifest

    def add_call(self, transcript: Transcript) -> str:
        """Keeps a pasted call in the library, privately, and returns the id that questions are bound to."""
        return self.parts.library.add_pasted(transcript)

    def call(self, call_id: str) -> LabelledCall:
        """A call of the library, to show what a citation points to.

        Raises:
            InputError: there is no such call.
        """
        return self.parts.library.get(call_id)

    def score_anyway(self, call_id: str, preferences: Preferences = DEFAULTS) -> ScoreResult:
        """The score of a call, with the model's uncalibrated number and what to think of it where the coach abstains.

        Raises:
            InputError: there is no such call.
            ModelError: there is no such method to score by.
        """
        scorer = self.parts.scorer.with_method(preferences.method)
        return score_call(replace(self.parts, scorer=scorer), call_id, force=True)

    async def ask(
        self, thread: str, question: str, call_id: str | None = None, preferences: Preferences = DEFAULTS
    ) -> AsyncGenerator[Event, None]:
        """Answers a question of a conversation: what the tools do, then the verified text, then the whole answer.

        Args:
            thread: names the conversation; it remembers its calls and answers.
            question: the user's words, without any transcript.
            call_id: a call that joins the conversation with this question and becomes "this call".
            preferences: what fills in whatever the question leaves open; it holds for this question only.

        Raises:
            InputError: nobody is there who could word the answer as preferred.
        """
        if (preferences.wording or self.wording.name) not in self.wordings:
            raise InputError(f"{preferences.wording} can't word answers here; choose from {', '.join(self.wordings)}.")
        lock = self._locks.setdefault(thread, asyncio.Lock())
        async with lock, aclosing(self._ask(thread, question, call_id, preferences)) as events:
            async for event in events:
                yield event

    async def _ask(
        self, thread: str, question: str, call_id: str | None, preferences: Preferences
    ) -> AsyncGenerator[Event, None]:
        config: Any = {"configurable": {"thread_id": thread}, "recursion_limit": RECURSION_LIMIT}
        await self._begin(config, question, call_id)
        started: dict[str, ToolStarted] = {}
        finished: list[ToolFinished] = []
        answer: AIMessage | None = None
        try:
            # The question is kept, so that a process that dies now has forgotten nothing; its end is kept next.
            async for update in self._graph.astream(
                None, config, context=preferences, stream_mode="updates", durability="exit"
            ):
                for node, change in update.items():
                    for event in _events(node, change, started):
                        if isinstance(event, ToolFinished):
                            finished.append(event)
                        yield event
                    answer = change.get("answer") or answer
        except GraphRecursionError:
            logger.exception("A question went round for too long.")
        answer = answer or AIMessage(UNGROUNDED, additional_kwargs={"grounded": False})
        for piece in _PIECE.findall(answer.text):
            yield Token(piece)
        yield self._answer(answer, finished, preferences.wording or self.wording.name)

    async def _begin(self, config: Any, question: str, call_id: str | None) -> None:
        """Keeps the question and the call that comes with it, after whatever an interrupted question left."""
        before = await self._graph.aget_state(config)
        if before.next:
            await self._graph.aupdate_state(config, None, as_node=END)
        calls = [known for known in before.values.get("calls", []) if known != call_id]
        entry: Any = {
            "messages": [*mend(before.values.get("messages", [])), HumanMessage(question)],
            "calls": calls + ([call_id] if call_id else []),
        }
        await self._graph.aupdate_state(config, entry, as_node=START)

    def _answer(self, message: AIMessage, finished: list[ToolFinished], llm: str) -> Answer:
        results = [event.result for event in finished if event.result is not None]
        scored = next((result for result in reversed(results) if isinstance(result, ScoreResult)), None)
        return Answer(
            answer=message.text,
            probability=scored.score.probability if scored else None,
            citations=tuple(citations_of(message.text, results)),
            tool_calls=tuple(
                UsedTool(
                    name=event.name,
                    args=event.args,
                    result=event.text if event.result is None else event.result.model_dump(mode="json"),
                )
                for event in finished
            ),
            llm=llm,
            grounded=bool(message.additional_kwargs["grounded"]),
        )


def _events(node: str, change: dict[str, Any], started: dict[str, ToolStarted]) -> list[Event]:
    events: list[Event] = []
    work = change.get("work", [])
    if node == "model":
        for call in work[-1].tool_calls:
            begun = ToolStarted(str(call["id"]), call["name"], dict(call["args"]))
            started[begun.id] = begun
            events.append(begun)
    if node == "tools":
        for message in work:
            if isinstance(message, ToolMessage) and message.tool_call_id in started:
                call = started.pop(message.tool_call_id)
                result = message.artifact if isinstance(message.artifact, BaseModel) else None
                events.append(ToolFinished(call.id, call.name, call.args, result, message.text))
    return events
