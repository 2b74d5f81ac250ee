"""The offline coach: a deterministic chat model that plans the same tool calls and words their results.

A real product, not a stub: every feature works with it, and nothing leaves the machine.
"""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolCall, ToolMessage
from pydantic import BaseModel, ConfigDict

from agent.arguments import Known
from agent.intents import IntentRouter
from agent.local_chat_model import LocalChatModel
from agent.plans import plan_of
from agent.request import RequestReader
from agent.wording import Wish, word
from tools.document import AnswerDocument, document

_ID_PREFIX = "offline-"


def answered(answer: AnswerDocument) -> AIMessage:
    """A reply that brings its document along, so that nobody has to read its text."""
    return AIMessage(answer.markdown(), additional_kwargs={"document": answer})


class OfflineChatModel(LocalChatModel):
    """Plans by intent, then words what the tools returned. The same messages give the same answer."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    router: IntentRouter
    known: Known = Known()

    @property
    def _llm_type(self) -> str:
        return "offline"

    def answer(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """Tool calls where the question needs some, then the words of their results."""
        asked = max(row for row, message in enumerate(messages) if isinstance(message, HumanMessage))
        since = [message for message in messages[asked + 1 :] if isinstance(message, ToolMessage)]
        results = [m.artifact for m in since if isinstance(m.artifact, BaseModel)]
        told: dict[str, Any] = next((m.additional_kwargs for m in messages if isinstance(m, SystemMessage)), {})
        calls: list[str] = told.get("calls", [])
        questions = [message.text for message in messages[: asked + 1] if isinstance(message, HumanMessage)]
        request = RequestReader(self.router, self.known).read(questions[-1], questions[:-1], calls)
        if results or any(message.tool_call_id.startswith(_ID_PREFIX) for message in since):
            refused = [str(message.content) for message in since if message.status == "error"]
            if refused and not results:
                return answered(document(refused[0]))
            wish = Wish(request.intent == "advice", request.metric, told.get("detail", "full"))
            return answered(word(results, wish))
        plan = plan_of(request, calls)
        if not plan.calls:
            return answered(document(plan.reply))
        # Ids follow from the place in the conversation: the same messages give the same bytes.
        return AIMessage(
            "",
            tool_calls=[
                ToolCall(name=call.name, args=call.args, id=f"{_ID_PREFIX}{len(questions)}-{place}")
                for place, call in enumerate(plan.calls, start=1)
            ],
        )
