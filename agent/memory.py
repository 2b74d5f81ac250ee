"""What a conversation keeps of an answer: its document, less everything that was said in a call.

Checkpoints stay on disk, so they hold markers and ids, never what people said. What was shown is the chat's to keep.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from pydantic import BaseModel

from agent.state import Cited
from salescoach.redact.our_words import our_words
from salescoach.redact.sanitise import sanitise
from salescoach.types import Citation
from tools.document import AnswerDocument, Quote, Remark, Span, shown
from tools.parts import call_marker

MAX_MESSAGES = 40  # that are remembered of a conversation: twenty questions with their answers
MAX_CITED = 20
MIN_RUN = 4  # words in a row that count as somebody's; "at the moment" may be anybody's
UNFINISHED = "(I was interrupted before I could answer this.)"
LEFT_OUT = "…"

_WORD = re.compile(r"\w+")
_PLACES = frozenset({"marker", "call_id"})  # where something was said


def remembered(answer: AnswerDocument, results: Sequence[BaseModel]) -> str:
    """The answer without its quotes, and without the words of a language model where these are some of a call."""
    said = {run for result in results for text in _said(result) for run in _runs(text)}

    def cleaned(words: str) -> str:
        return "\n".join(LEFT_OUT if said.intersection(_runs(line)) else line for line in words.split("\n"))

    left = " ".join(cleaned(span.text) for span in answer.spans() if isinstance(span, Remark))
    is_clean = not said.intersection(_runs(left))  # over the ends of lines, too

    def kept(span: Span) -> str:
        if isinstance(span, Remark):
            return cleaned(span.text) if is_clean else LEFT_OUT
        if isinstance(span, Citation) and span.marker.startswith("[call "):  # its title may name somebody
            return call_marker(span.call_id, span.turn_start, span.turn_end)
        return f"“{LEFT_OUT}”" if isinstance(span, Quote) else shown(span)

    return sanitise(answer.markdown(kept))


def cited(citations: Sequence[Citation]) -> list[Cited]:
    """What is kept of citations: where they point to."""
    return [
        Cited(call_id=one.call_id, turn_start=one.turn_start, turn_end=one.turn_end) for one in citations[:MAX_CITED]
    ]


def mend(messages: Sequence[AnyMessage]) -> list[AnyMessage | RemoveMessage]:
    """What must change before the next question, whatever an interrupted one left behind.

    Tool calls and results go, as a call without its result is an error to every language model for ever. A question
    without an answer gets one that says so. Of a long conversation, the oldest part is forgotten.
    """
    kept = [m for m in messages if isinstance(m, HumanMessage) or (isinstance(m, AIMessage) and not m.tool_calls)]
    whole = kept[-MAX_MESSAGES:]
    while whole and not isinstance(whole[0], HumanMessage):
        whole = whole[1:]
    changes: list[AnyMessage | RemoveMessage] = [RemoveMessage(id=str(m.id)) for m in messages if m not in whole]
    if whole and isinstance(whole[-1], HumanMessage):
        changes.append(AIMessage(UNFINISHED))
    return changes


def _said(result: BaseModel) -> Iterator[str]:
    """All text of a result that isn't ours: it may be what somebody said."""
    ours = set(our_words(result))
    yield from (text for text in _texts("", result.model_dump(mode="json")) if text not in ours)


def _texts(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(str(name), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(key, inner)
    elif isinstance(value, str) and key not in _PLACES:
        yield value


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text.casefold())
    return zip(*(words[start:] for start in range(MIN_RUN)), strict=False)
