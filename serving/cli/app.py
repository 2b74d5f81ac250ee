"""The ``coach`` command. Results go to stdout, everything else to stderr.

Exit codes: 0 done (an abstention is a result); 2 unreadable input or wrong usage, in one sentence; 1 anything else.
What a command needs is imported when it runs, so that ``--help`` costs next to nothing.
"""

import io
import logging
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from serving.cli import (
    batch_commands,
    deal_commands,
    experiment_commands,
    import_commands,
    judge,
    keep,
    key_commands,
    label_commands,
    learn,
    live_commands,
    look_after,
    mcp_command,
    model_commands,
    monitor_commands,
    score,
    serve_command,
    team_commands,
    tracker_commands,
    user_commands,
)
from serving.tracing import start_tracing
from serving.usecases.private_home import hide_new_files, keep_private

COMMANDS = (
    look_after.setup, look_after.chat,
    score.read, score.score, score.metrics, score.moves, score.brief, score.scorecard, score.similar, score.ask,
    serve_command.serve,
    learn.sample, learn.train,
    deal_commands.deals,
    batch_commands.batch, batch_commands.nightly,
    keep.index, keep.add, keep.outcome, keep.delete,
    judge.evaluate, judge.compare, judge.audit,
    mcp_command.mcp,
    look_after.doctor,
    monitor_commands.monitor,
)  # fmt: skip

app = typer.Typer(
    help="Score sales calls: a calibrated probability, the turns behind it, and similar past calls.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(tracker_commands.app, name="tracker")
app.add_typer(user_commands.app, name="user")
app.add_typer(team_commands.app, name="team")
app.add_typer(key_commands.app, name="key")
app.add_typer(import_commands.app, name="import")
app.add_typer(model_commands.app, name="models")
app.add_typer(experiment_commands.app, name="experiment")
app.add_typer(label_commands.app, name="label")
app.add_typer(live_commands.app, name="live")


@app.callback()
def begin() -> None:
    """Before every command: what is kept is the user's alone."""
    settings = Settings.load()
    if said := keep_private(settings.home):
        sys.stderr.write(f"{said}\n")
    start_tracing(settings)


def main() -> NoReturn:
    """The entry point of the ``coach`` command."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s: %(message)s")
    hide_new_files()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name of a file may hold bytes that are no text
    try:
        _refuse_odd_bytes(sys.argv[1:])
        app()
    except CoachError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; what was whole before is as it was.\n")
        sys.exit(130)
    except Exception as error:
        from serving.usecases.trouble import said_of

        if (said := said_of(error)) is None:
            raise
        sys.stderr.write(f"{said}\n")
        sys.exit(1)
    sys.exit(0)


def _refuse_odd_bytes(arguments: Sequence[str]) -> None:
    """Such a name could be opened, but neither printed nor kept in a model's manifest, which is found out too late."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise InputError(
                f"{argument!r} holds bytes that are no UTF-8 text; rename the file, or pipe it in where - reads stdin."
            ) from None
