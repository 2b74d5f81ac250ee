"""``coach user``: who may sign in to the chat."""

import getpass
import json
import sys
from typing import Annotated, Final

import typer

from salescoach.config import Settings
from salescoach.errors import InputError
from serving.cli import printing

app = typer.Typer(help="Manage accounts for the chat.", no_args_is_help=True)

_RESTART: Final = "A chat that is running without accounts asks for them after its next start."


@app.command()
def add(name: str) -> None:
    """Add an account or change its password (prompted for, or read from stdin)."""
    from serving.chat.accounts import Accounts, account_name

    account_name(name)
    is_new = Accounts(Settings.load().users_file).add(name, _password())
    done = "is added" if is_new else "has a new password, and its sessions are over"
    printing.line(f"The account {account_name(name)} {done}. {_RESTART if is_new else ''}".rstrip())


@app.command()
def remove(name: str) -> None:
    """Remove an account. Its conversations are kept and go to any later account of the same name."""
    from serving.chat.accounts import Accounts, account_name

    Accounts(Settings.load().users_file).remove(name)
    printing.line(f"The account {account_name(name)} is removed. Its conversations stay under COACH_HOME.")


@app.command("list")
def list_accounts(as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False) -> None:
    """List the accounts."""
    from serving.chat.accounts import Accounts

    names = Accounts(Settings.load().users_file).names()
    text = "\n".join(names) or "There are no accounts: the chat is for this machine only, and nobody signs in."
    printing.line(json.dumps({"users": names}) if as_json else text)


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise InputError("The two passwords differ; nothing was changed.")
    return password
