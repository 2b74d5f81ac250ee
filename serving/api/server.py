"""Serves the REST interface: one process for a home, on this machine only unless there are keys."""

import asyncio
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
import uvicorn
from fastapi import FastAPI
from filelock import FileLock, Timeout
from uvicorn.server import HANDLED_SIGNALS

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError, ModelError
from salescoach.hosts import is_this_machine
from salescoach.model.artifact import find_model
from serving.api.app import create_app
from serving.progress_bar import progress
from serving.usecases.api_keys import ApiKeys
from serving.usecases.indexing import follow_library
from serving.usecases.lost_library import check_library
from serving.usecases.settled import settle
from serving.web.listening import listen

SECONDS_TO_STOP: Final = 30  # that requests which are under way may take when the server is stopped
_IDLE_S: Final = 30  # that a connection may wait between two requests


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serves until it is interrupted or ended; prints the address once requests are answered.

    Raises:
        InputError: the host is not this machine and there are no keys, the port is taken, another process serves the
            same home, or there is no model.
        CoachError: keys, library or model can't be read.
    """
    _check_keys(settings, host)
    try:
        find_model(settings)
    except ModelError as error:
        raise InputError(str(error)) from None
    with _alone(settings):
        check_library(settings)
        listening = listen(host, port)
        try:
            with progress() as report:
                follow_library(settings, report)
            name = f"[{host}]" if ":" in host else host
            app = create_app(settings)
            config = uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,  # its lines hold whole paths
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=SECONDS_TO_STOP,
                timeout_keep_alive=_IDLE_S,
                proxy_headers=bool(settings.proxies),
                forwarded_allow_ips=settings.proxies,
            )
            logging.getLogger("serving.api").setLevel(logging.INFO)
            asyncio.run(_run(app, _Server(config), listening, f"http://{name}:{port}"))
        finally:
            listening.close()


def _check_keys(settings: Settings, host: str) -> None:
    keys = ApiKeys(settings.api_keys_file)
    if keys.all():
        return
    if keys.in_use:
        raise InputError(
            f"Nobody could use the interface: the last key is revoked. Add one with `coach key add NAME`, or delete "
            f"{settings.api_keys_file} to use it on this machine without keys."
        )
    if not is_this_machine(host):
        raise InputError(
            f"Without keys the interface listens on this machine only; {host} would open it to others. Add a key with "
            "`coach key add NAME`, or leave --host out."
        )


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One process owns the index and what requests were answered."""
    lock = FileLock(settings.serving_lock, timeout=0)
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise InputError(
            f"Another `coach serve` serves {settings.home} already; use that one, stop it, or set COACH_HOME."
        ) from None
    except OSError as error:
        raise CoachError(f"{settings.home} can't be written to ({error.strerror}); make it writable.") from None
    try:
        yield
    finally:
        lock.release()


class _Server(uvicorn.Server):
    """Ends serving on a signal, but not the process, which may have work to finish."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """While it serves, Ctrl-C and the system's wish to end it are its own; a second Ctrl-C waits for nobody."""
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def _warm_up(app: FastAPI) -> None:
    await app.state.coach.warm_up()
    settle()


async def _run(app: FastAPI, server: uvicorn.Server, listening: socket.socket, address: str) -> None:
    """Opens everything first: what can't be opened is said in a sentence, and no request comes too early."""
    async with app.router.lifespan_context(app):
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        if server.started:
            typer.echo(f"The coach answers at {address}/v1 (stop with Ctrl-C); {address}/openapi.json says how to ask.")
        warming = asyncio.create_task(_warm_up(app))
        await serving
        warming.cancel()
        if app.state.coach.whole.n_open:
            typer.echo("Finishing what is under way …", err=True)
