"""A `coach serve` of one's own for a measurement, over a copy of a home, so that no score is noted in the real one."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

SECONDS_TO_START = 180.0


def copy_of(home: Path, folder: Path) -> Path:
    """A copy of a home that may be changed."""
    shutil.copytree(home, folder / "home", ignore=shutil.ignore_patterns("chat", "runs"))
    return folder / "home"


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[tuple[str, int]]:
    """A server of a home: its address and the id of its process."""
    port = free_port()
    command = [sys.executable, "-m", "serving.cli", "serve", "--port", str(port)]
    environment = {**os.environ, "COACH_HOME": str(home), **settings}
    with (home / "server.log").open("w") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + SECONDS_TO_START
        while not _is_ready(url):
            if running.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"The server didn't start: {(home / 'server.log').read_text()[-500:]}")
            time.sleep(0.05)
        yield url, running.pid
    finally:
        running.terminate()
        running.wait(60)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
