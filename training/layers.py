"""The layers of an encoder that are trained: run on cached states, rounded, saved alone, put back on their base."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from salescoach.errors import ModelError
from salescoach.model.difference import applied, as_entries, from_steps, read_difference, to_steps
from salescoach.model.encoder import best_engine, load_model
from salescoach.whole_file import copy_folder
from training.activations import Activations, transformer_layers, weights_by_distance

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

TOKENS_AT_ONCE = 2048  # in one pass through the layers; more take as long and more memory
WEIGHTS = "model.safetensors"
TRAINED_LAYERS = "trained_layers.safetensors"
MAX_TOKENS_KEPT = 10_000  # of a batch; passes beyond are computed twice (gradient checkpointing), to bound the memory


class TopLayers:
    """The top ``n`` layers with mean pooling and normalisation on top, as ``salescoach.model.encoder`` has them.

    Trained in float32 with bf16 arithmetic where the machine has it.
    """

    def __init__(self, base: Path, n: int, activations: Activations, dropout: float) -> None:
        import torch

        model = load_model(base, "float32")
        layers = transformer_layers(model)
        self._names = [f"encoder.layer.{number}" for number in range(len(layers))][-n:]
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.layers = layers[-n:].float().to(self.device)
        self._start = {name: value.detach().clone() for name, value in self.layers.state_dict().items()}
        self._activations = activations
        on_gpu = self.device.type == "cuda"
        self._has_bf16 = torch.cuda.is_bf16_supported() if on_gpu else best_engine() == "torch-bf16"
        self._by_distance = weights_by_distance(model, self.device)
        if self._by_distance is None:
            # Turns are short: plain attention takes three fifths of the time of the fused kernel, whose gradient is
            # slow. MPNet has no other.
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
        n_tokens = 0
        parts = []
        for rows in batches_within(lengths[order]):
            states, mask = (tensor.to(self.device) for tensor in self._activations.read(pieces[order[rows]]))
            n_tokens += int(mask.sum())
            if not torch.is_grad_enabled() or n_tokens <= MAX_TOKENS_KEPT:
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

    def difference(self) -> "dict[str, Tensor]":
        """How the weights differ from the base: steps (int8) and scale (float32) of each, by its name in the model."""
        found: dict[str, Tensor] = {}
        for key, value in self.layers.state_dict().items():
            number, _, rest = key.partition(".")
            found |= as_entries(f"{self._names[int(number)]}.{rest}", value.detach() - self._start[key])
        return found

    def round(self) -> None:
        """Rounds the weights in place as they are saved, so that what is measured is what is saved."""
        import torch

        with torch.no_grad():
            for key, value in self.layers.state_dict().items():
                value.copy_(from_steps(self._start[key], *to_steps(value - self._start[key])))

    def _forward(self, states: "Tensor", mask: "Tensor") -> "Tensor":
        """Vectors of pieces: (n, tokens, dimension) and (n, tokens) -> (n, dimension), float32, unit length."""
        import torch
        from torch.nn import functional

        dtype = torch.bfloat16 if self._has_bf16 else torch.float32
        attend = torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, -1e9)[:, None, None, :]
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._has_bf16):
            states = states.to(dtype)
            if self._by_distance is not None:
                attend = attend + self._by_distance(states.shape[1]).to(dtype)
            for layer in self.layers:
                after = layer(states, attend)
                states = after[0] if isinstance(after, tuple) else after
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


def apply_trained_layers(base: Path, file: Path, out: Path) -> None:
    """Writes the full encoder again, from the trained layers that ``save_encoder`` wrote beside it.

    Two layers of all-MiniLM-L6-v2 take 3.6 MB.

    Args:
        base: the sentence-transformers folder that was trained on.
        file: of the trained layers.
        out: the folder to write.

    Raises:
        ModelError: the file is damaged or belongs to another base model.
    """
    save_encoder(base, read_difference(file), out)


def save_encoder(base: Path, difference: "Mapping[str, Tensor]", out: Path) -> None:
    """Writes ``base`` with trained layers put in, and beside its weights the difference alone, if there is one.

    The same difference gives the same bytes, whatever the versions of the libraries. The card of ``base`` stays behind,
    as it quotes texts.

    Raises:
        ModelError: ``base`` has no weights of these names and shapes, or none in one safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file

    try:
        weights = load_file(base / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f"{base} has no {WEIGHTS} that can be read ({error}); save the base model as one such file."
        ) from None
    weights |= dict(applied(weights, difference))
    copy_encoder(base, out)
    save_file(weights, out / WEIGHTS, metadata={"format": "pt"})
    if difference:
        save_file(dict(difference), out / TRAINED_LAYERS)


def copy_encoder(base: Path, out: Path) -> None:
    """Copies a sentence-transformers folder without its card and what else nobody loads."""
    copy_folder(base, out, "README.md", ".git*", "data_config.json")


def batches_within(lengths: np.ndarray) -> list[np.ndarray]:
    """Consecutive rows whose padded size stays within ``TOKENS_AT_ONCE``; ``lengths`` ascend."""
    batches = []
    start = 0
    for stop in range(1, len(lengths) + 1):
        if stop == len(lengths) or (stop + 1 - start) * lengths[stop] > TOKENS_AT_ONCE:
            batches.append(np.arange(start, stop))
            start = stop
    return batches
