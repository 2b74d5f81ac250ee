"""Which arm of an experiment an account gets: by a hash, so that it is the same at every door and every time.

The hash is GrowthBook's of version 2: FNV-1a of 32 bits over UTF-16 code units, taken twice, in ten thousandths. So an
experiment that is kept there as well assigns the same accounts to the same arms.
"""

from collections.abc import Sequence
from typing import Final

FNV_OFFSET: Final = 0x811C9DC5
FNV_PRIME: Final = 0x01000193
N_BUCKETS: Final = 10_000


def fnv1a_32(text: str) -> int:
    """FNV-1a (Fowler, Noll and Vo) over the UTF-16 code units of a text: in [0, 2**32)."""
    value = FNV_OFFSET
    units = text.encode("utf-16-le", "surrogatepass")
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = ((value ^ (low | high << 8)) * FNV_PRIME) & 0xFFFFFFFF
    return value


def bucket(seed: str, value: str) -> float:
    """Where a value falls under a seed: in [0, 1), in steps of a ten thousandth."""
    return fnv1a_32(str(fnv1a_32(seed + value))) % N_BUCKETS / N_BUCKETS


def arm_of(seed: str, account: str, arms: Sequence[str]) -> str:
    """The arm of an account, each equally likely over accounts.

    Args:
        seed: of the experiment.
        account: its id.
        arms: two or more names, in the order of the plan.
    """
    at = bucket(seed, account)
    start = 0.0
    for name in arms[:-1]:
        start += 1 / len(arms)
        if at < start:
            return name
    return arms[-1]
