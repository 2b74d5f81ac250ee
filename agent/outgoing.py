"""What leaves for a language model: facts of results, fenced, all cut to a size, with a notice where it is cut."""

import secrets
from collections.abc import Sequence

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agent.grounding import tagged
from agent.prompts import FENCE, RESULTS

MAX_QUESTION_CHARS = 8_000
MIN_RESULT_CHARS = 1_000  # of each result, however little room there is


def outgoing(
    system: SystemMessage,
    history: Sequence[AnyMessage],
    work: Sequence[AnyMessage],
    *,
    max_chars: int,
    with_tools: bool = True,
) -> list[BaseMessage]:
    """The messages of one request.

    Args:
        system: the rules; the fence is added to them.
        history: earlier questions and answers, then the question; the oldest go first where there is no room.
        work: tool calls, their results and drafts of this question.
        max_chars: about how many characters may be sent.
        with_tools: whether the server knows messages of tools; else their results come as one message of the user's.
    """
    work = tagged(work)
    fence = _new_fence(work)
    opening, closing = f"<data {fence}>", f"</data {fence}>"
    rules = f"{system.text}\n{FENCE.format(opening=opening, closing=closing)}"
    question = HumanMessage(cut(history[-1].text, MAX_QUESTION_CHARS, "the question is longer"))
    results = [message for message in work if isinstance(message, ToolMessage)]
    others = sum(len(message.text) for message in work if not isinstance(message, ToolMessage))
    room = max_chars - len(rules) - len(question.text) - others
    share = max(room // max(len(results), 1), MIN_RESULT_CHARS)
    fenced: dict[int, str] = {}
    # The shortest first: what they leave of their share is the longer ones' to use.
    for number, message in enumerate(sorted(results, key=lambda one: len(one.text))):
        share = max(room // (len(results) - number), MIN_RESULT_CHARS)
        content = cut(message.text, share, "ask for fewer results, or for less at once")
        room -= len(content)
        fenced[id(message)] = f"{opening}\n{content}\n{closing}"
    earlier, n_left_out = _latest(history[:-1], room)
    if n_left_out:
        rules += f"\n{n_left_out} earlier messages of this conversation are left out here."
    told: list[BaseMessage] = [SystemMessage(rules, additional_kwargs=system.additional_kwargs), *earlier, question]
    if not with_tools:
        told += [HumanMessage("\n".join([RESULTS, *(fenced[id(one)] for one in results)]))] if results else []
        # A draft and what was wrong with it stay; tool calls without the tools would be an error.
        return told + [_as_user(m) for m in work if not isinstance(m, ToolMessage) and not getattr(m, "tool_calls", ())]
    return told + [
        message.model_copy(update={"content": fenced[id(message)]})
        if isinstance(message, ToolMessage)
        else _as_user(message)
        for message in work
    ]


def cut(text: str, max_chars: int, advice: str) -> str:
    """The text, or its beginning and a notice of how much is missing."""
    if len(text) <= max_chars:
        return text
    return f"{text[:max_chars]}\n[{len(text) - max_chars} more characters are left out here; {advice}]"


def _new_fence(work: Sequence[AnyMessage]) -> str:
    """A word that nobody could write before, and that stands in nothing that is sent."""
    while True:
        fence = secrets.token_hex(8)
        if not any(fence in message.text for message in work):
            return fence


def _latest(history: Sequence[AnyMessage], room: int) -> tuple[list[AnyMessage], int]:
    """The latest of the earlier messages that there is room for, from a question on, and how many are left out."""
    kept: list[AnyMessage] = []
    for message in reversed(history):
        room -= len(message.text)
        if room < 0:
            break
        kept.insert(0, message)
    while kept and not isinstance(kept[0], HumanMessage):
        kept = kept[1:]
    return kept, len(history) - len(kept)


def _as_user(message: AnyMessage) -> AnyMessage:
    """Many servers take a message of the system's at the beginning only."""
    return HumanMessage(message.text) if isinstance(message, SystemMessage) else message
