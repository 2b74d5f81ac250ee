"""The command that looks back: did the scores come true?"""

import shlex
import sys
from datetime import datetime
from typing import Annotated

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import AsJson, ReportFile


def monitor(
    days: Annotated[int, typer.Option(help="how old scores must be to count as followed up", min=1, max=3650)] = 180,
    baseline: Annotated[
        int, typer.Option(help="how many values say how things were, for the alarms", min=300, max=100_000)
    ] = 1000,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="alarms look from this day on")
    ] = None,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> None:
    """Show whether scores came true, and whether anything has changed. Exit code 3: there is an alarm."""
    from eval.online.page import write_report
    from serving.cli.monitor_table import monitor_page
    from serving.usecases.monitor import EXIT_ALARM
    from serving.usecases.monitor import monitor as run

    found = run(Settings.load(), days=days, baseline=baseline, since=since.date() if since else None)
    shown = monitor_page(found)
    if report is not None and printing.is_page(report):
        write_report(report, found, shlex.join(["coach", *sys.argv[1:]]))
    printing.write_tables(report, shown)
    printing.result(found, shown, as_json)
    if found.alarms:
        raise typer.Exit(EXIT_ALARM)
