"""A BERT sentence encoder in plain torch: the same vectors as sentence-transformers gives, without importing it.

Importing sentence-transformers and transformers takes longer than scoring a call. So the usual small encoders (BERT
with mean pooling: all-MiniLM-L6-v2 and what is fine-tuned from it) are read here straight from their folder. Training,
and encoders of any other make, use the libraries.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self

from salescoach.errors import ModelError
from salescoach.model.difference import applied

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

_MODULES: Final = ("Transformer", "Pooling", "Normalize")


class Bert:
    """Weights and tokenizer of a BERT encoder with mean pooling.

    Source: Devlin et al., NAACL 2019; mean pooling: Reimers & Gurevych, EMNLP 2019.

    Attributes:
        dimension: of a vector.
        prompt: what the encoder expects before every text, as its folder says; often nothing.
    """

    KIND: ClassVar[str] = "bert"
    ATTENTION: ClassVar[Mapping[str, str]] = {
        "query": "self.query",
        "key": "self.key",
        "value": "self.value",
        "output": "output.dense",
        "norm": "output.LayerNorm",
    }
    """Names of what an attention is made of."""

    def __init__(
        self, weights: "Mapping[str, Tensor]", config: Mapping[str, Any], tokenizer: "Tokenizer", prompt: str = ""
    ) -> None:
        self._weights = weights
        self._tokenizer = tokenizer
        self._n_layers: int = config["num_hidden_layers"]
        self._n_heads: int = config["num_attention_heads"]
        self._epsilon: float = config["layer_norm_eps"]
        self._pad: int = config.get("pad_token_id") or 0
        self.dimension: int = config["hidden_size"]
        self.prompt = prompt

    @classmethod
    def load(
        cls, folder: Path, dtype: Literal["bfloat16", "float32"], difference: "Mapping[str, Tensor] | None" = None
    ) -> "Self | None":
        """The encoder in a sentence-transformers folder; None where it is of another make.

        Args:
            folder: of the encoder.
            dtype: that is computed in.
            difference: trained layers to put in, as ``salescoach.model.difference`` keeps them.

        Raises:
            ModelError: the trained layers are of another encoder.
        """
        config = _config(folder, cls.KIND)
        if config is None:
            return None
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        stored = load_file(folder / "model.safetensors")
        if difference is not None:
            stored |= dict(applied(stored, difference))
        kind = getattr(torch, dtype)
        weights = {
            name.removeprefix(f"{cls.KIND}."): value.to(kind)
            for name, value in stored.items()
            if value.is_floating_point()
        }
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(weights, config, tokenizer, prompt_of(folder))

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, without those that mark its ends."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def mark(self, token: str) -> int:
        """The id of a token such as ``[SEP]``.

        Raises:
            ModelError: the tokenizer has none of that name.
        """
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ModelError(f"The encoder's tokenizer has no {token}; use a BERT encoder.")
        return found

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, with those that mark its ends."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch(list(texts))]

    def tokens(self, texts: Sequence[str], length: int) -> "dict[str, Tensor]":
        """Tokens of the texts, cut or padded to ``length``: arrays of shape (n_texts, length), int64."""
        import torch

        # By hand: the tokenizer keeps padding as a setting, and several threads share it.
        ids = torch.full((len(texts), length), self._pad)
        mask = torch.zeros((len(texts), length), dtype=torch.int64)
        for row, encoding in enumerate(self._tokenizer.encode_batch(list(texts))):
            own = encoding.ids if len(encoding.ids) <= length else [*encoding.ids[: length - 1], encoding.ids[-1]]
            ids[row, : len(own)] = torch.tensor(own)
            mask[row, : len(own)] = 1
        return {"input_ids": ids, "attention_mask": mask}

    def forward(self, features: "Mapping[str, Tensor]") -> "Tensor":
        """Sentence vectors of tokens as ``tokens`` gives them: shape (n_texts, dimension), unit length."""
        import torch
        from torch.nn.functional import normalize

        mask = features["attention_mask"]
        hidden = self.states(features["input_ids"], mask)
        seen = mask.unsqueeze(-1).to(hidden.dtype)
        # Sums are float32 and rounded once, as sentence-transformers has it.
        mean = (hidden * seen).sum(1, dtype=torch.float32) / seen.sum(1, dtype=torch.float32)
        return normalize(mean.to(hidden.dtype), p=2.0, dim=1)

    def states(self, ids: "Tensor", mask: "Tensor", types: "Tensor | None" = None) -> "Tensor":
        """Token vectors of the last layer: shape (n_texts, n_tokens, dimension).

        Args:
            ids: of the tokens, shape (n_texts, n_tokens), int64.
            mask: 1 where there is a token, of the same shape.
            types: 0 for the first part of a text and 1 for the second, of the same shape; default: all 0.
        """
        import torch
        from torch.nn.functional import gelu, scaled_dot_product_attention

        hidden = self._embedded(ids, types)
        n_texts, n_tokens, dimension = hidden.shape
        heads = (n_texts, n_tokens, self._n_heads, dimension // self._n_heads)
        seen = self._seen(mask)
        for number in range(self._n_layers):
            layer = f"encoder.layer.{number}"
            attention = {part: f"{layer}.attention.{name}" for part, name in self.ATTENTION.items()}
            query, key, value = (
                self._linear(attention[part], hidden).view(heads).transpose(1, 2) for part in ("query", "key", "value")
            )
            attended = scaled_dot_product_attention(query, key, value, attn_mask=seen, scale=1 / math.sqrt(heads[-1]))
            attended = attended.transpose(1, 2).reshape(n_texts, n_tokens, dimension)
            hidden = self._norm(attention["norm"], self._linear(attention["output"], attended) + hidden)
            inner = gelu(self._linear(f"{layer}.intermediate.dense", hidden))
            hidden = self._norm(f"{layer}.output.LayerNorm", self._linear(f"{layer}.output.dense", inner) + hidden)
        assert isinstance(hidden, torch.Tensor)
        return hidden

    def _embedded(self, ids: "Tensor", types: "Tensor | None") -> "Tensor":
        """What goes into the first layer: shape (n_texts, n_tokens, dimension)."""
        table = self._weights
        kinds = table["embeddings.token_type_embeddings.weight"]
        hidden = table["embeddings.word_embeddings.weight"][ids] + (kinds[0] if types is None else kinds[types])
        hidden = hidden + table["embeddings.position_embeddings.weight"][: ids.shape[1]]
        return self._norm("embeddings.LayerNorm", hidden)

    def _seen(self, mask: "Tensor") -> "Tensor | None":
        """What each token sees: shape (n_texts, 1 or n_heads, n_tokens, n_tokens); None: everything."""
        if bool(mask.all()):
            return None
        n_texts, n_tokens = mask.shape
        return mask.bool()[:, None, None, :].expand(n_texts, 1, n_tokens, n_tokens)

    def _linear(self, name: str, hidden: "Tensor") -> "Tensor":
        from torch.nn.functional import linear

        return linear(hidden, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, name: str, hidden: "Tensor") -> "Tensor":
        from torch.nn.functional import layer_norm

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return layer_norm(hidden, (self.dimension,), weight, bias, self._epsilon)


def prompt_of(folder: Path) -> str:
    """What a sentence-transformers folder says to put before every text; nothing where it names no default."""
    try:
        said = json.loads((folder / "config_sentence_transformers.json").read_bytes())
        return str(said["prompts"][said["default_prompt_name"]])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _config(folder: Path, kind: str) -> dict[str, Any] | None:
    """The settings of an encoder of this kind with mean pooling; None where a folder holds anything else."""
    needed = ("config.json", "modules.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json")
    if not all((folder / name).is_file() for name in needed):
        return None
    try:
        config = json.loads((folder / "config.json").read_bytes())
        modules = json.loads((folder / "modules.json").read_bytes())
        pooling = json.loads((folder / "1_Pooling/config.json").read_bytes())
        kinds = tuple(str(module["type"]).rpartition(".")[2] for module in modules)
    except (ValueError, KeyError, TypeError):
        return None
    is_usual = (
        config.get("model_type") == kind
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and kinds == _MODULES
        and _is_mean(pooling)
    )
    return config if is_usual else None


def _is_mean(pooling: Mapping[str, Any]) -> bool:
    if "pooling_mode" in pooling:
        return bool(pooling["pooling_mode"] in ("mean", ["mean"]))
    chosen = [name for name, value in pooling.items() if name.startswith("pooling_mode") and value is True]
    return chosen == ["pooling_mode_mean_tokens"]
