"""What Chainlit has no setting for: who may come in, what stands before its server, and the page as it is served."""

# Chainlit is not read by the type checker (see pyproject.toml), so its decorators are untyped to it.
# mypy: disallow-untyped-decorators=False

from collections.abc import Callable
from pathlib import Path

import chainlit as cl
from chainlit import server

from salescoach.config import Settings
from serving.chat import uploads
from serving.chat.accounts import Accounts
from serving.chat.bodies import Bodies
from serving.chat.explained import SORRY
from serving.chat.guard import Guard
from serving.chat.history import ChatHistory, add_routes
from serving.chat.live import ChatLive
from serving.chat.page import content_policy, with_charts_ready, without_outside_links
from serving.chat.server import MAX_MESSAGE_BYTES, public_paths
from serving.chat.sessions import Sessions
from serving.chat.sign_in import LOCAL_USER, PasswordCheck, SignIn, signed_in
from serving.chat.sockets import guard_sockets


def harden(settings: Settings, history: Callable[[], ChatHistory], live: ChatLive) -> None:
    """Prepares Chainlit's server. Not again when the running page is reloaded: the app is closed by then."""
    if server.app.middleware_stack is not None:
        return
    accounts = Accounts(settings.users_file) if settings.users_file.exists() else None
    seconds = round(settings.session_hours * 3_600)
    sessions = Sessions(settings.sessions_dir, accounts, seconds) if accounts else None
    server.config.project.user_session_timeout = seconds
    _sign_in(accounts, sessions)
    add_routes(server.app, history)
    uploads.add_routes(server.app)
    live.add_routes(server.app)
    guard_sockets(SORRY)
    assets = Path(server.build_dir) / "assets"
    page = with_charts_ready(without_outside_links(server.get_html_template("")), assets)
    server.get_html_template = lambda root_path: page
    server.app.add_middleware(Bodies)  # the last one added is the first one asked
    server.app.add_middleware(SignIn, sessions=sessions)
    hosts = [host for host in settings.hosts.split(",") if host]
    server.app.add_middleware(Guard, hosts=hosts, policy=content_policy(page), public=public_paths())
    server.sio.eio.max_http_buffer_size = MAX_MESSAGE_BYTES


def _sign_in(accounts: Accounts | None, sessions: Sessions | None) -> None:
    """By password where there are accounts; else everybody at this machine is the one user, without a login page."""
    if accounts is None or sessions is None:

        @cl.header_auth_callback
        async def local(headers: object) -> cl.User:
            return cl.User(identifier=LOCAL_USER)

        return
    check = PasswordCheck(accounts)

    @cl.password_auth_callback
    async def by_password(username: str, password: str) -> cl.User | None:
        name = await check(username, password)
        return signed_in(name, sessions) if name else None
