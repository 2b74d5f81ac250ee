"""What a training needs to go on after it was killed: one safetensors file of numbers, replaced whole every epoch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salescoach.whole_file import whole_file

if TYPE_CHECKING:
    from torch import Tensor


def save_checkpoint(file: Path, tensors: "Mapping[str, Tensor]", facts: Mapping[str, Any]) -> None:
    """Writes weights, optimiser and random states, and facts that JSON can hold (never a text of a call)."""
    from safetensors.torch import save_file

    copies = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with whole_file(file) as temporary:
        save_file(copies, temporary, metadata={"facts": json.dumps(dict(facts))})


def load_checkpoint(file: Path) -> "tuple[dict[str, Tensor], dict[str, Any]] | None":
    """What ``save_checkpoint`` wrote; None where there is nothing, or nothing that can be read: then it starts anew."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="pt") as opened:
            facts = json.loads((opened.metadata() or {})["facts"])
            return {name: opened.get_tensor(name) for name in opened.keys()}, facts  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
