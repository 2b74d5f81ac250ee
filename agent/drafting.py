"""Gets a draft from a language model: one retry, a deadline, limits, and less of what its server doesn't offer.

Servers of many makes speak this protocol, and each leaves out something: tools, a schema for the answer, a temperature.
What a server refuses is not asked of it again.
"""

import asyncio
import json
import logging
import re
import zlib
from collections.abc import Sequence
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.tools import BaseTool
from pydantic import BaseModel, ConfigDict, Field, ValidationError

logger = logging.getLogger(__name__)

Feature = Literal["tools", "schema", "temperature"]

ANSWER_TOOL = "answer"  # by which the model may end a question
RETRY_AFTER_S = 0.5
MAX_REPLY_CHARS = 20_000  # text and arguments of one reply
MAX_ANSWER_CHARS = 6_000  # an answer worth reading is far shorter
MAX_RUN = 100  # of one character
MIN_NEWS = 0.1  # bytes that are left of one, once what is said again is left out; of prose it is four times that
MIN_JUDGED_CHARS = 500
MAX_POINTS, MAX_ADVICE = 8, 3

# What an error says of a feature that the server doesn't have.
_NAMES: dict[Feature, tuple[str, ...]] = {
    "tools": ("tool", "function"),
    "schema": ("response_format", "json_schema", "schema", "grammar"),
    "temperature": ("temperature",),
}
_REFUSALS = frozenset({400, 404, 405, 415, 422, 501})
_WORTH_A_RETRY = frozenset({408, 409, 425, 429})
_LONG_RUN = re.compile(rf"(.)\1{{{MAX_RUN}}}", re.DOTALL)
_THOUGHTS = re.compile(r"^\s*<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)


class DraftError(Exception):
    """The language model gave nothing that can be used; asking again gives the same."""


class ToolsRefusedError(Exception):
    """The server takes no tools: the request must be made in another way."""


class CutReplyError(Exception):
    """The reply ended before its end."""


class DraftedAnswer(BaseModel):
    """Gives the final answer, once the tools have returned what it needs."""

    model_config = ConfigDict(title=ANSWER_TOOL)

    finding: str = Field(description="the answer in one or two sentences, facts by their number: {F1}")
    points: list[str] = Field(default_factory=list, description="what it rests on, such as {F2}: one fact each")
    advice: list[str] = Field(default_factory=list, description="at most three, each with the marker it rests on")

    def markdown(self) -> str:
        """The answer as it is shown."""
        parts = [self.finding.strip(), "\n".join(f"- {_one_line(point)}" for point in self.points[:MAX_POINTS])]
        if self.advice:
            pieces = enumerate(self.advice[:MAX_ADVICE], start=1)
            parts.append("\n".join(["**Next**", *(f"{number}. {_one_line(piece)}" for number, piece in pieces)]))
        return "\n\n".join(part for part in parts if part)


class Drafter:
    """Drafts with one language model. ``has_schema``: whether its server may take a schema for the answer."""

    def __init__(self, model: BaseChatModel, tools: Sequence[BaseTool], *, has_schema: bool = False) -> None:
        self._model = model
        self._tools = list(tools)
        self._has_schema = has_schema
        self._refused: set[Feature] = set()
        self._proven: frozenset[Feature] = frozenset()  # what was refused when a request last went well

    @property
    def can_call_tools(self) -> bool:
        """Whether the server takes tools, as far as is known."""
        return "tools" not in self._refused

    async def draft(self, messages: Sequence[BaseMessage], *, may_call: bool, seconds: float) -> AIMessage:
        """A reply with tool calls or with the text of an answer.

        Args:
            messages: what is sent.
            may_call: whether it may still call tools.
            seconds: how long it may take, retry included.

        Raises:
            TimeoutError: it took longer.
            DraftError: the model said nothing, too much, or was cut off.
            ToolsRefusedError: the server takes no tools.
            Exception: whatever the server's answer made of the client. It may quote a key: never show its text.
        """
        try:
            async with asyncio.timeout(seconds):
                reply = await self._with_retry(messages, may_call)
        except ToolsRefusedError:
            raise
        except BaseException:  # so it wasn't for what was left out
            self._refused = set(self._proven)
            raise
        self._proven = frozenset(self._refused)
        return reply

    async def _with_retry(self, messages: Sequence[BaseMessage], may_call: bool) -> AIMessage:
        try:
            return await self._negotiated(messages, may_call)
        except Exception as error:
            if _is_final(error):
                raise
            logger.info("The language model failed (%s); it is asked once more.", type(error).__name__)
        await asyncio.sleep(RETRY_AFTER_S)
        return await self._negotiated(messages, may_call)

    async def _negotiated(self, messages: Sequence[BaseMessage], may_call: bool) -> AIMessage:
        """One reply, asked for with fewer features where the server refuses one.

        Without tools it is not asked: that is another request, which the caller must make.
        """
        while True:
            used = self._used(may_call)
            try:
                return self._read(await self._whole_reply(self._bound(used, may_call), messages))
            except Exception as error:
                refused = _refused_feature(error, used)
                if refused is None:
                    raise
                logger.warning("The server of the language model takes no %s; it is asked without.", refused)
                self._refused.add(refused)
                if refused == "tools":
                    raise ToolsRefusedError from error

    def _used(self, may_call: bool) -> list[Feature]:
        used: list[Feature] = []
        if self.can_call_tools:
            used.append("tools")
        if self._has_schema and not (may_call and self.can_call_tools):
            used.append("schema")
        if getattr(self._model, "temperature", None) is not None:
            used.append("temperature")
        return [feature for feature in used if feature not in self._refused]

    def _bound(self, used: Sequence[Feature], may_call: bool) -> Any:
        extra: dict[str, Any] = {}
        model = self._model
        if "temperature" in self._refused:
            model = model.model_copy(update={"temperature": None})
        if "schema" in used:
            schema = {"name": ANSWER_TOOL, "schema": DraftedAnswer.model_json_schema()}
            extra["response_format"] = {"type": "json_schema", "json_schema": schema}
        if "tools" not in used:
            return model.bind(**extra) if extra else model
        if not may_call:
            # Told, as its history holds calls that some servers check against the tools of the request.
            return model.bind_tools(self._tools, tool_choice="none", **extra)
        return model.bind_tools([*self._tools, *([DraftedAnswer] if self._has_schema else [])], **extra)

    async def _whole_reply(self, model: Any, messages: Sequence[BaseMessage]) -> AIMessage:
        """The reply, put together from what is streamed, and given up where it gets too long."""
        chunks: list[AIMessageChunk] = []
        n_chars = 0
        async for chunk in model.astream(list(messages)):
            calls = getattr(chunk, "tool_call_chunks", ())
            n_chars += len(chunk.text) + sum(len(call["args"] or "") for call in calls)
            if n_chars > MAX_REPLY_CHARS:
                raise DraftError("the reply is too long")
            chunks.append(chunk)
        if not chunks:
            raise CutReplyError
        # All at once: each addition reads the arguments of the tool calls anew, which takes long where they are long.
        return chunks[0] if len(chunks) == 1 else add_ai_message_chunks(*chunks)

    def _read(self, reply: AIMessage) -> AIMessage:
        """What the graph may see of a reply: text or tool calls, and nothing else that a server sent."""
        finish = reply.response_metadata.get("finish_reason")
        if finish in ("length", "content_filter"):
            raise DraftError(f"the reply ended by {finish}")
        if self._has_schema and not finish:
            raise CutReplyError
        if reply.invalid_tool_calls or not all(
            _is_whole(one["args"]) for one in getattr(reply, "tool_call_chunks", ())
        ):
            raise CutReplyError
        calls = [call for call in reply.tool_calls if call["name"] != ANSWER_TOOL]
        text = _THOUGHTS.sub("", reply.text).strip()
        if calls:
            return AIMessage(
                text, tool_calls=[ToolCall(name=call["name"], args=call["args"], id=call["id"]) for call in calls]
            )
        given = next((call["args"] for call in reply.tool_calls), None)
        text = _answer_of(text) if given is None else _answer_of(given)
        if not text:
            raise DraftError("the reply is empty")
        if len(text) > MAX_ANSWER_CHARS:
            raise DraftError("the answer is too long")
        if repeats_itself(text):
            raise DraftError("the answer repeats itself")
        return AIMessage(text)


def repeats_itself(text: str) -> bool:
    """Whether somebody was caught in a loop: one character, line or phrase over and over."""
    if _LONG_RUN.search(text):
        return True
    said = text.encode()
    return len(text) >= MIN_JUDGED_CHARS and len(zlib.compress(said)) < MIN_NEWS * len(said)


def _is_whole(arguments: str | None) -> bool:
    """Whether streamed arguments are a JSON object; LangChain closes the brackets of those that were cut off."""
    try:
        return isinstance(json.loads(arguments or "{}"), dict)
    except ValueError:
        return False


def _answer_of(given: str | dict[str, Any]) -> str:
    """The text of a structured answer, or of a plain one."""
    try:
        if isinstance(given, dict):
            return DraftedAnswer.model_validate(given).markdown()
        return DraftedAnswer.model_validate_json(given).markdown()
    except ValidationError:
        return given.strip() if isinstance(given, str) else ""


def _is_final(error: Exception) -> bool:
    """Whether asking again would give the same."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return 400 <= status < 500 and status not in _WORTH_A_RETRY
    return isinstance(error, DraftError | ToolsRefusedError | TimeoutError)


def _refused_feature(error: Exception, used: Sequence[Feature]) -> Feature | None:
    """Which of the features in use the server refuses; None where the error is about something else."""
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return None
    said = str(error).casefold()
    # The tools last: a refused schema or temperature of theirs may be named beside them.
    for feature in sorted(used, key=lambda one: one == "tools"):
        if (status in _REFUSALS or status >= 500) and any(name in said for name in _NAMES[feature]):
            return feature
    if status in (400, 422) and used:  # it doesn't say why
        return next(feature for feature in ("schema", "tools", "temperature") if feature in used)
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
