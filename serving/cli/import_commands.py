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

app = typer.Typer(help="Outcomes of calls from a CRM's export.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Outcomes of calls from a CRM's export."""


@app.command()
def crm(
    file: Annotated[Path, typer.Argument(help="an export of deals (CSV or XLSX)")],
    source: Annotated[Crm | None, typer.Option("--from", help="default: told by the columns")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would change, and change nothing")] = False,
    days: Annotated[int, typer.Option(help="within how many days after a call a win counts", min=1, max=3650)] = 180,
    replace: Annotated[
        bool, typer.Option("--replace", help="outcomes that are there give way to the export's")
    ] = False,
    won: Annotated[list[str] | None, typer.Option("--won", help="a stage that means won; several times")] = None,
    lost: Annotated[list[str] | None, typer.Option("--lost", help="a stage that means lost; several times")] = None,
    dates: Annotated[DateOrder | None, typer.Option(help="where dates such as 03/04/2026 don't show it")] = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Enter how the deals of the library's calls ended, and what the CRM knows of them."""
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
