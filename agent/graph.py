"""The graph: model -> tools -> model … -> ground -> end.

Its promise is in the last node: nothing leaves it that code hasn't checked against this question's tool results.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, ValidationError

from agent.grounding import problems_of
from agent.prompts import REPAIR, system_message
from agent.sanitise import sanitise
from agent.state import CoachState
from salescoach.errors import InputError

logger = logging.getLogger(__name__)

MAX_TOOL_CALLS = 6
MAX_REPAIRS = 1
MAX_PROBLEMS_TOLD = 5
RECURSION_LIMIT = 24  # above what the budget allows: seven rounds of tools, one repair, one fallback
UNGROUNDED = "I found something, but could not put it into words that I can vouch for. Please ask in another way."
FALLBACK_NOTE = "*The language model could not give a checked answer, so this is worded offline.*"

Graph = CompiledStateGraph[CoachState, None, CoachState, CoachState]


@dataclass(frozen=True)
class GraphParts:
    """What the graph is made of. ``offline`` words the answer wherever ``model`` can't."""

    model: BaseChatModel
    offline: BaseChatModel
    tools: Sequence[BaseTool]
    deadline_s: float


def make_graph(parts: GraphParts, checkpointer: BaseCheckpointSaver[Any]) -> Graph:
    """Compiles the graph of one coach."""
    nodes = _Nodes(parts)
    graph = StateGraph(CoachState)
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
        self._bound = parts.model.bind_tools(list(parts.tools))

    async def model(self, state: CoachState) -> dict[str, Any]:
        """Drafts an answer or asks for tools; any failure of the language model is the offline coach's turn."""
        messages = [system_message(state.get("calls", [])), *state["messages"]]
        if not state.get("offline") and state.get("n_tool_calls", 0) < MAX_TOOL_CALLS:
            try:
                reply = await asyncio.wait_for(self._bound.ainvoke(messages), self._parts.deadline_s)
                if reply.tool_calls or reply.text.strip():
                    return {"messages": [reply]}
                logger.warning("The language model said nothing; the offline coach answers.")
            # Servers of many makes stand behind this call, and they fail in ways of their own (bodies that aren't
            # JSON, empty lists of choices): none of them may end the question.
            except Exception as error:
                logger.warning("The language model failed (%s); the offline coach answers.", type(error).__name__)
        return {"messages": [await asyncio.to_thread(self._parts.offline.invoke, messages)], "offline": True}

    async def tools(self, state: CoachState) -> dict[str, Any]:
        """Runs the tools that were asked for, on calls of this conversation only and within the budget."""
        asked = state["messages"][-1]
        assert isinstance(asked, AIMessage)
        used = state.get("n_tool_calls", 0)
        replies = []
        for number, call in enumerate(asked.tool_calls, start=used + 1):
            if number > MAX_TOOL_CALLS and not state.get("offline"):
                replies.append(_refusal(call, "No more tools for this question; answer from what you have."))
            else:
                replies.append(await asyncio.to_thread(self._run, call, state.get("calls", [])))
        return {"messages": replies, "n_tool_calls": used + len(asked.tool_calls)}

    async def ground(self, state: CoachState) -> dict[str, Any]:
        """Lets a grounded draft through, sends it back once, then lets the offline coach word the same results."""
        question, since = current_question(state["messages"])
        draft = sanitise(since[-1].text)
        problems = problems_of(draft, results_of(since), question.text, state.get("calls", []))
        is_offline = state.get("offline", False) or self._parts.model is self._parts.offline
        if problems and not is_offline:
            logger.warning("A draft of the language model was not grounded (%d problems).", len(problems))
            if state.get("n_repairs", 0) < MAX_REPAIRS:
                request = SystemMessage(REPAIR.format(problems="; ".join(problems[:MAX_PROBLEMS_TOLD])))
                return {"messages": [request], "n_repairs": state.get("n_repairs", 0) + 1}
            drafts = [RemoveMessage(id=str(m.id)) for m in since if not isinstance(m, ToolMessage) and not _calls(m)]
            return {"messages": drafts, "offline": True}
        if problems:  # the offline coach's own words: a bug, which must not reach the user as a wrong number
            logger.error("The offline wording was not grounded: %s", problems)
            draft = UNGROUNDED
        elif state.get("offline", False) and self._parts.model is not self._parts.offline:
            draft = f"{draft}\n\n{FALLBACK_NOTE}"
        answer = AIMessage(draft, additional_kwargs={"grounded": not problems})
        return {"messages": [*(RemoveMessage(id=str(message.id)) for message in since), answer]}

    def _run(self, call: ToolCall, calls: Sequence[str]) -> ToolMessage:
        tool = self._tools.get(call["name"])
        if tool is None:
            return _refusal(call, f"There is no tool {call['name']}; there are {', '.join(self._tools)}.")
        if "call_id" in tool.args and call["args"].get("call_id") not in calls:
            return _refusal(call, f"That call is not part of this conversation; its calls are {', '.join(calls)}.")
        try:
            reply = tool.invoke(call)
        except (ValidationError, InputError) as error:  # what the model can mend
            return _refusal(call, str(error) if isinstance(error, InputError) else f"Wrong arguments: {error}")
        assert isinstance(reply, ToolMessage)
        return reply


def current_question(messages: Sequence[AnyMessage]) -> tuple[HumanMessage, list[AnyMessage]]:
    """The user's last message and everything after it."""
    for row in range(len(messages) - 1, -1, -1):
        message = messages[row]
        if isinstance(message, HumanMessage):
            return message, list(messages[row + 1 :])
    raise ValueError("a conversation begins with a message of the user's")


def results_of(messages: Sequence[AnyMessage]) -> list[BaseModel]:
    """The typed tool results among some messages."""
    return [m.artifact for m in messages if isinstance(m, ToolMessage) and isinstance(m.artifact, BaseModel)]


def _after_model(state: CoachState) -> Literal["tools", "ground"]:
    last = state["messages"][-1]
    return "tools" if isinstance(last, AIMessage) and last.tool_calls else "ground"


def _after_ground(state: CoachState) -> Literal["model", "__end__"]:
    return "__end__" if "grounded" in state["messages"][-1].additional_kwargs else "model"


def _calls(message: AnyMessage) -> bool:
    return isinstance(message, AIMessage) and bool(message.tool_calls)


def _refusal(call: ToolCall, why: str) -> ToolMessage:
    return ToolMessage(why, tool_call_id=str(call["id"]), name=call["name"], status="error")
