"""Making very many objects that all stay, as the turns of a large table."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def many_objects_made() -> Iterator[None]:
    """Rests the garbage collector, which would look through all of them again and again: a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
