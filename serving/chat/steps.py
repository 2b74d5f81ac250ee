"""What a tool does and found, in human words, for the step that the chat shows while it works. Safe to render."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from serving.chat.view import escape
from tools.phrases import count
from tools.registry import SPECS, spec_of

_DOING: Final = {spec.name: spec.doing for spec in SPECS}
_ARGUMENTS: Final = {
    "call_id": "the call",
    "other_call_id": "the other call",
    "k": "how many",
    "diversity": "likeness or variety (λ)",
}


def step_title(tool: str) -> str:
    """What a tool is doing, while it does it."""
    return _DOING.get(tool, "Looking something up")


def step_result(tool: str, result: BaseModel | None) -> str:
    """What a tool found, in one line of plain text."""
    return f"{step_title(tool)}: not possible" if result is None else spec_of(result).found(result)


def step_details(result: BaseModel | None, text: str, args: Mapping[str, Any]) -> str:
    """What a tool was asked and found, in Markdown, for whoever opens the step; ``text`` stands in without a result."""
    asked = [_asked(name, value) for name, value in args.items() if value is not None]
    found = [text] if result is None else [line for line in spec_of(result).details(result) if line]
    return "\n".join(f"- {escape(line)}" for line in [*asked, *found])


def _asked(name: str, value: object) -> str:
    """An argument of a tool in human words."""
    if name == "edits" and isinstance(value, list):
        return f"Asked with {count(len(value), 'change')} to the call."
    said = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return f"Asked with {_ARGUMENTS.get(name, name.replace('_', ' '))}: {said}."
