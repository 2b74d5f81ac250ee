"""Whether a stream of values has changed since its baseline, looked at as often as one likes.

Two one-sided CUSUMs of likelihood ratios (Page, Biometrika 1954; the fastest there is for a given rate of false alarms:
Moustakides, Annals of Statistics 1986), one for each direction, of a change that is worth an alarm. What the baseline
was is estimated from its values, so the thresholds are simulated with that estimate in them (``change_thresholds``).
Proven bounds for any change were measured and are too slow here: see docs/monitoring.md.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.special import expit, logit, ndtri

from salescoach.stats.change_thresholds import BASELINES, THRESHOLDS, VALUES_WATCHED

Kind = Literal["outcome", "rare_outcome", "share", "level"]

N_LOOKS: Final = 2000  # over which false alarms are counted
MIN_BASELINE: Final = BASELINES[0]
DEFAULT_BASELINE: Final = 1000
WATCHED_PER_BASELINE: Final = 50  # values; of a faster stream the baseline is longer
# What is worth an alarm: changes of log odds (0.65 takes 30 % to 18 %), or of standard deviations.
SHIFTS: Final[dict[Kind, float]] = {"outcome": 0.65, "rare_outcome": 0.65, "share": 1.4, "level": 0.5}
LEAST_SHARE: Final = 0.02  # what is rarer in the baseline must become more than rare before it is worth an alarm
LEAST_FALLING: Final = 0.05  # from here on a fall of a share is watched
RARE: Final = 0.15  # a rate below it, or above 1 less it, is harder to estimate, so its threshold is higher


@dataclass(frozen=True)
class Change:
    """What a stream has done since its baseline. ``before`` and ``now`` are means, ``now`` of the last values.

    ``crossed``: the place of the value at which the alarm went off; ``began``: since which the stream is likely to have
    been otherwise. Both are None where nothing was found. ``statistic`` is the largest one so far, in nats.
    """

    n_baseline: int
    before: float
    now: float | None
    statistic: float
    threshold: float
    crossed: int | None
    began: int | None


def find_change(
    values: np.ndarray, kind: Kind, *, baseline: int = DEFAULT_BASELINE, per_look: float = 1.0, n_now: int = 200
) -> Change | None:
    """Looks for a change.

    Args:
        values: in the order in which they came, shape (n,): 0 or 1 of outcomes and shares, any finite ones of levels.
        kind: ``outcome`` for what the label monitors watch, at a rate of false alarms of 2.5 % over 2,000 looks;
            ``share`` and ``level`` for streams of inputs, at 0.5 % each.
        baseline: how many of the first values say how things were.
        per_look: how many values come between two looks, on average.
        n_now: how many of the last values ``now`` is the mean of.

    Returns:
        What was found; None where there are too few values for a baseline.
    """
    n_baseline = baseline_length(baseline, per_look)
    if n_baseline < MIN_BASELINE or len(values) < n_baseline:
        return None
    base, watched = values[:n_baseline], values[n_baseline:]
    ratios = level_ratios(base, watched) if kind == "level" else rate_ratios(base.mean(), len(base), watched, kind)
    return _change(values, ratios, n_baseline, threshold(_harder(kind, base.mean()), n_baseline, per_look), n_now)


def find_miscalibration(
    probabilities: np.ndarray,
    labels: np.ndarray,
    *,
    baseline: int = DEFAULT_BASELINE,
    per_look: float = 1.0,
    n_now: int = 200,
) -> Change | None:
    """Whether outcomes have left what was said, beyond what they did in the baseline. Args as ``find_change``.

    ``before`` and ``now`` are means of label minus probability.
    """
    n_baseline = baseline_length(baseline, per_look)
    if n_baseline < MIN_BASELINE or len(labels) < n_baseline:
        return None
    said = logit(np.clip(probabilities, 1e-3, 1 - 1e-3))
    expected = said + _intercept(said[:n_baseline], labels[:n_baseline])
    ratios = np.stack([_ratios(expit(expected[n_baseline:]), labels[n_baseline:], shift) for shift in _both("outcome")])
    limit = threshold(_harder("outcome", labels[:n_baseline].mean()), n_baseline, per_look)
    return _change(labels - probabilities, ratios, n_baseline, limit, n_now)


def baseline_length(wanted: int, per_look: float) -> int:
    """So many values as are wanted, or more where 2,000 looks see more than fifty times of them."""
    return max(wanted, math.ceil(N_LOOKS * per_look / WATCHED_PER_BASELINE))


def threshold(kind: Kind, n_baseline: int, per_look: float = 1.0) -> float:
    """From which statistic on there is an alarm, in nats; of a baseline between two that were simulated, the shorter's.

    Raises:
        ValueError: the baseline is shorter than any that was simulated.
    """
    if n_baseline < MIN_BASELINE:
        raise ValueError(f"a baseline needs {MIN_BASELINE} values, not {n_baseline}")
    row = THRESHOLDS[kind][max(one for one in BASELINES if one <= n_baseline)]
    n_watched = N_LOOKS * max(per_look, 1.0)
    if n_watched > VALUES_WATCHED[-1]:  # the chance grows in proportion, which a longer threshold takes back
        return row[-1] + math.log(n_watched / VALUES_WATCHED[-1])
    return next(value for n, value in zip(VALUES_WATCHED, row, strict=True) if n_watched <= n)


def rate_ratios(rate: np.ndarray | float, n_baseline: int, watched: np.ndarray, kind: Kind) -> np.ndarray:
    """Logarithms of likelihood ratios of each value, for a rise and a fall of a rate: shape (2, ..., n)."""
    rising = falling = ((np.asarray(rate) * n_baseline + 0.5) / (n_baseline + 1))[..., None]
    if kind == "share":
        rising, falling = np.maximum(rising, LEAST_SHARE), np.minimum(falling, 1 - LEAST_SHARE)
    up, down = _both(kind)
    ratios = np.stack([_ratios(rising, watched, up), _ratios(falling, watched, down)])
    if kind == "share":  # that something rare becomes rarer is no alarm, and can't be told from a baseline either
        ratios[0] *= rising < 1 - LEAST_FALLING
        ratios[1] *= falling > LEAST_FALLING
    return ratios


def level_ratios(base: np.ndarray, watched: np.ndarray) -> np.ndarray:
    """As ``rate_ratios`` for a rise and a fall of a level, by ranks among the baseline: shape (2, n).

    Ranks make it the same for any distribution: each value is replaced by the normal score of its place.
    """
    ordered = np.sort(base)
    rank = (np.searchsorted(ordered, watched, "left") + np.searchsorted(ordered, watched, "right")) / 2
    scores = ndtri((rank + 0.5) / (len(base) + 1))
    return np.stack([shift * scores - shift**2 / 2 for shift in _both("level")])


def cusum(ratios: np.ndarray) -> np.ndarray:
    """Page's statistic after each value, from logarithms of likelihood ratios; the last axis is that of values."""
    sums = np.cumsum(ratios, axis=-1)
    before = np.zeros_like(sums)
    before[..., 1:] = sums[..., :-1]
    return np.asarray(sums - np.minimum.accumulate(before, axis=-1))


