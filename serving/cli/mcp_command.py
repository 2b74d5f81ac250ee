"""The command that lets MCP clients use the coach. Nothing of it runs unless somebody starts it."""

from typing import Annotated

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import ModelDir


def mcp(
    http: Annotated[bool, typer.Option("--http", help="serve over HTTP; default: over stdin and stdout")] = False,
    host: Annotated[str, typer.Option(help="address to listen on; API keys open it to others")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port of --http", min=1, max=65535)] = 8090,
    no_mask: Annotated[
        bool, typer.Option("--no-mask", help="give names, numbers and mail of calls out as they are")
    ] = False,
    model: ModelDir = None,
) -> None:
    """Let MCP clients use the coach's tools. What they ask for leaves this machine where their model is elsewhere."""
    from serving.mcp.opening import open_door

    for line in open_door(Settings.load(model=model), host=host, port=port, over_http=http, masked=not no_mask):
        printing.note(line)
