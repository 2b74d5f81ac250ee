"""Token states below the trained layers, computed once for each turn text and kept on disk.

The frozen part of the encoder gives the same states in every epoch, so they are computed once, by the very engine that
scores later, and read from a bf16 file when they are needed. Files hold hashes and numbers, never a text; but states
tell much about the text they come from, so they belong under ``COACH_HOME/runs`` and go when a call is deleted.

    <folder>/<encoder>-<n_frozen>/states.bf16   (n_tokens, dimension), one piece of a turn after the other
    <folder>/<encoder>-<n_frozen>/index.npz     sha256 of each text, and the token counts of its pieces
"""

import hashlib
import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock

from salescoach.errors import ModelError
from salescoach.model.artifact import folder_fingerprint
from salescoach.model.encoder import MAX_TOKENS, TurnEncoder
from salescoach.progress import Progress
from salescoach.whole_file import whole_file

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import ModuleList

TEXTS_AT_ONCE = 512  # between two writes of progress; bounds the memory for states that are not on disk yet


class Activations:
    """States of a list of texts; text ``i`` is its pieces ``first_piece[i]`` up to ``first_piece[i + 1]``.

    Attributes:
        lengths: tokens of each piece, shape (n_pieces,), int64.
        first_piece: shape (n_texts + 1,), int64.
    """

    def __init__(
        self, states: Path, dimension: int, offsets: np.ndarray, lengths: np.ndarray, first_piece: np.ndarray
    ) -> None:
        # Opened once, so that it stays the same file when another takes its place; not mapped, as pages that were read
        # would count as memory of this process.
        self._states = states.open("rb", buffering=0)
        weakref.finalize(self, self._states.close)
        self._dimension = dimension
        self._offsets = offsets
        self.lengths = lengths
        self.first_piece = first_piece

    def read(self, pieces: np.ndarray) -> "tuple[Tensor, Tensor]":
        """States of some pieces, padded to the longest: (n, tokens, dimension) bf16, and a mask (n, tokens) bool."""
        import torch

        lengths = self.lengths[pieces]
        states = np.zeros((len(pieces), int(lengths.max()), self._dimension), dtype=np.int16)
        for row, (piece, length) in enumerate(zip(pieces, lengths, strict=True)):
            self._states.seek(int(self._offsets[piece]) * self._dimension * states.itemsize)
            read = np.fromfile(self._states, dtype=states.dtype, count=int(length) * self._dimension)
            states[row, :length] = read.reshape(length, self._dimension)
        mask = np.arange(states.shape[1]) < lengths[:, None]
        return torch.from_numpy(states).view(torch.bfloat16), torch.from_numpy(mask)


def cached_activations(
    texts: Sequence[str], base: Path, n_frozen: int, folder: Path, *, threads: int, progress: Progress
) -> Activations:
    """States after the first ``n_frozen`` layers of ``base``; only texts that are not in the folder yet are encoded.

    Args:
        texts: turn texts, each once.
        base: a sentence-transformers folder.
        n_frozen: how many layers are below; at least one.
        folder: where the files are; other runs with the same encoder share them.
        threads: of the encoder.
        progress: called with the stage, texts done and texts to do.

    Raises:
        ModelError: the encoder's layers can't be told apart.
    """
    encoder = TurnEncoder.load(base, fingerprint=folder_fingerprint(base), threads=threads)
    place = folder / f"{encoder.fingerprint}-{n_frozen}"
    place.mkdir(parents=True, exist_ok=True)
    keys = np.stack([np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype=np.uint8) for text in texts])
    with FileLock(place / "lock"):
        store = _Store(place, encoder.dimension)
        missing = [row for row, key in enumerate(keys) if key.tobytes() not in store.rows]
        if missing:
            lower = _LowerPart(encoder, n_frozen)
            for start in range(0, len(missing), TEXTS_AT_ONCE):
                progress("caching frozen layers", start, len(missing))
                some = missing[start : start + TEXTS_AT_ONCE]
                store.append(keys[some], *lower.states([texts[row] for row in some]))
            progress("caching frozen layers", len(missing), len(missing))
            store.save_index()
        return store.view(keys)


