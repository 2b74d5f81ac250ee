"""The steps of a night."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.library import Library, added_id, score_log
from salescoach.library.side_tables import now
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.progress import Progress
from salescoach.reading.finish import to_transcript
from salescoach.reading.labelled import is_table, read_calls
from salescoach.reading.team import Team
from salescoach.reading.transcripts import read_calls_of
from salescoach.types import LabelledCall
from salescoach.whole_file import whole_file
from serving.usecases.lost_library import check_library
from serving.usecases.nightly import StepDone
from serving.usecases.team import team_in_tables

if TYPE_CHECKING:
    import pyarrow

CRM: Final = "crm"  # exports of deals, below the inbox
SEEN: Final = "imported.json"
WIN_WITHIN_DAYS: Final = 180
MAX_NAMED: Final = 20  # files that are named with what is wrong with them


def import_inbox(settings: Settings, inbox: Path | None, progress: Progress) -> StepDone:
    """Adds what is new in the inbox: tables and transcripts of calls, and below ``crm`` exports of their outcomes.

    Nothing there is changed. What was taken in is known by its name, size and date, and looked at again only if one of
    these changes; what can't be taken in is tried again every night.
    """
    folder = inbox or settings.home / "inbox"
    if not folder.is_dir():
        if inbox is not None:
            raise InputError(f"There is no folder {inbox}; give the one that new calls are put into.")
        return StepDone(said=(f"There is no inbox ({folder}).",), is_idle=True)
    team = team_in_tables(settings)
    book = settings.home / "nightly" / SEEN
    seen = _seen(book)
    new = [file for file in _files_in(folder) if seen.get(str(file.relative_to(folder))) != _state_of(file)]
    new.sort(key=lambda file: file.relative_to(folder).parts[0] == CRM)  # outcomes after the calls that they are of
    failures: list[str] = []
    n_added = n_changed = n_outcomes = 0
    if new:
        check_library(settings)
    for done, file in enumerate(new, start=1):
        name = str(file.relative_to(folder))
        try:
            state = _state_of(file)
            if file.relative_to(folder).parts[0] == CRM:
                n_outcomes += _import_outcomes(settings, file)
            else:
                with Library(settings.library_file) as library:
                    report = library.add(_calls_of(file, team))
                n_added, n_changed = n_added + report.added, n_changed + report.updated
        except CoachError as error:
            failures.append(f"{name}: {error}")
        else:
            seen[name] = state
            with whole_file(book) as temporary:
                temporary.write_text(json.dumps(seen, indent=1), encoding="utf-8")
        progress("importing", done, len(new))
    more = (f"… and {len(failures) - MAX_NAMED} more files.",) if len(failures) > MAX_NAMED else ()
    return StepDone(
        said=(
            f"{len(new)} new files; {n_added:,} calls added, {n_changed:,} changed, {n_outcomes:,} outcomes entered.",
        ),
        is_idle=not new,
        failures=(*failures[:MAX_NAMED], *more),
    )


def index(settings: Settings, progress: Progress) -> StepDone:
    """Indexes what the library holds and the index doesn't, and reads the moves of new calls."""
    from serving.usecases.indexing import rebuild_index

    check_library(settings, must_exist=True)
    with Library(settings.library_file, create=False) as library:
        is_done = rebuild_index(settings, library, progress, only_if_needed=True)
    return StepDone(said=("The index follows the library.",), is_idle=not is_done)


def score_open(settings: Settings, workers: int | None, progress: Progress) -> StepDone:
    """Scores the team's own calls that have no outcome yet and no score by this model, and notes the scores."""
    from serving.batch.local_engine import LocalEngine
    from serving.batch.worker import WorkerJob
    from serving.usecases.batch_log import entry_of
    from serving.usecases.score_log import note

    check_library(settings, must_exist=True)
    model = find_model(settings).absolute()
    model_id = ModelFolder.open(model).manifest.model_id
    n_abstained = n_scored = n_failed = 0
    with Library(settings.library_file, create=False) as library:
        to_do = _not_scored(settings, library, model_id)
        job = WorkerJob(home=settings.home.absolute(), model=model, model_id=model_id)
        with closing(LocalEngine(job, workers).score(_batches(library, to_do))) as results:
            for batch in results:
                rows = batch.to_pylist()
                scored = [row for row in rows if row["reason"] is None]
                noted_at = now()
                note(settings.library_file, [entry_of(row, noted_at) for row in scored])
                n_scored += len(scored)
                n_failed += len(rows) - len(scored)
                n_abstained += sum(row["abstained"] for row in scored)
                progress("scoring", n_scored + n_failed, len(to_do))
    failures = (f"{n_failed:,} calls could not be scored; `coach score` says why of each.",) if n_failed else ()
    said = f"{n_scored:,} open calls scored by {model_id}; {n_abstained:,} of them got no probability."
    return StepDone(said=(said,), is_idle=not to_do, failures=failures)


