"""How much work something takes, as a ratio: seconds would measure the machine, not the code."""

import re
import time
from collections.abc import Callable
from functools import cache

_WORD = re.compile(r"(\w+): (\w+)")


def effort(use: Callable[[], object], enough: float) -> float:
    """Processor time of the quickest of three runs, in units of a fixed piece of work that this process does, too.

    The unit is the reading of 100,000 short lines by one pattern, about 0.05 s on a machine of 2024.

    Args:
        use: what is measured.
        enough: no further run after one that took less.
    """
    found = float("inf")
    for _ in range(3):
        found = min(found, _seconds(use) / _unit())
        if found < enough:
            break
    return found


@cache
def _unit() -> float:
    return min(_seconds(_read_lines) for _ in range(3))


def _read_lines() -> None:
    read = []
    for number in range(100_000):
        match = _WORD.match(f"a{number}: b")
        assert match is not None
        read.append((match[1], match[2].strip()))


def _seconds(use: Callable[[], object]) -> float:
    started = time.process_time()
    use()
    return time.process_time() - started
