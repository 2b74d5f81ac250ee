"""Asks a language model about a call, in a form that it has to fill in; what it says is checked by whoever asked."""

import secrets
from collections.abc import Iterable
from typing import Final, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import BaseModel

MAX_CHARS: Final = 60_000  # of a call that is sent; the coach itself reads longer ones

Form = TypeVar("Form", bound=BaseModel)


def filled_in(chat: BaseChatModel, form: type[Form], name: str, task: str, turns: Iterable[str], **slots: str) -> Form:
    """The form as a language model fills it in.

    Args:
        chat: the language model.
        form: what it fills in.
        name: of the form.
        task: what it is told, with a slot ``{fence}`` for what stands around the call, and one for each of ``slots``.
        turns: of the call, as they are sent.
        slots: what else stands in the task.

    Raises:
        ValueError: the call is too long, or the reply isn't the form. A server or a network may raise anything else.
    """
    said = "\n".join(turns)
    if len(said) > MAX_CHARS:
        raise ValueError(f"the call has more than {MAX_CHARS:,} characters")
    fence = secrets.token_hex(8)
    # Not with_structured_output: it warns of its own parsed value, and our warnings are errors.
    reply = chat.invoke(
        [SystemMessage(task.format(fence=fence, **slots)), HumanMessage(f"<data {fence}>\n{said}\n</data {fence}>")],
        response_format={"type": "json_schema", "json_schema": {"name": name, "schema": form.model_json_schema()}},
    )
    return form.model_validate_json(reply.text)
