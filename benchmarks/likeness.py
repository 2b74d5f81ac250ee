"""Fine-tuned against generic embeddings on unseen calls: the four scores by likeness, and one and the same head.

    coach sample big.csv --calls 10000 --seed 4001
    python benchmarks/likeness.py big.csv --model DIR --trained-on calls.csv [--splits test test_seen]

The model folder has the fine-tuned side: encoder, pooling, prototypes. The generic side is the encoder that it was
fine-tuned from, with the pooling and head that were fitted on it and the prototypes of the same training calls. Printed
for each split, as Markdown: AUROC of both and the paired difference with its 95 % interval from resampling accounts.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from salescoach.config import Settings
from salescoach.model.artifact import ModelFolder
from salescoach.model.embedding_arm import EmbeddingArm, EncodedCall, ReferenceArm
from salescoach.model.encoder import Encoder, encode_turns
from salescoach.model.likeness import Likeness
from salescoach.model.loading import load_base_encoder, load_encoder
from salescoach.model.similarity import METHODS, ReferenceCalls, directions
from salescoach.reading.labelled import read_calls
from salescoach.stats.measures import METRICS, N_RESAMPLES, Judged, averaged, paired_gap, resample
from salescoach.stats.splits import TRAIN, group_of, labels_of
from salescoach.types import LabelledCall
from training.parts import MAX_HEAD_CALLS

AUC = {"auc": METRICS["auc"]}
HEAD = "head"
AT_ONCE = 64


def main() -> None:
    """Prints a table for each split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sample", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--trained-on", type=Path, required=True, help="the calls that the model has learned from")
    parser.add_argument("--splits", nargs="+", default=["test", "test_seen"])
    given = parser.parse_args()
    settings = Settings.load()
    folder = ModelFolder.open(given.model)
    fine, generic = EmbeddingArm.load(folder.embedding_file), ReferenceArm.load(folder.generic_file)
    fine_encoder = load_encoder(folder.encoder, folder.manifest.encoder_fingerprint, settings)
    base = load_base_encoder(settings.model_copy(update={"base_model": folder.manifest.base_model}))
    learned = [call for call in read_calls(given.trained_on) if call.split == TRAIN][:MAX_HEAD_CALLS]
    vectors, _ = embedded(learned, base, generic)
    center = vectors.mean(axis=0)
    past = {
        "generic": ReferenceCalls.of(directions(vectors, center), labels_of(learned)),
        "fine-tuned": Likeness.load(folder.likeness_file).past,
    }
    sides: dict[str, tuple[Encoder, EmbeddingArm | ReferenceArm, np.ndarray]] = {
        "generic": (base, generic, center),
        "fine-tuned": (fine_encoder, fine, fine.center),
    }
    print(f"{folder.manifest.model_id} on {given.sample.name}\n")
    calls = read_calls(given.sample)
    for split in given.splits:
        part = [call for call in calls if call.split == split]
        scores = {}
        for name, (encoder, arm, own_center) in sides.items():
            pooled, logits = embedded(part, encoder, arm)
            scores[name] = {HEAD: logits} | past[name].scores(directions(pooled, own_center))
        print_table(split, part, scores["generic"], scores["fine-tuned"])


def embedded(
    calls: Sequence[LabelledCall], encoder: Encoder, arm: EmbeddingArm | ReferenceArm
) -> tuple[np.ndarray, np.ndarray]:
    """Call vectors, shape (n_calls, n_blocks * dimension), and logits, shape (n_calls,)."""
    vectors, logits = [], []
    for row, call in enumerate(calls):
        if row % AT_ONCE == 0:  # fills the cache: many calls at once are faster
            sys.stderr.write(f"\r{row} of {len(calls)}   ")
            encode_turns(encoder, [turn for one in calls[row : row + AT_ONCE] for turn in one.transcript.turns])
        turns = call.transcript.turns
        encoded = EncodedCall(turns, encode_turns(encoder, turns))
        vectors.append(arm.pooling.pool(encoded.vectors, [turn.role for turn in turns])[0])
        logits.append(arm.logits(encoded, np.ones((1, len(turns)), dtype=bool))[0])
    sys.stderr.write("\r")
    return np.stack(vectors), np.array(logits)


def print_table(
    split: str, calls: Sequence[LabelledCall], generic: dict[str, np.ndarray], fine: dict[str, np.ndarray]
) -> None:
    """Markdown."""
    labels, groups = labels_of(calls), [group_of(call) for call in calls]
    print(f"| {split}, {len(calls)} calls | generic | fine-tuned | difference | relative |\n" + "| --- " * 5 + "|")
    for name in (*METHODS, HEAD):
        folds = [[Judged(labels, scores[name], groups)] for scores in (generic, fine)]
        before, after = (averaged(fold, AUC["auc"]) for fold in folds)
        samples = [resample(fold, np.random.default_rng(0), N_RESAMPLES, AUC)["auc"] for fold in folds]
        gap = paired_gap(samples[1], samples[0], after - before)
        print(f"| {name} | {before:.3f} | {after:.3f} | {gap} | {after / before - 1:+.1%} |")
    print()


if __name__ == "__main__":
    main()
