"""What a training needs to go on after it was killed: one safetensors file of numbers, replaced whole every epoch."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def save_checkpoint(file: Path, tensors: "Mapping[str, Tensor]", facts: Mapping[str, Any]) -> None:
    """Writes weights, optimiser and random states, and facts that JSON can hold (never a text of a call)."""
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_suffix(".new")
    copies = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(copies, temporary, metadata={"facts": json.dumps(dict(facts))})
    os.replace(temporary, file)


def load_checkpoint(file: Path) -> "tuple[dict[str, Tensor], dict[str, Any]] | None":
    """What ``save_checkpoint`` wrote; None where there is nothing, or nothing that can be read: then it starts anew."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="pt") as opened:
            facts = json.loads((opened.metadata() or {})["facts"])
            return {name: opened.get_tensor(name) for name in opened.keys()}, facts  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
