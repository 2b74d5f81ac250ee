"""Files that come with a message, and those that a conversation offers: how many, whose, and as what they are sent."""

# Chainlit is not read by the type checker (see pyproject.toml), so its decorators are untyped to it.
# mypy: disallow-untyped-decorators=False

from pathlib import Path
from typing import Annotated, Any, Final
from weakref import WeakKeyDictionary

from chainlit import server
from chainlit.auth import get_current_user
from chainlit.session import WebsocketSession, ws_sessions_id
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Response, UploadFile
from fastapi.responses import FileResponse, JSONResponse

from serving.chat.bodies import is_session_id

MAX_FILES: Final = 20
MAX_BYTES: Final = 20_000_000
MAX_BYTES_OF_USER: Final = 100_000_000

_KEPT: Final = "application/octet-stream"  # handed over to be kept: no browser opens it
# By the ending, which the settings limit. What a browser says it is would be believed by another browser.
_TYPES: Final = {
    ".txt": "text/plain", ".vtt": "text/vtt", ".srt": "application/x-subrip", ".json": "text/plain",
    ".csv": "text/csv", ".sbv": "text/plain", ".ttml": "text/plain", ".dfxp": "text/plain", ".ass": "text/plain",
    ".ssa": "text/plain", ".sub": "text/plain", ".stm": "text/plain", ".ctm": "text/plain", ".tsv": "text/plain",
    ".jsonl": "text/plain", ".html": "text/plain", ".htm": "text/plain",
    ".xlsx": _KEPT, ".ods": _KEPT, ".docx": _KEPT, ".parquet": _KEPT,
}  # fmt: skip
# As what a file may be shown. All others are handed over to be kept, never opened as part of this page.
_SHOWN_AS: Final = {"application/json": "application/json"} | dict.fromkeys(
    [mime for mime in _TYPES.values() if mime != _KEPT], "text/plain; charset=utf-8"
)  # fmt: skip

CurrentUser = Annotated[Any, Depends(get_current_user)]

# The sizes of what was uploaded in each session; its files are removed with it.
_taken: WeakKeyDictionary[WebsocketSession, list[int]] = WeakKeyDictionary()


def add_routes(app: FastAPI) -> None:
    """Takes and gives files in place of Chainlit, whose routes believe a browser's word on what a file is.

    Comes before Chainlit's own routes, the last of which takes every address for the page.
    """
    router = APIRouter()

    @router.post("/project/file")
    async def take(session_id: str, file: UploadFile, current_user: CurrentUser) -> Response:
        session = _own_session(session_id, current_user)
        content = await file.read()
        mime = _TYPES.get(Path(file.filename or "").suffix.casefold())
        if mime is None or not content:
            raise HTTPException(400, f"Give a file that is not empty and ends in {', '.join(_TYPES)}.")
        try:
            server.validate_file_upload(file)
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        _make_room(session, len(content))  # nothing is waited for since the last look
        return JSONResponse(await session.persist_file(name=file.filename, content=content, mime=mime))

    @router.get("/project/file/{file_id}")
    async def give(file_id: str, session_id: str, current_user: CurrentUser) -> Response:
        found = _own_session(session_id, current_user).files.get(file_id)
        if found is None:
            raise HTTPException(404, "There is no such file.")
        shown_as = _SHOWN_AS.get(found["type"])
        if shown_as is not None:
            return FileResponse(found["path"], media_type=shown_as)
        return FileResponse(found["path"], media_type="application/octet-stream", filename=found["name"])

    @router.post("/set-session-cookie")
    async def stick(current_user: CurrentUser) -> Response:
        """Nothing: the page asks for a cookie that tells several servers apart, and there is one."""
        return JSONResponse({})

    app.router.routes[:0] = router.routes


def _own_session(session_id: str, user: Any) -> WebsocketSession:
    session = WebsocketSession.get_by_id(session_id) if is_session_id(session_id) else None
    if session is None:
        raise HTTPException(404, "There is no such conversation; reload the page.")
    if session.user is None or user is None or session.user.identifier != user.identifier:
        raise HTTPException(401, "This is not your conversation.")
    return session


def _make_room(session: WebsocketSession, size: int) -> None:
    taken = _taken.setdefault(session, [])
    if len(taken) >= MAX_FILES or sum(taken) + size > MAX_BYTES:
        raise HTTPException(413, "That is more than one conversation takes; start a new chat and give it there.")
    open_ones = [one for one in ws_sessions_id.values() if one.user.identifier == session.user.identifier]
    if sum(sum(_taken.get(one, ())) for one in open_ones) + size > MAX_BYTES_OF_USER:
        raise HTTPException(413, "That is more than your open conversations take; give it again in an hour.")
    taken.append(size)
