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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from salescoach.encoder import turn_text
from salescoach.errors import ModelError
from salescoach.types import Turn

_CELLS_AT_ONCE = 300_000  # occurrences of known terms x variants: about 10 MB


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
        counted = _KnownTerms.of(turns, self.keys)
        idf, weights = (array[counted.terms].astype(np.float64) for array in (self.idf, self.weights))
        projected = [weights @ values for values in counted.unit_values(idf, keep)]
        return np.concatenate([np.zeros(0), *projected]) + float(self.bias[0])

    def member_logits(self, turns: Sequence[Turn]) -> np.ndarray:
        """Calibrated logits of the whole call: shape (1 + n_bootstrap,), float64, the model's first."""
        counted = _KnownTerms.of(turns, self.keys)
        weights = np.vstack([self.weights[counted.terms], self.members[:, counted.terms]]).astype(np.float64)
        (values,) = counted.unit_values(self.idf[counted.terms].astype(np.float64), np.ones((1, len(turns)), bool))
        return np.asarray(weights @ values[:, 0] + self.bias.astype(np.float64))

    def save(self, file: Path) -> None:
        """Writes the arrays as safetensors."""
        save_file({name: np.ascontiguousarray(array) for name, array in vars(self).items()}, file)

    @classmethod
    def load(cls, file: Path) -> "TextArm":
        """Reads what ``save`` wrote.

        Raises:
            ModelError: the file is missing or damaged, or it holds a value that is not finite.
        """
        try:
            arm = cls(**load_file(file))
        except (SafetensorError, TypeError, OSError) as error:
            raise ModelError(f"{file} is no text arm of this version ({error}); train again.") from None
        if not all(np.isfinite(array).all() for array in vars(arm).values()):
            raise ModelError(f"{file} holds values that are not finite; train again.")
        return arm


def turn_terms(turn: Turn) -> list[str]:
    """Words and pairs of neighbouring words of a turn, in lower case and marked with its side."""
    label, _, text = turn_text(turn).lower().partition(": ")
    words = text.split()
    return [f"{label}:{word}" for word in words] + [f"{label}:{first} {second}" for first, second in pairwise(words)]


def term_keys(terms: Sequence[str]) -> np.ndarray:
    """The 64-bit hash of each term, the same on any machine: shape (n_terms,), uint64."""
    hashes = b"".join(blake2b(term.encode(), digest_size=8).digest() for term in terms)
    return np.frombuffer(hashes, dtype="<u8").astype(np.uint64)


@dataclass(frozen=True)
class _KnownTerms:
    """Every occurrence of a known term in a call, those of one term side by side.

    ``terms``: shape (n_found,), which terms occur; ``turn_of``: shape (n_occurrences,), the turn of each occurrence;
    ``starts``: shape (n_found,), where the occurrences of each term start.
    """

    terms: np.ndarray
    turn_of: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, turns: Sequence[Turn], known: np.ndarray) -> "_KnownTerms":
        by_turn = [turn_terms(turn) for turn in turns]
        keys = term_keys([term for terms in by_turn for term in terms])
        turn_of = np.repeat(np.arange(len(turns)), np.array([len(terms) for terms in by_turn], dtype=int))
        found = np.isin(keys, known)
        term_of = np.searchsorted(known, keys[found])
        order = np.argsort(term_of, kind="stable")
        terms, starts = np.unique(term_of[order], return_index=True)
        return cls(terms, turn_of[found][order], starts)

    def unit_values(self, idf: np.ndarray, keep: np.ndarray) -> Iterator[np.ndarray]:
        """tf-idf values of unit length, some variants at a time: shape (n_found, n_some), float64.

        ``idf``: shape (n_found,); ``keep`` as in ``TextArm.logits``.
        """
        ends = np.append(self.starts[1:], len(self.turn_of))
        most = int(np.max(ends - self.starts, initial=0))
        damped = np.concatenate([[0.0], 1 + np.log(np.arange(1, most + 1))])
        size = max(1, _CELLS_AT_ONCE // max(1, len(self.turn_of)))
        for start in range(0, len(keep), size):
            kept = keep[start : start + size].T[self.turn_of]
            counts = np.add.reduceat(kept, self.starts, axis=0, dtype=np.int32)
            values = damped[counts] * idf[:, None]
            yield values / np.maximum(np.sqrt(np.einsum("tv,tv->v", values, values)), 1e-30)
