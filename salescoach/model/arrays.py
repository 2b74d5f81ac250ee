"""Reading the arrays of a model folder: what is not of this version, or not finite, is refused."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from salescoach.errors import ModelError

Made = TypeVar("Made")


def read_arrays(file: Path, what: str, make: Callable[[dict[str, np.ndarray]], Made]) -> Made:
    """What ``make`` makes of the arrays in a safetensors file.

    Args:
        file: the file.
        what: it should hold, for the message, such as ``text arm``.
        make: takes the arrays by name; a name that is missing or a shape that doesn't fit may raise.

    Raises:
        ModelError: the file is missing or damaged, has other arrays, or holds a value that is not finite.
    """
    try:
        arrays = load_file(file)
        made = make(arrays)
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise ModelError(f"{file} holds no {what} of this version ({error}); train again.") from None
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ModelError(f"{file} holds values that are not finite; train again.")
    return made


class StoredArrays:
    """Base of dataclasses whose fields are arrays, each kept as float32 under its name in one safetensors file.

    Attributes:
        what: such a file holds, for messages.
    """

    what: ClassVar[str]

    def save(self, file: Path) -> None:
        """Writes the arrays."""
        names: Any = fields(self)  # type: ignore[arg-type]
        save_file({one.name: np.ascontiguousarray(getattr(self, one.name), dtype=np.float32) for one in names}, file)

    @classmethod
    def load(cls, file: Path) -> Self:
        """Reads what ``save`` wrote, as float64.

        Raises:
            ModelError: the file is missing or damaged, or of another version.
        """

        def make(arrays: dict[str, np.ndarray]) -> Any:
            names: Any = fields(cls)  # type: ignore[arg-type]
            made = cls(**{one.name: arrays[one.name].astype(np.float64) for one in names})
            made.check()
            return made

        read: Self = read_arrays(file, cls.what, make)
        return read

    def check(self) -> None:
        """Raises ValueError where shapes are not those of this version."""
