"""The commands that change the library: add calls, enter outcomes, delete a call."""

from typing import TYPE_CHECKING, Annotated

import typer

from salescoach.config import Settings
from salescoach.errors import InputError
from serving.cli import printing, render
from serving.cli.options import AsJson, Data, EndedAt, Ending, File, ModelDir, RepNames, file_or_stdin
from serving.usecases.who import user_here

if TYPE_CHECKING:
    from salescoach.types import Outcome
    from serving.usecases.outcomes import OutcomeEntered


def index(data: Data, model: ModelDir = None) -> None:
    """Add calls to the library and index them."""
    from salescoach.library import Library
    from salescoach.model.artifact import find_model
    from salescoach.reading.labelled import read_calls
    from serving.progress_bar import progress
    from serving.usecases.indexing import rebuild_index
    from serving.usecases.lost_library import check_library
    from serving.usecases.team import team_in_tables

    settings = Settings.load(model=model)
    find_model(settings)  # without one nothing can be indexed, so nothing is added
    calls = read_calls(data, need_labels=False, team=team_in_tables(settings), tell=printing.note)
    check_library(settings)
    with Library(settings.library_file) as library, progress() as show:
        report = library.add(calls)
        rebuild_index(settings, library, show)
    printing.line(render.added(report))


def add(
    file: File,
    outcome: Annotated[Ending | None, typer.Option(help="how the deal ended; default: it is open")] = None,
    rep: RepNames = None,
    account: Annotated[str | None, typer.Option(help="the customer's id; calls of one account belong together")] = None,
    at: EndedAt = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Add one call to the library, with or without its outcome, and index it."""
    from salescoach.library import Library
    from salescoach.model.artifact import find_model
    from salescoach.reading.labelled import is_table
    from serving.progress_bar import progress
    from serving.usecases.lost_library import check_library
    from serving.usecases.outcomes import Ending as Ended
    from serving.usecases.outcomes import add_call
    from serving.usecases.read import read_all, read_call
    from serving.usecases.team import our_side

    settings = Settings.load(model=model)
    find_model(settings)  # without one nothing can be indexed, so nothing is added
    if is_table(file) and len(read_all(file, rep).calls) > 1:
        raise InputError(f"{file.name} is a table of calls; add it with `coach index {file.name}`.")
    transcript = read_call(file_or_stdin(file), our_side(settings, rep))
    check_library(settings)
    with Library(settings.library_file) as library, progress() as show:
        ending = Ended(outcome=_outcome(outcome), at=at, by=user_here())
        done = add_call(settings, library, transcript, ending, account_id=account, progress=show)
    _entered(done, as_json)


def outcome(
    call_id: str,
    ended: Annotated[Ending, typer.Argument(help="how the deal ended; open: it is not known yet")],
    at: EndedAt = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Enter or correct how the deal of a call ended, or open it again."""
    from salescoach.library import Library
    from serving.progress_bar import progress
    from serving.usecases.lost_library import check_library
    from serving.usecases.outcomes import enter_outcome

    settings = Settings.load(model=model)
    check_library(settings, must_exist=True)
    with Library(settings.library_file, create=False) as library, progress() as show:
        done = enter_outcome(settings, library, call_id, _outcome(ended), at=at, by=user_here(), progress=show)
    _entered(done, as_json)


def delete(call_id: str, model: ModelDir = None, as_json: AsJson = False) -> None:
    """Delete a call from library, index, caches, conversations and uploads; names the models that learned from it."""
    from serving.progress_bar import progress
    from serving.usecases.delete import delete_call
    from serving.usecases.lost_library import check_library

    settings = Settings.load(model=model)
    check_library(settings, must_exist=True)
    with progress() as show:
        gone = delete_call(settings, call_id, show)
    printing.result(gone, render.deletion(gone), as_json)
    if gone.left:
        raise typer.Exit(1)


def _outcome(ending: Ending | None) -> "Outcome | None":
    return None if ending is None or ending == "open" else ending


def _entered(done: "OutcomeEntered", as_json: bool) -> None:
    printing.result(done, done.reading, as_json)
    if not done.is_indexed:
        raise typer.Exit(1)
