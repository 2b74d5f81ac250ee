"""The graph: model -> tools -> model … -> ground -> end.

Its promise is in the last node: nothing leaves it that code hasn't checked against this question's tool results.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from pydantic import BaseModel, ValidationError

from agent.arguments import wants_it_anyway
from agent.drafting import Drafter, DraftError, ToolsRefusedError
from agent.evidence import unfounded
from agent.grounding import read_draft
from agent.memory import cited, remembered
from agent.offline import answered
from agent.outgoing import outgoing
from agent.preferences import Preferences
from agent.prompts import CALLS_LEFT_OUT, REPAIR, system_message
from agent.queue import LIMIT_S, Place
from agent.state import MAX_TOOL_CALLS, CoachState
from agent.wording import with_method
from salescoach.errors import CoachError, without_paths
from salescoach.redact.sanitise import sanitise
from salescoach.types import Citation, MethodName
from tools.document import AnswerDocument, document

logger = logging.getLogger(__name__)

RESERVED_CALLS = 3  # of them, for the offline coach, until a tool has answered
MAX_REPAIRS = 1
MAX_PROBLEMS_TOLD = 5
RECURSION_LIMIT = 24  # above what the budget allows: six rounds of tools, three drafts, and their checks
QUESTION_DEADLINE_S = 60.0
MAX_SENT_CHARS = 48_000
UNGROUNDED = "I found something, but could not put it into words that I can vouch for. Please ask in another way."
FALLBACK_NOTE = "*The language model could not give a checked answer, so this is worded offline.*"
TOO_LONG = "That takes too long just now."
NO_TOOLS_NOTE = "*The language model's server can't call tools, so the offline coach chose what to look up.*"


@dataclass(frozen=True)
class Asking:
    """What holds for one question: its place in the queue of heavy work, and what its user prefers."""

    place: Place
    preferences: Preferences


Graph = CompiledStateGraph[CoachState, Asking, CoachState, CoachState]


@dataclass(frozen=True)
class GraphParts:
    """What the graph is made of.

    ``offline`` words the answer wherever ``model`` can't. ``deadline_s`` is for one reply of the model,
    ``question_deadline_s`` for all of them. ``has_schema``: whether the model may be sent a schema for its answer.
    ``tools_by``: the tools that score by a method; ``model_by``: the model that words answers under a name, for those
    that a user may choose; it gives ``offline`` itself for that one's name.
    """

    model: BaseChatModel
    offline: BaseChatModel
    tools: Sequence[BaseTool]
    deadline_s: float
    question_deadline_s: float = QUESTION_DEADLINE_S
    max_sent_chars: int = MAX_SENT_CHARS
    has_schema: bool = False
    tools_by: Callable[[MethodName], Sequence[BaseTool]] | None = None
    model_by: Callable[[str], BaseChatModel] | None = None


def make_graph(parts: GraphParts, checkpointer: BaseCheckpointSaver[Any]) -> Graph:
    """Compiles the graph of one coach."""
    nodes = _Nodes(parts)
    graph = StateGraph(CoachState, context_schema=Asking)
    graph.add_node("model", nodes.model)
    graph.add_node("tools", nodes.tools)
    graph.add_node("ground", nodes.ground)
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", _after_model)
    graph.add_edge("tools", "model")
    graph.add_conditional_edges("ground", _after_ground)
    return graph.compile(checkpointer=checkpointer)


class _Nodes:
    def __init__(self, parts: GraphParts) -> None:
        self._parts = parts
        self._tools = {tool.name: tool for tool in parts.tools}
        self._drafter = self._drafter_of(parts.model, has_schema=parts.has_schema)
        self._others: dict[str, Drafter | None] = {}

    def _drafter_of(self, model: BaseChatModel, *, has_schema: bool) -> Drafter | None:
        return None if model is self._parts.offline else Drafter(model, self._parts.tools, has_schema=has_schema)

    def _speaker(self, preferences: Preferences) -> Drafter | None:
        """Who drafts; None: the offline coach."""
        name, model_by = preferences.wording, self._parts.model_by
        if name is None or model_by is None:
            return self._drafter
        if name not in self._others:
            self._others[name] = self._drafter_of(model_by(name), has_schema=True)
        return self._others[name]

    async def model(self, state: CoachState, runtime: Runtime[Asking]) -> dict[str, Any]:
        """Drafts an answer or asks for tools; any failure of the language model is the offline coach's turn."""
        work = state.get("work", [])
        until = state.get("until") or _now() + self._parts.question_deadline_s
        asking = runtime.context
        speaker = self._speaker(asking.preferences)
        if speaker is not None and not state.get("offline"):
            try:
                reply = await self._draft(speaker, state, until, asking)
                return {"work": [*work, self._filled(reply, state, asking.preferences)], "until": until}
            # Servers of many makes stand behind this call, and they fail in ways of their own (bodies that aren't
            # JSON, empty lists of choices): none of them may end the question.
            except Exception as error:
                logger.warning("The language model failed (%s); the offline coach answers.", type(error).__name__)
        try:
            reply = await self._offline(state, MAX_TOOL_CALLS - state.get("n_tool_calls", 0), asking)
        except TimeoutError:
            logger.error("The offline coach took too long.")
            reply = answered(document(UNGROUNDED))
        return {"work": [*work, self._filled(reply, state, asking.preferences)], "until": until, "offline": True}

    async def tools(self, state: CoachState, runtime: Runtime[Asking]) -> dict[str, Any]:
        """Runs the tools that were asked for, on calls of this conversation only."""
        work = state["work"]
        asked = work[-1]
        assert isinstance(asked, AIMessage)
        asking = runtime.context
        replies: list[AnyMessage]
        try:
            tools = await asking.place.run(self._tools_by, asking.preferences.method)
            replies = [await self._run(tools, call, state.get("calls", []), asking.place) for call in asked.tool_calls]
        except CoachError as error:  # there is no such method to score by
            replies = [_refusal(call, str(error)) for call in asked.tool_calls]
        except TimeoutError:
            replies = [_refusal(call, TOO_LONG) for call in asked.tool_calls]
        if n_left_out := asked.additional_kwargs.get("n_left_out", 0):
            replies.append(SystemMessage(CALLS_LEFT_OUT.format(n=n_left_out, budget=MAX_TOOL_CALLS)))
        n_tool_calls = state.get("n_tool_calls", 0) + len(asked.tool_calls)
        return {"work": [*work, *replies], "n_tool_calls": n_tool_calls}

    async def ground(self, state: CoachState, runtime: Runtime[Asking]) -> dict[str, Any]:
        """Lets a grounded draft through, sends it back once, then lets the offline coach word the same results."""
        asking = runtime.context
        speaker, is_offline = self._speaker(asking.preferences), state.get("offline", False)
        try:
            seconds = LIMIT_S if is_offline else min(self._parts.deadline_s, state.get("until", 0.0) - _now())
            given = state["work"], state["messages"][-1].text, state.get("calls", [])
            found = await asking.place.run(_checked, *given, seconds=seconds)
        except TimeoutError:
            logger.warning("A draft could not be checked in time.")
            if not is_offline:
                return {"offline": True}
            found = _Checked(problems=["it could not be checked in time"])
        if found.problems and not is_offline:
            logger.warning("A draft of the language model was not grounded (%d problems).", len(found.problems))
            if state.get("n_repairs", 0) < MAX_REPAIRS:
                request = SystemMessage(REPAIR.format(problems="; ".join(found.problems[:MAX_PROBLEMS_TOLD])))
                return {"work": [*state["work"], request], "n_repairs": state.get("n_repairs", 0) + 1}
            return {"offline": True}
        text = found.text
        if found.problems:  # the offline coach's own words: a bug, which must not reach the user as a wrong number
            logger.error("The offline wording was not grounded: %s", found.problems)
        elif speaker is not None and is_offline:
            text = f"{text}\n\n{FALLBACK_NOTE}"
        elif speaker is not None and not speaker.can_call_tools:
            text = f"{text}\n\n{NO_TOOLS_NOTE}"
        known = {
            "grounded": not found.problems and not found.not_checked,
            "citations": found.citations,
            "not_checked": found.not_checked,
        }
        return {
            "answer": AIMessage(text, additional_kwargs=known),
            "messages": [AIMessage(found.kept)],
            "cited": cited(found.citations) or state.get("cited", []),
        }

    def _tools_by(self, method: MethodName | None) -> dict[str, BaseTool]:
        if method is None or self._parts.tools_by is None:
            return self._tools
        return {tool.name: tool for tool in self._parts.tools_by(method)}

    def _filled(self, reply: AIMessage, state: CoachState, preferences: Preferences) -> AIMessage:
        """The reply with what its tool calls leave open, and without a number that nobody asked to see."""
        if not reply.tool_calls:
            return reply
        given = {"k": preferences.n_precedents, "diversity": preferences.diversity}
        calls = []
        for call in reply.tool_calls:
            known = self._tools[call["name"]].args if call["name"] in self._tools else {}
            args = {**{name: value for name, value in given.items() if name in known}, **call["args"]}
            if "force" in args and not wants_it_anyway(state["messages"][-1].text):
                del args["force"]
            calls.append(ToolCall(name=call["name"], args=args, id=call["id"]))
        return AIMessage(reply.text, tool_calls=calls, additional_kwargs=reply.additional_kwargs)

    async def _draft(self, speaker: Drafter, state: CoachState, until: float, asking: Asking) -> AIMessage:
        """The language model's reply. Where its server can't call tools, the offline coach chooses them."""
        history, work = state["messages"], state.get("work", [])
        left = MAX_TOOL_CALLS - state.get("n_tool_calls", 0) - (0 if results_of(work) else RESERVED_CALLS)
        system = system_message(state.get("calls", []), state.get("cited", []), asking.preferences.detail)
        seconds = min(self._parts.deadline_s, until - _now())
        try:
            if speaker.can_call_tools:
                told = outgoing(system, history, work, max_chars=self._parts.max_sent_chars)
                reply = await speaker.draft(told, may_call=left > 0, seconds=seconds)
                return _usable(_within(_numbered(reply, state.get("n_tool_calls", 0)), left))
        except ToolsRefusedError:
            logger.warning("The language model's server can't call tools; the offline coach chooses them.")
        if not any(isinstance(message, ToolMessage) for message in work):
            plan = await self._offline(state, MAX_TOOL_CALLS - state.get("n_tool_calls", 0), asking)
            if plan.tool_calls:
                return plan
        told = outgoing(system, history, work, max_chars=self._parts.max_sent_chars, with_tools=False)
        seconds = min(self._parts.deadline_s, until - _now())
        return await speaker.draft(told, may_call=False, seconds=seconds)

    async def _offline(self, state: CoachState, left: int, asking: Asking) -> AIMessage:
        """What the offline coach makes of the question and of the results, whoever asked for them.

        Raises:
            TimeoutError: it took too long.
        """
        results = [message for message in state.get("work", []) if isinstance(message, ToolMessage)]
        system = system_message(state.get("calls", []), state.get("cited", []), asking.preferences.detail)
        told = [system, *state["messages"], *results]
        reply = await asking.place.run(self._parts.offline.invoke, told)
        return _within(reply, left)

    async def _run(self, tools: dict[str, BaseTool], call: ToolCall, calls: Sequence[str], place: Place) -> ToolMessage:
        tool = tools.get(call["name"])
        if tool is None:
            return _refusal(call, f"There is no tool {call['name']}; there are {', '.join(tools)}.")
        about = [value for name, value in call["args"].items() if _names_a_call(name)]
        if any(_names_a_call(name) for name in tool.args) and not about:
            return _refusal(call, f"Say which call by its call_id; this conversation has {', '.join(calls) or 'none'}.")
        if not all(isinstance(value, str) and value in calls for value in about):
            return _refusal(call, f"That call is not part of this conversation; its calls are {', '.join(calls)}.")
        try:
            reply = await place.run(tool.invoke, call, seconds=self._parts.question_deadline_s)
        except ValidationError as error:  # what the model can mend
            return _refusal(call, f"Wrong arguments: {error}")
        except CoachError as error:
            return _refusal(call, str(error))
        except TimeoutError:
            logger.warning("The tool %s took too long.", call["name"])
            return _refusal(call, TOO_LONG)
        assert isinstance(reply, ToolMessage)
        return reply


