"""Token states below the trained layers, computed once for each turn text and kept on disk.

The frozen part of the encoder gives the same states in every epoch, and computing them again would make an epoch longer
by 0.7 of what it takes (``docs/experiments.md``). So the very engine that scores later computes them once, and they are
read as bf16 when they are needed. The file holds hashes and numbers, never a text; but states tell much about the text
they come from, so it belongs under ``COACH_HOME/runs`` and goes when a call is deleted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from salescoach.errors import ModelError
from salescoach.file_store import FileStore, key_of
from salescoach.model.artifact import folder_fingerprint
from salescoach.model.cached_encoder import MAX_TOKENS
from salescoach.model.encoder import TurnEncoder
from salescoach.model.mpnet import buckets
from salescoach.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor, device
    from torch.nn import ModuleList

PIECES_AT_ONCE = 512  # between two writes; bounds the memory for states that are not on disk yet


@dataclass(frozen=True)
class Activations:
    """States of a list of texts; text ``i`` is its pieces ``first_piece[i]`` up to ``first_piece[i + 1]``.

    Attributes:
        lengths: tokens of each piece, shape (n_pieces,), int64.
        first_piece: shape (n_texts + 1,), int64.
    """

    lengths: np.ndarray
    first_piece: np.ndarray
    _pieces: Sequence[str]
    _keys: Sequence[bytes]
    _lower: "_LowerPart"
    _store: FileStore

    def read(self, pieces: np.ndarray) -> "tuple[Tensor, Tensor]":
        """States of some pieces, padded to the longest: (n, tokens, dimension) bf16, and a mask (n, tokens) bool."""
        import torch

        lengths = self.lengths[pieces]
        states = np.zeros((len(pieces), int(lengths.max()), self._lower.dimension), dtype=np.int16)
        kept = self._store.get(list({self._keys[piece] for piece in pieces}))
        lost = [piece for piece in pieces.tolist() if self._keys[piece] not in kept]
        if lost:  # the disk was full, or is damaged: that costs time, once if it can be written
            again = self._compute(lost)
            self._store.put(again)
            kept |= again
        for row, (piece, length) in enumerate(zip(pieces, lengths, strict=True)):
            states[row, :length] = np.frombuffer(kept[self._keys[piece]], dtype="<i2").reshape(length, -1)
        mask = np.arange(states.shape[1]) < lengths[:, None]
        return torch.from_numpy(states).view(torch.bfloat16), torch.from_numpy(mask)

    def fill(self, progress: Progress) -> None:
        """Computes and keeps what is not in the file yet."""
        known = self._store.known(self._keys)
        missing = [piece for piece, key in enumerate(self._keys) if key not in known]
        for start in range(0, len(missing), PIECES_AT_ONCE):
            progress("caching frozen layers", start, len(missing))
            self._store.put(self._compute(missing[start : start + PIECES_AT_ONCE]))
        if missing:
            progress("caching frozen layers", len(missing), len(missing))

    def _compute(self, pieces: Sequence[int]) -> dict[bytes, bytes]:
        states = self._lower.states([self._pieces[piece] for piece in pieces], self.lengths[list(pieces)])
        return {self._keys[piece]: own.tobytes() for piece, own in zip(pieces, states, strict=True)}


def cached_activations(
    texts: Sequence[str], base: Path, n_frozen: int, folder: Path, *, progress: Progress
) -> Activations:
    """States after the first ``n_frozen`` layers of ``base``; only texts that are not in the folder yet are encoded.

    Args:
        texts: turn texts, each once.
        base: a sentence-transformers folder.
        n_frozen: how many layers are below; at least one.
        folder: where the file is; other runs with the same encoder share it.
        progress: called with the stage, pieces of texts done and pieces to do.

    Raises:
        ModelError: the encoder's layers can't be told apart.
    """
    import torch

    encoder = TurnEncoder.load(base, fingerprint=folder_fingerprint(base), threads=torch.get_num_threads())
    split = [encoder.split_to_limit(text) for text in texts]
    pieces = [piece for own in split for piece in own]
    lengths = np.minimum(np.array(encoder.token_counts(pieces)), MAX_TOKENS)
    activations = Activations(
        lengths=lengths,
        first_piece=np.concatenate([[0], np.cumsum([len(own) for own in split])]),
        _pieces=pieces,
        # With its length, as another version of the tokenizer may cut a text into other tokens.
        _keys=[key_of(piece, str(length)) for piece, length in zip(pieces, lengths, strict=True)],
        _lower=_LowerPart(encoder, n_frozen),
        _store=FileStore(folder / f"{encoder.fingerprint}-{n_frozen}.sqlite"),
    )
    activations.fill(progress)
    return activations


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
            "Only encoders built like BERT or MPNet with mean pooling, such as all-MiniLM-L6-v2, can be fine-tuned; "
            "name another base model."
        )
    return layers


def weights_by_distance(model: object, device: "device") -> "Callable[[int], Tensor] | None":
    """Of a model whose attention adds a weight by distance (MPNet), what all its layers add, which is not trained.

    Returns:
        For a number of tokens: shape (1, n_heads, n_tokens, n_tokens), float32. None: the model has no such weights.
    """
    import torch

    network: Any = model[0].auto_model  # type: ignore[index]
    if not hasattr(network.encoder, "relative_attention_bias"):
        return None
    weights = network.encoder.relative_attention_bias.weight.detach().float().to(device)

    def of(n_tokens: int) -> "Tensor":
        return torch.nn.functional.embedding(buckets(n_tokens, len(weights)).to(device), weights).permute(2, 0, 1)[None]

    return of


class _LowerPart:
    """The frozen layers as the run-time engine computes them: same splitting, same padding, same number format."""

    def __init__(self, encoder: TurnEncoder, n_frozen: int) -> None:
        transformer_layers(encoder.model)  # refuses what can't be cut
        self.dimension = encoder.dimension
        self._encoder = encoder
        module: Any = encoder.model[0]
        self._transformer = module.auto_model
        self._transformer.encoder.layer = self._transformer.encoder.layer[:n_frozen]

    def states(self, pieces: Sequence[str], lengths: np.ndarray) -> list[np.ndarray]:
        """States of each piece of so many tokens, as the bits of bf16: shape (n_tokens, dimension), int16."""
        import torch

        states: dict[int, np.ndarray] = {}
        for rows, features in self._encoder.batches(pieces, lengths):
            with torch.inference_mode():
                output = self._transformer(**features).last_hidden_state.bfloat16().view(torch.int16).numpy()
            states |= {row: own[: lengths[row]] for row, own in zip(rows.tolist(), output, strict=True)}
        return [states[row] for row in range(len(pieces))]
