"""The chat's server: starts Chainlit on ``chainlit_app.py`` with ``serve``; for other machines only with accounts.

Also what the page is served through: ``Guard``, the security headers and the refusal of other sites' requests.
"""

import asyncio
import ipaddress
import os
import re
import shutil
import socket
import warnings
import webbrowser
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import typer

from agent.chat_models import is_this_machine
from salescoach.config import Settings
from salescoach.errors import InputError
from serving.accounts import Accounts, cookie_secret
from serving.chat_store import ChatStore

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

ROOT: Final = Path(__file__).resolve().parent.parent
# Where they are, and what they are called for Chainlit: it warns where a text is not named after its language.
_PAGE_FILES: Final = ((".chainlit", ".chainlit"), ("public", "public"), ("chainlit.md", "chainlit_en-US.md"))
_EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})
_MAX_BODY_BYTES: Final = 4_000_000
_SECONDS_TO_CLOSE: Final = 2

_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
        b"worker-src 'self' blob:; frame-src 'none'; object-src 'none'; form-action 'self'; base-uri 'none'; "
        b"frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_OUTSIDE_LINK: Final = re.compile(r"<link\b[^>]{0,500}?\bhref=\"https?://[^>]{0,500}+>", re.IGNORECASE)

# What would send conversations or telemetry away from this machine where a user's shell has it switched on.
_SWITCHED_OFF: Final = {
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "TRACELOOP_TELEMETRY": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_OFFLINE": "1",
}


class Guard:
    """Pure ASGI middleware: security headers on every response, and no request but its own page's.

    Chainlit lets any website that the user has open connect to its socket. A page elsewhere must not be able to read
    calls, so the page that asks has to come from the very address that is asked. And that address has to be one that
    is meant: otherwise a website could point a name of its own at this machine and be such a page (DNS rebinding).
    Meant are this machine, the address that is listened on and the names that were given. Where every address is
    listened on, any number will do: a page can't be opened by a number that is not its server's.
    """

    def __init__(self, app: App, hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.strip("[]").casefold() for host in hosts)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if not self._is_own(headers):
            await _refuse(scope, send, 403, b"This address answers only to its own page.")
        elif int(headers.get(b"content-length", "0")) > _MAX_BODY_BYTES:
            await _refuse(scope, send, 413, b"That is too large.")
        else:
            await self._app(scope, receive, _with_headers(send))

    def _is_own(self, headers: dict[bytes, str]) -> bool:
        asked = _place(f"//{headers.get(b'host', '')}")
        if asked is None or not self._is_meant(asked[0]):
            return False
        origin = headers.get(b"origin")
        return origin is None or _place(origin) == asked

    def _is_meant(self, host: str) -> bool:
        if is_this_machine(host) or host in self._hosts:
            return True
        return bool(self._hosts & _EVERY_ADDRESS) and _is_number(host)


def _place(address: str) -> tuple[str, int | None] | None:
    """Host and port of an address; None as the port stands for the usual one."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return None if not host else (host.casefold(), None if port in (80, 443) else port)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = {name for name, _ in _HEADERS}
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in ours]
            message = {**message, "headers": [*kept, *_HEADERS]}
        await send(message)

    return send_with_headers


async def _refuse(scope: Message, send: Send, status: int, reason: bytes) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reason})


def without_outside_links(html: str) -> str:
    """A page without the links to fonts and style sheets on other machines that Chainlit's template has."""
    return _OUTSIDE_LINK.sub("", html)


def with_charts_ready(html: str, assets: Path) -> str:
    """A page that loads what draws charts while its reader reads, and not only when the first chart arrives.

    Args:
        html: the page.
        assets: the folder of the page's scripts; without one that draws, the page stays as it is.
    """
    found = sorted(assets.glob("react-plotly-*.js"))
    if not found:
        return html
    load = f'addEventListener("load", () => requestIdleCallback(() => import("/assets/{found[0].name}")))'
    return html.replace("</body>", f'<script type="module">{load}</script></body>')


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 8000, open_browser: bool = False) -> None:
    """Serves the chat until it is interrupted; prints the address once the page can be opened.

    Raises:
        InputError: the host is not this machine and there are no accounts, the port is taken, or the page's files are
            missing.
        CoachError: the accounts or the history can't be read.
    """
    if not Accounts(settings.users_file).names() and (settings.users_file.exists() or not is_this_machine(host)):
        raise InputError(
            f"Without accounts the chat listens on this machine only; {host} would open it to others. "
            "Add one with `coach user add NAME`, or leave --host out."
            if not is_this_machine(host)
            else f"Nobody could sign in: the last account is removed. Add one with `coach user add NAME`, or delete "
            f"{settings.users_file} to use the chat without accounts."
        )
    ChatStore(settings.history_file).close()  # that it can be used is better known now than at the first question
    listening = _listen(host, port)
    try:
        app_root = _prepare_app_root(settings.home.resolve() / "chat" / str(port))
        _set_environment(settings.model_copy(update={"hosts": f"{settings.hosts},{host}"}), app_root, port)
        asyncio.run(_run(listening, f"http://{'localhost' if host == '127.0.0.1' else host}:{port}", open_browser))
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(f"Port {port} can't be used ({error.strerror}); give another one with --port.") from None
    return listening


def _prepare_app_root(folder: Path) -> Path:
    """Where Chainlit finds the page's files and writes its own, uploads among them: under ``COACH_HOME``, not the code.

    One folder a port, because Chainlit empties its upload folder when it stops.
    """
    shutil.rmtree(folder, ignore_errors=True)  # what a killed server left behind
    folder.mkdir(parents=True)
    for name, known_as in _PAGE_FILES:
        source = ROOT / name
        if not source.exists():
            raise InputError(f"{source} is missing; install the coach from a whole copy of its repository.")
        if source.is_dir():
            shutil.copytree(source, folder / known_as)
        else:
            shutil.copyfile(source, folder / known_as)
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
    os.environ.update(_SWITCHED_OFF)


async def _run(listening: socket.socket, address: str, open_browser: bool) -> None:
    import uvicorn
    from chainlit.config import config, load_module
    from chainlit.server import app

    config.run.headless = True  # Chainlit would open the browser before the page is there
    # For each visitor Chainlit makes a coroutine of the profiles once more and drops it, because its own command line
    # allows event loops inside event loops; nothing is lost but this line in the terminal.
    warnings.filterwarnings("ignore", message="coroutine 'profiles' was never awaited", category=RuntimeWarning)
    load_module(str(ROOT / "chainlit_app.py"))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=_SECONDS_TO_CLOSE))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.05)
    if server.started:
        typer.echo(f"Sales Coach is at {address} (stop with Ctrl-C)")
        if open_browser:
            webbrowser.open(address)
    await serving