def results_of(messages: Sequence[AnyMessage]) -> list[BaseModel]:
    """The typed tool results among some messages."""
    return [m.artifact for m in messages if isinstance(m, ToolMessage) and isinstance(m.artifact, BaseModel)]


@dataclass(frozen=True)
class _Checked:
    """An answer as it may be shown and as it is remembered, or what is wrong with it."""

    text: str = UNGROUNDED
    kept: str = UNGROUNDED
    citations: Sequence[Citation] = ()
    not_checked: Sequence[str] = ()
    problems: Sequence[str] = ()


def _checked(work: Sequence[AnyMessage], question: str, calls: Sequence[str]) -> _Checked:
    """The answer that the last message brings along, or, where a language model wrote it, stands for."""
    results, last = results_of(work), work[-1]
    answer: AnswerDocument | None = last.additional_kwargs.get("document")
    problems: list[str] = []
    if answer is None:
        answer, problems = read_draft(sanitise(last.text), results, question, calls)
        answer = with_method(answer, results)
    if problems := [*problems, *unfounded(answer, results)]:
        return _Checked(problems=problems)
    return _Checked(sanitise(answer.markdown()), remembered(answer, results), answer.citations(), answer.not_checked())


def _after_model(state: CoachState) -> Literal["tools", "ground"]:
    last = state["work"][-1]
    return "tools" if isinstance(last, AIMessage) and last.tool_calls else "ground"


