"""The layers of an encoder that are trained: run on cached states, rounded, saved alone, put back on their base."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from salescoach.encoder import best_engine, load_model
from salescoach.errors import ModelError
from training.activations import Activations, transformer_layers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor
    from torch.nn import Parameter

TOKENS_AT_ONCE = 2048  # in one pass through the layers; more take as long and more memory
MAX_TOKENS_KEPT = 20_000  # a batch with more computes its passes twice (gradient checkpointing) to stay within memory


class TopLayers:
    """The top ``n`` layers with mean pooling and normalisation on top, as ``salescoach.encoder`` has them.

    Trained in float32 with bf16 arithmetic where the machine has it.
    """

    def __init__(self, base: Path, n: int, activations: Activations, dropout: float) -> None:
        import torch

        layers = transformer_layers(load_model(base, "float32"))
        self._names = [f"encoder.layer.{number}" for number in range(len(layers))][-n:]
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.layers = layers[-n:].float().to(self.device)
        self._activations = activations
        on_gpu = self.device.type == "cuda"
        self._has_bf16 = torch.cuda.is_bf16_supported() if on_gpu else best_engine() == "torch-bf16"
        # Turns are short: plain attention takes three fifths of the time of the fused kernel, whose gradient is slow.
        self.layers[0].attention.self.config._attn_implementation = "eager"  # type: ignore[union-attr]
        for module in self.layers.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = dropout

    def parameters(self) -> "list[Parameter]":
        """What is trained, in a fixed order."""
        return list(self.layers.parameters())

    def vectors(self, texts: np.ndarray) -> "Tensor":
        """Vectors of texts given by their row in the activations: shape (n_texts, dimension), float32, unit length."""
        import torch
        from torch.nn import functional
        from torch.utils.checkpoint import checkpoint

        first = self._activations.first_piece
        counts = first[texts + 1] - first[texts]
        owners = np.repeat(np.arange(len(texts)), counts)
        pieces = np.concatenate([np.arange(first[text], first[text + 1]) for text in texts])
        lengths = self._activations.lengths[pieces]
        order = np.argsort(lengths, kind="stable")
        keeps_all = not torch.is_grad_enabled() or lengths.sum() <= MAX_TOKENS_KEPT
        parts = []
        for rows in _batches(lengths[order]):
            states, mask = (tensor.to(self.device) for tensor in self._activations.read(pieces[order[rows]]))
            if keeps_all:
                parts.append(self._forward(states, mask))
            else:
                parts.append(checkpoint(self._forward, states, mask, use_reentrant=False))
        vectors = torch.cat(parts)[torch.from_numpy(np.argsort(order)).to(self.device)]
        if len(pieces) == len(texts):
            return vectors
        # A text over the token limit is the weighted mean of its pieces.
        weights = torch.from_numpy(lengths).to(self.device, torch.float32)[:, None]
        summed = torch.zeros(len(texts), vectors.shape[1], device=self.device)
        summed = summed.index_add(0, torch.from_numpy(owners).to(self.device), vectors * weights)
        return functional.normalize(summed, dim=1)

    def rounded(self) -> "dict[str, Tensor]":
        """The trained weights by their name in the transformer, rounded to bf16, on the CPU."""
        return {
            f"{name}.{key}": value.detach().bfloat16().cpu().contiguous()
            for name, layer in zip(self._names, self.layers, strict=True)
            for key, value in layer.state_dict().items()
        }

    def round(self) -> None:
        """Rounds the weights in place, so that what is measured is what is saved."""
        import torch

        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(parameter.bfloat16())

    def _forward(self, states: "Tensor", mask: "Tensor") -> "Tensor":
        """Vectors of pieces: (n, tokens, dimension) and (n, tokens) -> (n, dimension), float32, unit length."""
        import torch
        from torch.nn import functional

        dtype = torch.bfloat16 if self._has_bf16 else torch.float32
        attend = torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, -1e9)[:, None, None, :]
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._has_bf16):
            states = states.to(dtype)
            for layer in self.layers:
                states = layer(states, attend)
        weights = mask[:, :, None].float()
        return functional.normalize((states.float() * weights).sum(dim=1) / weights.sum(dim=1), dim=1)


def n_frozen_layers(base: Path, n_trained: int) -> int:
    """How many layers of ``base`` stay as they are.

    Raises:
        ModelError: it can't be cut into layers, or has fewer than are to be trained.
    """
    n_layers = len(transformer_layers(load_model(base, "float32")))
    if n_trained > n_layers:
        raise ModelError(f"{base} has {n_layers} layers; {n_trained} can't be trained.")
    return n_layers - n_trained


def save_trained_layers(weights: "Mapping[str, Tensor]", file: Path) -> None:
    """Writes trained layers alone, as safetensors in bf16: two layers of all-MiniLM-L6-v2 take 7.1 MB."""
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(weights), file)


def apply_trained_layers(base: Path, file: Path, out: Path) -> None:
    """Writes the full encoder that ``save_trained_layers`` kept the trained part of.

    Args:
        base: the sentence-transformers folder that was trained on.
        file: what ``save_trained_layers`` wrote.
        out: the folder to write.

    Raises:
        ModelError: the file is damaged or belongs to another base model.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(file)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file} holds no trained layers ({error}); train again.") from None
    save_encoder(base, weights, out)


def save_encoder(base: Path, weights: "Mapping[str, Tensor]", out: Path) -> None:
    """Writes ``base`` with ``weights`` put in, as a sentence-transformers folder without a card (it'd quote texts).

    Raises:
        ModelError: ``base`` has no weights of these names and shapes.
    """
    model = load_model(base, "float32")
    known = dict(_transformer(model).named_parameters())
    for name, value in weights.items():
        if name not in known or known[name].shape != value.shape:
            raise ModelError(f"{name} of shape {tuple(value.shape)} doesn't fit the base model in {base}.")
        known[name].data.copy_(value)
    model.save_pretrained(str(out), create_model_card=False)


def _transformer(model: "SentenceTransformer") -> Any:
    transformer_layers(model)  # refuses what can't be cut
    return model[0].auto_model


def _batches(lengths: np.ndarray) -> list[np.ndarray]:
    """Consecutive rows whose padded size stays within ``TOKENS_AT_ONCE``; ``lengths`` ascend."""
    batches = []
    start = 0
    for stop in range(1, len(lengths) + 1):
        if stop == len(lengths) or (stop + 1 - start) * lengths[stop] > TOKENS_AT_ONCE:
            batches.append(np.arange(start, stop))
            start = stop
    return batches
