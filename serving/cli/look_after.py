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
        typer.Option("--new-library", help="give up a library that is gone; the one there now is meant, or a new one"),
    ] = False,
) -> None:
    """Make model, library of example calls and index, where they are missing. Safe to repeat and to interrupt."""
    from serving.progress_bar import progress
    from serving.usecases.setup import set_up

    with progress() as report:
        made = set_up(Settings.load(), report, new_library=new_library)
    printing.line("\n".join(made) if made else "Everything is in place.")


def chat(
    port: Annotated[int, typer.Option(help="port of the page", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="address to listen on; accounts open it to others")] = "127.0.0.1",
    open_browser: Annotated[bool | None, typer.Option("--open/--no-open", help="default: on a terminal")] = None,
    model: ModelDir = None,
) -> None:
    """Serve the chat page on this machine and open it in the browser."""
    from serving.chat.server import serve

    is_opened = sys.stdout.isatty() if open_browser is None else open_browser
    serve(Settings.load(model=model), host=host, port=port, open_browser=is_opened)


def doctor(model: ModelDir = None, as_json: AsJson = False) -> None:
    """Say whether everything is in place, and if not, what to do."""
    from serving.usecases.doctor import examine

    checks = examine(Settings.load(model=model))
    is_well = all(check.ok for check in checks)
    printing.result({"ok": is_well, "checks": [check.model_dump() for check in checks]}, render.checks(checks), as_json)
    if not is_well:
        raise typer.Exit(1)
