"""The command about accounts: which deals are at risk, and why."""

from datetime import datetime
from typing import Annotated

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import AsJson, ModelDir
from serving.usecases.who import user_here


def deals(
    also_closed: Annotated[bool, typer.Option("--all", help="also show deals that were won or lost")] = False,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="show deals as of this date; default: today")
    ] = None,
    rep: Annotated[
        str | None, typer.Option("--rep", help="show only deals with a call by this rep (needs COACH_REP_LOOKUPS=true)")
    ] = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """List open deals by risk, with a quote or a date for each risk."""
    from serving.cli.deals_table import MAX_SHOWN, deals_page
    from serving.progress_bar import progress
    from serving.usecases.deals import cues_shown, find_deals

    settings = Settings.load(model=model)
    with progress() as report:
        found = find_deals(
            settings, "cli", on=on.date() if on else None, rep=rep, also_closed=also_closed, progress=report
        )
    cues = {} if as_json else cues_shown(settings, found, MAX_SHOWN, person=user_here())
    printing.result(found, deals_page(found, cues), as_json)
