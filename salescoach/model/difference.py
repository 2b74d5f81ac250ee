"""Trained layers as their difference from the base encoder, in steps of 8 bits.

With W the weights after training and W0 those before, each row of a matrix has one float32 scale, max |W - W0| / 127,
and W0 + steps * scale is what scores. Fine-tuning moves weights so little that this is finer than rounding W itself to
bf16, in half the bytes.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from salescoach.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

N_STEPS: Final = 127  # to either side
STEPS, SCALE = "steps", "scale"


def to_steps(difference: "Tensor") -> "tuple[Tensor, Tensor]":
    """Steps of the shape of ``difference``, int8, and a scale for each row of a matrix (one for a vector), float32."""
    import torch

    rows = difference.reshape(-1, difference.shape[-1])
    scale = rows.abs().amax(dim=1) / N_STEPS
    steps = (rows / scale.clamp(min=torch.finfo(torch.float32).tiny)[:, None]).round()
    return steps.to(torch.int8).reshape(difference.shape).contiguous(), scale.contiguous()


def from_steps(start: "Tensor", steps: "Tensor", scale: "Tensor") -> "Tensor":
    """The weights that were kept: the shape of ``start``, float32."""
    rows = steps.reshape(-1, steps.shape[-1]).float() * scale[:, None]
    return start + rows.reshape(start.shape)


def as_entries(name: str, difference: "Tensor") -> "dict[str, Tensor]":
    """What is saved of one weight."""
    steps, scale = to_steps(difference)
    return {f"{name}.{STEPS}": steps.cpu(), f"{name}.{SCALE}": scale.cpu()}


def read_difference(file: Path) -> "dict[str, Tensor]":
    """Entries as ``as_entries`` gave them.

    Raises:
        ModelError: the file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{file} holds no trained layers ({error}); train again.") from None


def applied(weights: "Mapping[str, Tensor]", entries: "Mapping[str, Tensor]") -> "Iterator[tuple[str, Tensor]]":
    """The changed weights by their names in ``weights``, which may have a prefix.

    Raises:
        ModelError: an entry doesn't fit.
    """
    for name in sorted({key.rpartition(".")[0] for key in entries}):
        steps, scale = entries.get(f"{name}.{STEPS}"), entries.get(f"{name}.{SCALE}")
        known = next((key for key in weights if key == name or key.endswith(f".{name}")), None)
        if known is None or steps is None or scale is None or weights[known].shape != steps.shape:
            raise ModelError(f"{name} doesn't fit the base model; name the base that was trained on.")
        yield known, from_steps(weights[known].float(), steps, scale).to(weights[known].dtype)
