"""Probabilities of moves in calls that taught the reader, as uncertain as it is with calls that it never saw.

What the bundled reader hears in the calls that it learned from is far too sure. What words say there is honest where
each writer is read by a model of words that was fitted on the others, but it is less than the reader knows. Logits in
between are as good as the reader's of unseen writers at ``KNOWN`` (mean average precision over moves: 0.41 for words,
0.82 for the reader on its own calls, 0.49 for the reader on unseen writers, 0.50 for the mixture).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from salescoach.model.head import logit, sigmoid
from salescoach.moves.heads import N_OUTPUTS
from salescoach.moves.lexical import seen_of
from salescoach.types import Transcript
from training.authored.corpus import Labels
from training.moves.calibrate import fitted_logit
from training.moves.data import known_rows, label_rows
from training.moves.lexical import fit_lexical
from training.moves.run import writer_of

KNOWN: Final = 0.2  # the share of the reader's own logits
N_FOLDS: Final = 5
SEED: Final = 3
FLOOR: Final = 1e-3  # of a probability, and of what is left to 1


def folds_of(writers: Sequence[str]) -> dict[str, int]:
    """The fold of each writer."""
    names = sorted(set(writers))
    np.random.default_rng(SEED).shuffle(names)
    return {name: place % N_FOLDS for place, name in enumerate(names)}


def heard_by_words(calls: Mapping[str, Transcript], labels: Mapping[str, Labels]) -> dict[str, np.ndarray]:
    """What words say of calls, each writer read by a model of the others: (n_turns, n_outputs) each, calibrated.

    Args:
        calls: that are labelled, by id.
        labels: what their turns do.
    """
    ids = list(calls)
    fold = folds_of([writer_of(one) for one in ids])
    seen = {one: seen_of(calls[one]) for one in ids}
    does = {one: label_rows(labels[one], calls[one].turns) for one in ids}
    known = {one: known_rows(labels[one], calls[one].turns) for one in ids}
    z: dict[str, np.ndarray] = {}
    for number in range(N_FOLDS):
        others = [one for one in ids if fold[writer_of(one)] != number]
        words = fit_lexical(
            [pair for one in others for pair in seen[one]],
            np.concatenate([does[one] for one in others]),
            np.concatenate([known[one] for one in others]),
        )
        z |= {one: words.logits(seen[one]) for one in ids if fold[writer_of(one)] == number}
    p = {one: np.zeros_like(z[one]) for one in ids}
    for output in range(N_OUTPUTS):
        on = np.concatenate([known[one][:, output] for one in ids])
        logits, true = (np.concatenate([some[one][:, output] for one in ids])[on] for some in (z, does))
        slope, offset = fitted_logit(logits[:, None], true, (1.0, 0.0))
        for one in ids:
            p[one][:, output] = np.where(known[one][:, output], sigmoid(slope * z[one][:, output] + offset), 0.0)
    return p


def as_if_unseen(words: np.ndarray, reader: np.ndarray) -> np.ndarray:
    """The mixture of what words and the reader hear in a call: all of shape (n_turns, n_outputs)."""
    first, second = (logit(np.clip(p, FLOOR, 1 - FLOOR)) for p in (words, reader))
    return sigmoid((1 - KNOWN) * first + KNOWN * second)
