"""The chat's history as Chainlit asks for it: a data layer over ``ChatStore``.

Chainlit writes without waiting and without looking at what comes of it. Here writes happen one after another, in the
order in which they were asked for, and one that fails is a sentence in the log: it never stops an answer.
"""

# Chainlit is not read by the type checker (see pyproject.toml), so its classes are untyped to it.
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, Final, ParamSpec, TypeVar

from chainlit.auth import get_current_user
from chainlit.context import ChainlitContextException, context
from chainlit.data.base import BaseDataLayer
from chainlit.session import ws_sessions_id
from chainlit.types import (
    DeleteFeedbackRequest,
    Feedback,
    PageInfo,
    PaginatedResponse,
    Pagination,
    ThreadFilter,
    UpdateFeedbackRequest,
)
from chainlit.user import PersistedUser, User
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from serving.chat.store import ChatStore
from serving.chat.stored_files import is_upload, remove_uploads
from serving.usecases.delete import forget_conversation, forget_pasted

logger = logging.getLogger(__name__)

CONTENT_URL: Final = "/history/element/"
# Of what a session knows, only what is needed to go on with its thread; the rest may hold anything.
_KEPT_METADATA: Final = ("chat_profile", "chat_settings")
# Nothing that a browser would run as part of this page is ever sent as what it claims to be.
_SAFE_TYPES: Final = {"text/plain": "text/plain; charset=utf-8", "application/json": "application/json"}

P = ParamSpec("P")
T = TypeVar("T")


