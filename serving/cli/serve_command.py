"""``coach serve``: the REST interface."""

from typing import Annotated

import typer

from salescoach.config import Settings
from serving.cli.options import ModelDir


def serve(
    host: Annotated[str, typer.Option(help="address to listen on; keys open it to others")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on", min=1, max=65535)] = 8080,
    model: ModelDir = None,
) -> None:
    """Serve the REST interface: scores, moves, metrics, similar calls, questions, the library and deals."""
    from serving.api.server import serve as serve_api

    serve_api(Settings.load(model=model), host=host, port=port)
