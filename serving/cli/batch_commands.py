"""The commands that score many calls: a batch, and what is done every night."""

from pathlib import Path
from typing import Annotated

import typer

from salescoach.config import Settings
from serving.batch.engines import EngineName
from serving.cli import printing
from serving.cli.options import AsJson, ModelDir, RepNames


def batch(
    given: Annotated[str, typer.Argument(metavar="IN", help="a table, a folder, a glob, or an address as s3://…")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="a folder for the scores; run it again to go on")],
    engine: Annotated[EngineName, typer.Option(help="this machine's cores, or Ray, which is an extra")] = "local",
    workers: Annotated[
        int | None, typer.Option(help="processes that score; default: one a core", min=1, max=1024)
    ] = None,
    shard_rows: Annotated[int, typer.Option(help="calls that are written together", min=1, max=100_000)] = 500,
    rep: RepNames = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Score whole folders or tables into Parquet files; what was stopped goes on where it was."""
    from serving.cli.batch_page import batch_page
    from serving.progress_bar import progress
    from serving.usecases.batch import BatchOptions, run_batch

    settings = Settings.load(model=model)
    options = BatchOptions(engine=engine, workers=workers, shard_rows=shard_rows, rep=tuple(rep or ()))
    with progress() as report:
        found = run_batch(settings, given, out, options, report)
    printing.result(found, batch_page(found), as_json)
    if found.rows and not found.scores:
        raise typer.Exit(1)


def nightly(
    inbox: Annotated[
        Path | None, typer.Option(help="the folder that new calls are put into; default: COACH_HOME/inbox")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="processes that score; default: one a core", min=1, max=1024)
    ] = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Add new calls, index and score them, and see whether scores came true; 0 all well, 1 a failure, 3 an alarm."""
    from serving.progress_bar import progress
    from serving.usecases.nightly import nightly_page, run_nightly

    settings = Settings.load(model=model)
    with progress() as report:
        found = run_nightly(settings, inbox, workers, report)
    printing.result(found, nightly_page(found), as_json)
    if found.exit_code:
        raise typer.Exit(found.exit_code)
