"""Words and word pairs -> calibrated logits: tf-idf and a linear model, without the words.

A term is a word or a pair of neighbouring words of one turn, marked with its side, such as ``rep:how many``. Of each
term that training knew, a 64-bit hash is kept, never the term. A hash hides no word from someone who guesses it: it
keeps text out of the model folder, it is no secret.

With count_t of term t in the kept turns, over known terms only:

    value_t = (1 + log count_t) idf_t, 0 where count_t is 0
    logit   = weights . value / |value| + bias

Terms with one hash are one term: their counts add up, and idf and weight are those of the first in the alphabet.
With 50,000 terms that happens in one model of 10^10.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from salescoach.model.arrays import read_arrays
from salescoach.model.encoder import turn_text
from salescoach.types import Turn

_NO_TERMS = 1e-9  # a squared length below this is what rounding leaves of nothing; one term has 1 or more


@dataclass(frozen=True)
class TextArm:
    """A linear model on tf-idf values, held as it is stored, so that what is measured is what scores.

    ``keys``: shape (n_terms,), uint64, rising: hashes of the known terms; ``idf``: shape (n_terms,), float32;
    ``weights``: shape (n_terms,), float32: the model; ``members``: shape (n_bootstrap, n_terms), float16: the same fit
    on resampled accounts; ``bias``: shape (1 + n_bootstrap,), float32, the model's first. Calibration is folded in.
    """

    keys: np.ndarray
    idf: np.ndarray
    weights: np.ndarray
    members: np.ndarray
    bias: np.ndarray

    def logits(self, turns: Sequence[Turn], keep: np.ndarray) -> np.ndarray:
        """Calibrated logits of variants of one call; one without a known term has the bias.

        Args:
            turns: the turns of the call.
            keep: shape (n_variants, n_turns), bool: which turns each variant has.

        Returns:
            Shape (n_variants,), float64.
        """
        known = _KnownTerms.of(turns, self.keys)
        idf, weights = (array[known.terms].astype(np.float64) for array in (self.idf, self.weights))
        damped = known.damped()
        counts = np.zeros(len(known.terms), dtype=np.int64)
        kept = np.zeros(len(turns), dtype=bool)
        product = square = 0.0
        logits = np.empty(len(keep))
        # From variant to variant only the terms of turns that come or go change: a deletion or a prefix costs a turn.
        for number, row in enumerate(keep):
            for turn in np.flatnonzero(row != kept).tolist():
                terms, occurrences = known.by_turn[turn]
                before = damped[counts[terms]] * idf[terms]
                counts[terms] += occurrences if row[turn] else -occurrences
                after = damped[counts[terms]] * idf[terms]
                product += float(weights[terms] @ (after - before))
                square += float(after @ after - before @ before)
            kept = row
            logits[number] = product / np.sqrt(square) if square > _NO_TERMS else 0.0
        return logits + float(self.bias[0])

    def member_logits(self, turns: Sequence[Turn]) -> np.ndarray:
        """Calibrated logits of the whole call: shape (1 + n_bootstrap,), float64, the model's first."""
        known = _KnownTerms.of(turns, self.keys)
        counts = np.zeros(len(known.terms), dtype=np.int64)
        for terms, occurrences in known.by_turn:
            counts[terms] += occurrences
        values = known.damped()[counts] * self.idf[known.terms]
        weights = np.vstack([self.weights[known.terms], self.members[:, known.terms]]).astype(np.float64)
        return np.asarray(weights @ values / max(float(np.linalg.norm(values)), 1e-12) + self.bias.astype(np.float64))

    def save(self, file: Path) -> None:
        """Writes the arrays as safetensors."""
        save_file({name: np.ascontiguousarray(array) for name, array in vars(self).items()}, file)

    @classmethod
    def load(cls, file: Path) -> "TextArm":
        """Reads what ``save`` wrote.

        Raises:
            ModelError: the file is missing or damaged, or it holds a value that is not finite.
        """
        return read_arrays(file, "text arm", lambda arrays: cls(**arrays))


def turn_terms(turn: Turn) -> list[str]:
    """Words and pairs of neighbouring words of a turn, in lower case and marked with its side."""
    label, _, text = turn_text(turn).lower().partition(": ")
    words = text.split()
    return [f"{label}:{word}" for word in words] + [f"{label}:{first} {second}" for first, second in pairwise(words)]


def term_keys(terms: Sequence[str]) -> np.ndarray:
    """The 64-bit hash of each term, the same on any machine: shape (n_terms,), uint64."""
    hashes = b"".join(blake2b(term.encode(), digest_size=8).digest() for term in terms)
    return np.frombuffer(hashes, dtype="<u8").astype(np.uint64)


@lru_cache(maxsize=1024)  # a call is looked at twice: for its probability and for its interval
def _keys_of(turn: Turn) -> np.ndarray:
    return term_keys(turn_terms(turn))


@dataclass(frozen=True)
class _KnownTerms:
    """The known terms of a call.

    ``terms``: shape (n_found,), which of the known terms occur; ``by_turn``: for each turn, which of ``terms`` it has
    and how often, both of shape (n_in_turn,).
    """

    terms: np.ndarray
    by_turn: list[tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, turns: Sequence[Turn], known: np.ndarray) -> "_KnownTerms":
        keys = [_keys_of(turn) for turn in turns]
        ends = np.cumsum([0, *(len(own) for own in keys)])
        flat = np.concatenate([np.zeros(0, np.uint64), *keys])
        places = np.minimum(np.searchsorted(known, flat), len(known) - 1)
        is_known = known[places] == flat
        terms, local = np.unique(places[is_known], return_inverse=True)
        n_before = np.concatenate([[0], np.cumsum(is_known)])[ends]
        by_turn = [np.unique(local[start:stop], return_counts=True) for start, stop in pairwise(n_before.tolist())]
        return cls(terms, by_turn)

    def damped(self) -> np.ndarray:
        """1 + log n, and 0 for 0, up to the most that a term can occur: shape (n_most + 1,)."""
        most = sum(int(counts.max(initial=0)) for _, counts in self.by_turn)
        return np.concatenate([[0.0], 1 + np.log(np.arange(1, most + 1))])
