"""Turns of a call -> unit vectors. One turn is the unit, its role is part of the text.

A turn's vector depends on its text alone: texts are padded to a length that follows from the text, so
neither the neighbours in a batch nor what is already cached can change it, and the cache is keyed by content.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from salescoach.errors import ModelError
from salescoach.model.bert import Bert
from salescoach.model.cached_encoder import MAX_TOKENS, CachedEncoder
from salescoach.model.engines import Engine
from salescoach.model.mpnet import MpNet
from salescoach.model.vector_cache import MemoryCache, VectorCache
from salescoach.types import Role, Turn

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

Dtype = Literal["bfloat16", "float32"]

PAD_TO = 16  # lengths are rounded up to a multiple of this, so that few shapes occur
TOKENS_PER_BATCH = 2048
# Processors with AMX multiply smaller batches by other kernels, which round otherwise, so that a turn's vector would
# depend on its neighbours. There they are filled up.
MIN_TOKENS_WITH_AMX = 384
ROLE_NAMES: dict[Role, str] = {"rep": "Rep", "customer": "Customer", "unknown": "Speaker"}


class Encoder(Protocol):
    """What scoring, training and indexing need of an encoder."""

    @property
    def fingerprint(self) -> str:
        """Names these weights and this engine; vectors of different fingerprints can't be compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of ``texts``: shape (n_texts, dimension), float32, unit length."""
        ...

    def without_cache(self) -> "Encoder":
        """The same encoder, remembering nothing: what a call costs the first time."""
        ...


def turn_text(turn: Turn) -> str:
    """The text that is encoded for a turn."""
    return f"{ROLE_NAMES[turn.role]}: {turn.text}"


def encode_turns(encoder: Encoder, turns: Sequence[Turn]) -> np.ndarray:
    """Vectors of the turns: shape (n_turns, dimension), float32, unit length."""
    return encoder.encode([turn_text(turn) for turn in turns])


def best_engine() -> Engine:
    """bf16 where the processor computes in it, else fp32."""
    import torch

    has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "torch-bf16" if has_bf16 else "torch-fp32"


