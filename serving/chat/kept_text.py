"""Text as the history keeps it, and as it is looked for there."""

import json
import re
from typing import Any, Final

MAX_NAME_CHARS: Final = 60
MAX_FIRST_CHARS: Final = 4_000  # of a user's message as it arrives; what is a call becomes a card right after
MAX_STEP_CHARS: Final = 200_000  # of any other message, and of what a tool found
MAX_FIELD_CHARS: Final = 1_000  # of what stands beside a message's text: names, languages, tags, settings

_WALL_LINES: Final = 3
_WALL_CHARS: Final = 300
_WORD_JOINER: Final = "\u2060"
_ESCAPE: Final = re.compile(r"\\(?=[!-/:-@\[-`{-~])")  # before what Markdown can act on


def thread_name(text: str) -> str:
    """A thread's name: one line of at most 60 characters. A wall of text lends none."""
    lines = [line.strip() for line in text.replace(_WORD_JOINER, "").splitlines() if line.strip()]
    if len(lines) > _WALL_LINES or len(text) > _WALL_CHARS:
        return "Pasted text"
    name = " ".join(" ".join(lines).split()) or "Conversation"
    return name if len(name) <= MAX_NAME_CHARS else f"{name[: MAX_NAME_CHARS - 1].rstrip()}…"


def searchable(shown: str | None) -> str:
    """Text as it is looked for: as it is read, less Markdown's escapes, in one case and with single spaces."""
    return " ".join(_ESCAPE.sub("", (shown or "").replace(_WORD_JOINER, "")).casefold().split())


def beginning(text: str, n_chars: int) -> str:
    """A text, cut where it is longer than so many characters."""
    return text if len(text) <= n_chars else f"{text[: n_chars - 1]}…"


def bounded(value: Any) -> Any:
    """A text, cut where it is too long; anything else that is too large as nothing."""
    if isinstance(value, str):
        return beginning(value, MAX_FIELD_CHARS)
    return value if isinstance(value, bool | None) or len(json.dumps(value)) <= MAX_FIELD_CHARS else None
