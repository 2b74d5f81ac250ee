"""What comes through Chainlit's socket, checked before Chainlit takes it for what it seems to be."""

# Chainlit is not read by the type checker (see pyproject.toml), so its decorators are untyped to it.
# mypy: disallow-untyped-decorators=False

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from chainlit import config, server, session, socket
from chainlit.emitter import ChainlitEmitter
from chainlit.message import ErrorMessage
from pydantic import UUID4, BaseModel, Field, ValidationError, field_validator

from salescoach.errors import InputError
from salescoach.reading.texts import whole_characters
from serving.chat.bodies import is_session_id

logger = logging.getLogger(__name__)

# What Chainlit listens to and this page never says: messages are not edited or marked, and nothing is spoken.
_UNUSED: Final = ("edit_message", "message_favorite", "window_message", "audio_start", "audio_chunk", "audio_end")
_CLIENT: Final = "webapp"


class _Reference(BaseModel):
    id: str = Field(max_length=100)


class _Said(BaseModel):
    """What of a message is the browser's to say: not who gives it, when, or what the coach has noted about it."""

    id: UUID4
    output: str
    parentId: UUID4 | None = None  # noqa: N815
    name: str = Field("User", max_length=200)

    @field_validator("output")
    @classmethod
    def _whole_characters(cls, text: str) -> str:
        return whole_characters(text)


class _Payload(BaseModel):
    message: _Said
    fileReferences: list[_Reference] | None = Field(None, max_length=100)  # noqa: N815

    @classmethod
    def read(cls, payload: object) -> Self:
        try:
            return cls.model_validate(payload)
        except ValidationError:
            raise InputError("The page sent a message that can't be read; reload it and try again.") from None


def guard_sockets(sorry: str) -> None:
    """Puts the checks before Chainlit's handlers. Once a process.

    Args:
        sorry: what is said where an error was not meant for the user.
    """
    connect, receive = (server.sio.handlers["/"][event] for event in ("connect", "client_message"))
    take = ChainlitEmitter.process_message

    async def checked_connect(sid: str, environ: Mapping[str, Any], auth: object = None) -> Any:
        checked = connection(auth)
        if checked is None:
            logger.warning("A connection was refused: what it said about itself can't come from this page.")
            raise ConnectionRefusedError
        return await connect(sid, environ, checked)

    async def any_message(sid: str, payload: object = None) -> None:
        await receive(sid, payload)

    async def checked_message(self: Any, payload: object) -> Any:
        return await take(self, message(payload))

    server.sio.on("connect", handler=checked_connect)
    server.sio.on("client_message", handler=any_message)
    for event in _UNUSED:
        server.sio.handlers["/"].pop(event, None)
    ChainlitEmitter.process_message = checked_message
    # Where Chainlit gives the page the text of whatever exception it met.
    socket.ErrorMessage = lambda author, content: ErrorMessage(author=author, content=sorry)
    # Files are written to and removed from this folder, so that no other may come of a session, whatever its id.
    session.BaseSession.files_dir = property(lambda self: upload_folder(self.id))


def connection(auth: object) -> dict[str, Any] | None:
    """What a page says about itself when it connects, or None where it is no page that does.

    Ids become names of folders and of conversations, so that nothing but a UUID is one.
    """
    if not isinstance(auth, dict) or auth.get("clientType") != _CLIENT:
        return None
    session_id, thread_id, profile = auth.get("sessionId"), auth.get("threadId") or None, auth.get("chatProfile")
    if not is_session_id(session_id) or not (thread_id is None or is_session_id(thread_id)):
        return None
    return {
        "sessionId": session_id,
        "threadId": thread_id,
        "clientType": _CLIENT,
        "chatProfile": profile if isinstance(profile, str) else None,
        "userEnv": None,
    }


def message(payload: object) -> dict[str, Any]:
    """A message as Chainlit takes it, of nothing but what a browser may say.

    Raises:
        InputError: it is none.
    """
    read = _Payload.read(payload)
    said = read.message.model_dump(mode="json")
    return {
        "message": {**said, "type": "user_message", "createdAt": datetime.now(UTC).isoformat()},
        "fileReferences": None if read.fileReferences is None else [one.model_dump() for one in read.fileReferences],
    }


def upload_folder(session_id: str) -> Path:
    """The folder of a session's files.

    Raises:
        ValueError: the id is no UUID.
    """
    if not is_session_id(session_id):
        raise ValueError("A session has a UUID for its id.")
    return Path(config.FILES_DIRECTORY) / session_id
