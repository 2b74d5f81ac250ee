"""The offline coach: a deterministic chat model that plans the same tool calls and words their results.

A real product, not a stub: every feature works with it, and nothing leaves the machine.
"""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict

from agent.arguments import Known, metric_named
from agent.intents import IntentRouter
from agent.plans import Planner
from agent.wording import ToolResult, Wish, word

_ID_PREFIX = "offline-"


class OfflineChatModel(BaseChatModel):
    """Plans by intent, then words what the tools returned. The same messages give the same answer."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    router: IntentRouter
    known: Known = Known()

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
        calls: list[str] = next((m.additional_kwargs["calls"] for m in messages if isinstance(m, SystemMessage)), [])
        questions = [message.text for message in messages[: asked + 1] if isinstance(message, HumanMessage)]
        plan = Planner(self.router, self.known).plan(questions[-1], questions[:-1], calls)
        if results or any(message.tool_call_id.startswith(_ID_PREFIX) for message in since):
            refused = [str(message.content) for message in since if message.status == "error"]
            if refused and not results:
                return AIMessage(refused[0])
            wish = Wish(advice_only=plan.kind == "advice", metric=metric_named(questions[-1]))
            return AIMessage(word(results, wish))
        # Ids follow from the place in the conversation: the same messages give the same bytes.
        return AIMessage(
            plan.reply,
            tool_calls=[
                ToolCall(name=call.name, args=call.args, id=f"{_ID_PREFIX}{len(questions)}-{place}")
                for place, call in enumerate(plan.calls, start=1)
            ],
        )
