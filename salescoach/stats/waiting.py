"""How long something takes of which some cases are not over yet (Kaplan and Meier, JASA 1958)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

Z: float = float(ndtri(0.975))


@dataclass(frozen=True)
class WaitingCurve:
    """The share of cases that are still open after so many days, and its 95 % interval at each of them.

    ``days`` ascend from 0 and have shape (n_points,), as the others; the interval is Greenwood's, on the scale of
    log(-log), so that it stays in [0, 1].
    """

    days: np.ndarray
    still_open: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def until(self, share_over: float) -> float | None:
        """After how many days a share of the cases is over; None where too few ever were."""
        reached = np.flatnonzero(self.still_open <= 1 - share_over + 1e-12)
        return float(self.days[reached[0]]) if len(reached) else None

    def until_between(self, share_over: float) -> tuple[float | None, float | None]:
        """The 95 % interval of ``until`` (Brookmeyer and Crowley, 1982); None is an end that is not known yet."""
        early, late = (np.flatnonzero(side <= 1 - share_over) for side in (self.low, self.high))
        return (
            float(self.days[early[0]]) if len(early) else None,
            float(self.days[late[0]]) if len(late) else None,
        )


def waiting_curve(days: np.ndarray, is_over: np.ndarray) -> WaitingCurve:
    """The curve of cases of which some are not over.

    Args:
        days: from the beginning of each case to its end, or to now where it is not over; shape (n,), not negative.
        is_over: shape (n,), bool.
    """
    at, ended = np.unique(days[is_over], return_counts=True)
    at_risk = len(days) - np.searchsorted(np.sort(days), at, "left")
    share = np.cumprod(1 - ended / at_risk) if len(at) else np.empty(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(ended / (at_risk * (at_risk - ended)))
        spread = Z * np.sqrt(variance) / np.abs(np.log(share))
        low, high = share ** np.exp(spread), share ** np.exp(-spread)
    low = np.where(np.isfinite(low), low, 0.0)
    high = np.where(np.isfinite(high), high, high[share > 0][-1] if (share > 0).any() else 1.0)
    start = np.array([0.0]), np.array([1.0])
    return WaitingCurve(
        days=np.concatenate([start[0], at]),
        still_open=np.concatenate([start[1], share]),
        low=np.concatenate([start[1], low]),
        high=np.concatenate([start[1], high]),
    )