def _logged(method: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, Coroutine[Any, Any, None]]:
    """What Chainlit doesn't wait for: an error is told in the log, and the answer goes on."""

    @functools.wraps(method)
    async def logged(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await method(*args, **kwargs)
        except CoachError as error:
            logger.error("Something shown was not kept in the history: %s", error)
        except Exception:
            logger.exception("Something shown was not kept in the history.")

    return logged


def conversation(user: str, thread_id: str) -> str:
    """The name of a thread's conversation with the coach. Nobody can name one of another user's."""
    return f"{user}/{thread_id}"


class ChatHistory(BaseDataLayer):
    """Users, threads, steps, elements and feedback of the chat."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = ChatStore(settings.history_file)
        self._writing = asyncio.Lock()  # first come, first served
        self._answering: dict[str, asyncio.Task[Any]] = {}

    async def _write(self, method: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        async with self._writing:
            return await asyncio.to_thread(method, *args, **kwargs)

    # What is being answered now

    @asynccontextmanager
    async def answering(self, thread_id: str) -> AsyncIterator[None]:
        """While a question of a thread is worked on, so that whoever comes back to it can wait for the answer."""
        task = asyncio.current_task()
        assert task is not None
        self._answering[thread_id] = task
        try:
            yield
        finally:
            if self._answering.get(thread_id) is task:
                del self._answering[thread_id]

    def answering_task(self, thread_id: str) -> asyncio.Task[Any] | None:
        """The task that is working on a question of the thread, if there is one."""
        return self._answering.get(thread_id)

    # Calls

    async def add_call(self, thread_id: str, call_id: str, step_id: str | None = None) -> None:
        """Notes that a thread is about a call; ``step_id`` is the message that shows its card.

        A call that no thread could be noted for doesn't stay: nobody could delete it.

        Raises:
            CoachError: the thread was deleted meanwhile, or the file can't be written.
        """
        user = _user()
        try:
            await self._write(self._store.add_call, thread_id, call_id, step_id, user)
        except BaseException:  # a stop, too
            if user is not None and call_id not in await self._write(self._store.call_ids):
                await asyncio.to_thread(forget_pasted, self._settings, call_id, user)
            raise

    async def calls(self, thread_id: str) -> tuple[str, ...]:
        """The calls that a thread of the user's is about, the newest last: those that its buttons may name.

        Raises:
            InputError: it is another user's thread.
        """
        return await self._write(self._store.calls, thread_id, _user())

    @_logged
    async def name_thread(self, thread_id: str, name: str) -> None:
        """Names a thread, such as by the card of its first call."""
        await self.update_thread(thread_id, name=name)

    @_logged
    async def quotes(self, step_id: str, call_ids: Iterable[str]) -> None:
        """Notes which calls an answer quotes, in its text or in what stands beside it."""
        await self._write(self._store.quotes, step_id, list(call_ids))

    # What was answered

    @_logged
    async def keep_exchange(self, thread_id: str, step_id: str, exchange: Mapping[str, Any]) -> None:
        """Keeps a question with its answer, from which a conversation is exported later."""
        await self._write(self._store.put_exchange, thread_id, step_id, exchange, _user())

    async def exchanges(self, thread_id: str) -> list[dict[str, Any]]:
        """What was asked and answered in a thread of the user's, oldest first.

        Raises:
            InputError: it is another user's thread.
        """
        return await self._write(self._store.exchanges, thread_id, _user())

    async def refuse_if_full(self) -> None:
        """Makes sure that there is room for more of this user's messages.

        Raises:
            InputError: there is none.
        """
        at_most = self._settings.max_history_mb
        user = _user()
        if user is not None and await self._write(self._store.size, user) > at_most * 1_000_000:
            raise InputError(
                f"Your conversations take more than {at_most:,} MB here, which is as much as is kept for one person. "
                "Delete some that you don't need any more."
            )

    # Users

    async def get_user(self, identifier: str) -> PersistedUser | None:
        """A user who has been here before."""
        found = await self._write(self._store.user, identifier)
        return None if found is None else PersistedUser(id=identifier, **found)

    async def create_user(self, user: User) -> PersistedUser:
        """The user of that name, a new one where there is none."""
        return PersistedUser(id=user.identifier, **await self._write(self._store.add_user, user.identifier))

    # Feedback; the routes below come before Chainlit's, which don't ask whose answer it is

    async def upsert_feedback(self, feedback: Feedback) -> str:
        """Refused: without its user nobody can tell whether it is theirs to give."""
        raise CoachError("A thumb needs somebody who gives it.")

    async def delete_feedback(self, feedback_id: str) -> bool:
        """Refused, as above."""
        raise CoachError("A thumb needs somebody who takes it back.")

    async def give_feedback(self, user: str, feedback: Feedback) -> str | None:
        """Keeps a thumb for an answer; None where there is no such answer in the user's threads."""
        return await self._write(self._store.put_feedback, feedback.forId, feedback.value, feedback.comment, user)

    async def take_feedback(self, user: str, feedback_id: str) -> bool:
        """Takes a thumb back; False where the user gave none of that id."""
        return await self._write(self._store.delete_feedback, feedback_id, user)

    # Elements

    @_logged
    async def create_element(self, element: Any) -> None:
        """Keeps what was shown. Of a file that was uploaded, only where it is: the library has its call."""
        if element.type == "custom":  # a browser may send such a one; the page shows none
            return
        if element.content is None:
            if element.path and is_upload(self._settings.home, Path(element.path)):
                path = Path(element.path).resolve()
                await self._write(self._store.add_upload, element.thread_id, element.for_id, path, _user())
            return
        content = element.content.encode() if isinstance(element.content, str) else element.content
        await self._write(self._store.put_element, element.to_dict(), content, _user())

    async def get_element(self, thread_id: str, element_id: str) -> dict[str, Any] | None:
        """An element of a thread, whose content is at its ``url``."""
        return await self._write(self._store.element, thread_id, element_id, CONTENT_URL)

    @_logged
    async def delete_element(self, element_id: str, thread_id: str | None = None) -> None:
        """Deletes an element."""
        await self._write(self._store.delete_element, element_id, _user())

    # Steps

    @_logged
    async def create_step(self, step_dict: Mapping[str, Any]) -> None:
        """Keeps a step as it was shown."""
        await self._write(self._store.put_step, dict(step_dict), _user())

    @_logged
    async def update_step(self, step_dict: Mapping[str, Any]) -> None:
        """Keeps a step as it is shown now."""
        await self._write(self._store.put_step, dict(step_dict), _user())

    @_logged
    async def delete_step(self, step_id: str) -> None:
        """Deletes a step with all that belongs to it."""
        await self._write(self._store.delete_step, step_id, _user())

    # Threads

    async def get_thread_author(self, thread_id: str) -> str:
        """Whose thread it is; an empty name where there is no such thread."""
        return await self._write(self._store.owner, thread_id) or ""

    async def list_threads(self, pagination: Pagination, filters: ThreadFilter) -> PaginatedResponse[dict[str, Any]]:
        """A user's threads, newest first.

        Raises:
            CoachError: nobody is named whose they are.
        """
        if filters.userId is None:
            raise CoachError("A list of conversations needs somebody whose they are.")
        page = await self._write(
            self._store.threads, filters.userId, pagination.first, pagination.cursor or None, filters.search,
            filters.feedback,
        )  # fmt: skip
        info = PageInfo(hasNextPage=page.cursor is not None, startCursor=None, endCursor=page.cursor)
        return PaginatedResponse(pageInfo=info, data=list(page.threads))

    async def get_thread(self, thread_id: str) -> dict[str, Any] | None:
        """A thread with its steps and elements."""
        return await self._write(self._store.thread, thread_id, CONTENT_URL)

    async def update_thread(
        self,
        thread_id: str,
        name: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tags: list[str] | None = None,
    ) -> None:
        """Names a thread, or keeps what its session knows; of that, only what is needed to go on."""
        kept = None if metadata is None else {key: metadata[key] for key in _KEPT_METADATA if metadata.get(key)}
        user = _user() or user_id
        await self._write(self._store.update_thread, thread_id, user, name=name, metadata=kept, tags=tags)

    async def delete_thread(self, thread_id: str) -> None:
        """Deletes a thread with its uploads, what the coach remembers, and the pasted calls that only it was about."""
        if (task := self._answering.get(thread_id)) is not None:
            task.cancel()
            await asyncio.wait([task], timeout=5)
        # The thread goes last, so that an interrupted deletion can be asked for again.
        if owner := await self.get_thread_author(thread_id):
            files = [*await self._write(self._store.uploads, thread_id), *_files_of_sessions(thread_id, owner)]
            await asyncio.to_thread(remove_uploads, self._settings.home, files)
            await asyncio.to_thread(forget_conversation, self._settings, conversation(owner, thread_id))
            for call_id in await self._write(self._store.only_calls, thread_id):
                is_gone = await asyncio.to_thread(forget_pasted, self._settings, call_id, owner)
                # A colleague may have been asked to confirm its outcome.
                if is_gone and await self._write(self._store.is_quoted_elsewhere, call_id, thread_id):
                    await self._write(self._store.forget_call, [call_id], [])
        await self._write(self._store.delete_thread, thread_id)

    async def get_favorite_steps(self, user_id: str) -> list[dict[str, Any]]:
        """None: the page has no favourites."""
        return []

    async def build_debug_url(self) -> str:
        """None."""
        return ""

    async def close(self) -> None:
        """Closes the file."""
        self._store.close()

    async def content(self, user: str, element_id: str) -> Response | None:
        """What an element of one of the user's threads shows."""
        found = await self._write(self._store.content, element_id, user)
        if found is None:
            return None
        media_type = _SAFE_TYPES.get(found.mime.partition(";")[0].strip(), "application/octet-stream")
        return Response(found.data, media_type=media_type, headers={"cache-control": "private, no-store"})


CurrentUser = Annotated[Any, Depends(get_current_user)]


def add_routes(app: FastAPI, history: Callable[[], ChatHistory]) -> None:
    """Serves the content of elements, and takes thumbs, only from those whose they are.

    Comes before Chainlit's own routes, the last of which takes every address for the page.
    """
    router = APIRouter()

    @router.get(CONTENT_URL + "{element_id}")
    async def element(element_id: str, current_user: CurrentUser) -> Response:
        found = await history().content(_name(current_user), element_id)
        if found is None:
            raise HTTPException(404, "There is no such element.")
        return found

    @router.put("/feedback")
    async def give(update: UpdateFeedbackRequest, current_user: CurrentUser) -> Response:
        feedback_id = await history().give_feedback(_name(current_user), update.feedback)
        if feedback_id is None:
            raise HTTPException(404, "There is no such answer.")
        return JSONResponse({"success": True, "feedbackId": feedback_id})

    @router.delete("/feedback")
    async def take(payload: DeleteFeedbackRequest, current_user: CurrentUser) -> Response:
        if not await history().take_feedback(_name(current_user), payload.feedbackId):
            raise HTTPException(404, "There is no such thumb.")
        return JSONResponse({"success": True})

    app.router.routes[:0] = router.routes


def _files_of_sessions(thread_id: str, owner: str) -> list[Path]:
    """The files of its owner's pages on which a thread is open; they can't be asked for from now on."""
    files = []
    for session in list(ws_sessions_id.values()):
        if session.thread_id == thread_id and session.user is not None and session.user.identifier == owner:
            files += [Path(file["path"]) for file in session.files.values()]
            session.files.clear()
    return files


def _name(user: Any) -> str:
    if user is None:
        raise HTTPException(401, "Sign in first.")
    return str(user.identifier)


def _user() -> str | None:
    """Whose session this is; None in a request that belongs to none, which Chainlit has checked itself."""
    try:
        user = context.session.user
    except ChainlitContextException:
        return None
    if user is None:
        raise CoachError("Nobody is signed in, so nothing is kept.")
    return str(user.identifier)
