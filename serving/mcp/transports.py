"""How clients reach the server: over the pipes of a program that they start, or over HTTP."""

import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from salescoach.reading.limits import MAX_BYTES
from serving.mcp.adapter import make_server
from serving.mcp.desk import McpDesk

PATH: Final = "/mcp"
MAX_REQUEST_BYTES: Final = 6 * MAX_BYTES + 100_000  # JSON may write a character as six
LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
SECONDS_TO_CLOSE: Final = 2

Admits = Callable[[str], bool]


def serve_pipes(desk: McpDesk) -> None:
    """Serves one client over stdin and stdout until it closes stdin."""
    # Whatever else prints to stdout would be taken for a message, so it goes to stderr from now on.
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        anyio.run(_serve_pipes, make_server(desk), anyio.wrap_file(protocol))
    finally:
        desk.close()


def serve_http(
    desk: McpDesk, listening: socket.socket, hosts: tuple[str, ...] = (), admits: Admits | None = None
) -> None:
    """Serves clients over streamable HTTP, at ``/mcp``, until it is interrupted.

    Args:
        desk: what the tools work with; closed in the end.
        listening: a bound socket.
        hosts: names under which it is reached from elsewhere, beside those of this machine.
        admits: whether a key may come in; None lets everybody in who reaches the socket.
    """
    app = http_app(make_server(desk), hosts, admits)
    configured = uvicorn.Config(
        app, log_level="warning", timeout_graceful_shutdown=SECONDS_TO_CLOSE, server_header=False, access_log=False
    )
    try:
        uvicorn.Server(configured).run(sockets=[listening])
    finally:
        desk.close()


def http_app(server: Server, hosts: tuple[str, ...] = (), admits: Admits | None = None) -> ASGIApp:
    """The ASGI app. Each request stands by itself, so that any number of processes could answer."""
    known = [name for host in (*LOCAL, *hosts) for name in (host, f"{host}:*")]
    manager = StreamableHTTPSessionManager(
        server,
        json_response=False,  # as a stream, whose beginning comes at once, however long a first score takes
        stateless=True,
        security_settings=TransportSecuritySettings(
            allowed_hosts=known, allowed_origins=[f"{scheme}://{one}" for one in known for scheme in ("http", "https")]
        ),
        max_request_body_size=MAX_REQUEST_BYTES,
    )

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield

    return Starlette(routes=[Route(PATH, _Door(manager.asgi_app, admits))], lifespan=running)


class _Door:
    """Lets in who has a key, where one is asked for."""

    def __init__(self, inside: ASGIApp, admits: Admits | None) -> None:
        self._inside = inside
        self._admits = admits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._admits is not None and not await anyio.to_thread.run_sync(self._is_admitted, scope):
            refused = JSONResponse(
                {"type": "about:blank", "title": "A key is needed", "status": 401},
                401,
                {"WWW-Authenticate": "Bearer"},
                "application/problem+json",
            )
            await refused(scope, receive, send)
            return
        await self._inside(scope, receive, send)

    def _is_admitted(self, scope: Scope) -> bool:
        given = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
        kind, _, key = given.partition(" ")
        return self._admits is not None and kind.lower() == "bearer" and self._admits(key.strip())


async def _serve_pipes(server: Server, stdout: anyio.AsyncFile[str]) -> None:
    async with stdio_server(stdout=stdout) as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
