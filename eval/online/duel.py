"""Champion against challenger on the same calls: the paired difference of their Brier scores, looked at any time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from salescoach.library.shadow_log import SettledPair
from salescoach.stats.sequential import ConfidenceSequence
from salescoach.types import Frozen

Duelling = Literal["better", "worse", "open"]

ALPHA: Final = 0.05  # how often, at most, two equal models are ever called different, however often one looks
# Shares of the largest bet. They suit a gap of 0.02 where the difference on a call has a spread of 0.2, or on the mean
# of a deal's calls one of 0.1 (benchmarks/model_duel.py); the price is that gaps below about 0.01 stay open.
BETS: Final = np.array([0.4, 0.9])
LIMITS: Final = (-1.0, 1.0)  # of the difference on a call
DIGITS: Final = 4


class ModelDuel(Frozen):
    """How a challenger does against the champion.

    ``n``: calls that both had scored before their outcome came; ``n_values``: of which calls of one account that were
    settled together count as one. ``difference``: mean Brier score of the challenger less the champion's, below 0 is
    better; ``confidence_sequence`` encloses it at all times at once, at 95 %. ``n_treated``: calls left out, as an
    experiment had changed what their people saw. ``abstained``: the challenger's share of abstentions.
    """

    n: int
    n_values: int
    n_pending: int
    n_treated: int
    brier_champion: float | None
    brier_challenger: float | None
    difference: float | None
    confidence_sequence: tuple[float, float] | None
    abstained: float | None
    verdict: Duelling
    reading: str


@dataclass(frozen=True)
class _Value:
    """Calls of an account that were settled together: they share a deal, so they are no independent witnesses."""

    pairs: tuple[SettledPair, ...]

    @property
    def difference(self) -> float:
        return sum(brier_difference(pair) for pair in self.pairs) / len(self.pairs)


def duel_of(
    pairs: Sequence[SettledPair],
    *,
    n_pending: int = 0,
    abstained: float | None = None,
    treated: Collection[str] = (),
) -> ModelDuel:
    """The state of a duel.

    Args:
        pairs: calls that both models had scored before their outcome came, in the order it came.
        n_pending: calls whose outcome is still to come.
        abstained: the challenger's share of abstentions.
        treated: accounts whose people an experiment showed something else; what became of them can't judge a model
            that was made on others, so they are left out.
    """
    judged = [pair for pair in pairs if pair.account_id is None or pair.account_id not in treated]
    values = _values(judged)
    sequence = ConfidenceSequence(*LIMITS, alpha=ALPHA, bets=BETS)
    sequence.extend(value.difference for value in values)
    low, high = sequence.interval
    verdict: Duelling = "worse" if low > 0 else "better" if high < 0 else "open"
    n = len(judged)
    return ModelDuel(
        n=n,
        n_values=len(values),
        n_pending=n_pending,
        n_treated=len(pairs) - n,
        brier_champion=_rounded(sum((pair.champion - pair.converted) ** 2 for pair in judged) / n) if n else None,
        brier_challenger=_rounded(sum((pair.challenger - pair.converted) ** 2 for pair in judged) / n) if n else None,
        difference=None if sequence.mean is None else _rounded(sequence.mean),
        confidence_sequence=(_rounded(low), _rounded(high)) if n else None,
        abstained=None if abstained is None else _rounded(abstained),
        verdict=verdict,
        reading=_reading(verdict, n, n_pending, sequence.mean, (low, high)),
    )


def brier_difference(pair: SettledPair) -> float:
    """The challenger's squared error less the champion's, in [-1, 1]."""
    return (pair.challenger - pair.converted) ** 2 - (pair.champion - pair.converted) ** 2


def _values(pairs: Sequence[SettledPair]) -> list[_Value]:
    groups: dict[tuple[str, str], list[SettledPair]] = {}
    for pair in pairs:
        account = pair.account_id if pair.account_id is not None else f"call {pair.content_hash}"
        groups.setdefault((account, pair.settled_at), []).append(pair)
    return [_Value(tuple(group)) for group in groups.values()]


def _reading(verdict: Duelling, n: int, n_pending: int, mean: float | None, limits: tuple[float, float]) -> str:
    waiting = f"{n_pending} more wait for their outcome" if n_pending else "none waits for its outcome"
    if mean is None:
        return f"No call that both scored has its outcome yet; {waiting}."
    low, high = limits
    on = f"On {n} call{'' if n == 1 else 's'}"
    figures = f"(Brier {mean:+.3f}, {low:+.3f} to {high:+.3f}, below 0 is better)"
    if verdict == "worse":
        return f"{on} the challenger is worse than the champion {figures}."
    if verdict == "better":
        return f"{on} the challenger is better than the champion {figures}; a person may promote it."
    return f"{on} the two can't be told apart yet {figures}; {waiting}."


def _rounded(value: float) -> float:
    return round(float(value), DIGITS)
