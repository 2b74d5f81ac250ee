"""``coach team``: who is on our side in all calls, so that it needn't be said for each."""

from typing import Annotated

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import AsJson

app = typer.Typer(help="Manage the names on your side, used when --rep is not given.", no_args_is_help=True)

Names = Annotated[
    list[str], typer.Argument(help="names as they appear in transcripts, or an e-mail domain (@hexa.example)")
]


@app.command()
def add(names: Names, as_json: AsJson = False) -> None:
    """Add names."""
    from serving.usecases.team import add_to_team

    done = add_to_team(Settings.load(), names)
    text = f"Added: {', '.join(done.changed)}." if done.changed else "They were in the list already."
    printing.result(done, f"{text} Names in the list: {len(done.names)}.", as_json)


@app.command()
def remove(names: Names, as_json: AsJson = False) -> None:
    """Remove names."""
    from serving.usecases.team import remove_from_team

    done = remove_from_team(Settings.load(), names)
    printing.result(done, f"Removed: {', '.join(done.changed)}. Names in the list: {len(done.names)}.", as_json)


@app.command("list")
def list_names(as_json: AsJson = False) -> None:
    """List the names."""
    from serving.usecases.team import saved_team

    names = saved_team(Settings.load())
    text = "\n".join(names) or "Nobody is in the list yet; `coach team add NAME…` adds people, or your e-mail domain."
    printing.result({"names": list(names)}, text, as_json)
