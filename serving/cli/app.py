"""The ``coach`` command. Results go to stdout, everything else to stderr.

Exit codes: 0 done (an abstention is a result); 2 unreadable input or wrong usage, in one sentence; 1 anything else.
"""

import asyncio
import getpass
import io
import itertools
import json
import logging
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from pydantic_core import to_jsonable_python

from agent.build import build_coach, build_parts
from agent.coach import Answer
from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.library import CallSummary, Library
from salescoach.model.artifact import find_model, make_current
from salescoach.model.scoring import CallScorer
from salescoach.reading.labelled import is_table, read_calls
from salescoach.reading.transcripts import decode, parse_transcript, read_transcript
from salescoach.speech.metric_list import METRICS_VERSION
from salescoach.speech.next_step import find_next_step
from salescoach.speech.readings import choose_peers, metric_readings
from salescoach.types import LabelledCall, MethodName, Outcome, Score, Transcript
from salescoach.whole_file import whole_file
from serving.cli import render, user_commands
from serving.cli.progress_bar import progress
from serving.cli.trouble import DISK_ERRORS, said_of
from serving.usecases.delete import delete_call
from serving.usecases.doctor import examine
from serving.usecases.indexing import rebuild_index
from serving.usecases.lost_library import check_library
from serving.usecases.outcomes import OutcomeEntered, add_call, enter_outcome
from serving.usecases.private_home import hide_new_files, keep_private
from serving.usecases.setup import example_calls, set_up
from tools.find_similar_calls import DEFAULT_DIVERSITY, OutcomeChoice, make_query

app = typer.Typer(
    help="Scores sales calls: a calibrated probability, the turns behind it, and similar past calls.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(user_commands.app, name="user")

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")

File = Annotated[Path, typer.Argument(help="a transcript (txt, vtt, srt); - reads stdin")]
Data = Annotated[Path, typer.Argument(help="labelled calls: CSV, JSONL or Parquet")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]
ModelDir = Annotated[Path | None, typer.Option("--model", help="a model folder; default: the current one")]
Force = Annotated[bool, typer.Option("--force", help="show the number even where the coach abstains")]
Diversity = Annotated[float, typer.Option("--lambda", help="1 likeness only, 0 variety only", min=0, max=1)]
OutDir = Annotated[Path | None, typer.Option(help="the model folder; default: under COACH_HOME, and made current")]
Ending = Literal["converted", "lost", "open"]
EndedAt = Annotated[datetime | None, typer.Option("--at", help="the day it ended, such as 2026-03-31")]
Fitting = Literal["joint", "supcon", "triplet", "simclr", "none"]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="also write a page (.html, with a .json beside it) or tables (.md)")
]
Method = Annotated[
    MethodName | None, typer.Option(help="score by likeness to past calls; default: the arm that did best in training")
]
RepName = Annotated[str | None, typer.Option("--rep", help="the speaker who is on your side")]


@app.callback()
def begin() -> None:
    """Before every command: what is kept is the user's alone."""
    if said := keep_private(Settings.load().home):
        sys.stderr.write(f"{said}\n")


@app.command()
def setup(
    new_library: Annotated[
        bool,
        typer.Option("--new-library", help="give up a library that is gone; the one there now is meant, or a new one"),
    ] = False,
) -> None:
    """Make sample corpus, model and index, where they are missing. Safe to repeat and to interrupt."""
    with progress() as report:
        made = set_up(Settings.load(), report, new_library=new_library)
    render.line("\n".join(made) if made else "Everything is in place.")


@app.command()
def chat(
    port: Annotated[int, typer.Option(help="port of the page", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="address to listen on; accounts open it to others")] = "127.0.0.1",
    open_browser: Annotated[bool | None, typer.Option("--open/--no-open", help="default: on a terminal")] = None,
    model: ModelDir = None,
) -> None:
    """Serve the chat page on this machine and open it in the browser."""
    from serving.chat.server import serve

    is_opened = sys.stdout.isatty() if open_browser is None else open_browser
    serve(Settings.load(model=model), host=host, port=port, open_browser=is_opened)


