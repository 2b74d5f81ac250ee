"""The REST interface as an ASGI app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from salescoach.config import Settings
from serving.api.calls import add_calls
from serving.api.health import add_health
from serving.api.keys import Admission
from serving.api.problems import add_problems
from serving.api.state import open_state

# What adds endpoints, each to the whole app.
ENDPOINTS = (add_health, add_calls)


def create_app(settings: Settings) -> FastAPI:
    """The app; its lifespan opens model, library and index, and closes them after what is under way.

    ``app.state.coach`` is the ``ApiState`` while it is open, ``app.state.admission`` the keys.

    Raises:
        InputError: a setting can't be used.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_state(settings) as state:
            app.state.coach = state
            yield

    app = FastAPI(title="Sales Coach", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.admission = Admission(settings)
    add_problems(app)
    for add in ENDPOINTS:
        add(app)
    return app
