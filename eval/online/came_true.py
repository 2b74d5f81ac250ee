"""Did it come true: what was said of calls beside how their deals ended."""

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from eval.online.against import against_others
from eval.online.alarms import alarms_of
from eval.online.drift import watch_inputs, watch_outcomes
from eval.online.estimate import estimate
from eval.online.first_scores import first_of_each_model, first_scores
from eval.online.results import CameTrue, FollowUp, JudgedGroup, SaidBin, TimeToOutcome
from salescoach.library.lookups import wilson
from salescoach.library.scored_calls import Coded, ScoredLog
from salescoach.stats.changes import DEFAULT_BASELINE
from salescoach.stats.clusters import clustered_mean
from salescoach.stats.measures import Measure, interval
from salescoach.stats.pairs import compare_pairs
from salescoach.stats.waiting import WaitingCurve, waiting_curve

N_BINS: Final = 10
N_RESAMPLES: Final = 200
MAX_GROUPS: Final = 24
N_CURVE: Final = 120  # points of a curve that is drawn
DAYS: Final = 180  # the follow-up, as a win counts for a call in an import from a CRM
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def came_true(
    log: ScoredLog, now: datetime, *, days: int = DAYS, baseline: int = DEFAULT_BASELINE, since: float | None = None
) -> CameTrue:
    """Everything that monitoring says.

    Args:
        log: the score log, with the outcomes that are known.
        now: when it is looked at.
        days: how old scores must be to count as followed up.
        baseline: how many values say how things were, for the alarms.
        since: from which day, counted from 1970, the alarms look; default: the beginning.
    """
    today = (now - _EPOCH) / timedelta(days=1)
    first = first_scores(log)
    judged, pending = first.judged, first.pending
    curve = _curve(judged, pending, today)
    recent = log if since is None else log.take(log.scored >= since)
    watched = [
        *watch_outcomes(judged if since is None else judged.take(judged.scored >= since), curve, days, baseline),
        *watch_inputs(recent, baseline),
    ]
    found = CameTrue(
        as_of=now.date().isoformat(),
        n=len(judged),
        accounts=len(np.unique(judged.account)),
        pending=len(pending),
        abstained=first.abstained,
        late=first.late,
        undated=first.undated,
        unmatched=first.unmatched,
        follow_up=_follow_up(judged, pending, today, days),
        time_to_outcome=_time_to_outcome(judged, pending, curve),
        estimate=estimate(pending.probability),
        watched=tuple(stream.shown for stream in watched),
        alarms=alarms_of(watched),
    )
    return found.model_copy(update=_measured(log, judged)) if len(judged) else found


def _measured(log: ScoredLog, judged: ScoredLog) -> dict[str, object]:
    p, y, account = judged.probability, judged.outcome, judged.account
    brier = clustered_mean((p - y) ** 2, account)
    return {
        "said": round(float(p.mean()), 4),
        "rate": clustered_mean(y, account),
        "brier": brier.value,
        "brier_ci": brier.ci,
        "brier_base": _brier_base(y),
        "parts": _parts(p, y, account),
        "auc": _auc(p, y, account),
        "reliability": _reliability(p, y, account),
        "by_model": _by_model(log),
        "by_industry": _groups(judged, judged.facts["industry"]),
        "by_type": _groups(judged, judged.facts["call_type"]),
        "by_month": _groups(judged, Coded.of(months(judged.scored).tolist()), latest=True),
        "against": against_others(judged),
        "estimate_of_judged": estimate(p),
    }


def months(days: np.ndarray) -> np.ndarray:
    """Such as ``2026-03``, of days since 1970: shape (n,), str."""
    return np.asarray(np.datetime_as_string(np.floor(days).astype("datetime64[D]").astype("datetime64[M]"), unit="M"))


def _brier_base(labels: np.ndarray) -> float:
    rate = float(labels.mean())
    return round(rate * (1 - rate), 4)


def _auc(p: np.ndarray, y: np.ndarray, account: np.ndarray) -> Measure | None:
    pairs = compare_pairs(p, y > 0.5, account)
    return None if pairs is None else Measure(
        value=round(pairs.share, 4), ci=(round(pairs.interval[0], 4), round(pairs.interval[1], 4))
    )  # fmt: skip


def _parts(p: np.ndarray, y: np.ndarray, account: np.ndarray) -> dict[str, Measure]:
    """Murphy's parts over bins of equal size, with intervals from resampling accounts.

    Sums of each account and bin are enough to resample, so that it takes no longer for many calls.
    """
    edges = np.quantile(p, np.linspace(0, 1, N_BINS + 1)[1:-1])
    known, codes = np.unique(account, return_inverse=True)
    n_accounts = len(known)
    cell = codes * N_BINS + np.searchsorted(edges, p, side="right")
    sums = np.stack(
        [np.bincount(cell, weights=one, minlength=n_accounts * N_BINS) for one in (np.ones_like(p), y, p)]
    ).reshape(3, n_accounts, N_BINS)
    whole = _murphy(sums.sum(axis=1))
    rng = np.random.default_rng(0)
    picks = [np.bincount(rng.integers(n_accounts, size=n_accounts), minlength=n_accounts) for _ in range(N_RESAMPLES)]
    drawn = np.einsum("ra,xab->rxb", np.array(picks, dtype=float), sums, optimize=True)
    samples = np.array([_murphy(one) for one in drawn])
    found = {}
    for place, name in enumerate(("reliability", "resolution", "uncertainty")):
        values = samples[:, place]
        if name != "uncertainty":  # resampling makes gaps larger, never smaller
            values = np.maximum(values - values.mean() + whole[place], 0)
        found[name] = Measure(value=round(whole[place], 4), ci=interval(values) if n_accounts > 1 else None)
    return found


