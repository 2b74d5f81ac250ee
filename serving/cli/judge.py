"""The commands that judge: a model, the ways to make one, and the data for leaks."""

import itertools
import shlex
import sys
from dataclasses import replace
from typing import Annotated

import typer

from salescoach.config import Settings
from salescoach.errors import InputError
from serving.cli import printing
from serving.cli.options import AsJson, Data, ModelDir, ReportFile


def evaluate(
    data: Data,
    model: ModelDir = None,
    split: Annotated[str | None, typer.Option(help="use only calls of this split, such as test")] = None,
    skip_seen: Annotated[bool, typer.Option("--skip-seen", help="skip calls the model was trained on")] = False,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="include them, which makes results too good")
    ] = False,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on labelled calls it has not seen."""
    from eval.behaviour import check_behaviour
    from eval.evaluate import evaluate as run
    from eval.evaluate import was_trained_on
    from eval.faithfulness import check_faithfulness, read_true_effects
    from eval.report import write_evaluation
    from eval.report_tables import evaluation_page
    from salescoach.model.scoring import CallScorer
    from salescoach.reading.labelled import read_calls
    from serving.progress_bar import progress
    from serving.usecases.team import team_in_tables

    calls = [
        call
        for call in read_calls(data, team=team_in_tables(Settings.load()), tell=printing.note)
        if split in (None, call.split)
    ]
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
    if report is not None and printing.is_page(report):
        write_evaluation(report, replace(details, evaluation=found), scorer.manifest, data.name, _command())
    printing.write_tables(report, evaluation_page(found))
    printing.result(found, evaluation_page(found), as_json)


def compare(
    data: Data,
    folds: Annotated[int, typer.Option(help="number of cross-validation folds, split by account", min=2, max=20)] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="use a single split")] = False,
    by_time: Annotated[
        bool, typer.Option("--by-time", help="use a single split, with the latest accounts as test data")
    ] = False,
    model: Annotated[str | None, typer.Option(help="model folder or address to include in the comparison")] = None,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare generic and fine-tuned embeddings with simple baselines, on the same splits. Can be resumed."""
    from eval.compare import CompareOptions
    from eval.compare import compare as run
    from eval.report import write_comparison
    from eval.report_tables import comparison_page
    from salescoach.model.artifact import find_model
    from salescoach.reading.labelled import read_calls
    from serving.progress_bar import progress
    from serving.usecases.team import team_in_tables

    calls = read_calls(data, team=team_in_tables(Settings.load()), tell=printing.note)
    is_page = report is not None and printing.is_page(report)
    folder = find_model(Settings.load(model=model)) if model else None
    options = CompareOptions(n_folds=folds, quick=quick, by_time=by_time, model=folder, with_learning=is_page)
    with progress() as show:
        details = run(calls, Settings.load(), options, show)
    found = details.comparison
    if report is not None and is_page:
        write_comparison(report, details, data.name, _command())
    printing.write_tables(report, comparison_page(found))
    printing.result(found.as_json(), comparison_page(found), as_json)


def audit(data: Data, as_json: AsJson = False) -> None:
    """Check labelled calls for leakage of the outcome. Exits with 0 even if there is some."""
    from eval.audit import N_STEPS
    from eval.audit import audit as run
    from eval.audit import render as audit_page
    from salescoach.reading.labelled import read_calls
    from serving.progress_bar import progress
    from serving.usecases.team import team_in_tables

    calls = read_calls(data, team=team_in_tables(Settings.load()), tell=printing.note)
    with progress() as show:
        n_begun = itertools.count()
        found = run(calls, seed=Settings.load().seed, progress=lambda _: show("checking", next(n_begun), N_STEPS))
        show("checking", N_STEPS, N_STEPS)
    printing.result(found, audit_page(found), as_json)


def _command() -> str:
    return shlex.join(["coach", *sys.argv[1:]])
