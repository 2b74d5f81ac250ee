"""``coach key``: who may use the REST interface."""

import sys
from typing import Annotated

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import AsJson
from serving.usecases.api_keys import ApiKeys

app = typer.Typer(help="Keys to the REST interface, so that others than this machine can use it.", no_args_is_help=True)

Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="read, write or admin, which is everything; repeatable; default: read"),
]


@app.command()
def add(name: str, scope: Scopes = None, as_json: AsJson = False) -> None:
    """Add a key and print its secret, which can't be shown again."""
    made = _keys().add(name, scope or ("read",))
    sys.stderr.write(f"The key {name} may do: {', '.join(made.scopes)}. Keep its secret; it can't be shown again.\n")
    printing.result(made, made.secret, as_json)


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys, without their secrets."""
    keys = [key.model_dump(mode="json", exclude={"hash"}) for key in _keys().all()]
    lines = [f"{key['name']}: {', '.join(key['scopes'])} (since {key['created_at'][:10]})" for key in keys]
    printing.result(
        {"keys": keys}, "\n".join(lines) or "There are no keys: the REST interface is for this machine only.", as_json
    )


@app.command()
def revoke(name: str) -> None:
    """Take a key back; a running server refuses it from its next request on."""
    keys = _keys()
    keys.revoke(name)
    left = "" if keys.all() else " It was the last one: nobody gets in until another is added."
    printing.line(f"The key {name} is revoked.{left}")


def _keys() -> ApiKeys:
    return ApiKeys(Settings.load().api_keys_file)
