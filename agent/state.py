"""What the graph knows: what it remembers of a conversation, and what it works on for one question."""

from typing import Annotated, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.channels import UntrackedValue
from langgraph.graph.message import add_messages

MAX_TOOL_CALLS = 6  # of a question, whoever asks for them


class Cited(TypedDict):
    """Turns of a call that the last answer pointed to."""

    call_id: str
    turn_start: int
    turn_end: int


class CoachState(TypedDict, total=False):
    """The state of one conversation.

    Remembered, in checkpoints, so it holds ids of calls and never their texts:

    messages: the user's questions, each followed by its answer without what it quoted (see ``agent/memory.py``).
    calls: ids of the calls of this conversation in the order they came; the last one is "this call".
    cited: what the last answer that cited anything pointed to.

    For one question, never written anywhere, as tool results quote calls:

    work: the model node appends an AIMessage with tool calls, the tools node one ToolMessage each, and so on until the
        model drafts an answer.
    answer: the verified answer, which ends the question.
    n_repairs: how often the answer was sent back.
    n_tool_calls: how many tools were called.
    offline: whether the offline coach has taken over, because the language model failed or made things up.
    until: when the language model's time is up, by the event loop's clock.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    calls: list[str]
    cited: list[Cited]
    work: Annotated[list[AnyMessage], UntrackedValue]
    answer: Annotated[AIMessage, UntrackedValue]
    n_repairs: Annotated[int, UntrackedValue]
    n_tool_calls: Annotated[int, UntrackedValue]
    offline: Annotated[bool, UntrackedValue]
    until: Annotated[float, UntrackedValue]
