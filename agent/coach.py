"""The coach as its doors see it: calls go in, events come out."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import END, START
from pydantic import BaseModel

from agent.chat_models import Wording
from agent.checkpoints import ConversationSaver
from agent.graph import RECURSION_LIMIT, UNGROUNDED, Asking, Graph
from agent.memory import mend
from agent.preferences import Preferences
from agent.queue import Place, WorkQueue
from salescoach.errors import InputError
from salescoach.model.artifact import Manifest
from salescoach.types import Citation, Frozen, LabelledCall, Transcript
from tools.parts import Parts
from tools.score_call import ScoreResult, score_call

logger = logging.getLogger(__name__)

DEFAULTS = Preferences()
BEGUN_ANEW = "*What was said in this conversation before can't be read any more, so I begin anew.*"
_PIECE = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class Waiting:
    """Other questions come first: ``n_ahead`` of them. Said now and then while it is so."""

    n_ahead: int


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
    """An answer. ``probability`` is the model's, where the call was scored for this question.

    ``grounded``: whether all of it was checked; ``not_checked``: what a language model says itself in it, which stands
    apart there under its title.
    """

    answer: str
    probability: float | None
    citations: tuple[Citation, ...]
    tool_calls: tuple[UsedTool, ...]
    llm: str
    grounded: bool
    not_checked: tuple[str, ...] = ()


Event = Waiting | ToolStarted | ToolFinished | Token | Answer


class Coach:
    """Answers questions about calls. One question at a time for each conversation."""

    def __init__(
        self,
        graph: Graph,
        parts: Parts,
        wording: Wording,
        wordings: Sequence[str] = (),
        queue: WorkQueue | None = None,
    ) -> None:
        """``wordings``: names of all that may word an answer, among them that of ``wording``, which does by default.

        ``queue``: where questions, and other heavy work with calls, wait for their turn.
        """
        self._graph = graph
        self.queue = queue or WorkQueue()
        # A lock lives as long as somebody holds it or waits for it.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.parts = parts
        self.wording = wording
        self.wordings = tuple(wordings) or (wording.name,)

    @property
    def manifest(self) -> Manifest:
        """Of the model that scores."""
        return self.parts.scorer.manifest

    def add_call(self, transcript: Transcript, owner: str | None = None, at_most: int | None = None) -> str:
        """Keeps a pasted call in the library, privately, and returns the id that questions are bound to.

        Args:
            transcript: of the call.
            owner: the user of the chat who alone sees it; None: the operator, at the command line.
            at_most: how many such calls an owner may have.

        Raises:
            InputError: the owner has that many.
        """
        return self.parts.library.add_pasted(transcript, owner, at_most)

    def call(self, call_id: str, user: str | None) -> LabelledCall:
        """A call of the library, if the user may see it. The operator, None, may see all.

        Raises:
            InputError: there is no such call, or it is somebody else's.
        """
        library = self.parts.library
        return library.get(call_id) if user is None else library.visible(call_id, user)

    def score_anyway(
        self, call_id: str, preferences: Preferences = DEFAULTS, *, user: str | None = None
    ) -> ScoreResult:
        """The score of a call, with the model's uncalibrated number and what to think of it where the coach abstains.

        Raises:
            InputError: there is no such call, or it is somebody else's than the user's.
            ModelError: there is no such method to score by.
        """
        self.call(call_id, user)
        scorer = self.parts.scorer.with_method(preferences.method)
        return score_call(replace(self.parts, scorer=scorer), call_id, force=True)

    async def ask(
        self,
        thread: str,
        question: str,
        call_id: str | None = None,
        preferences: Preferences = DEFAULTS,
        *,
        calls: Sequence[str] = (),
        place: Place | None = None,
        user: str | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Answers a question of a conversation: what the tools do, then the verified text, then the whole answer.

        Args:
            thread: names the conversation; it remembers its calls and answers.
            question: the user's words, without any transcript.
            call_id: a call that joins the conversation with this question and becomes "this call".
            preferences: what fills in whatever the question leaves open; it holds for this question only.
            calls: ids of the conversation's calls, oldest first, where whoever asks knows them: its memory may be lost.
            place: in the queue, where whoever asks has more to do in the same turn.
            user: who asks; None: the operator, who may see every call.

        Raises:
            InputError: nobody is there who could word the answer as preferred, or there is no such call for the user.
            CoachError: too many questions wait already, of all users or of this one.
        """
        if (preferences.wording or self.wording.name) not in self.wordings:
            raise InputError(f"{preferences.wording} can't word answers here; choose from {', '.join(self.wordings)}.")
        lock = self._locks.setdefault(thread, asyncio.Lock())
        with nullcontext(place) if place else self.queue.place(user) as own:
            asked = self._ask(thread, question, call_id, calls, Asking(own, preferences), user)
            async with lock, aclosing(asked) as events:
                async for event in events:
                    yield event

    async def forget(self, thread: str) -> None:
        """Drops what is remembered of a conversation."""
        if isinstance(self._graph.checkpointer, BaseCheckpointSaver):
            await self._graph.checkpointer.adelete_thread(thread)

    async def _ask(
        self,
        thread: str,
        question: str,
        call_id: str | None,
        calls: Sequence[str],
        asking: Asking,
        user: str | None,
    ) -> AsyncGenerator[Event, None]:
        config: Any = {"configurable": {"thread_id": thread}, "recursion_limit": RECURSION_LIMIT}
        is_lost = await self._begin(config, question, call_id, calls, user)
        async with aclosing(asking.place.wait()) as waiting:
            async for n_ahead in waiting:
                yield Waiting(n_ahead)
        started: dict[str, ToolStarted] = {}
        finished: list[ToolFinished] = []
        answer: AIMessage | None = None
        try:
            # The question is kept, so that a process that dies now has forgotten nothing; its end is kept next.
            async for update in self._graph.astream(
                None, config, context=asking, stream_mode="updates", durability="exit"
            ):
                for node, change in update.items():
                    for event in _events(node, change, started):
                        if isinstance(event, ToolFinished):
                            finished.append(event)
                        yield event
                    answer = change.get("answer") or answer
        except GraphRecursionError:
            logger.exception("A question went round for too long.")
        asking.place.give_up()
        answer = answer or AIMessage(UNGROUNDED, additional_kwargs={"grounded": False, "citations": ()})
        text = f"{answer.text}\n\n{BEGUN_ANEW}" if is_lost else answer.text
        for piece in _PIECE.findall(text):
            yield Token(piece)
        yield self._answer(text, answer.additional_kwargs, finished, asking.preferences.wording or self.wording.name)

    async def _begin(
        self, config: Any, question: str, call_id: str | None, calls: Sequence[str], user: str | None
    ) -> bool:
        """Keeps the question and its calls, after whatever an interrupted question left.

        Returns:
            Whether what was said before was lost.
        """
        before = await self._graph.aget_state(config)
        if before.next:
            await self._graph.aupdate_state(config, None, as_node=END)
        known = [one for one in before.values.get("calls", []) if one not in calls] + list(calls)
        about = [one for one in known if one != call_id] + ([call_id] if call_id else [])
        entry: Any = {
            "messages": [*mend(before.values.get("messages", [])), HumanMessage(question)],
            "calls": about if user is None else await asyncio.to_thread(self._visible, about, user),
        }
        await self._graph.aupdate_state(config, entry, as_node=START)
        memory, thread = self._graph.checkpointer, config["configurable"]["thread_id"]
        is_new = call_id is not None and not set(calls) - {call_id}
        return isinstance(memory, ConversationSaver) and memory.has_begun_anew(thread) and not is_new

    def _visible(self, calls: list[str], user: str) -> list[str]:
        """Those of a conversation's calls that the user may see: tools take no others.

        Raises:
            InputError: the last one, which is "this call", isn't among them.
        """
        seen = []
        for known in calls[:-1]:
            with suppress(InputError):
                self.call(known, user)
                seen.append(known)
        for known in calls[-1:]:
            self.call(known, user)
            seen.append(known)
        return seen

    def _answer(self, text: str, known: dict[str, Any], finished: list[ToolFinished], llm: str) -> Answer:
        """``known``: what the check found of it."""
        results = [event.result for event in finished if event.result is not None]
        scored = next((result for result in reversed(results) if isinstance(result, ScoreResult)), None)
        return Answer(
            answer=text,
            probability=scored.score.probability if scored else None,
            citations=tuple(known["citations"]),
            tool_calls=tuple(
                UsedTool(
                    name=event.name,
                    args=event.args,
                    result=event.text if event.result is None else event.result.model_dump(mode="json"),
                )
                for event in finished
            ),
            llm=llm,
            grounded=bool(known["grounded"]),
            not_checked=tuple(known.get("not_checked", ())),
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
