"""How long the map of a call takes, beside the exact PCA of the same vectors in the same run.

    .venv/bin/python benchmarks/call_map.py [--calls 10000]

Past calls with random vectors lie in a library and on shelves as the index has them; one more call is placed among
them with all that the tool does: which calls may be shown, the nearest ones, the projection. Seconds are of computing,
as the machine may be busy. Needs a model (``coach setup``).
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from salescoach.config import Settings
from salescoach.library import Library
from salescoach.model.scoring import CallScorer
from salescoach.testing import make_call
from salescoach.types import OUTCOMES
from tools.map_call import map_call
from tools.parts import Parts
from vectorstore.chroma import VERSION
from vectorstore.generation import Generation, digests, fingerprint_of, swap_in
from vectorstore.moments import moments_of
from vectorstore.search import PastCalls
from vectorstore.shelf import Shelf, ShelfWriter

N_REPEATS = 7
N_MOMENTS = 2  # of a made-up call; the map doesn't look at them
N_LINES = 6
WORDS = tuple("we you the a price team week call plan need look think about before after maybe budget next".split())


def lines_of(seed: int) -> list[str]:
    """What is said in a made-up call; no two are nearly the same."""
    draw = random.Random(seed)
    return [f"{('Rep', 'Customer')[row % 2]}: {' '.join(draw.choices(WORDS, k=12))}" for row in range(N_LINES)]


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    n_calls = parser.parse_args().calls
    scorer = CallScorer.load(Settings.load())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library = Library(folder / "library.sqlite")
        vectors = fill(library, scorer, folder / "index", n_calls)
        this = library.add_pasted(make_call("this", *lines_of(-1)).transcript)
        parts = Parts(library, scorer, PastCalls(folder / "index", library, scorer))
        map_call(parts, this)  # opens the index
        tool, exact = seconds(lambda: map_call(parts, this)), seconds(lambda: exact_pca(vectors))
        print(f"{n_calls:,} calls of {vectors.shape[1]} numbers each\n")
        print("| the tool | exact PCA | ratio |\n| --- | --- | --- |")
        print(f"| {tool:.2f} s | {exact:.2f} s | {tool / exact:.2f} |")
        library.close()


def fill(library: Library, scorer: CallScorer, index_dir: Path, n_calls: int) -> np.ndarray:
    """Puts calls into the library and their made-up vectors onto shelves; the vectors, shape (n_calls, dimension)."""
    rng = np.random.default_rng(0)
    own = scorer.call_vector(make_call("this", *lines_of(-1)).transcript)
    vectors = rng.normal(size=(n_calls, len(own))).astype(np.float32)
    vectors[:, :40] *= 4  # some directions hold more than others
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    calls = [make_call(f"c{row}", *lines_of(row), outcome=OUTCOMES[row % 2]) for row in range(n_calls)]
    library.add(calls)
    folder = index_dir / "made"
    folder.mkdir(parents=True)
    moment = np.zeros((N_MOMENTS, len(own) // 4), dtype=np.float32)
    for number, outcome in enumerate(OUTCOMES):
        with ShelfWriter(folder, outcome) as writer:
            for row in range(number, n_calls, len(OUTCOMES)):
                moments = moments_of(calls[row].transcript.turns)[:N_MOMENTS]
                writer.add(calls[row], vectors[row], moments, moment[: len(moments)])
    shelves = [Shelf.open(folder, outcome) for outcome in OUTCOMES]
    generation = Generation(
        name="made",
        fingerprint=fingerprint_of(scorer),
        model_id=scorer.manifest.model_id,
        n_calls={shelf.outcome: len(shelf.calls) for shelf in shelves},
        n_moments={shelf.outcome: len(shelf.places) for shelf in shelves},
        chroma_version=VERSION,
        files=digests(folder),
    )
    swap_in(index_dir, generation, keep_previous=False)
    return vectors


def exact_pca(vectors: np.ndarray) -> np.ndarray:
    """The two axes, from all eigenvalues of the covariance."""
    centred = vectors - vectors.mean(axis=0)
    return np.asarray(np.linalg.eigh(centred.T @ centred)[1][:, -2:])


def seconds(run: Callable[[], object]) -> float:
    """The median time that a run computes."""
    times = []
    for _ in range(N_REPEATS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
