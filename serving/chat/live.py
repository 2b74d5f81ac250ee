"""Running calls in the chat's server: the same socket and page as those of the REST interface, behind its sign-in."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.websockets import WebSocket

from agent.coach import Coach
from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.model.scoring import CallScorer
from serving.api import live
from serving.api.live_channels import LiveChannels
from serving.chat.sign_in import USER
from serving.usecases.live import LiveParts
from serving.usecases.live_precedents import PastCallsOf
from serving.usecases.score_log import log_to
from serving.usecases.team import our_side

THREADS: Final = 2


class ChatLive:
    """The running calls of the chat's process; what they are scored with is the coach's."""

    def __init__(self, settings: Settings, coach: Callable[[], Awaitable[Coach]]) -> None:
        self._settings = settings
        self._coach = coach
        self._channels: LiveChannels | None = None

    def add_routes(self, app: FastAPI) -> None:
        """Comes before Chainlit's own routes, the last of which takes every address for the page."""
        router = APIRouter()
        live.add_routes(router, live.LiveDoor(self._opened, self._owner, self._our_side))
        app.router.routes[:0] = router.routes

    async def close(self) -> None:
        """Forgets all calls, and ends after the work that is under way."""
        if self._channels is not None:
            await self._channels.close()

    async def _owner(self, socket: WebSocket) -> str | None:
        """The user who is signed in; without accounts the one at this machine."""
        user: str | None = socket.scope.get(USER)
        if user is None:
            return None
        try:
            parts = (await self._coach()).parts
        except CoachError:  # the chat says what is missing
            return None
        if self._channels is None and isinstance(scorer := parts.scorer, CallScorer):
            log = log_to(self._settings.library_file, "chat")
            self._channels = LiveChannels(lambda: LiveParts(scorer, PastCallsOf(parts), log), THREADS)
        return user

    def _opened(self) -> LiveChannels:
        assert self._channels is not None  # nobody is let in before
        return self._channels

    def _our_side(self, rep: Sequence[str]) -> Sequence[str]:
        return our_side(self._settings, rep)
