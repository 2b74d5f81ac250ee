"""What the tests of the chat share: its history in a home of its own, and pages that users have open."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from chainlit.context import init_ws_context
from chainlit.session import WebsocketSession, ws_sessions_id, ws_sessions_sid
from chainlit.user import PersistedUser

from salescoach.config import Settings
from serving.chat.history import ChatHistory

ANNA, BEN = "anna", "ben"
Kind = Literal["user_message", "assistant_message", "tool", "run"]


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings.load(home=tmp_path / "home")


@pytest.fixture
async def history(home: Settings) -> AsyncIterator[ChatHistory]:
    opened = ChatHistory(home)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def no_page_is_left() -> Iterator[None]:
    yield
    ws_sessions_id.clear()
    ws_sessions_sid.clear()


def be(user: str, thread_id: str | None = None) -> str:
    """Goes on as a user with a thread open, as Chainlit does when a page connects."""

    async def emit(*_: object) -> None:
        """Nobody is there to see it."""

    person = PersistedUser(id=user, identifier=user, createdAt="2026-11-21")
    session = WebsocketSession(
        id=str(uuid.uuid4()), socket_id=str(uuid.uuid4()), emit=emit, emit_call=emit, user_env={},
        client_type="webapp", user=person, thread_id=thread_id,
    )  # fmt: skip
    session.has_first_interaction = True
    init_ws_context(session)
    return str(session.thread_id)


def answer_with(*replies: Any) -> None:
    """Has the page of the session answer what it is asked."""
    left = list(replies)

    async def reply(*_: object) -> Any:
        return left.pop(0)

    list(ws_sessions_id.values())[-1].emit_call = reply


def shown_from_now_on() -> list[str]:
    """What is shown on the page that was opened last, as it is shown."""
    texts: list[str] = []

    async def emit(event: str, data: Any = None) -> None:
        if event == "new_message":
            texts.append(data["output"])

    list(ws_sessions_id.values())[-1].emit = emit
    return texts


def step(thread: str, output: str, kind: Kind = "user_message", **more: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "threadId": thread, "type": kind, "name": "x", "output": output, **more}


def everything(home: Settings) -> bytes:
    return b"".join(file.read_bytes() for file in home.home.rglob("*") if file.is_file())
