"""What every encoder does alike: a text is encoded once, and a long one in pieces."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from salescoach.errors import ModelError
from salescoach.file_store import key_of
from salescoach.model.vector_cache import MemoryCache, VectorCache

MAX_TOKENS: Final = 256
MAX_LENGTH_ERROR: Final = 1e-3  # of a vector of unit length; float32 keeps within a millionth

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_WORD_END = re.compile(r"\s+")


def is_direction(vector: np.ndarray, dimension: int) -> bool:
    """Whether it is a finite vector of ``dimension`` numbers and of unit length, as encoders give them."""
    with np.errstate(all="ignore"):  # what isn't finite, or overflows, has no length that is near 1
        length = float(np.linalg.norm(vector))
    return vector.shape == (dimension,) and abs(length - 1) <= MAX_LENGTH_ERROR


class CachedEncoder:
    """An encoder with a content-keyed cache of its vectors.

    Attributes:
        fingerprint: names weights and engine.
        dimension: length of a vector.
        prompt: what the encoder expects before every text.
    """

    def __init__(self, fingerprint: str, dimension: int, prompt: str, cache: VectorCache | None) -> None:
        self.fingerprint = fingerprint
        self.dimension = dimension
        self.prompt = prompt
        self._cache = MemoryCache() if cache is None else cache

    def vectors_of_pieces(self, pieces: Sequence[str], lengths: np.ndarray) -> np.ndarray:
        """Vectors of texts within the token limit: shape (n_pieces, dimension), float32, unit length.

        ``lengths``: tokens of each, shape (n_pieces,).
        """
        raise NotImplementedError

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, with those of the prompt before it and those that mark its ends."""
        raise NotImplementedError

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of ``texts``: shape (n_texts, dimension), float32, unit length.

        Raises:
            ModelError: the encoder gave a vector that isn't one.
        """
        keys = [key_of(text) for text in texts]
        kept = self._cache.get(list(dict.fromkeys(keys)))
        known = {key: vector for key, vector in kept.items() if is_direction(vector, self.dimension)}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            fresh = dict(zip(missing, self._encode_texts(list(missing.values())), strict=True))
            if not all(is_direction(vector, self.dimension) for vector in fresh.values()):
                raise ModelError(
                    f"The encoder {self.fingerprint} gave a vector that is not finite or not of unit length; run it "
                    "again, and if that stays so, install the pinned packages (requirements.lock)."
                )
            self._cache.put(fresh)
            known |= fresh
        if not keys:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([known[key] for key in keys])

    def _encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of ``texts``; a text over the token limit is the weighted mean of its pieces."""
        pieces: list[str] = []
        owners: list[int] = []
        for index, text in enumerate(texts):
            for piece in self.split_to_limit(text):
                pieces.append(piece)
                owners.append(index)
        lengths = np.array(self.token_counts(pieces))
        vectors = self.vectors_of_pieces(pieces, lengths)
        if len(pieces) == len(texts):
            return vectors
        summed = np.zeros((len(texts), self.dimension), dtype=np.float32)
        np.add.at(summed, owners, vectors * lengths[:, None].astype(np.float32))
        return np.asarray(summed / np.linalg.norm(summed, axis=1, keepdims=True))

    def split_to_limit(self, text: str) -> list[str]:
        """The text, or, over the token limit, its halves, cut at a sentence end (else at a word, else anywhere)."""
        # A token is at least one character, where none is written out as several, so short texts need no counting.
        is_short = len(self.prompt) + len(text) <= MAX_TOKENS - 3 and text.isascii()
        if is_short or self.token_counts([text])[0] <= MAX_TOKENS:
            return [text]
        middle = len(text) // 2
        cut = middle
        for boundary in (_SENTENCE_END, _WORD_END):
            cuts = [match.end() for match in boundary.finditer(text, 1, len(text) - 1)]
            if cuts:
                cut = min(cuts, key=lambda position: abs(position - middle))
                break
        return self.split_to_limit(text[:cut].strip()) + self.split_to_limit(text[cut:].strip())
