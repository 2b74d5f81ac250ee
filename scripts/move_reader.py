"""Trains the move reader on the authored calls and prints how it reads writers that it never saw. An hour of two cores.

    python scripts/move_reader.py --work WORK [--out FOLDER] [--judges w33 w34 …] [--epochs 3]
                                  [--start FOLDER [--kept 0.5]]

``--start`` goes on from a reader that learned from fewer calls, which takes fewer epochs at a lower rate; ``--kept``
then mixes that share of its weights into the trained ones.
An interrupted training goes on from the last whole epoch in WORK. Without ``--out`` the bundled reader is replaced.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.moves.reader import BUNDLED_READER
from salescoach.types import Transcript
from serving.progress_bar import progress
from training.authored import labelled
from training.authored.corpus import CallCourse, Labels, read_calls, read_courses, read_pairs, read_single_turns
from training.authored.deals import read_deals
from training.moves.finetune import MoveOptions
from training.moves.run import Corpus, JudgedReader, Judges, Lessons, train_reader

JUDGES = Judges(calls=labelled.JUDGES, pairs=("p3", "p4"))


def read_corpus() -> Corpus:
    """All authored calls that are labelled twice and settled; a forecast is the mean of all who made one."""
    calls = read_calls(labelled.AUTHORED / "calls")
    settled, *alone = (labelled.labels_by(who, calls) for who in ("settled", "first", "second"))
    deals, courses = read_deals(labelled.AUTHORED / "facts"), read_courses(labelled.AUTHORED / "courses")
    kept: dict[str, Transcript] = {one: calls[one] for one in settled}
    return Corpus(
        kept,
        settled,
        {one: _forecast([own[one] for own in (settled, *alone)], courses[one]) for one in settled},
        {one: courses[one] for one in settled},
        {one: deals[one].probability for one in settled},
        {one: deals[one].outcome == "converted" for one in settled},
    )


def _forecast(labels: list[Labels], course: CallCourse) -> float:
    return float(np.mean([*(one.probability for one in labels), course.course[-1][1]]))


def show(judged: JudgedReader, corpus: Corpus) -> None:
    """Prints the figures."""
    print(f"{judged.card.data}\n\n{'':20}{'turns':>6}{'precision':>11}{'recall':>8}{'F1':>7}")
    for name, one in judged.card.figures.items():
        print(f"{name:20}{one.n:6}{one.precision:11.2f}{one.recall:8.2f}{one.f1:7.2f}")
    print(f"\nhandled, balanced accuracy: {judged.card.handled_balanced_accuracy}; pairs right: {judged.card.pairs}")
    print("worth of the call: " + ", ".join(f"{name} {value:.3f}" for name, value in judged.card.worth.items()))
    ids = list(judged.logits)
    converted = np.array([corpus.converted[one] for one in ids])
    for name, values in (
        ("forecasts from the text", np.array([corpus.forecasts[one] for one in ids])),
        ("turns", np.array([len(corpus.calls[one]) for one in ids])),
    ):
        print(f"{name}: AUROC of the outcome {roc_auc_score(converted, values):.3f}", end="")
        print(f", Brier {np.mean((values - converted) ** 2):.3f}" if values.max() <= 1 else "")


def main() -> None:
    """Trains and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=BUNDLED_READER)
    parser.add_argument("--judges", nargs="+")
    parser.add_argument("--epochs", type=int, default=MoveOptions().epochs)
    parser.add_argument("--start", type=Path, help="a reader's folder")
    parser.add_argument("--kept", type=float, default=0.0, help="share of that reader's weights that is kept")
    parser.add_argument("--rate", type=float, default=MoveOptions().learning_rate)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    corpus = read_corpus()
    judges = Judges(given.judges, JUDGES.pairs) if given.judges else JUDGES
    lessons = Lessons(read_pairs(labelled.AUTHORED / "pairs"), read_single_turns(labelled.AUTHORED / "turns"))
    options = MoveOptions(epochs=given.epochs, learning_rate=given.rate, start=given.start, start_kept=given.kept)
    with progress() as say:
        judged = train_reader(corpus, lessons, judges, given.out, BUNDLED_BASE_MODEL, options, given.work, say)
    show(judged, corpus)


if __name__ == "__main__":
    main()
