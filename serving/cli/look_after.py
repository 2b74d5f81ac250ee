"""The commands that look after the home and serve the chat from it."""

import sys
from typing import Annotated

import typer

from salescoach.config import Settings
from serving.cli import printing, render
from serving.cli.options import AsJson, ModelDir


def setup(
    new_library: Annotated[
        bool,
        typer.Option(
            "--new-library", help="use the library that is there now, or a new one, in place of one that was lost"
        ),
    ] = False,
) -> None:
    """Install the model, the example calls and the index if they are missing. Can be repeated or interrupted."""
    from serving.progress_bar import progress
    from serving.usecases.setup import set_up

    with progress() as report:
        made = set_up(Settings.load(), report, new_library=new_library)
    printing.line("\n".join(made) if made else "Everything is in place.")


def chat(
    port: Annotated[int, typer.Option(help="port to listen on", min=1, max=65535)] = 8000,
    host: Annotated[
        str, typer.Option(help="address to listen on; other than localhost it needs accounts")
    ] = "127.0.0.1",
    open_browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="open the browser; default: if run in a terminal")
    ] = None,
    model: ModelDir = None,
) -> None:
    """Start the chat and open it in the browser."""
    from serving.chat.server import serve

    is_opened = sys.stdout.isatty() if open_browser is None else open_browser
    serve(Settings.load(model=model), host=host, port=port, open_browser=is_opened)


def doctor(model: ModelDir = None, as_json: AsJson = False) -> None:
    """Check the installation and say how to fix problems."""
    from serving.usecases.doctor import examine

    checks = examine(Settings.load(model=model))
    is_well = all(check.ok for check in checks)
    printing.result({"ok": is_well, "checks": [check.model_dump() for check in checks]}, render.checks(checks), as_json)
    if not is_well:
        raise typer.Exit(1)
