"""``coach import``: what other programs know of the calls."""

from pathlib import Path
from typing import Annotated

import typer

from salescoach.config import Settings
from salescoach.crm.columns import Crm
from salescoach.crm.export_dates import DateOrder
from serving.cli import printing
from serving.cli.options import AsJson, ModelDir
from serving.usecases.who import user_here

app = typer.Typer(help="Import data from other systems.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Import data from other systems."""


@app.command()
def crm(
    file: Annotated[Path, typer.Argument(help="export of deals (CSV or XLSX)")],
    source: Annotated[Crm | None, typer.Option("--from", help="the CRM; default: detected from the columns")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show the changes without making them")] = False,
    days: Annotated[
        int, typer.Option(help="number of days after a call within which a win counts", min=1, max=3650)
    ] = 180,
    replace: Annotated[bool, typer.Option("--replace", help="overwrite existing outcomes")] = False,
    won: Annotated[list[str] | None, typer.Option("--won", help="a stage that means won; can be repeated")] = None,
    lost: Annotated[list[str] | None, typer.Option("--lost", help="a stage that means lost; can be repeated")] = None,
    dates: Annotated[DateOrder | None, typer.Option(help="order of day and month in dates such as 03/04/2026")] = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Import outcomes and deal data from a CRM export."""
    from salescoach.crm.deals import ExportOptions
    from salescoach.library import Library
    from serving.cli.import_table import import_page
    from serving.progress_bar import progress
    from serving.usecases.import_crm import CrmImport, carry_out, plan_import, read_export
    from serving.usecases.lost_library import check_library

    settings = Settings.load(model=model)
    check_library(settings, must_exist=True)
    export = read_export(file, ExportOptions(crm=source, won=tuple(won or ()), lost=tuple(lost or ()), dates=dates))
    with Library(settings.library_file, create=False) as library, progress() as show:
        plan = plan_import(library, export, days=days, replace=replace)
        if dry_run:
            done = CrmImport(plan=plan, is_dry_run=True, n_written=0)
        else:
            done = carry_out(settings, library, plan, by=user_here(), progress=show)
    printing.result(done, import_page(done), as_json)
    if done.trouble is not None:
        raise typer.Exit(1)
