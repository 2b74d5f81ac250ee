"""How much of the truth of a sample corpus a model folder finds: the figures that only simulated calls can give.

    coach sample big.csv --calls 10000 --seed 4001
    python benchmarks/sample_model.py big.csv --model DIR [--calls 500] [--splits test test_seen]

The sample's truth files lie beside it. Printed for each split, as Markdown: AUROC beside the ceiling that the true
probabilities reach, F1, accuracy and calibration beside theirs, coverage of the prediction set and of the interval, and
how well evidence by deletion agrees with the true effects of the turns.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

from eval.faithfulness import agreement, effects_of, read_true_effects
from salescoach.config import Settings
from salescoach.model.embedding_arm import EncodedCall
from salescoach.model.encoder import encode_turns
from salescoach.model.scoring import CallScorer
from salescoach.reading.labelled import read_calls
from salescoach.stats.measures import METRICS, Thresholds, choose_thresholds
from salescoach.stats.splits import CALIBRATION, group_of, labels_of
from salescoach.types import LabelledCall

SHOWN = ("auc", "f1", "accuracy", "brier", "ece", "ece_by_chance")


def main() -> None:
    """Prints a table for each split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--splits", nargs="+", default=["test", "test_seen"])
    parser.add_argument("--calls", type=int, default=0, help="of each split at most; 0: all")
    given = parser.parse_args()
    calls = read_calls(given.sample)
    true = read_column(given.sample, "truth", "true_probability")
    effects = read_true_effects(given.sample)
    if effects is None:
        parser.error(f"the truth about {given.sample} is not beside it")
    scorer = CallScorer.load(Settings.load(model=given.model))
    # Thresholds for the true probabilities are chosen as the model's were: on the calibration calls.
    known = [call for call in calls if call.split == CALIBRATION]
    ideal = choose_thresholds(labels_of(known), np.array([true[id_of(call)] for call in known]))
    print(f"{scorer.manifest.model_id} ({scorer.manifest.scorer}) on {given.sample.name}\n")
    for split in given.splits:
        part = [call for call in calls if call.split == split]
        part = part[: given.calls or len(part)]
        print_table(split, figures(scorer, part, true, effects, ideal))


def figures(
    scorer: CallScorer,
    calls: list[LabelledCall],
    true: dict[str, float],
    effects: dict[str, np.ndarray],
    ideal: Thresholds,
) -> dict[str, tuple[float, float | None]]:
    """Figure -> the model's, and that of the true probabilities where there is one."""
    labels, truth = labels_of(calls), np.array([true[id_of(call)] for call in calls])
    probabilities, inside, held, abstained = np.zeros(len(calls)), [], [], []
    known = []
    for row, call in enumerate(calls):
        if row % 100 == 0:
            sys.stderr.write(f"\r{row} of {len(calls)}")
        score = scorer.score(call.transcript, force=True)
        abstained.append(score.abstained)
        number = score.uncalibrated_probability if score.abstained else score.probability
        assert number is not None
        probabilities[row] = number
        if score.interval and not score.abstained:
            inside.append(score.interval[0] <= truth[row] <= score.interval[1])
            held.append(call.outcome in score.prediction_set)
        encoded = EncodedCall(call.transcript.turns, encode_turns(scorer.encoder, call.transcript.turns))
        known.append((effects_of(scorer, encoded), effects[id_of(call)], group_of(call)))
    sys.stderr.write("\r")
    found: dict[str, tuple[float, float | None]] = {
        name: (METRICS[name](labels, probabilities, scorer.manifest.thresholds), METRICS[name](labels, truth, ideal))
        for name in SHOWN
    }
    found["answered"] = (1 - float(np.mean(abstained)), None)
    found["outcome in the prediction set"] = (float(np.mean(held)), None)
    found["true probability in the interval"] = (float(np.mean(inside)), None)
    agreed = agreement(known, scorer.manifest.seed)
    if agreed is not None:
        found["turn of the largest true effect among the top three"] = (agreed.first_found.value, None)
        found["sign of the top three right, where they have a true effect"] = (agreed.sign_right.value, None)
        found["Spearman of effect and true effect, mean over calls"] = (agreed.rank.value, None)
    return found


def read_column(sample: Path, file: str, column: str) -> dict[str, float]:
    """call_id -> a column of one of the truth files."""
    with sample.with_suffix(f".{file}.csv").open(encoding="utf-8", newline="") as lines:
        return {row["call_id"]: float(row[column]) for row in csv.DictReader(lines)}


def id_of(call: LabelledCall) -> str:
    """Sample calls all have one."""
    assert call.call_id is not None
    return call.call_id


def print_table(split: str, found: dict[str, tuple[float, float | None]]) -> None:
    """Markdown."""
    print(f"| {split} | model | true probabilities |\n| --- | --- | --- |")
    for name, (own, ideal) in found.items():
        print(f"| {name} | {own:.3f} | {'' if ideal is None else f'{ideal:.3f}'} |")
    model, ideal_auc = found["auc"]
    if ideal_auc is not None:
        print(f"| share of the way from 0.5 to the ceiling | {(model - 0.5) / (ideal_auc - 0.5):.3f} | 1 |\n")


if __name__ == "__main__":
    main()
