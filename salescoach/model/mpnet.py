"""An MPNet sentence encoder in plain torch, such as all-mpnet-base-v2: BERT with a weight by distance in attention."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from salescoach.model.bert import Bert

if TYPE_CHECKING:
    from torch import Tensor

FIRST_POSITION: Final = 2  # in the table of positions; those before it stand for padding
MAX_DISTANCE: Final = 128  # tokens further apart share a weight


class MpNet(Bert):
    """Weights and tokenizer of an MPNet encoder with mean pooling.

    Source: Song et al., NeurIPS 2020; distances in buckets: Raffel et al., JMLR 2020.
    """

    KIND: ClassVar[str] = "mpnet"
    ATTENTION: ClassVar[Mapping[str, str]] = {
        "query": "attn.q",
        "key": "attn.k",
        "value": "attn.v",
        "output": "attn.o",
        "norm": "LayerNorm",
    }

    def _embedded(self, ids: "Tensor", types: "Tensor | None") -> "Tensor":
        table = self._weights
        hidden = table["embeddings.word_embeddings.weight"][ids]
        places = table["embeddings.position_embeddings.weight"]
        return self._norm("embeddings.LayerNorm", hidden + places[FIRST_POSITION : FIRST_POSITION + ids.shape[1]])

    def _seen(self, mask: "Tensor") -> "Tensor | None":
        weights = self._weights["encoder.relative_attention_bias.weight"]
        by_distance = weights[buckets(mask.shape[1], len(weights))].permute(2, 0, 1)[None]
        if bool(mask.all()):
            return by_distance.expand(len(mask), -1, -1, -1)
        return by_distance.masked_fill(~mask.bool()[:, None, None, :], -math.inf)


def buckets(n_tokens: int, n_buckets: int) -> "Tensor":
    """The bucket of the way from each token to each: shape (n_tokens, n_tokens), int64.

    Half of the buckets are for what comes after a token; half of each half for single distances, the rest for ever
    wider ranges.
    """
    import torch

    ahead = torch.arange(n_tokens)[None, :] - torch.arange(n_tokens)[:, None]
    half = n_buckets // 2
    single = half // 2
    distance = ahead.abs()
    wide = torch.log(distance.clamp(min=1).float() / single) / math.log(MAX_DISTANCE / single) * (half - single)
    return (ahead > 0) * half + torch.where(distance < single, distance, (single + wide.long()).clamp(max=half - 1))
