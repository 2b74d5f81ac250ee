"""How often training calls fine-tuning worth it where there is nothing to learn: real trainings on shuffled labels.

    .venv/bin/python benchmarks/shuffled_labels.py CALLS.csv [--runs 20] [--calls-per-run 240]

Each run draws calls and shuffles their outcomes. Prints a Markdown row for each run as it ends, and how many were
called worth it.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from salescoach.config import Settings
from salescoach.model.artifact import ModelFolder
from salescoach.reading.labelled import read_calls
from salescoach.types import LabelledCall
from training.options import FinetuneOptions, TrainingOptions
from training.run import train

ARMS = ("generic", "tfidf", "finetuned", "blend")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--calls-per-run", type=int, default=240)
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    calls = [call for call in read_calls(options.calls) if call.outcome is not None]
    print("| run | " + " | ".join(ARMS) + " | scorer | worth it |\n|" + " --- |" * (len(ARMS) + 3))
    n_worth_it = 0
    for seed in range(options.first_seed, options.first_seed + options.runs):
        row, is_worth_it = one_run(calls, options.calls_per_run, seed)
        n_worth_it += is_worth_it
        print(row)
        sys.stdout.flush()
    print(f"\n{n_worth_it} of {options.runs} runs were called worth it.")


def one_run(calls: list[LabelledCall], n_calls: int, seed: int) -> tuple[str, bool]:
    """A table row of the arms' AUROC, and whether fine-tuning was called worth it."""
    rng = np.random.default_rng(seed)
    drawn = [calls[row] for row in np.sort(rng.permutation(len(calls))[:n_calls]).tolist()]
    outcomes = [drawn[row].outcome for row in rng.permutation(len(drawn)).tolist()]
    shuffled = [
        call.model_copy(update={"outcome": outcome, "split": None})
        for call, outcome in zip(drawn, outcomes, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings.load(home=home, seed=seed)
        out = home / "model"
        options = TrainingOptions(name="shuffled", data="shuffled labels", finetuning=FinetuneOptions())
        manifest = train(shuffled, out, settings, options)
        is_worth_it = ModelFolder.open(out).verdict.startswith("Fine-tuning was worth it")
    aucs = [f"{manifest.measures[arm]['auc'].value:.3f}" for arm in ARMS]
    return f"| {seed} | {' | '.join(aucs)} | {manifest.scorer} | {'yes' if is_worth_it else 'no'} |", is_worth_it


if __name__ == "__main__":
    main()
