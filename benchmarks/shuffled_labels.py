"""What training makes of labels with nothing to learn: real trainings on shuffled labels.

    .venv/bin/python benchmarks/shuffled_labels.py CALLS.csv [--runs 20] [--calls-per-run 240] [--frozen]

Each run draws calls and shuffles their outcomes. Prints a Markdown row for each run as it ends: the arms' AUROC, how
far the probabilities of 100 other calls lie from the base rate on average, and whether the card claims that fine-tuning
was worth it. ``--frozen`` leaves the encoder as it is.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from eval.evaluate import forced_probability
from salescoach.config import Settings
from salescoach.model.artifact import ModelFolder
from salescoach.model.scoring import CallScorer
from salescoach.reading.labelled import read_calls
from salescoach.types import LabelledCall
from training.options import FinetuneOptions, TrainingOptions
from training.run import train

N_OTHERS = 100
ARMS = ("generic", "tfidf", "finetuned", "blend")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("calls", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--calls-per-run", type=int, default=240)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--frozen", action="store_true")
    options = parser.parse_args()
    calls = [call for call in read_calls(options.calls) if call.outcome is not None]
    print("| run | " + " | ".join(ARMS) + " | scorer | from base rate | worth it |\n|" + " --- |" * (len(ARMS) + 4))
    n_worth_it, away = 0, []
    for seed in range(options.first_seed, options.first_seed + options.runs):
        row, is_worth_it, distance = one_run(calls, options.calls_per_run, seed, is_finetuned=not options.frozen)
        n_worth_it += is_worth_it
        away.append(distance)
        print(row)
        sys.stdout.flush()
    print(f"\n{n_worth_it} of {options.runs} runs were called worth it.")
    print(f"Probabilities lie {np.mean(away):.3f} from the base rate on average, {max(away):.3f} in the worst run.")


def one_run(calls: list[LabelledCall], n_calls: int, seed: int, *, is_finetuned: bool) -> tuple[str, bool, float]:
    """A table row, whether fine-tuning was called worth it, and the mean distance from the base rate."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(calls))
    drawn = [calls[row] for row in np.sort(order[:n_calls]).tolist()]
    others = [calls[row].transcript for row in order[n_calls : n_calls + N_OTHERS].tolist()]
    outcomes = [drawn[row].outcome for row in rng.permutation(len(drawn)).tolist()]
    shuffled = [
        call.model_copy(update={"outcome": outcome, "split": None})
        for call, outcome in zip(drawn, outcomes, strict=True)
    ]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings.load(home=home, seed=seed)
        out = home / "model"
        options = TrainingOptions(
            name="shuffled", data="shuffled labels", finetuning=FinetuneOptions() if is_finetuned else None
        )
        manifest = train(shuffled, out, settings, options)
        scorer = CallScorer.load(settings.model_copy(update={"model": out}))
        chances = [forced_probability(scorer.score(call, force=True)) for call in others]
        distance = float(np.mean(np.abs(np.array(chances) - manifest.base_rate)))
        is_worth_it = "Fine-tuning was worth it" in ModelFolder.open(out).verdict
    aucs = [f"{manifest.measures[arm]['auc'].value:.3f}" if arm in manifest.measures else "" for arm in ARMS]
    cells = [str(seed), *aucs, manifest.scorer, f"{distance:.3f}", "yes" if is_worth_it else "no"]
    return f"| {' | '.join(cells)} |", is_worth_it, distance


if __name__ == "__main__":
    main()
