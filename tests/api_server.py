"""The REST interface over real HTTP, in a thread of the tests' process."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from fastapi import FastAPI

from salescoach.config import Settings
from serving.api.app import create_app
from serving.api.state import ApiState


@dataclass(frozen=True)
class ApiServer:
    """A server that runs, a client of it without a key, and what it holds open."""

    port: int
    client: httpx.Client
    app: FastAPI
    loop: asyncio.AbstractEventLoop
    settings: Settings

    @property
    def state(self) -> ApiState:
        """What it holds open."""
        state: ApiState = self.app.state.coach
        return state


@contextmanager
def serving_api(settings: Settings) -> Iterator[ApiServer]:
    """Serves a home until the end of the block."""
    app = create_app(settings)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=10))
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.serve(sockets=[listening]))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError("the server did not start")
                threading.Event().wait(0.05)
            yield ApiServer(port, client, app, loop, settings)
    finally:
        server.should_exit = True
        thread.join(60)
        listening.close()
