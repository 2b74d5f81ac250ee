"""What a tool is: everything that the coach, its page and its judges have to know of one, said in the tool's module."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from salescoach.types import Frozen
from tools.document import AnswerDocument

Detail = Literal["short", "full"]  # how long an answer is; a short one leaves out what is said beside the point

CallId = Annotated[str, Field(pattern=r"^[\w.:-]{1,100}$", description="id of a call of this conversation")]
TurnNumber = Annotated[int, Field(ge=1, le=100_000, description="number of the turn, from 1")]
Value = Annotated[str, Field(min_length=1, max_length=100)]

Result = TypeVar("Result", bound=Frozen)


class Arguments(BaseModel):
    """Base of what tools are called with: no argument that we don't know."""

    model_config = ConfigDict(extra="forbid")


class CallArguments(Arguments):
    """Which call."""

    call_id: CallId


def _no_details(result: Frozen) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class ToolSpec(Generic[Result]):
    """A tool. Texts are plain, and escaped by whoever shows them, but for those of ``words``, which are Markdown.

    function: gives the result from ``Parts`` and the arguments; the tool goes by its name.
    result: the type of what the function returns, and of what no other tool returns.
    arguments: what the tool is called with, besides ``Parts``.
    description: what the tool is for, in a sentence for a language model.
    intents: what users want when this tool is called first, each with the question that asks for it plainly.
    words: the answer that rests on a result.
    doing: what happens while the tool runs, in a few words.
    found: what a result holds, in one line.
    details: lines about a result for whoever wants to see more.
    """

    function: Callable[..., Result]
    result: type[Result]
    arguments: type[Arguments]
    description: str
    intents: Mapping[str, str]
    words: Callable[[Result, Detail], AnswerDocument]
    doing: str
    found: Callable[[Result], str]
    details: Callable[[Result], Sequence[str]] = _no_details

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__

    @property
    def takes_a_call(self) -> bool:
        """Whether the tool is about a call of the conversation."""
        return "call_id" in self.arguments.model_fields
