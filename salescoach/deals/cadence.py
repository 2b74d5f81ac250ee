"""How many days usually lie between two calls of an account."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

WITHOUT_ANY_DAYS: Final = 10.0  # between calls, as long as no account has had two
TEAMS_WEIGHT: Final = 2  # gaps of its own that an account needs to count as much as all accounts together
MIN_GAP_DAYS: Final = 1.0  # two calls on a day are as good as a day apart


def gaps(times: Iterable[datetime]) -> list[float]:
    """Days between calls, from their times in any order."""
    return [max(MIN_GAP_DAYS, (after - before).total_seconds() / 86_400) for before, after in pairwise(sorted(times))]


def usual_gap(own: Sequence[float], teams: Sequence[float]) -> float:
    """The days usual between two calls of an account.

    The geometric mean of its own gaps and, as often as ``TEAMS_WEIGHT``, the team's middle gap: few gaps of its own
    say little, and a single long one less than it would in a plain mean.

    Args:
        own: the account's gaps in days.
        teams: those of all accounts.
    """
    middle = sorted(teams)[len(teams) // 2] if teams else WITHOUT_ANY_DAYS
    logs = [math.log(gap) for gap in own]
    return math.exp((sum(logs) + TEAMS_WEIGHT * math.log(middle)) / (len(logs) + TEAMS_WEIGHT))
