"""A language model that repeats itself, or whose answer can't be checked in time: the offline coach speaks."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.utils import json as tool_json
from langgraph.checkpoint.memory import InMemorySaver

from agent.chat_models import Wording
from agent.coach import Answer, Coach
from agent.doubles import ScriptedChatModel
from agent.drafting import MAX_ANSWER_CHARS, Drafter, repeats_itself
from agent.graph import FALLBACK_NOTE, UNGROUNDED, GraphParts, make_graph
from agent.intents import IntentRouter
from agent.offline import OfflineChatModel
from salescoach.testing import WordHashEncoder

LOOPS = {
    "digits": "7" * 19_000,
    "other digits": "".join(random.Random(1).choices("0123456789", k=19_000)),
    "newlines": "It is" + "\n" * 12_000 + "likely.",
    "backslashes": "\\" * 19_900,
    "a line": "The customer asked about the price.\n" * 40,
    "a phrase": "and then the rep said " * 60,
    "spaces and lines": "It is likely." + " \n" * 2_000 + "x",
    "a run inside": "The customer asked about the price" + "!" * 150 + " and the rep answered.",
    "too much": " ".join(f"Sentence number {number} says something else." for number in range(400)),
}
HONEST = (
    "The customer held that the price was far above their budget [T14], and nobody came back to it. The rep asked two "
    "open questions early on, which is more than in most lost calls.\n\n**Next**\n1. Return to the budget.\n"
    "2. Name a date.\n3. Ask who else decides.\n\n| metric | this call | won calls |\n| --- | --- | --- |\n"
    "| talk ratio | 58 % | 47 % |\n| questions | 4 | 9 |\n| longest monologue | 2 min | 1 min |\n"
)


def coach_that_says(text: str, question_deadline_s: float = 20.0, deadline_s: float = 5.0) -> Coach:
    """A coach without any tools, whose language model says one thing."""

    def reply(messages: Sequence[BaseMessage]) -> AIMessage:
        return AIMessage(text)

    model = ScriptedChatModel(reply=reply)
    offline = OfflineChatModel(router=IntentRouter(WordHashEncoder()))
    graph = make_graph(GraphParts(model, offline, [], deadline_s, question_deadline_s), InMemorySaver())
    return Coach(graph, None, Wording(model, "scripted", None))  # type: ignore[arg-type]


async def answer_of(coach: Coach, question: str = "How likely is it?") -> Answer:
    answer = [event async for event in coach.ask("t", question)][-1]
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize("name", LOOPS)
async def test_a_draft_that_repeats_itself_is_not_even_checked(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    answer = await answer_of(coach_that_says(LOOPS[name]))
    assert answer.grounded
    assert answer.answer.endswith(FALLBACK_NOTE)
    assert LOOPS[name] not in seen


def watched(monkeypatch: pytest.MonkeyPatch, before: Callable[[str], object] = lambda text: None) -> list[str]:
    """Drafts that come to be checked; ``before`` is called with each."""
    from agent import graph

    seen: list[str] = []
    sanitise = graph.sanitise

    def watching(text: str) -> str:
        seen.append(text)
        before(text)
        return sanitise(text)

    monkeypatch.setattr(graph, "sanitise", watching)
    return seen


@pytest.mark.parametrize("text", [HONEST, HONEST * 3, "-" * 100, "Yes. " * 20, "", "No."])
def test_an_honest_answer_is_no_repetition(text: str) -> None:
    assert not repeats_itself(text)
    assert len(text) < MAX_ANSWER_CHARS


async def test_a_check_that_takes_too_long_is_the_offline_coachs_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = "Ask me about the call."
    slow = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_long(text: str) -> None:
        if text == draft:
            loop.call_soon_threadsafe(slow.set)
            time.sleep(1.5)

    watched(monkeypatch, wait_for_long)
    asking = asyncio.create_task(answer_of(coach_that_says(draft, question_deadline_s=1.0)))
    await slow.wait()  # so the event loop isn't held up by the check
    assert not asking.done()
    answer = await asking
    assert answer.grounded
    assert answer.answer.endswith(FALLBACK_NOTE)
    assert draft not in answer.answer


async def test_an_offline_wording_that_can_not_be_checked_in_time_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.graph.LIMIT_S", 0.1)
    watched(monkeypatch, lambda text: time.sleep(0.5))
    answer = await answer_of(coach_that_says("", question_deadline_s=1.0))
    assert (answer.answer, answer.grounded, answer.citations) == (UNGROUNDED, False, ())


async def test_arguments_in_many_pieces_are_put_together_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each addition of two pieces would read all arguments anew."""
    pieces = [AIMessageChunk("", tool_call_chunks=[tool_call_chunk(name="x", args='{"a": "', index=0, id="1")])]
    pieces += [AIMessageChunk("", tool_call_chunks=[tool_call_chunk(args="b", index=0)]) for _ in range(500)]
    pieces.append(AIMessageChunk("", tool_call_chunks=[tool_call_chunk(args='"}', index=0)]))
    read: list[str] = []
    whole = tool_json.parse_partial_json
    monkeypatch.setattr(
        "langchain_core.messages.ai.parse_partial_json", lambda text, **given: read.append(text) or whole(text, **given)
    )

    class Streaming:
        async def astream(self, messages: object) -> AsyncIterator[AIMessageChunk]:
            for piece in pieces:
                yield piece

    reply = await Drafter(ScriptedChatModel(reply=lambda _: AIMessage("")), [])._whole_reply(Streaming(), [])
    assert reply.tool_calls[0]["args"] == {"a": "b" * 500}
    assert len(read) <= 2
