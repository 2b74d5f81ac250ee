"""What the words of a turn say of its moves, beside what the encoder understands: tf-idf and a linear model.

A term is a word or a pair of neighbouring words of the turn, or a word of the turn before it. Of the terms that
training knew, hashes are kept (see ``salescoach.model.text_arm``). With count_t of term t,

    value_t = (1 + log count_t) idf_t, 0 where count_t is 0
    logit_k = weights_k . own / |own| + weights_k . before / (2 |before|) + bias_k

so that the words before a turn weigh half as much as its own.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from safetensors.numpy import save_file

from salescoach.model.arrays import read_arrays
from salescoach.model.text_arm import term_keys
from salescoach.moves.heads import N_OUTPUTS
from salescoach.types import Transcript, Turn

BEFORE: Final = 0.5  # what the words of the turn before weigh
_NOTHING: Final = 1e-9
_WORD: Final = re.compile(r"\w+|\?")


@dataclass(frozen=True)
class LexicalMoves:
    """A linear model of each output on the terms of a turn.

    ``keys``: shape (n_terms,), uint64, rising: hashes of the known terms; ``idf``: shape (n_terms,), float32;
    ``weights``: shape (n_terms, n_outputs), float16; ``bias``: shape (n_outputs,), float32.
    """

    keys: np.ndarray
    idf: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def logits(self, seen: Sequence[tuple[str, str]]) -> np.ndarray:
        """Logits of turns: shape (n_turns, n_outputs), float64.

        Args:
            seen: of each turn, the text of the one before it, empty for the first, and its own.
        """
        found = [BEFORE * self._logits(before_terms(before)) + self._logits(own_terms(own)) for before, own in seen]
        return np.asarray(self.bias.astype(np.float64) + np.array(found).reshape(len(seen), N_OUTPUTS))

    def _logits(self, terms: tuple[str, ...]) -> np.ndarray:
        """What some terms add: shape (n_outputs,)."""
        keys, counts = _counted(terms)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        is_known = self.keys[places] == keys
        rows, counts = places[is_known], counts[is_known]
        values = (1 + np.log(counts)) * self.idf[rows]
        return np.asarray(values @ self.weights[rows].astype(np.float64) / max(float(np.linalg.norm(values)), _NOTHING))

    def save(self, file: Path) -> None:
        """Writes the arrays as safetensors."""
        save_file({name: np.ascontiguousarray(array) for name, array in vars(self).items()}, file)

    @classmethod
    def load(cls, file: Path) -> "LexicalMoves":
        """Reads what ``save`` wrote.

        Raises:
            ModelError: the file is missing or damaged, or of other outputs.
        """
        return read_arrays(file, "words of moves", cls._of)

    @classmethod
    def _of(cls, arrays: dict[str, np.ndarray]) -> "LexicalMoves":
        made = cls(**arrays)
        if made.weights.shape != (len(made.keys), N_OUTPUTS) or made.bias.shape != (N_OUTPUTS,):
            raise ValueError(f"not {N_OUTPUTS} outputs")
        return made


def seen_of(call: Transcript) -> list[tuple[str, str]]:
    """What the words of each turn of a call are read from."""
    return [seen_words(call.turns[max(0, row - 1) : row + 1]) for row in range(len(call))]


def seen_words(turns: Sequence[Turn]) -> tuple[str, str]:
    """What the words of the last of some turns, and of the one before it, are read from."""
    return (turns[-2].text if len(turns) > 1 else "", turns[-1].text)


def own_terms(text: str) -> tuple[str, ...]:
    """Words and pairs of neighbouring words of a turn, in lower case; a question mark is a word."""
    words = _WORD.findall(text.lower())
    return (*words, *(f"{first} {second}" for first, second in pairwise(words)))


def before_terms(text: str) -> tuple[str, ...]:
    """The words of the turn before, marked as such."""
    return tuple(f"before:{word}" for word in _WORD.findall(text.lower()))


@lru_cache(maxsize=4096)  # variants of a call show the same turns again and again
def _counted(terms: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of unlike terms and how often each occurs: both of shape (n_terms,)."""
    counts = Counter(terms)
    return term_keys(list(counts)), np.array(list(counts.values()), dtype=np.float64)
