"""Questions of the coach to the user: a choice of buttons, or a line of text."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import chainlit as cl

from salescoach.reading.texts import whole_characters
from serving.chat import view

ASK_SECONDS: Final = 900
MAX_TYPED_CHARS: Final = 4_000
OTHER: Final = -1


async def choose(
    question: str, choices: Mapping[str, int], other: str, shown: Callable[[str], str] = str, *, stays: bool = True
) -> int | None:
    """The number of the label that was pressed, ``OTHER`` for the last button, None where nobody answered in time.

    Args:
        question: in Markdown; what was chosen stands behind it afterwards.
        choices: label -> number; labels may be made of names in a call.
        other: label of the last button.
        shown: what of the label stands there afterwards.
        stays: whether the question is still on the page afterwards.
    """
    labels = {number: view.plain_name(label) for label, number in choices.items()} | {OTHER: other}
    actions = [cl.Action(name="choose", payload={"number": number}, label=label) for number, label in labels.items()]
    asked = cl.AskActionMessage(content=question, actions=actions, timeout=ASK_SECONDS)
    reply = await asked.send()
    number = _offered(reply, labels)
    if not stays:
        await asked.remove()
        return number
    asked.content = question if number is None else f"{question} **{shown(labels[number])}**"
    await asked.update()
    return number


def _offered(reply: object, labels: Mapping[int, str]) -> int | None:
    """The number in a browser's reply, if it is one that was offered."""
    match reply:
        case {"payload": {"number": int(number)}} if number in labels:
            return number
    return None


async def typed(question: str, note: Callable[[str], Awaitable[None]] | None = None) -> str | None:
    """A line that the user types; None where nobody did. ``note`` gets the id of the question's message first."""
    asked = cl.AskUserMessage(content=question, timeout=ASK_SECONDS)
    if note is not None:
        await note(asked.id)
    reply = await asked.send()
    text = whole_characters(str(reply["output"]))[:MAX_TYPED_CHARS].strip() if reply else ""
    return text or None
