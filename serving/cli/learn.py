"""The commands that make models: a sample corpus to learn from, and the training."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from salescoach.config import Settings
from salescoach.errors import InputError
from serving.cli import printing, render
from serving.cli.options import AsJson
from serving.usecases.who import who_here

OutDir = Annotated[Path | None, typer.Option(help="output folder; default: under COACH_HOME, and used from then on")]
Fitting = Literal["joint", "supcon", "triplet", "simclr", "none"]

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def sample(
    out: Path,
    calls: Annotated[int, typer.Option(help="number of calls", min=1)] = 1200,
    seed: Annotated[int, typer.Option(help="random seed; the same seed gives the same file", min=0)] = 7,
    noise: Annotated[
        float | None, typer.Option(help="random noise in the outcome that the text does not explain", min=0)
    ] = None,
    asr_noise: Annotated[
        float, typer.Option(help="share of words replaced by speech-recognition errors", min=0, max=1)
    ] = 0.0,
) -> None:
    """Generate a sample corpus with known true probabilities."""
    from serving.progress_bar import progress
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
    printing.line(f"{summary.n_calls} calls are in {summary.path}, the truth about them in {summary.truth_path}.")


def train(
    data: Annotated[Path | None, typer.Argument(help="labelled calls; default: the library")] = None,
    out: OutDir = None,
    objective: Annotated[
        Fitting, typer.Option(help="fine-tuning objective; none keeps the encoder unchanged, which is faster")
    ] = "joint",
    base: Annotated[
        str | None,
        typer.Option(help="base encoder: mpnet, multilingual, openai:MODEL, or a sentence-transformers name or folder"),
    ] = None,
    by_time: Annotated[bool, typer.Option("--by-time", help="evaluate on the latest third of the accounts")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="continue an interrupted training")] = False,
    triplets: Annotated[bool, typer.Option("--triplets", help="also write hard triplets to a file")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a model on labelled calls, from a table or from the library."""
    from eval.behaviour import check_behaviour
    from salescoach.library import Library
    from salescoach.model.artifact import ModelFolder
    from salescoach.model.endpoint import address, is_endpoint
    from salescoach.model.registry import ModelRegistry
    from salescoach.reading.labelled import read_calls
    from serving.progress_bar import progress
    from serving.usecases.indexing import rebuild_index
    from serving.usecases.lost_library import check_library
    from serving.usecases.setup import example_calls
    from serving.usecases.team import team_in_tables
    from training.from_library import choose_calls
    from training.options import FinetuneOptions, TrainingOptions
    from training.run import train as run

    settings = Settings.load(base_model=base)
    check_library(settings, must_exist=data is None)
    if is_endpoint(settings.base_model):
        printing.note(f"Every turn of the calls is sent to {address(settings)}, to be encoded there.")
    if data:
        calls = read_calls(data, team=team_in_tables(settings), tell=printing.note)
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
    registry = ModelRegistry(settings)
    if out is None:
        registry.keep_aside(folder)  # to roll back to
    with progress() as report:
        manifest = run(
            calls,
            folder,
            settings,
            options,
            judge=lambda scorer: check_behaviour(scorer, checked, progress=report),
            progress=report,
            tell=printing.note,
        )
        if out is None:
            registry.promote(folder.name, who_here(), f"Trained on {source}.")
            if settings.library_file.exists():
                with Library(settings.library_file, create=False) as library:
                    if library.summaries():
                        rebuild_index(settings, library, report)
    printing.result(
        {"model": str(folder), **manifest.model_dump(mode="json", include={"model_id", "measures"})},
        render.trained(folder, manifest, ModelFolder.open(folder).verdict, is_current=out is None),
        as_json,
    )