def _after_ground(state: CoachState) -> Literal["model", "__end__"]:
    return "__end__" if "answer" in state else "model"


def _names_a_call(argument: str) -> bool:
    return argument == "call_id" or argument.endswith("_call_id")


def _numbered(reply: AIMessage, n_before: int) -> AIMessage:
    """The reply with ids of ours for its tool calls: some servers give none, or the same one twice."""
    calls = [
        ToolCall(name=call["name"], args=call["args"], id=f"call-{number}")
        for number, call in enumerate(reply.tool_calls, start=n_before + 1)
    ]
    return AIMessage(reply.text, tool_calls=calls)


def _within(reply: AIMessage, budget: int) -> AIMessage:
    """The reply with no more tool calls than the budget allows."""
    n_left_out = max(len(reply.tool_calls) - max(budget, 0), 0)
    if not n_left_out:
        return reply
    kept = reply.tool_calls[: max(budget, 0)]
    return AIMessage(reply.text, tool_calls=kept, additional_kwargs={"n_left_out": n_left_out})


def _usable(reply: AIMessage) -> AIMessage:
    if not reply.tool_calls and not reply.text:
        raise DraftError("it asks for tools only, and may have no more")
    return reply


def _refusal(call: ToolCall, why: str) -> ToolMessage:
    return ToolMessage(without_paths(why), tool_call_id=str(call["id"]), name=call["name"], status="error")


def _now() -> float:
    return asyncio.get_running_loop().time()
