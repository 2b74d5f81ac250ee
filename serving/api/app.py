"""The REST interface as an ASGI app."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from salescoach.config import Settings
from serving.api import asking, calls, deals, health, library
from serving.api.front import OPEN_PATHS, REQUEST_ID, Front
from serving.api.jobs import add_jobs, open_jobs
from serving.api.keys import Admission
from serving.api.live import add_live, open_live
from serving.api.metrics import add_metrics
from serving.api.openapi import describe
from serving.api.problems import add_problems
from serving.api.repeats import HEADER, REPLAYED
from serving.api.state import open_state
from serving.api.traces import add_traces
from serving.usecases.answered import AnsweredRequests

ROUTERS: Final = (health.router, calls.router, asking.router, library.reading, library.writing, deals.router)
# What brings more than a router: each is called with the app.
EXTENSIONS: Final[tuple[Callable[[FastAPI], None], ...]] = (add_live, add_jobs, add_metrics, add_traces)
# What is open while the app is, beside its state; closed in the opposite order.
OPENED: Final[tuple[Callable[[FastAPI], AbstractAsyncContextManager[None]], ...]] = (open_live, open_jobs)


def create_app(settings: Settings) -> FastAPI:
    """The app; its lifespan opens model, library and index, and closes them after what is under way.

    ``app.state.coach`` is the ``ApiState`` while it is open, ``app.state.admission`` the keys, ``app.state.answered``
    the requests that named themselves, and ``app.state.open_paths`` what anybody may ask, which extensions may add to.

    Raises:
        InputError: a setting can't be used.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            app.state.coach = await opened.enter_async_context(open_state(settings))
            app.state.answered = AnsweredRequests(settings.api_requests_file)
            for open_one in OPENED:
                await opened.enter_async_context(open_one(app))
            yield

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,  # what generated clients call their functions
    )
    app.state.admission = Admission(settings)
    app.state.open_paths = set(OPEN_PATHS)
    origins = [origin.strip().rstrip("/") for origin in settings.api_origins.split(",") if origin.strip()]
    hosts = [host for host in settings.hosts.split(",") if host.strip()]
    open_paths = app.state.open_paths
    app.add_middleware(Front, admission=app.state.admission, hosts=hosts, origins=origins, open_paths=open_paths)
    if origins:  # the last one added is the first one asked, as a browser asks whether it may ask without any key
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", HEADER, REQUEST_ID],
            expose_headers=["Location", "Retry-After", REPLAYED, REQUEST_ID],
        )
    add_problems(app)
    for router in ROUTERS:
        app.include_router(router)
    for extend in EXTENSIONS:
        extend(app)
    describe(app)
    return app
