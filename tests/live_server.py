"""What the tests of running calls share: the real app behind a real socket, in this process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from salescoach.config import Settings
from serving.api.app import create_app
from tests.browser import free_port

START_SECONDS = 90


class LiveServer:
    """Where it listens, and its app."""

    def __init__(self, app: FastAPI, port: int) -> None:
        self.app = app
        self.page = f"http://127.0.0.1:{port}/live"
        self.socket = f"ws://127.0.0.1:{port}/v1/live"
        self.root = f"ws://127.0.0.1:{port}"
        self.origin = f"http://127.0.0.1:{port}"


@contextmanager
def live_server(home: Path) -> Iterator[LiveServer]:
    """The app of a home while it serves."""
    port = free_port()
    app = create_app(Settings.load(home=home))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive(), "the server has ended"
            assert time.monotonic() < until, "the server is not up"
            time.sleep(0.05)
        yield LiveServer(app, port)
    finally:
        server.should_exit = True
        thread.join()