def _harder(kind: Kind, rate: float) -> Kind:
    return "rare_outcome" if kind == "outcome" and not RARE <= rate <= 1 - RARE else kind


def _both(kind: Kind) -> tuple[float, float]:
    return SHIFTS[kind], -SHIFTS[kind]


def _ratios(rates: np.ndarray, hits: np.ndarray, shift: float) -> np.ndarray:
    otherwise = expit(logit(rates) + shift)
    return np.asarray(np.where(hits > 0.5, np.log(otherwise / rates), np.log((1 - otherwise) / (1 - rates))))


def _intercept(said: np.ndarray, labels: np.ndarray) -> float:
    """By how much log odds are off in all, by Newton's method; a label of each kind is added, so that it is finite."""
    converted = labels.mean() + (0.5 - labels.mean()) / (len(labels) + 1)
    found = 0.0
    for _ in range(50):
        now = expit(said + found)
        step = (converted - now.mean()) / (now * (1 - now)).mean()
        found += float(np.clip(step, -2, 2))
        if abs(step) < 1e-9:
            break
    return found


def _change(values: np.ndarray, ratios: np.ndarray, n_baseline: int, limit: float, n_now: int) -> Change:
    crossed = began = None
    highest = 0.0
    is_watched = ratios.shape[-1] > 0
    if is_watched:
        paths = cusum(ratios)
        highest = max(0.0, float(paths.max()))
        over = np.flatnonzero((paths >= limit).any(axis=0))
        if len(over):
            at = int(over[0])
            sums = np.concatenate([[0.0], np.cumsum(ratios[int(paths[:, at].argmax()), : at + 1])])
            crossed, began = n_baseline + at, n_baseline + int(sums[: at + 1].argmin())
    return Change(
        n_baseline=n_baseline,
        before=float(values[:n_baseline].mean()),
        now=float(values[n_baseline:][-n_now:].mean()) if is_watched else None,
        statistic=highest,
        threshold=limit,
        crossed=crossed,
        began=began,
    )
