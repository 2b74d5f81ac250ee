"""Reading the arrays of a model folder: what is not of this version, or not finite, is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

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
