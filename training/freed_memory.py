"""Memory that is free in this process, back to the machine."""

import ctypes
import sys


def give_back_memory() -> None:
    """Has glibc return its free blocks; elsewhere nothing happens.

    Each training step has tensors of other sizes. They leave the heap in pieces that seldom fit those of the next step,
    so that it grows to almost twice what is ever in use.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