def shadow(settings: Settings, progress: Progress) -> StepDone:
    """Lets champion and challengers score open calls; a challenger that has shown to be worse is stopped."""
    from serving.usecases.models import run_shadow

    found = run_shadow(settings, progress)
    stopped = tuple(f"The challenger {one.folder} was stopped. {one.reading}".strip() for one in found.stopped)
    said = f"{found.n_scored:,} scores in shadow, {found.n_settled:,} outcomes came."
    return StepDone(said=(said, *stopped), is_idle=not (found.n_scored or found.n_settled or stopped))


def propose_model(settings: Settings, progress: Progress) -> StepDone:
    """Trains a challenger where enough outcomes are new; a person promotes it, or nobody does."""
    from serving.usecases.propose import propose

    found = propose(settings, "coach nightly", progress)
    return StepDone(said=(found.reading,), is_idle=found.folder is None)


def monitor_scores(settings: Settings) -> StepDone:
    """Whether scores came true, and whether anything has changed; each change is an alarm."""
    from serving.usecases.monitor import monitor, said_of

    found = monitor(settings)
    alarms = tuple(f"{one.kind} since {one.since}: {one.text}" for one in found.alarms)
    return StepDone(said=(said_of(found),), alarms=alarms)


def _not_scored(settings: Settings, library: Library, model_id: str) -> list[str]:
    wanted = [call.call_id for call in library.team_calls() if call.provenance == "own" and call.outcome is None]
    scored = score_log.scored(settings.library_file, model_id)
    contents = library.contents(wanted)
    return [call_id for call_id in wanted if contents[call_id][0] not in scored]


def _batches(library: Library, call_ids: list[str]) -> "Iterator[pyarrow.RecordBatch]":
    from serving.batch.plan import ROWS_AT_ONCE
    from serving.batch.rows import BatchRow, batch_of

    for first in range(0, len(call_ids), ROWS_AT_ONCE):
        rows = [
            BatchRow("library", "", call_id, "call", library.get(call_id).transcript.model_dump_json().encode())
            for call_id in call_ids[first : first + ROWS_AT_ONCE]
        ]
        yield batch_of(rows, 0, first, len(call_ids))


def _calls_of(file: Path, team: Team) -> list[LabelledCall]:
    from serving.batch.rows import MAX_FILE_BYTES, holds_answers

    try:
        with file.open("rb") as stream:
            if is_table(file) and not holds_answers(stream, file.name):
                return read_calls(file, need_labels=False, team=team)
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise InputError(f"it can't be read ({error.strerror})") from None
    calls = []
    for read in read_calls_of(content, file.name, rep=team):
        transcript = to_transcript(read, rep=team)
        call_id = read.call_id or added_id(transcript)
        calls.append(
            LabelledCall(
                transcript=transcript.model_copy(update={"call_id": call_id}),
                call_id=call_id,
                outcome=read.outcome,
                account_id=read.account,
                started_at=read.started_at,
            )
        )
    return calls


def _import_outcomes(settings: Settings, file: Path) -> int:
    from salescoach.crm.deals import ExportOptions
    from serving.usecases.import_crm import carry_out, plan_import, read_export

    export = read_export(file, ExportOptions())
    with Library(settings.library_file, create=False) as library:
        plan = plan_import(library, export, days=WIN_WITHIN_DAYS)
        done = carry_out(settings, library, plan, by="coach nightly")
    if done.trouble is not None:
        raise CoachError(done.trouble)
    return sum(change.entry.outcome is not None for change in plan.changes)


def _files_in(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _state_of(file: Path) -> str:
    try:
        about = file.stat()
    except OSError as error:
        raise InputError(f"it can't be read ({error.strerror})") from None
    return f"{about.st_size}-{about.st_mtime_ns}"


def _seen(book: Path) -> dict[str, str]:
    """What was taken in before; a book that can't be read costs time, as known calls aren't added twice."""
    try:
        found = json.loads(book.read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(name): str(state) for name, state in found.items()} if isinstance(found, dict) else {}