def transformer_layers(model: object) -> "ModuleList":
    """The transformer layers of a sentence-transformers model, lowest first.

    Raises:
        ModelError: it isn't built like BERT: embeddings, then a list of layers, then mean pooling.
    """
    from sentence_transformers.sentence_transformer.modules import Pooling
    from torch.nn import ModuleList

    modules = list(model)  # type: ignore[call-overload]
    layers = getattr(getattr(getattr(modules[0], "auto_model", None), "encoder", None), "layer", None)
    means = len(modules) > 1 and isinstance(modules[1], Pooling) and modules[1].pooling_mode in ("mean", ("mean",))
    if not isinstance(layers, ModuleList) or not means:
        raise ModelError(
            "Only encoders built like BERT with mean pooling, such as all-MiniLM-L6-v2, can be fine-tuned; "
            "name another base model."
        )
    return layers


class _LowerPart:
    """The frozen layers as the run-time engine computes them: same splitting, same padding, same number format."""

    def __init__(self, encoder: TurnEncoder, n_frozen: int) -> None:
        transformer_layers(encoder.model)  # refuses what can't be cut
        self._encoder = encoder
        module: Any = encoder.model[0]
        self._transformer = module.auto_model
        self._transformer.encoder.layer = self._transformer.encoder.layer[:n_frozen]

    def states(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """States (n_tokens, dimension) as the bits of bf16, tokens of each piece, and pieces of each text."""
        import torch

        split = [self._encoder.split_to_limit(text) for text in texts]
        pieces = [piece for own in split for piece in own]
        lengths = np.minimum(np.array(self._encoder.token_counts(pieces)), MAX_TOKENS)
        ends = np.cumsum(lengths)
        states = np.empty((int(ends[-1]), self._encoder.dimension), dtype=np.int16)
        for rows, features in self._encoder.batches(pieces, lengths):
            with torch.inference_mode():
                output = self._transformer(**features).last_hidden_state.bfloat16().view(torch.int16).numpy()
            for row, values in zip(rows, output, strict=True):
                states[ends[row] - lengths[row] : ends[row]] = values[: lengths[row]]
        return states, lengths, np.array([len(own) for own in split])


class _Store:
    """The two files. What stands in ``states.bf16`` behind the last index is from a run that broke off."""

    def __init__(self, place: Path, dimension: int) -> None:
        self._states_file, self._index_file = place / "states.bf16", place / "index.npz"
        self._dimension = dimension
        self._keys: list[np.ndarray] = []
        self._lengths: list[np.ndarray] = []
        self._counts: list[np.ndarray] = []
        self.rows: dict[bytes, int] = {}
        if self._index_file.is_file():
            with np.load(self._index_file, allow_pickle=False) as index:
                self._add(index["keys"], index["lengths"], index["counts"])
        self._states_file.touch()
        os.truncate(self._states_file, self._n_bytes())

    def append(self, keys: np.ndarray, states: np.ndarray, lengths: np.ndarray, counts: np.ndarray) -> None:
        with self._states_file.open("ab") as file:
            file.write(states.tobytes())
        self._add(keys, lengths, counts)

    def save_index(self) -> None:
        with whole_file(self._index_file) as temporary:
            np.savez(
                temporary,
                keys=np.concatenate(self._keys),
                lengths=np.concatenate(self._lengths),
                counts=np.concatenate(self._counts),
            )

    def view(self, keys: np.ndarray) -> Activations:
        """What ``keys`` stand for, in their order."""
        lengths, counts = np.concatenate(self._lengths), np.concatenate(self._counts)
        offsets = np.cumsum(lengths) - lengths
        first = np.cumsum(counts) - counts
        texts = np.array([self.rows[key.tobytes()] for key in keys])
        pieces = np.concatenate([np.arange(first[text], first[text] + counts[text]) for text in texts])
        first_piece = np.concatenate([[0], np.cumsum(counts[texts])])
        return Activations(self._states_file, self._dimension, offsets[pieces], lengths[pieces], first_piece)

    def _add(self, keys: np.ndarray, lengths: np.ndarray, counts: np.ndarray) -> None:
        for key in keys:
            self.rows[key.tobytes()] = len(self.rows)
        self._keys.append(keys)
        self._lengths.append(lengths)
        self._counts.append(counts)

    def _n_bytes(self) -> int:
        return 2 * self._dimension * int(sum(lengths.sum() for lengths in self._lengths))