def _murphy(sums: np.ndarray) -> tuple[float, float, float]:
    sizes, converted, said = sums[:, sums[0] > 0]
    n, rate = sizes.sum(), converted.sum() / sizes.sum()
    reliability = float(((converted - said) ** 2 / sizes).sum() / n)
    return reliability, float((sizes * (converted / sizes - rate) ** 2).sum() / n), float(rate * (1 - rate))


def _reliability(p: np.ndarray, y: np.ndarray, account: np.ndarray) -> tuple[SaidBin, ...]:
    place = np.minimum((p * N_BINS + 1e-9).astype(int), N_BINS - 1)
    bins = []
    for one in range(N_BINS):
        rows = place == one
        n, converted = int(rows.sum()), int(y[rows].sum())
        rate = converted / n if n else None
        ci = None if rate is None else _rounded(wilson(rate, len(np.unique(account[rows]))))
        bins.append(
            SaidBin(
                low=one / N_BINS, high=(one + 1) / N_BINS, n=n, converted=converted,
                said=round(float(p[rows].mean()), 4) if n else None,
                rate=None if rate is None else round(rate, 4), ci=ci,
            )
        )  # fmt: skip
    return tuple(bins)


def _by_model(log: ScoredLog) -> tuple[JudgedGroup, ...]:
    models = first_of_each_model(log)
    return tuple(_group(name, judged) for name, judged in models.items() if len(judged))


def _groups(judged: ScoredLog, names: Coded, *, latest: bool = False) -> tuple[JudgedGroup, ...]:
    """In the order of their names; where there are many, the largest or the last ones. Without a name is in none."""
    sizes = np.bincount(names.codes, minlength=len(names.names)).tolist()
    named = sorted(
        (code for code in range(len(sizes)) if sizes[code] and names.names[code]), key=names.names.__getitem__
    )
    kept = named[-MAX_GROUPS:] if latest else sorted(named, key=lambda code: -sizes[code])[:MAX_GROUPS]
    return tuple(_group(names.names[code], judged.take(names.codes == code)) for code in named if code in kept)


def _group(name: str, judged: ScoredLog) -> JudgedGroup:
    p, y, account = judged.probability, judged.outcome, judged.account
    rate = float(y.mean())
    return JudgedGroup(
        name=name,
        n=len(judged),
        converted=int(y.sum()),
        said=round(float(p.mean()), 4),
        rate=round(rate, 4),
        ci=_rounded(wilson(rate, len(np.unique(account)))),
        brier=clustered_mean((p - y) ** 2, account),
        brier_base=_brier_base(y),
    )


def _follow_up(judged: ScoredLog, pending: ScoredLog, today: float, days: int) -> FollowUp:
    old = judged.take(judged.scored <= today - days)
    n_open = int((pending.scored <= today - days).sum())
    found = FollowUp(
        days=days, n=len(old) + n_open, converted=int(old.outcome.sum()), lost=int((1 - old.outcome).sum()), open=n_open
    )
    if not len(old):
        return found
    p, y, account = old.probability, old.outcome, old.account
    return found.model_copy(
        update={
            "said": round(float(p.mean()), 4),
            "rate": clustered_mean(y, account),
            "brier": clustered_mean((p - y) ** 2, account),
        }
    )


def _curve(judged: ScoredLog, pending: ScoredLog, today: float) -> WaitingCurve | None:
    if not len(judged):
        return None
    waited = np.concatenate([judged.ended - judged.scored, np.maximum(today - pending.scored, 0)])
    return waiting_curve(waited, np.arange(len(waited)) < len(judged))


def _time_to_outcome(judged: ScoredLog, pending: ScoredLog, curve: WaitingCurve | None) -> TimeToOutcome | None:
    if curve is None:
        return None
    rows = np.unique(np.linspace(0, len(curve.days) - 1, N_CURVE).astype(int))
    points = np.stack([curve.days, curve.still_open, curve.low, curve.high], axis=1)[rows]
    low, high = curve.until_between(0.5)
    return TimeToOutcome(
        n=len(judged) + len(pending),
        ended=len(judged),
        median_days=_day(curve.until(0.5)),
        ci=(_day(low), _day(high)),
        nine_tenths_days=_day(curve.until(0.9)),
        still_open=tuple((round(a, 1), round(b, 4), round(c, 4), round(d, 4)) for a, b, c, d in points.tolist()),
    )


def _day(days: float | None) -> float | None:
    return None if days is None else round(days, 1)


def _rounded(ends: tuple[float, float]) -> tuple[float, float]:
    return round(ends[0], 4), round(ends[1], 4)
