"""Opens the door: what is said before, what it may listen on, and which transport."""

from collections.abc import Callable, Iterator
from typing import Final

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.hosts import is_this_machine
from serving.mcp.desk import McpDesk
from serving.usecases.api_keys import ApiKeys
from serving.web.listening import listen

LEAVES: Final = (
    "What a client asks for is given to its language model, which may be in the cloud; make sure that this is agreed "
    "on."
)
MASKED: Final = (
    "Names, numbers and mail of calls are masked by rules, which miss some, such as names in small letters; ids are "
    "aliases. --no-mask gives everything out as it is."
)
UNMASKED: Final = "Nothing is masked: names, numbers, mail and whole calls are given out as they are."


def open_door(settings: Settings, *, host: str, port: int, over_http: bool, masked: bool) -> Iterator[str]:
    """Serves until the client has gone or it is interrupted; gives what has to be said before it does.

    Raises:
        InputError: the address is not this machine's and there is no key, or the port is taken.
    """
    desk = McpDesk(settings, masked=masked)
    yield LEAVES
    yield MASKED if masked else UNMASKED
    if not over_http:
        from serving.mcp.transports import serve_pipes

        serve_pipes(desk)
        return
    admits = _keys(settings, host)
    listening = listen(host, port)
    try:
        yield f"MCP clients reach the coach at http://{host}:{port}/mcp (stop with Ctrl-C)."
        from serving.mcp.transports import serve_http

        named = tuple(name.strip() for name in (host, *settings.hosts.split(",")) if name.strip())
        serve_http(desk, listening, named, admits)
    finally:
        listening.close()


def _keys(settings: Settings, host: str) -> Callable[[str], bool] | None:
    """Whether a secret is that of a key that may read; None where there are no keys and it is this machine's own."""
    keys = ApiKeys(settings.api_keys_file)
    if not keys.in_use:
        if not is_this_machine(host):
            raise InputError(
                f"Without a key the coach listens on this machine only; {host} would open it to others. "
                "Make one with `coach key add NAME`, or leave --host out."
            )
        return None
    return lambda secret: (key := keys.find(secret)) is not None and key.allows("read")
