"""What pure noise scores: by the usual mistake, prototypes built with the labels of the judged calls, and by our arms.

    .venv/bin/python benchmarks/noise.py

prints a Markdown table, means over twenty shuffles with three standard errors. Vectors are random, labels are coins.
"""

import argparse
import sys

import numpy as np
from sklearn.metrics import roc_auc_score

from salescoach.model.similarity import METHODS, ReferenceCalls

DIMENSION = 384
SIZES = (50, 100, 200, 500, 1000)
N_TRAIN_PER_JUDGED = 4


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shuffles", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    header = ["judged calls", "cosine, prototypes of the judged calls", *(f"{name}, ours" for name in METHODS)]
    print("| " + " | ".join(header) + " |\n" + "|" + " --- |" * len(header))
    for size in SIZES:
        rng = np.random.default_rng([args.seed, size])
        rows = np.array([one_shuffle(size, rng) for _ in range(args.shuffles)])
        errors = rows.std(axis=0, ddof=1) / args.shuffles**0.5
        cells = [f"{mean:.3f} ± {3 * error:.3f}" for mean, error in zip(rows.mean(axis=0), errors, strict=True)]
        print(f"| {size:,} | " + " | ".join(cells) + " |")
        sys.stdout.flush()


def one_shuffle(n_judged: int, rng: np.random.Generator) -> list[float]:
    """AUROC of the mistake, then of each method with prototypes of other calls, on fresh noise."""
    n_train = N_TRAIN_PER_JUDGED * n_judged
    vectors = rng.normal(size=(n_judged + n_train, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = rng.permutation(np.arange(n_judged + n_train) % 2)
    judged, judged_labels = vectors[:n_judged], labels[:n_judged]
    leaking = ReferenceCalls.unscaled(judged, judged_labels).scores(judged)["cosine"]
    honest = ReferenceCalls.unscaled(vectors[n_judged:], labels[n_judged:]).scores(judged)
    return [float(roc_auc_score(judged_labels, scores)) for scores in (leaking, *(honest[name] for name in METHODS))]


if __name__ == "__main__":
    main()
