"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]  # called with the stage, what is done and what there is to do


def silent(stage: str, done: int, total: int) -> None:
    """A ``Progress`` that tells nobody."""
