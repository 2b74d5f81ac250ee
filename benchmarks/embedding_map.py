"""How long the maps of a comparison take: two encoders, UMAP and t-SNE each, from call vectors to points.

    .venv/bin/python benchmarks/embedding_map.py [--calls 10000]

prints seconds on the clock and of computing, both with UMAP's import and compiling. Vectors are random.
"""

import argparse
import time

import numpy as np

from eval.embedding_map import place
from eval.space import space_of
from salescoach.model.pooling import N_BLOCKS
from training.calls import TrainingCalls

DIMENSION = N_BLOCKS * 384  # of a call vector of the bundled encoder
TEST_SHARE = 0.2  # one of five folds


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    n_calls = parser.parse_args().calls
    n_test = round(TEST_SHARE * n_calls)
    labels = np.arange(n_calls) % 2
    train = TrainingCalls((), labels[n_test:], (), np.arange(n_calls - n_test) % 5 == 0, seed=0)
    print("| step | seconds | computing |\n| --- | --- | --- |")
    started = time.perf_counter(), time.process_time()
    for encoder in ("generic", "finetuned"):
        rng = np.random.default_rng(len(encoder))
        vectors = rng.normal(size=(n_calls, DIMENSION)).astype(np.float32)
        before = time.perf_counter(), time.process_time()
        space = space_of(vectors[n_test:], train, vectors[:n_test], labels[:n_test])
        print_row(f"{encoder}: figures and components", before)
        before = time.perf_counter(), time.process_time()
        place(np.array(space.fitted), np.array(space.judged), seed=0)
        print_row(f"{encoder}: UMAP and t-SNE", before)
    print_row(f"both, {n_calls:,} calls", started)


def print_row(name: str, since: tuple[float, float]) -> None:
    """One line."""
    print(f"| {name} | {time.perf_counter() - since[0]:.0f} | {time.process_time() - since[1]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
