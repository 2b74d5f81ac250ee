"""How long a training will take on this machine: measured on a few turns before it begins."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from salescoach.model.encoder import TurnEncoder, turn_text
from salescoach.types import Transcript
from training.calls import TrainingCalls
from training.options import FinetuneOptions
from training.steps import calls_in_epoch, learns_again, n_epochs_of_layers

N_TIMED: Final = 24  # texts
# What a pass with its gradient takes, in passes of the engine; measured on all-MiniLM-L6-v2.
BACK_AND_FORTH: Final = 2.5


def seconds_of_training(
    encoder: TurnEncoder,
    n_layers: int,
    train: TrainingCalls,
    judging: Sequence[Transcript],
    options: FinetuneOptions | None,
    *,
    learns_all: bool = False,
) -> float:
    """About how many seconds encoding and fine-tuning take if nothing of it is in a cache yet; not what follows.

    Args:
        encoder: the base encoder.
        n_layers: how many it has.
        train: the calls that are seen.
        judging: those that judge.
        options: how it is fine-tuned; None: not at all.
        learns_all: whether a last training learns from the judging calls, too.
    """
    of_calls = [[turn_text(turn) for turn in call.turns] for call in (*train.calls, *judging)]
    texts = list(dict.fromkeys(text for own in of_calls for text in own))
    counts = dict(zip(texts, encoder.token_counts(texts), strict=True))
    by_length = sorted(texts, key=lambda text: counts[text])
    timed = [by_length[row] for row in np.linspace(0, len(texts) - 1, min(N_TIMED, len(texts))).astype(int).tolist()]
    fresh = encoder.without_cache()
    fresh.encode(timed[:1])  # kernels load at the first pass
    start = time.perf_counter()
    fresh.encode(timed)
    each = (time.perf_counter() - start) / sum(counts[text] for text in timed)
    once = each * sum(counts.values())
    if options is None:
        return once
    of_all = np.array([sum(counts[text] for text in own) for own in of_calls])
    of_call = of_all[: len(train.calls)]
    fitted = ~train.held_out
    rounds = [of_call[fitted], of_call] if learns_again(train, options) else [of_call[fitted]]
    rounds += [of_all] if learns_all else []
    trained = options.n_trained_layers / n_layers
    layers = sum(
        n_epochs_of_layers(options, len(tokens))
        * calls_in_epoch(options, len(tokens))
        / len(tokens)
        * float(tokens.sum())
        * (1 - options.turn_dropout)
        for tokens in rounds
    )
    return once * (1 + (1 - trained) + len(rounds)) + each * layers * trained * BACK_AND_FORTH


def n_layers_of(folder: Path) -> int | None:
    """How many layers an encoder says that it has; None where its folder doesn't say."""
    try:
        said = json.loads((folder / "config.json").read_bytes())["num_hidden_layers"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return said if isinstance(said, int) and said > 0 else None


def in_words(seconds: float) -> str:
    """A duration such as "40 s", "12 min" or "1 h 50 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
