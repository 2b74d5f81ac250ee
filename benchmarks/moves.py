"""The bundled move reader beside a cheap one, and how long reading takes.

    python benchmarks/moves.py [--judges w04 w08 …]

The cheap one is a logistic regression over words and characters of the turn and of the two before it (TF-IDF), taught
by the same writers. Of both, each half of the judging writers is read with thresholds of the other half. The time is
that of a call of 60 turns, with vectors in memory and without, on one thread.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_union

from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import turn_text
from salescoach.moves.heads import N_OUTPUTS, possible
from salescoach.moves.reader import BUNDLED_READER, EncoderReader
from salescoach.moves.taxonomy import MOVES, OBJECTIONS
from salescoach.moves.windows import N_BEFORE
from salescoach.types import Transcript
from training.authored.corpus import read_calls
from training.authored.labelled import AUTHORED, labels_by
from training.moves.calibrate import best_threshold, f1, halves
from training.moves.data import label_rows
from training.moves.run import writer_of

FEW = 5  # turns of a move, without which there is no average precision


def texts(call: Transcript) -> list[str]:
    """Each turn behind the turns before it, which are marked as such."""
    said = [turn_text(turn) for turn in call.turns]
    return [
        " ".join([*(f"before_{word}" for one in said[max(0, place - N_BEFORE) : place] for word in one.split()), own])
        for place, own in enumerate(said)
    ]


def words(taught: list[str], labels: np.ndarray, judged: list[str]) -> np.ndarray:
    """Probabilities of each output: shape (n_judged, n_outputs)."""
    vectors = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=3, sublinear_tf=True, max_features=60_000),
    )
    table = vectors.fit_transform(taught)
    seen = vectors.transform(judged)
    found = np.zeros((len(judged), labels.shape[1]))
    for column in np.flatnonzero(labels.sum(0) >= FEW):
        model = LogisticRegression(C=10, max_iter=500, class_weight="balanced", solver="liblinear")
        found[:, column] = model.fit(table, labels[:, column]).predict_proba(seen)[:, 1]
    return found


def table(name: str, p: np.ndarray, labels: np.ndarray, writers: np.ndarray) -> None:
    """Average precision and F1 of each move; thresholds are chosen on the other half of the writers."""
    found = np.zeros_like(labels, dtype=bool)
    for chosen_on, judged in halves(list(writers)):
        some, others = np.isin(writers, sorted(chosen_on)), np.isin(writers, sorted(judged))
        for k in range(N_OUTPUTS):
            found[others, k] = p[others, k] >= best_threshold(p[some, k], labels[some, k] > 0)
    kinds = [MOVES.index(move) for move in OBJECTIONS]
    precisions = [
        average_precision_score(labels[:, k], p[:, k]) for k in range(len(MOVES)) if labels[:, k].sum() >= FEW
    ]
    print(f"\n{name}: macro average precision {np.mean(precisions):.3f}")
    objected = f1(np.any(found[:, kinds], axis=1), np.any(labels[:, kinds] > 0, axis=1))
    print("any objection: precision {:.2f}, recall {:.2f}, F1 {:.2f}".format(*objected))
    for k, move in enumerate(MOVES):
        print(f"  {move:20}{int(labels[:, k].sum()):5}{f1(found[:, k], labels[:, k] > 0)[2]:7.2f}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judges", nargs="+", required=True, help="writers whom the bundled reader never saw")
    judges = parser.parse_args().judges
    torch.set_num_threads(1)
    calls = read_calls(AUTHORED / "calls")
    labels = labels_by("settled", calls)
    taught, judged = ([one for one in labels if (writer_of(one) in judges) is side] for side in (False, True))
    rows = np.concatenate([label_rows(labels[one], calls[one].turns) for one in judged])
    writers = np.array([writer_of(one) for one in judged for _ in calls[one].turns])
    can = possible([turn.role for one in judged for turn in calls[one].turns])
    reader = EncoderReader.load(BUNDLED_READER, Path(resolve_base_model(BUNDLED_BASE_MODEL)))
    table(
        "the bundled reader", np.concatenate([reader.probabilities(calls[one].turns) for one in judged]), rows, writers
    )
    cheap = words(
        [text for one in taught for text in texts(calls[one])],
        np.concatenate([label_rows(labels[one], calls[one].turns) for one in taught]),
        [text for one in judged for text in texts(calls[one])],
    )
    table("words and characters", cheap * can, rows, writers)

    long = next(call for call in calls.values() if len(call) >= 60).prefix(60)
    fresh = EncoderReader.load(BUNDLED_READER, Path(resolve_base_model(BUNDLED_BASE_MODEL)))
    for name in ("unseen", "from vectors in memory"):
        begun = time.perf_counter()
        fresh.read(long)
        print(f"60 turns, {name}: {time.perf_counter() - begun:.2f} s")


if __name__ == "__main__":
    main()
