"""Makes the bundled model: a big sample corpus, one training, one bundle. One to three hours on one core; resumable.

    python scripts/bundled_model.py --home WORK

Under WORK lie afterwards the sample (``calls.csv`` and its truth) and the model folder. The same seed makes the same
model on a machine of the same kind; with another processor a probability differs by 0.01 on average.
"""

import argparse
from collections import Counter
from pathlib import Path

from eval.behaviour import check_behaviour
from salescoach.config import Settings
from salescoach.reading.labelled import read_calls
from salescoach.stats.splits import CALIBRATION, TEST, TRAIN
from salescoach.types import LabelledCall
from serving.progress_bar import progress
from serving.usecases.setup import STARTER, example_calls
from training.bundle import BUNDLED_MODEL, pack
from training.options import FinetuneOptions, TrainingOptions
from training.run import train
from training.sample import write_sample

N_CALLS, SEED = 42_000, 5201
KEPT = {TRAIN: 20_000, CALIBRATION: 1_000, TEST: 700}  # what one core trains and judges in one to three hours
EPOCHS = 5  # of 4,000 calls: each is seen once, as other calls teach more than another look at the same ones


def main() -> None:
    """Sample, training, bundle."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="where everything but the bundle is written")
    given = parser.parse_args()
    settings = Settings.load(home=given.home)
    sample = given.home / "calls.csv"
    if not sample.is_file():
        write_sample(sample, n_calls=N_CALLS, seed=SEED)
    calls = first_of_each_split(read_calls(sample, provenance="sample"))
    checked = [call.transcript for call in example_calls()]
    folder = settings.models_dir / STARTER
    with progress() as report:
        train(
            calls,
            folder,
            settings,
            TrainingOptions(
                name=STARTER,
                data=f"{len(calls):,} simulated calls: a demonstration, not your market",
                finetuning=FinetuneOptions(epochs=EPOCHS),
                resume=True,
            ),
            judge=lambda scorer: check_behaviour(scorer, checked, progress=report),
            progress=report,
        )
    print(f"{pack(folder, BUNDLED_MODEL):,} bytes in {BUNDLED_MODEL}")


def first_of_each_split(calls: list[LabelledCall]) -> list[LabelledCall]:
    """As many calls of each split as ``KEPT`` says."""
    taken: Counter[str] = Counter()
    kept = []
    for call in calls:
        split = call.split or ""
        if taken[split] < KEPT.get(split, 0):
            taken[split] += 1
            kept.append(call)
    return kept


if __name__ == "__main__":
    main()
