"""What the graph remembers of a conversation."""

from typing import Annotated, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages


class CoachState(TypedDict, total=False):
    """The state of one conversation. It is checkpointed, so it holds ids of calls and never their texts.

    messages: begins a question as [... earlier questions and answers, HumanMessage]. The model node appends an
        AIMessage with tool calls, the tools node one ToolMessage each, and so on until the model drafts an answer.
        The ground node ends the question: it takes out everything after the HumanMessage (tool results quote calls)
        and appends the verified answer alone.
    calls: ids of the calls of this conversation in the order they came; the last one is "this call".
    n_repairs: how often the answer to this question was sent back.
    n_tool_calls: how many tools were called for this question.
    offline: whether the offline coach has taken over, because the language model failed or made things up.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    calls: list[str]
    n_repairs: int
    n_tool_calls: int
    offline: bool