def padded_batches(lengths: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Texts of one padded length at a time: their rows, and the length.

    A text's padding follows from the text alone, so its vector doesn't depend on what it is encoded with. A batch that
    would be too small holds its last text several times.

    Args:
        lengths: tokens of each text, shape (n_texts,).
    """
    import torch

    min_tokens = MIN_TOKENS_WITH_AMX if torch.cpu._is_amx_tile_supported() else 0
    padded = -(-lengths // PAD_TO) * PAD_TO
    for length in np.unique(padded).tolist():
        alike = np.flatnonzero(padded == length)
        size = max(1, TOKENS_PER_BATCH // length)
        for rows in (alike[start : start + size] for start in range(0, len(alike), size)):
            n_missing = max(0, -(-min_tokens // length) - len(rows))
            yield np.pad(rows, (0, n_missing), mode="edge"), length


def dtype_of(engine: Engine) -> Dtype:
    """The numbers that an engine computes in."""
    return "bfloat16" if engine == "torch-bf16" else "float32"


def load_model(name_or_folder: str | Path, dtype: Dtype) -> "SentenceTransformer":
    """A sentence-transformers model on the CPU; code that comes with one is never run.

    Raises:
        ModelError: there is none of that name.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(
            str(name_or_folder), device="cpu", trust_remote_code=False, model_kwargs={"dtype": dtype}
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"No sentence-transformers model could be loaded from {name_or_folder}: {error}") from error


class Network(Protocol):
    """What computes vectors of texts that fit into it. ``prompt``: what it expects before every text."""

    dimension: int
    prompt: str

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, with those that mark its ends."""
        ...

    def tokens(self, texts: Sequence[str], length: int) -> "Mapping[str, Tensor]":
        """Tokens of the texts, cut or padded to ``length``."""
        ...

    def forward(self, features: "Mapping[str, Tensor]") -> "Tensor":
        """Sentence vectors of tokens as ``tokens`` gives them: shape (n_texts, dimension)."""
        ...


class LibraryNetwork:
    """A model of any make, computed by sentence-transformers."""

    def __init__(self, model: "SentenceTransformer") -> None:
        self.model = model.eval()
        dimension = model.get_embedding_dimension()
        if dimension is None:
            raise ModelError("The encoder doesn't say how long its vectors are; use a text model.")
        self.dimension: int = dimension
        self.prompt = model.prompts.get(model.default_prompt_name or "") or ""

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, with those that mark its ends."""
        return [len(ids) for ids in self.model.tokenizer(list(texts), truncation=False)["input_ids"]]

    def tokens(self, texts: Sequence[str], length: int) -> "Mapping[str, Tensor]":
        """Tokens of the texts, cut or padded to ``length``."""
        found: Mapping[str, Tensor] = self.model.tokenizer(
            list(texts), padding="max_length", truncation=True, max_length=length, return_tensors="pt"
        )
        return found

    def forward(self, features: "Mapping[str, Tensor]") -> "Tensor":
        """Sentence vectors of tokens as ``tokens`` gives them: shape (n_texts, dimension)."""
        found: Tensor = self.model(dict(features))["sentence_embedding"]
        return found


class TurnEncoder(CachedEncoder):
    """An encoder with a content-keyed cache of its vectors."""

    def __init__(
        self, network: Network, *, source: str, fingerprint: str, engine: Engine, cache: VectorCache | None = None
    ) -> None:
        """``source``: the folder or name that the network was loaded from."""
        super().__init__(fingerprint, network.dimension, network.prompt, cache)
        self.network = network
        self.source = source
        self.engine = engine

    @classmethod
    def load(
        cls,
        name_or_folder: str | Path,
        *,
        fingerprint: str,
        engine: Engine | None = None,
        threads: int = 1,
        cache: VectorCache | None = None,
    ) -> "TurnEncoder":
        """Loads from a folder or, where a hub can be reached, by name.

        Raises:
            ModelError: there is no sentence-transformers model of that name.
        """
        import torch

        engine = engine or best_engine()
        torch.set_num_threads(threads)
        source, dtype = str(name_or_folder), dtype_of(engine)
        folder = Path(source)
        network: Network = (
            Bert.load(folder, dtype) or MpNet.load(folder, dtype) or LibraryNetwork(load_model(source, dtype))
        )
        return cls(network, source=source, fingerprint=f"{fingerprint[:16]}-{engine}", engine=engine, cache=cache)

    @cached_property
    def model(self) -> "SentenceTransformer":
        """The encoder as sentence-transformers has it, for training, which takes it apart; don't change its weights."""
        if isinstance(self.network, LibraryNetwork):
            return self.network.model
        return load_model(self.source, dtype_of(self.engine)).eval()

    def without_cache(self) -> "TurnEncoder":
        """The same weights, remembering nothing: what a call costs the first time."""
        return TurnEncoder(
            self.network,
            source=self.source,
            fingerprint=self.fingerprint,
            engine=self.engine,
            cache=MemoryCache(max_vectors=0),
        )

    def save(self, folder: Path) -> None:
        """Writes weights and tokenizer as sentence-transformers does, without its model card (it quotes texts)."""
        self.model.save_pretrained(str(folder), create_model_card=False)

    def vectors_of_pieces(self, pieces: Sequence[str], lengths: np.ndarray) -> np.ndarray:
        """Vectors of texts within the token limit: shape (n_pieces, dimension), float32, unit length."""
        vectors = np.empty((len(pieces), self.dimension), dtype=np.float32)
        for rows, features in self.batches(pieces, lengths):
            vectors[rows] = self._forward(features)
        return vectors

    def _forward(self, features: "Mapping[str, Tensor]") -> np.ndarray:
        """One pass at a fixed token length: shape (n_texts, dimension), float32, unit length."""
        import torch

        with torch.inference_mode():
            output = self.network.forward(features).float()
            return np.asarray(torch.nn.functional.normalize(output, dim=1).numpy())

    def batches(
        self, pieces: Sequence[str], lengths: np.ndarray
    ) -> "Iterator[tuple[np.ndarray, Mapping[str, Tensor]]]":
        """Pieces of one padded length at a time: their rows, and their tokens as the model takes them.

        A batch that would be too small holds its last piece several times.

        Args:
            pieces: texts within the token limit.
            lengths: tokens of each, shape (n_pieces,), as ``token_counts`` gives them.
        """
        for rows, length in padded_batches(np.minimum(lengths, MAX_TOKENS)):
            yield rows, self.network.tokens([self.prompt + pieces[row] for row in rows], length)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, with those of the prompt before it and those that mark its ends."""
        return self.network.token_counts([self.prompt + text for text in texts]) if texts else []
