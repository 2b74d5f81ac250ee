"""How long a score takes, beside what sentence-transformers alone takes for the same turns in the same run.

    python benchmarks/speed.py

Needs a model (``coach setup``). Prints a Markdown table; every call is scored with nothing cached, then again.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence

import torch
from sentence_transformers import SentenceTransformer

from salescoach.config import Settings
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.model.encoder import TurnEncoder, best_engine, turn_text
from salescoach.model.loading import load_arms, load_reader
from salescoach.model.scoring import CallScorer
from salescoach.types import Transcript, Turn

SIZES = {"40 turns, 600 words": (40, 15), "an hour: 360 turns, 9,000 words": (360, 25)}
N_REPEATS = 5
WORDS = tuple("we you the a price team week call plan need look think about before after maybe budget next".split())


def made_up_call(n_turns: int, n_words: int, seed: int) -> Transcript:
    """A call of random words, ``n_words`` a turn on average: what they mean doesn't change how long they take."""
    draw = random.Random(seed)
    roles = ("rep", "customer")
    return Transcript(
        turns=tuple(
            Turn(
                speaker=roles[turn % 2],
                role=roles[turn % 2],
                text=" ".join(draw.choices(WORDS, k=draw.randint(1, 2 * n_words - 1))),
            )
            for turn in range(n_turns)
        )
    )


def seconds(run: Callable[[Transcript], object], calls: Sequence[Transcript]) -> float:
    """The median time of one run for each call."""
    times = []
    for call in calls:
        start = time.perf_counter()
        run(call)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Measures and prints."""
    settings = Settings.load()
    folder = ModelFolder.open(find_model(settings))
    encoder = TurnEncoder.load(
        folder.encoder, fingerprint=folder.manifest.encoder_fingerprint, threads=settings.threads
    )
    scorer = CallScorer(folder.manifest, encoder, *load_arms(folder, lambda: load_reader(settings, cached=False)))
    plain = SentenceTransformer(str(folder.encoder), device="cpu", model_kwargs={"dtype": torch.float32})
    scorer.score(made_up_call(40, 15, seed=-1))  # the language identifier and the kernels load at the first call

    print(f"engine {best_engine()}, {settings.threads} thread(s), model {folder.manifest.model_id}\n")
    print("| call | score, nothing cached | score, turns cached | plain fp32 encode of the turns | ratio |")
    print("| --- | --- | --- | --- | --- |")
    for name, (n_turns, n_words) in SIZES.items():
        calls = [made_up_call(n_turns, n_words, seed) for seed in range(N_REPEATS)]
        baseline = seconds(lambda call: plain.encode([turn_text(turn) for turn in call.turns]), calls)
        cold = seconds(scorer.score, calls)
        warm = seconds(scorer.score, calls)
        print(f"| {name} | {cold:.3f} s | {warm:.3f} s | {baseline:.3f} s | {cold / baseline:.2f} |")


if __name__ == "__main__":
    main()
