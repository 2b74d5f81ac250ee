"""``coach setup``: the bundled model, a library of example calls and its index, each made only where it is missing."""

import csv
from pathlib import Path

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.errors import ModelError
from salescoach.leftovers import remove_leftovers
from salescoach.library import Library
from salescoach.model.artifact import ModelFolder, find_model, make_current
from salescoach.model.base_model import resolve_base_model
from salescoach.progress import Progress
from salescoach.reading.transcripts import read_transcript
from salescoach.types import LabelledCall
from serving.usecases.indexing import rebuild_index
from serving.usecases.lost_library import check_library
from training.authored.labelled import authored_calls
from training.authored.readings import known_readings
from training.authored.starter import starter_calls
from training.bundle import BUNDLED_MODEL, unpack
from training.options import TrainingOptions
from training.run import train
from vectorstore.generation import forget_generations

STARTER = "starter"
N_STARTER_CALLS = 180  # each takes a third of a second to read; all of them take a minute more
EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


def set_up(
    settings: Settings, report: Progress, n_calls: int = N_STARTER_CALLS, *, new_library: bool = False
) -> list[str]:
    """Makes what is missing under ``COACH_HOME``; an interrupted run goes on where it stopped.

    Args:
        settings: name the home.
        report: is told the stage, and how much of it is done.
        n_calls: how many authored calls, at most, an empty library is filled with.
        new_library: give up the library that the index was built from; the one there now is meant, or a new one.

    Returns:
        What was made, each as a sentence; empty where everything was in place.

    Raises:
        CoachError: the library that the index was built from is gone, empty or another one; nothing is made then.
    """
    made = []
    if new_library:
        forget_generations(settings.index_dir)
    else:
        check_library(settings)
    remove_leftovers(settings)
    if not _has_model(settings):
        folder = settings.models_dir / STARTER
        if settings.base_model == BUNDLED_BASE_MODEL:
            report("unpacking the bundled model", 0, 1)
            manifest = unpack(BUNDLED_MODEL, Path(resolve_base_model(BUNDLED_BASE_MODEL)), folder).manifest
            report("unpacking the bundled model", 1, 1)
        else:
            calls = authored_calls()
            data = f"{len(calls)} machine-written example calls: a demonstration, not your market"
            manifest = train(calls, folder, settings, TrainingOptions(name=STARTER, data=data), progress=report)
        make_current(settings, folder)
        made.append(f"The model {manifest.model_id} is in {folder}.")
    with Library(settings.library_file) as library:
        if not library.summaries():
            past = [*starter_calls(n_calls), *example_calls()]
            library.add(past)
            known = known_readings()
            library.read_moves(known, only={call.call_id for call in past if call.transcript in known})
            made.append(f"{len(past)} example calls, machine-written, not your market, are in {settings.library_file}.")
        if rebuild_index(settings, library, report, only_if_needed=True):
            made.append("The past calls are indexed.")
    return made


def example_calls(folder: Path = EXAMPLES) -> list[LabelledCall]:
    """The hand-written example calls; none where the project's data isn't beside the program."""
    index = folder / "index.csv"
    if not index.is_file():
        return []
    with index.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        LabelledCall(
            transcript=read_transcript(folder / row["file"], call_id=row["call_id"]),
            call_id=row["call_id"],
            outcome=row["outcome"],
            account_id=row["account_id"],
            rep_id=row["rep_id"],
            provenance="sample",
            metadata={"industry": row["industry"], "call_type": row["call_type"]},
        )
        for row in rows
    ]


def _has_model(settings: Settings) -> bool:
    """Whether the current model can be used; a damaged one is made again."""
    try:
        ModelFolder.open(find_model(settings))
    except ModelError:
        return False
    return True
