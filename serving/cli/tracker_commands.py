"""``coach tracker``: what you want to be found in calls, told by a few examples."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from salescoach.config import Settings
from serving.cli import printing
from serving.cli.options import AsJson, RepNames, file_or_stdin

if TYPE_CHECKING:
    from salescoach.types import Transcript

app = typer.Typer(help="Define your own trackers by a few example sentences.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="the tracker's name")]
YamlFile = Annotated[Path, typer.Argument(help="YAML file of trackers")]


@app.command()
def add(
    name: Name,
    side: Annotated[Literal["customer", "rep"], typer.Option(help="who says it")],
    example: Annotated[list[str], typer.Option(help="an example sentence; give 3 to 8, as different as possible")],
    counter: Annotated[list[str] | None, typer.Option(help="a similar sentence that should not match; up to 8")] = None,
    precision: Annotated[
        float, typer.Option(help="target precision: the share of matches that should be right", min=0.05, max=0.99)
    ] = 0.5,
    as_json: AsJson = False,
) -> None:
    """Add a tracker and estimate how well it works."""
    from serving.cli.tracker_pages import report_page
    from serving.usecases.trackers import add_tracker

    given = {"name": name, "side": side, "examples": example, "counters": counter or [], "precision": precision}
    found = add_tracker(Settings.load(), given)
    printing.result(found, report_page(found), as_json)


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the trackers with their estimated quality."""
    from serving.cli.tracker_pages import list_page
    from serving.usecases.trackers import list_trackers

    found = list_trackers(Settings.load())
    printing.result(found, list_page(found), as_json)


@app.command()
def test(
    name: Name,
    file: Annotated[Path | None, typer.Argument(help="call to search; - reads stdin; default: the library")] = None,
    rep: RepNames = None,
    as_json: AsJson = False,
) -> None:
    """Show where a tracker matches in a call, or how often in the library and with which outcomes."""
    from serving.cli.tracker_pages import call_page, library_page
    from serving.progress_bar import progress
    from serving.usecases.read import read_call
    from serving.usecases.team import our_side
    from serving.usecases.trackers import find_in_call, find_in_library

    settings = Settings.load()
    if file is not None:
        hits = find_in_call(settings, name, read_call(file_or_stdin(file), our_side(settings, rep)))
        printing.result(hits, call_page(hits), as_json)
        return
    with progress() as show:
        counts = find_in_library(settings, name, show)
    printing.result(counts, library_page(counts), as_json)


@app.command()
def remove(name: Name, as_json: AsJson = False) -> None:
    """Delete a tracker and its examples."""
    from serving.usecases.trackers import remove_tracker

    done = remove_tracker(Settings.load(), name)
    printing.result(done, f"The tracker {done.names[0]!r} is removed.", as_json)


@app.command()
def thumbs(
    name: Name,
    verdict: Annotated[Literal["right", "wrong"], typer.Argument(help="whether the tracker should match this turn")],
    call: Annotated[str, typer.Argument(help="transcript file, or id of a call in the library")],
    turn: Annotated[int, typer.Argument(help="turn number, from 1")],
    rep: RepNames = None,
    as_json: AsJson = False,
) -> None:
    """Rate a match; the turn becomes an example or a counter-example."""
    from serving.cli.tracker_pages import report_page
    from serving.usecases.trackers import judge_hit

    settings = Settings.load()
    found = judge_hit(settings, name, _call(settings, call, rep), turn, is_right=verdict == "right")
    printing.result(found, report_page(found), as_json)


@app.command("export")
def export_file(
    file: YamlFile,
    name: Annotated[list[str] | None, typer.Argument(help="trackers to export; default: all")] = None,
    as_json: AsJson = False,
) -> None:
    """Export trackers with their examples to YAML. Examples may contain customers' words."""
    from serving.usecases.trackers import export_trackers

    done = export_trackers(Settings.load(), file, name or [])
    printing.result(done, f"Written to {file}: {', '.join(done.names)}.", as_json)


@app.command("import")
def import_file(
    file: YamlFile,
    replace: Annotated[bool, typer.Option("--replace", help="replace trackers with the same name")] = False,
    as_json: AsJson = False,
) -> None:
    """Import trackers from YAML, all or none."""
    from serving.usecases.trackers import import_trackers

    done = import_trackers(Settings.load(), file, replace=replace)
    printing.result(done, f"Added: {', '.join(done.names)}.", as_json)


def _call(settings: Settings, call: str, rep: list[str] | None) -> "Transcript | str":
    """The call in a file, or the id of one of the library."""
    from serving.usecases.read import read_call
    from serving.usecases.team import our_side

    return (
        read_call(file_or_stdin(Path(call)), our_side(settings, rep)) if call == "-" or Path(call).is_file() else call
    )
