"""The offline coach: a deterministic chat model that plans the same tool calls and words their results.

A real product, not a stub: every feature works with it, and nothing leaves the machine.
"""

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict

from agent.intents import Intent, IntentRouter
from agent.wording import ASK_BACK, ASK_FOR_A_CALL, ToolResult, word
from tools.look_up_library import COUNT, WIN_RATE

_ID_PREFIX = "offline-"

_TURN = re.compile(r"\b(?:turn|at|T)\s*(\d{1,4})\b", re.IGNORECASE)
_BY: dict[str, str] = {
    r"industr(?:y|ies)|sectors?|branch(?:es)?": "industry",
    r"call types?|kinds? of call|types? of call": "call_type",
    r"accounts?|customers?|clients?": "account",
    r"months?|monthly": "month",
    r"quarters?|quarterly": "quarter",
    r"years?|yearly|annual(?:ly)?": "year",
    r"reps?|sellers?|sales ?people": "rep",
}
_COUNTED = re.compile(r"\bhow many\b|\bnumber of\b", re.IGNORECASE)

PLANS: dict[Intent, tuple[tuple[str, dict[str, Any]], ...]] = {
    "score": (
        ("score_call", {}),
        ("what_won_calls_did", {}),
        ("look_up_metrics", {}),
    ),
    "similar_won": (("find_similar_calls", {"outcome": "converted"}),),
    "similar_lost": (("find_similar_calls", {"outcome": "lost"}),),
    "similar_any": (("find_similar_calls", {"outcome": "any"}),),
    "won_did": (("what_won_calls_did", {}),),
    "metrics": (("look_up_metrics", {}),),
    "library": (("look_up_library", {}),),
}


class OfflineChatModel(BaseChatModel):
    """Plans by intent, then words what the tools returned. The same messages give the same answer."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    router: IntentRouter

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Itself: it knows its tools by name."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages))])

    def _reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        asked = max(row for row, message in enumerate(messages) if isinstance(message, HumanMessage))
        since = [message for message in messages[asked + 1 :] if isinstance(message, ToolMessage)]
        results = [m.artifact for m in since if isinstance(m.artifact, ToolResult)]
        if results or any(message.tool_call_id.startswith(_ID_PREFIX) for message in since):
            refused = [str(message.content) for message in since if message.status == "error"]
            return AIMessage(refused[0] if refused and not results else word(results))
        calls: list[str] = next((m.additional_kwargs["calls"] for m in messages if isinstance(m, SystemMessage)), [])
        question = str(messages[asked].content)
        intent = self.router.route(question)
        if not calls and intent != "library":
            return AIMessage(ASK_FOR_A_CALL)
        if intent is None:
            return AIMessage(ASK_BACK)
        return AIMessage(
            "",
            tool_calls=[
                ToolCall(
                    name=name, args=arguments | _asked_for(name, question, calls), id=_ID_PREFIX + uuid.uuid4().hex
                )
                for name, arguments in PLANS[intent]
            ],
        )


def _asked_for(tool: str, question: str, calls: Sequence[str]) -> dict[str, Any]:
    """What the question itself says about a tool's arguments; the last call is the one that is meant."""
    if tool == "look_up_library":
        by = next(
            (by for words, by in _BY.items() if re.search(rf"\b(?:{words})\b", question, re.IGNORECASE)), "nothing"
        )
        return {"by": by, "measure": COUNT if _COUNTED.search(question) else WIN_RATE}
    if tool == "what_won_calls_did" and (turn := _TURN.search(question)):
        return {"call_id": calls[-1], "turn": int(turn.group(1))}
    return {"call_id": calls[-1]}
