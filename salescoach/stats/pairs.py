"""In how many pairs of a won and a lost call the won one has more of something, and how sure that is.

That share is the AUROC of the number: 0.5 where it tells nothing, equal values counted half. Its variance is that of
clustered ROC data (Obuchowski, Biometrics 1997), so calls of one account don't count as independent witnesses. It takes
one sort a number where resampling accounts takes thousands, and says the same (tested against ``GroupBootstrap``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit


@dataclass(frozen=True)
class Pairs:
    """The share of pairs in which the won call has more, in [0, 1], its interval, and how many pairs there are."""

    share: float
    interval: tuple[float, float]
    n_pairs: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval lies on one side of one half."""
        return self.interval[0] > 0.5 or self.interval[1] < 0.5


def compare_pairs(
    values: np.ndarray,
    is_won: np.ndarray,
    groups: Sequence[str] | np.ndarray,
    *,
    strata: Sequence[str] | np.ndarray | None = None,
    n_looks: int = 1,
    confidence: float = 0.95,
) -> Pairs | None:
    """Compares each won call with each lost one.

    Args:
        values: of the calls, finite, shape (n_calls,).
        is_won: shape (n_calls,), bool.
        groups: the account of each call, by name or number.
        strata: the kind of each call; only calls of one kind make pairs. Default: all of them do.
        n_looks: how many numbers are looked at in all; the interval is as wide as holding for all of them at once
            takes (Bonferroni).
        confidence: of all those intervals together, in (0, 1).

    Returns:
        The share and its interval; None where there is no pair, or one account alone has the won or the lost calls.
    """
    names, codes = np.unique(np.asarray(groups), return_inverse=True)
    n_witnesses = min(len(np.unique(codes[is_won])), len(np.unique(codes[~is_won])))
    kinds = np.zeros(len(values), dtype=int) if strata is None else np.unique(strata, return_inverse=True)[1]
    wins, n_others = (
        np.zeros(len(values)),
        np.zeros(len(values)),
    )  # of each call's pairs, those with more in the won one
    for kind in np.unique(kinds):
        won, lost = np.flatnonzero((kinds == kind) & is_won), np.flatnonzero((kinds == kind) & ~is_won)
        wins[won] = _n_below(values[won], values[lost])
        wins[lost] = len(won) - _n_below(values[lost], values[won])
        n_others[won], n_others[lost] = len(lost), len(won)
    n_pairs = int(n_others[is_won].sum())
    if n_pairs == 0 or n_witnesses < 2:
        return None
    share = float(wins[is_won].sum() / n_pairs)
    influence = np.bincount(codes, weights=wins - share * n_others) / n_pairs
    error = float(np.sqrt(len(names) / (len(names) - 1) * np.sum(influence**2)))
    reach = float(stdtrit(n_witnesses - 1, 1 - (1 - confidence) / (2 * n_looks))) * error
    return Pairs(share=share, interval=(max(0.0, share - reach), min(1.0, share + reach)), n_pairs=n_pairs)


def _n_below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For each value, how many of the others are below it; equal ones count half."""
    others = np.sort(others)
    return (np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")) / 2
