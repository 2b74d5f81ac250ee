"""Random draws that are the same bytes on any machine and Python version.

Only ``random.Random.random()`` is promised to stay the same for a seed, so every draw here is made from it alone, and
every stream is seeded by a hash of what it is for: account 17 is the same account whatever was drawn before it.
"""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

_N_UNIFORMS = 12  # the sum of 12 uniforms has variance 1


class Draw:
    """A stream of draws for one purpose, named by ``parts``."""

    def __init__(self, *parts: object) -> None:
        name = "/".join(str(part) for part in parts)
        self._uniform = Random(int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")).random

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self._uniform()

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self._uniform() < probability

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        return int(self._uniform() * n)

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high], both ends included."""
        return low + self.below(high - low + 1)

    def normal(self) -> float:
        """Nearly standard normal, made of additions only: no platform's ``log`` or ``cos`` is in it."""
        return sum(self._uniform() for _ in range(_N_UNIFORMS)) - _N_UNIFORMS / 2

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, all equally likely."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in random order."""
        keyed = [(self._uniform(), i) for i in range(len(items))]
        return [items[i] for _, i in sorted(keyed)]
