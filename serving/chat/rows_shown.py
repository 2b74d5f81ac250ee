"""Rows of the history as Chainlit reads them, and what Chainlit says of a step or an element as columns."""

from collections.abc import Mapping
from typing import Any, Final

from serving.chat.kept_text import MAX_STEP_CHARS, beginning, bounded
from serving.chat.schema import ElementRow, FeedbackRow, StepRow, ThreadRow, UserRow

_KEPT_METADATA: Final = ("avatarName",)  # of a step; the page wants it, and it says nothing
_STEP_FIELDS: Final = {
    "name": "name", "type": "type", "parent_id": "parentId", "output": "output", "created_at": "createdAt",
    "start": "start", "end": "end", "is_error": "isError", "show_input": "showInput", "language": "language",
    "step_metadata": "metadata", "tags": "tags", "command": "command", "modes": "modes",
    "default_open": "defaultOpen", "auto_collapse": "autoCollapse", "icon": "icon",
}  # fmt: skip
_ELEMENT_FIELDS: Final = {
    "type": "type", "name": "name", "display": "display", "size": "size", "language": "language", "page": "page",
    "props": "props", "auto_play": "autoPlay", "player_config": "playerConfig", "for_id": "forId", "mime": "mime",
}  # fmt: skip


def step_columns(step: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a step, less its place. A browser may have sent it: nothing that anything is decided by stays."""
    values = {column: bounded(step[field]) for column, field in _STEP_FIELDS.items() if field in step}
    given = step.get("metadata") or {}
    values["step_metadata"] = {name: bounded(given[name]) for name in _KEPT_METADATA if name in given}
    values["output"] = beginning(str(step.get("output") or ""), MAX_STEP_CHARS)
    # Only what is shown: the input of a run is the whole message, of a tool its arguments.
    shows_input = step.get("showInput") and step.get("type") == "tool"
    values["input"] = beginning(str(step.get("input") or ""), MAX_STEP_CHARS) if shows_input else ""
    return values


def element_columns(element: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """What is kept of an element, less its place."""
    values = {column: bounded(element.get(field)) for column, field in _ELEMENT_FIELDS.items()}
    return values | {"content": content, "mime": values["mime"] or "application/octet-stream"}


def user_shown(row: UserRow) -> dict[str, Any]:
    """A user."""
    return {"identifier": row.identifier, "createdAt": row.created_at, "metadata": row.user_metadata}


def thread_shown(row: ThreadRow) -> dict[str, Any]:
    """A thread, without what is in it."""
    return {
        "id": row.id, "createdAt": row.created_at, "name": row.name, "userId": row.owner, "userIdentifier": row.owner,
        "tags": row.tags, "metadata": row.thread_metadata, "steps": [], "elements": [],
    }  # fmt: skip


def step_shown(row: StepRow, thumb: FeedbackRow | None) -> dict[str, Any]:
    """A step with the thumb that was given for it."""
    given = None if thumb is None else {
        "id": thumb.id, "forId": row.id, "value": thumb.value, "comment": thumb.comment
    }  # fmt: skip
    return {
        **{field: getattr(row, column) for column, field in _STEP_FIELDS.items()},
        "id": row.id,
        "threadId": row.thread_id,
        "input": row.input,
        "metadata": row.step_metadata or {},
        "start": row.start or row.created_at,
        "end": row.end or row.start or row.created_at,  # nothing that is read again is still running
        "streaming": False,
        "waitForAnswer": False,
        "generation": None,
        "feedback": given,
    }


def element_shown(row: ElementRow, content_url: str) -> dict[str, Any]:
    """An element, whose content is read at ``content_url`` and its id."""
    return {
        **{field: getattr(row, column) for column, field in _ELEMENT_FIELDS.items()},
        "id": row.id,
        "threadId": row.thread_id,
        "url": f"{content_url}{row.id}",
        "chainlitKey": None,
        "objectKey": None,
    }
