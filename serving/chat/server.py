"""The chat's server: starts Chainlit on ``chainlit_app.py`` with ``serve``; for other machines only with accounts."""

import asyncio
import os
import shutil
import socket
import warnings
import webbrowser
from pathlib import Path
from typing import Final

import typer

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.hosts import is_this_machine
from salescoach.whole_file import copy_folder
from serving.chat.accounts import Accounts, cookie_secret
from serving.chat.store import ChatStore
from serving.progress_bar import progress
from serving.usecases.indexing import follow_library
from serving.usecases.lost_library import check_library
from serving.web.listening import listen

ROOT: Final = Path(__file__).resolve().parents[2]
# Where they are, and what they are called for Chainlit: it warns where a text is not named after its language.
_PAGE_FILES: Final = ((".chainlit", ".chainlit"), ("public", "public"), ("chainlit.md", "chainlit_en-US.md"))
# Above the largest transcript, so that a paste that is too long gets an answer instead of a dropped connection.
MAX_MESSAGE_BYTES: Final = 8_000_000
_SECONDS_TO_CLOSE: Final = 2

# What would send conversations or telemetry away from this machine where a user's shell has it switched on, or would
# send the session's cookie along with other sites' requests.
_FIXED: Final = {
    "CHAINLIT_COOKIE_SAMESITE": "lax",
    "CHAINLIT_ROOT_PATH": "",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "TRACELOOP_TELEMETRY": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
}


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, open_browser: bool = False) -> None:
    """Serves the chat until it is interrupted; prints the address once the page can be opened.

    Raises:
        InputError: the host is not this machine and there are no accounts, the port is taken, or the page's files are
            missing.
        CoachError: the home can't be written to; the accounts, the history or the library can't be read; or the library
            is not the one before.
    """
    if not Accounts(settings.users_file).names() and (settings.users_file.exists() or not is_this_machine(host)):
        raise InputError(
            f"Without accounts the chat listens on this machine only; {host} would open it to others. "
            "Add one with `coach user add NAME`, or leave --host out."
            if not is_this_machine(host)
            else f"Nobody could sign in: the last account is removed. Add one with `coach user add NAME`, or delete "
            f"{settings.users_file} to use the chat without accounts."
        )
    if settings.home.exists() and not os.access(settings.home, os.W_OK):
        raise CoachError(
            f"The chat keeps what is said in {settings.home}, which can't be written to; make it writable, or set "
            "COACH_HOME to a folder of yours."
        )
    check_library(settings)
    with progress() as report:
        follow_library(settings, report)
    ChatStore(settings.history_file).close()  # that it can be used is better known now than at the first question
    listening = listen(host, port)
    try:
        app_root = _prepare_app_root(settings.home.resolve() / "chat" / str(port))
        _set_environment(settings.model_copy(update={"hosts": f"{settings.hosts},{host}"}), app_root, port)
        address = f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"
        asyncio.run(_run(listening, address, settings.proxies, open_browser))
    finally:
        listening.close()


def public_paths() -> frozenset[str]:
    """The paths of the files that come with the page, and that are served to anybody."""
    folder = ROOT / "public"
    return frozenset(f"/public/{file.relative_to(folder).as_posix()}" for file in folder.rglob("*") if file.is_file())


def _prepare_app_root(folder: Path) -> Path:
    """Where Chainlit finds the page's files and writes its own, uploads among them: under ``COACH_HOME``, not the code.

    One folder a port, because Chainlit empties its upload folder when it stops.
    """
    shutil.rmtree(folder, ignore_errors=True)  # what a killed server left behind
    try:
        folder.mkdir(parents=True)
        for name, known_as in _PAGE_FILES:
            source = ROOT / name
            if not source.exists():
                raise InputError(f"{source} is missing; install the coach from a whole copy of its repository.")
            if source.is_dir():
                copy_folder(source, folder / known_as)
            else:
                shutil.copyfile(source, folder / known_as)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _set_environment(settings: Settings, app_root: Path, port: int) -> None:
    # Chainlit reads its folder from the environment when it is imported, and runs chainlit_app.py as a program of its
    # own, which loads its settings from there too: the one way to hand both what the command line was given.
    os.environ["CHAINLIT_APP_ROOT"] = str(app_root)
    given = settings.model_copy(update={"home": settings.home.resolve()})
    for name in Settings.model_fields:
        value = getattr(given, name)
        if value is not None and not name.startswith("openai_"):  # the program reads those by their own names
            os.environ[f"COACH_{name.upper()}"] = str(value.resolve() if isinstance(value, Path) else value)
    os.environ["CHAINLIT_AUTH_SECRET"] = cookie_secret(settings.cookie_secret_file)
    # A browser sends a cookie to every port of a host, and two coaches may run on one machine.
    os.environ["CHAINLIT_AUTH_COOKIE_NAME"] = f"coach_{port}_session"
    os.environ.update(_FIXED)


async def _run(listening: socket.socket, address: str, proxies: str, open_browser: bool) -> None:
    import uvicorn
    from chainlit.config import config, load_module
    from chainlit.server import app

    config.run.headless = True  # Chainlit would open the browser before the page is there
    # For each visitor Chainlit makes a coroutine of the profiles once more and drops it, because its own command line
    # allows event loops inside event loops; nothing is lost but this line in the terminal.
    warnings.filterwarnings("ignore", message="coroutine 'profiles' was never awaited", category=RuntimeWarning)
    load_module(str(ROOT / "chainlit_app.py"))
    configured = uvicorn.Config(
        app,
        log_level="error",
        timeout_graceful_shutdown=_SECONDS_TO_CLOSE,
        ws_max_size=MAX_MESSAGE_BYTES,
        server_header=False,
        # Whoever may say where a request came from can get around the limits for guessing passwords.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
    )
    server = uvicorn.Server(configured)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.05)
    if server.started:
        typer.echo(f"Sales Coach is at {address} (stop with Ctrl-C)")
        if open_browser:
            webbrowser.open(address)
    await serving
