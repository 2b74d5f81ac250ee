"""Loss and validation while it trains, for TensorBoard."""

from pathlib import Path
from typing import Any

from training.resume import Epoch


class Events:
    """Event files in ``folder``, where the package ``tensorboard`` is installed; else, or without a folder, nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._writer: Any = None
        if folder is None:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(folder))

    def write(self, number: int, line: Epoch) -> None:
        """Adds an epoch; ``number`` counts those of both stages."""
        if self._writer is None:
            return
        for name in ("loss", "validation_loss", "validation_auc"):
            value = getattr(line, name)
            if value is not None:
                self._writer.add_scalar(name, value, number)
        self._writer.flush()
