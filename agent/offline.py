"""The offline coach: a deterministic chat model that plans the same tool calls and words their results.

A real product, not a stub: every feature works with it, and nothing leaves the machine.
"""

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
from agent.wording import ASK_BACK, ASK_FOR_A_CALL, word
from tools.find_similar_calls import SimilarResult
from tools.look_up_metrics import MetricsResult
from tools.score_call import ScoreResult

_ID_PREFIX = "offline-"

PLANS: dict[Intent, tuple[tuple[str, dict[str, Any]], ...]] = {
    "score": (
        ("score_call", {}),
        ("find_similar_calls", {"outcome": "converted", "k": 1}),
        ("look_up_metrics", {}),
    ),
    "similar_won": (("find_similar_calls", {"outcome": "converted"}),),
    "similar_lost": (("find_similar_calls", {"outcome": "lost"}),),
    "similar_any": (("find_similar_calls", {"outcome": "any"}),),
    "metrics": (("look_up_metrics", {}),),
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
        results = [m.artifact for m in since if isinstance(m.artifact, ScoreResult | SimilarResult | MetricsResult)]
        if results or any(message.tool_call_id.startswith(_ID_PREFIX) for message in since):
            return AIMessage(word(results))
        calls: list[str] = next((m.additional_kwargs["calls"] for m in messages if isinstance(m, SystemMessage)), [])
        if not calls:
            return AIMessage(ASK_FOR_A_CALL)
        intent = self.router.route(str(messages[asked].content))
        if intent is None:
            return AIMessage(ASK_BACK)
        return AIMessage(
            "",
            tool_calls=[
                ToolCall(name=name, args={"call_id": calls[-1], **arguments}, id=_ID_PREFIX + uuid.uuid4().hex)
                for name, arguments in PLANS[intent]
            ],
        )