@app.command()
def score(
    file: File,
    rep: RepName = None,
    method: Method = None,
    force: Force = False,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Score one call, or rank the calls of a CSV."""
    settings = Settings.load(model=model)
    if is_table(file):
        calls = read_calls(file, need_labels=False)
        scorer = CallScorer.load(settings, method=method)
        with progress() as report:
            scores = []
            for done, call in enumerate(calls, start=1):
                scores.append(scorer.score(call.transcript, force=force))
                report("scoring", done, len(calls))
        scores.sort(key=_rank)
        _print({"results": [one.model_dump(mode="json") for one in scores]}, render.ranking(scores), as_json)
        return
    transcript = _read(file, rep)
    result = CallScorer.load(settings, method=method).score(transcript, force=force)
    _print(result.model_dump(mode="json"), render.score(result), as_json)


@app.command()
def metrics(
    file: File,
    rep: RepName = None,
    industry: Annotated[str | None, typer.Option(help="set it beside calls of this industry")] = None,
    call_type: Annotated[str | None, typer.Option(help="set it beside calls of this type, such as demo")] = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure a call and set it beside the library's won and lost calls, and beside published figures."""
    settings = Settings.load(model=model)
    transcript = _read(file, rep)
    past: list[CallSummary] = []
    known: LabelledCall | None = None
    check_library(settings)
    if settings.library_file.exists():
        with Library(settings.library_file, create=False) as library:
            past, known = library.summaries(), library.find(transcript)
    facts = known.metadata if known else {}
    peers = choose_peers(
        past,
        industry=industry or facts.get("industry"),
        call_type=call_type or facts.get("call_type"),
        without=known.call_id if known else None,
    )
    readings, step = metric_readings(transcript, peers), find_next_step(transcript)
    result = {
        "metrics": [one.model_dump(mode="json") for one in readings],
        "compared_with": {
            **peers.model_dump(exclude={"won", "lost"}),
            "n_won": len(peers.won),
            "n_lost": len(peers.lost),
        },
        "next_step": step.model_dump(mode="json") if step else None,
        "metrics_version": METRICS_VERSION,
    }
    _print(result, render.metrics(readings, peers, step), as_json)


@app.command()
def similar(
    file: File,
    rep: RepName = None,
    outcome: Annotated[OutcomeChoice, typer.Option(help="only calls with this outcome")] = "any",
    k: Annotated[int, typer.Option("-k", help="how many calls", min=1, max=20)] = 5,
    diversity: Diversity = DEFAULT_DIVERSITY,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Find past calls like this one."""
    settings = Settings.load(model=model)
    transcript = _read(file, rep)
    check_library(settings, must_exist=True)
    parts = build_parts(settings)
    query = make_query(parts, transcript, outcome, k, diversity)
    found = parts.index.similar(query)
    shown: dict[str, Any] = {
        "query": {
            "call_id": transcript.call_id,
            "n_turns": len(transcript),
            "outcome": outcome,
            "k": k,
            "lambda": diversity,
            "focus": query.focus,
        },
        "results": [precedent.model_dump(mode="json") for precedent in found],
    }
    _print(shown, render.precedents(found), as_json)


@app.command()
def ask(
    question: str,
    transcript: Annotated[Path | None, typer.Option(help="the call that is asked about")] = None,
    rep: RepName = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask the coach one question."""
    settings = Settings.load(model=model)
    call = _read(transcript, rep) if transcript else None
    check_library(settings, must_exist=call is None)
    answer = asyncio.run(_answer(settings, question, call))
    _print(answer.model_dump(mode="json"), answer.answer, as_json)


@app.command()
def sample(
    out: Path,
    calls: Annotated[int, typer.Option(help="how many", min=1)] = 1200,
    seed: Annotated[int, typer.Option(help="the same seed gives the same bytes", min=0)] = 7,
    noise: Annotated[float | None, typer.Option(help="how much of the outcome no reader can know", min=0)] = None,
    asr_noise: Annotated[float, typer.Option(help="share of the words that are misheard", min=0, max=1)] = 0.0,
) -> None:
    """Write a sample corpus whose true probabilities are known."""
    from training.sample import DEFAULT_NOISE, write_sample

    if out.suffix.lower() != ".csv":
        raise InputError(f"The sample corpus is a CSV; name a file such as {out.with_suffix('.csv')}.")
    with progress() as report:
        summary = write_sample(
            out,
            n_calls=calls,
            seed=seed,
            noise=DEFAULT_NOISE if noise is None else noise,
            asr_noise=asr_noise,
            progress=lambda done, total: report("writing calls", done, total),
        )
    render.line(f"{summary.n_calls} calls are in {summary.path}, the truth about them in {summary.truth_path}.")


@app.command()
def train(
    data: Annotated[Path | None, typer.Argument(help="labelled calls; default: those of the library")] = None,
    out: OutDir = None,
    objective: Annotated[
        Fitting, typer.Option(help="what the encoder is fine-tuned by; none leaves it as it is, which is faster")
    ] = "joint",
    base: Annotated[str | None, typer.Option(help="base encoder: a sentence-transformers name or folder")] = None,
    by_time: Annotated[bool, typer.Option("--by-time", help="the latest third of the accounts judges")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="go on where an interrupted training stopped")] = False,
    triplets: Annotated[bool, typer.Option("--triplets", help="also write hard triplets of moments, to read")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a model folder on labelled calls; without a table, on the library's own ones once there are enough."""
    from eval.behaviour import check_behaviour
    from training.from_library import choose_calls
    from training.options import FinetuneOptions, TrainingOptions
    from training.run import train as run

    settings = Settings.load(base_model=base)
    check_library(settings, must_exist=data is None)
    if data:
        calls = read_calls(data)
        source = f"{len(calls)} calls of {data.name}"
    else:
        with Library(settings.library_file, create=False) as library:
            chosen = choose_calls(library, settings.seed, by_time=by_time)
        calls, source = chosen.calls, chosen.data
    name = _NOT_IN_A_NAME.sub("-", data.stem.lower()).strip("-") or "calls" if data else "library"
    folder = out or settings.models_dir / name
    finetuning = None if objective == "none" else FinetuneOptions(objective=objective)
    options = TrainingOptions(
        name=name, data=source, finetuning=finetuning, by_time=by_time, resume=resume, triplets=triplets
    )
    checked = [call.transcript for call in example_calls() or calls]
    with progress() as report:
        manifest = run(
            calls,
            folder,
            settings,
            options,
            judge=lambda scorer: check_behaviour(scorer, checked, progress=report),
            progress=report,
        )
        if out is None:
            make_current(settings, folder)
            if settings.library_file.exists():
                with Library(settings.library_file, create=False) as library:
                    if library.summaries():
                        rebuild_index(settings, library, report)
    _print(
        {"model": str(folder), **manifest.model_dump(mode="json", include={"model_id", "measures"})},
        render.trained(folder, manifest, is_current=out is None),
        as_json,
    )


@app.command()
def index(data: Data, model: ModelDir = None) -> None:
    """Add calls to the library and index them."""
    settings = Settings.load(model=model)
    find_model(settings)  # without one nothing can be indexed, so nothing is added
    calls = read_calls(data, need_labels=False)
    check_library(settings)
    with Library(settings.library_file) as library, progress() as show:
        report = library.add(calls)
        rebuild_index(settings, library, show)
    render.line(render.added(report))


@app.command()
def add(
    file: File,
    outcome: Annotated[Ending | None, typer.Option(help="how the deal ended; default: it is open")] = None,
    rep: RepName = None,
    account: Annotated[str | None, typer.Option(help="the customer's id; calls of one account belong together")] = None,
    at: EndedAt = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Add one call to the library, with or without its outcome, and index it."""
    settings = Settings.load(model=model)
    find_model(settings)  # without one nothing can be indexed, so nothing is added
    if is_table(file):
        raise InputError(f"{file.name} is a table of calls; add it with `coach index {file.name}`.")
    transcript = _read(file, rep)
    check_library(settings)
    with Library(settings.library_file) as library, progress() as show:
        done = add_call(
            settings, library, transcript, _outcome(outcome), account_id=account, at=at, by=_user(), progress=show
        )
    _entered(done, as_json)


@app.command()
def outcome(
    call_id: str,
    ended: Annotated[Ending, typer.Argument(help="how the deal ended; open: it is not known yet")],
    at: EndedAt = None,
    model: ModelDir = None,
    as_json: AsJson = False,
) -> None:
    """Enter or correct how the deal of a call ended, or open it again."""
    settings = Settings.load(model=model)
    check_library(settings, must_exist=True)
    with Library(settings.library_file, create=False) as library, progress() as show:
        done = enter_outcome(settings, library, call_id, _outcome(ended), at=at, by=_user(), progress=show)
    _entered(done, as_json)


@app.command()
def delete(call_id: str, model: ModelDir = None, as_json: AsJson = False) -> None:
    """Delete a call from library, index, caches, conversations and uploads; names the models that learned from it."""
    settings = Settings.load(model=model)
    check_library(settings, must_exist=True)
    with progress() as show:
        gone = delete_call(settings, call_id, show)
    _print(gone.model_dump(mode="json"), render.deletion(gone), as_json)
    if gone.left:
        raise typer.Exit(1)


@app.command()
def evaluate(
    data: Data,
    model: ModelDir = None,
    split: Annotated[str | None, typer.Option(help="only calls of this split, such as test")] = None,
    skip_seen: Annotated[bool, typer.Option("--skip-seen", help="leave out calls the model was trained on")] = False,
    allow_seen: Annotated[bool, typer.Option("--allow-seen", help="judge by them too, which flatters")] = False,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> None:
    """Judge a model on labelled calls that it has not seen."""
    from eval.behaviour import check_behaviour
    from eval.evaluate import evaluate as run
    from eval.evaluate import was_trained_on
    from eval.faithfulness import check_faithfulness, read_true_effects
    from eval.report import write_evaluation
    from eval.report_tables import evaluation_page

    calls = [call for call in read_calls(data) if split in (None, call.split)]
    if not calls:
        raise InputError(f"{data.name} has no calls of the split {split!r}.")
    scorer = CallScorer.load(Settings.load(model=model))
    if skip_seen:
        calls = [call for call in calls if not was_trained_on(scorer, call)]
    with progress() as show:
        details = run(calls, scorer, allow_seen=allow_seen, progress=show)
        checks = check_behaviour(scorer, [call.transcript for call in calls], progress=show)
        faithful = check_faithfulness(scorer, calls, read_true_effects(data), progress=show)
    found = details.evaluation.model_copy(update={"behaviour": checks, "faithfulness": faithful})
    if report is not None and _is_page(report):
        write_evaluation(report, replace(details, evaluation=found), scorer.manifest, data.name, _command())
    _write_tables(report, evaluation_page(found))
    _print(found.model_dump(mode="json"), evaluation_page(found), as_json)


@app.command()
def compare(
    data: Data,
    folds: Annotated[int, typer.Option(help="of the cross-validation, by account", min=2, max=20)] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="one split only")] = False,
    by_time: Annotated[bool, typer.Option("--by-time", help="one split, the latest accounts judge")] = False,
    model: Annotated[Path | None, typer.Option(help="a model folder, judged as one more arm")] = None,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> None:
    """Judge generic and fine-tuned embeddings, and cheap arms, on the same splits. Goes on where it was interrupted."""
    from eval.compare import CompareOptions
    from eval.compare import compare as run
    from eval.report import write_comparison
    from eval.report_tables import comparison_page

    calls = read_calls(data)
    is_page = report is not None and _is_page(report)
    options = CompareOptions(n_folds=folds, quick=quick, by_time=by_time, model=model, with_learning=is_page)
    with progress() as show:
        details = run(calls, Settings.load(), options, show)
    found = details.comparison
    if report is not None and is_page:
        write_comparison(report, details, data.name, _command())
    _write_tables(report, comparison_page(found))
    _print(found.as_json(), comparison_page(found), as_json)


@app.command()
def audit(data: Data, as_json: AsJson = False) -> None:
    """Look for leaks in labelled calls before they flatter a model. Finding one is a result, not an error."""
    from eval.audit import N_STEPS
    from eval.audit import audit as run
    from eval.audit import render as audit_page

    calls = read_calls(data)
    with progress() as show:
        n_begun = itertools.count()
        found = run(calls, seed=Settings.load().seed, progress=lambda _: show("checking", next(n_begun), N_STEPS))
        show("checking", N_STEPS, N_STEPS)
    _print(found.model_dump(mode="json"), audit_page(found), as_json)


@app.command()
def doctor(model: ModelDir = None, as_json: AsJson = False) -> None:
    """Say whether everything is in place, and if not, what to do."""
    checks = examine(Settings.load(model=model))
    is_well = all(check.ok for check in checks)
    _print({"ok": is_well, "checks": [check.model_dump() for check in checks]}, render.checks(checks), as_json)
    if not is_well:
        raise typer.Exit(1)


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
    except DISK_ERRORS as error:
        if (said := said_of(error)) is None:
            raise
        sys.stderr.write(f"{said}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; what was whole before is as it was.\n")
        sys.exit(130)
    sys.exit(0)


async def _answer(settings: Settings, question: str, call: Transcript | None) -> Answer:
    coach = build_coach(settings, build_parts(settings))
    call_id = coach.add_call(call) if call else None
    async for event in coach.ask("command line", question, call_id):
        if isinstance(event, Answer):
            return event
    raise AssertionError("a question ends with an answer")


def _refuse_odd_bytes(arguments: Sequence[str]) -> None:
    """Such a name could be opened, but neither printed nor kept in a model's manifest, which is found out too late."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise InputError(
                f"{argument!r} holds bytes that are no UTF-8 text; rename the file, or pipe it in where - reads stdin."
            ) from None


def _outcome(ending: Ending | None) -> Outcome | None:
    return None if ending is None or ending == "open" else ending


def _user() -> str | None:
    """Who sits at this terminal, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in some containers
        return None


def _entered(done: OutcomeEntered, as_json: bool) -> None:
    _print(done.model_dump(mode="json"), done.reading, as_json)
    if not done.is_indexed:
        raise typer.Exit(1)


def _read(file: Path, rep: str | None) -> Transcript:
    if str(file) != "-":
        return read_transcript(file, rep=rep)
    text, warnings = decode(sys.stdin.buffer.read())
    transcript = parse_transcript(text, rep=rep)
    return transcript.model_copy(update={"warnings": (*warnings, *transcript.warnings)})


def _rank(one: Score) -> tuple[bool, float]:
    """Highest probability first, abstentions last."""
    return one.abstained, -(one.probability or 0.0)


def _is_page(file: Path) -> bool:
    return file.suffix.lower() in {".html", ".htm"}


def _command() -> str:
    return shlex.join(["coach", *sys.argv[1:]])


def _write_tables(file: Path | None, tables: str) -> None:
    """Unless a page is wanted, which has been written."""
    if file is None:
        return
    if not _is_page(file):
        with whole_file(file) as temporary:
            temporary.write_text(tables + "\n", encoding="utf-8")
    sys.stderr.write(f"The report is in {file}.\n")


def _print(result: dict[str, Any], text: str, as_json: bool) -> None:
    # What can't be measured is null: JSON has no nan.
    known = to_jsonable_python(result, inf_nan_mode="null")
    render.line(json.dumps(known, ensure_ascii=False, allow_nan=False) if as_json else text)
