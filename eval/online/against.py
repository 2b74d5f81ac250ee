"""The scores beside what else was known of the same calls: the stage in the CRM, and the quarter before."""

from typing import Final

import numpy as np

from eval.online.results import AgainstOther
from salescoach.library.scored_calls import Coded, ScoredLog
from salescoach.stats.clusters import clustered_difference, clustered_mean

MIN_CALLS: Final = 30  # on either side; fewer say nothing
PRIOR: Final = 5  # calls at the rate of all, that each stage begins with


def against_others(judged: ScoredLog) -> tuple[AgainstOther, ...]:
    """The CRM's own stage probability where it is known, the win rate of the stage, and the last quarter."""
    named = {
        "the CRM's stage probability": stage_probabilities(judged.facts["stage_probability_at_call"]),
        "win rate of the CRM's stage until then": stage_rates(judged),
    }
    paired = [found for name, other in named.items() if (found := _paired(name, judged, other)) is not None]
    quarter = _last_quarter(judged)
    return tuple([*paired, *([quarter] if quarter is not None else [])])


def stage_probabilities(texts: Coded) -> np.ndarray:
    """What a CRM says, such as ``35 %`` or ``0.35``, in [0, 1]; nan where it says nothing: shape (n,)."""
    return np.asarray(np.array([_probability(text) for text in texts.names], dtype=float)[texts.codes])


def stage_rates(judged: ScoredLog) -> np.ndarray:
    """What the stage at the call was worth by the outcomes that had come when the call was scored: shape (n,).

    Nan where the stage isn't known, or no outcome had come.
    """
    found = np.full(len(judged), np.nan)
    stages = judged.facts["stage_at_call"].codes
    is_known = judged.facts["stage_at_call"].where(bool)
    order = np.argsort(judged.ended, kind="stable")
    ended, outcome = judged.ended[order], judged.outcome[order]
    until = np.searchsorted(ended, judged.scored, "left")  # outcomes that had come by then
    n_all, n_won = np.arange(len(judged) + 1), np.concatenate([[0.0], np.cumsum(outcome)])
    for stage in np.unique(stages[is_known]):
        of_stage = (stages[order] == stage).astype(float)
        n = np.concatenate([[0.0], np.cumsum(of_stage)])
        won = np.concatenate([[0.0], np.cumsum(of_stage * outcome)])
        rows = np.flatnonzero(is_known & (stages == stage) & (until > 0))
        at = until[rows]
        found[rows] = (won[at] + PRIOR * n_won[at] / n_all[at]) / (n[at] + PRIOR)
    return found


def _paired(name: str, judged: ScoredLog, other: np.ndarray) -> AgainstOther | None:
    kept = judged.take(np.isfinite(other))
    if len(kept) < MIN_CALLS:
        return None
    own = (kept.probability - kept.outcome) ** 2
    theirs = (other[np.isfinite(other)] - kept.outcome) ** 2
    return AgainstOther(
        name=name,
        n=len(kept),
        brier=round(float(own.mean()), 4),
        other=round(float(theirs.mean()), 4),
        difference=clustered_mean(own - theirs, kept.account),
    )


def _last_quarter(judged: ScoredLog) -> AgainstOther | None:
    """Calls scored in the newest quarter of which outcomes have come, beside those of the quarter before."""
    quarter = np.floor(judged.scored).astype("datetime64[D]").astype("datetime64[M]").astype(int) // 3
    newest = int(quarter.max())
    errors, accounts = (judged.probability - judged.outcome) ** 2, judged.account
    now, before = quarter == newest, quarter == newest - 1
    if min(now.sum(), before.sum()) < MIN_CALLS:
        return None
    return AgainstOther(
        name=f"calls scored in the quarter before ({_named(newest)} beside {_named(newest - 1)})",
        n=int(now.sum()),
        brier=round(float(errors[now].mean()), 4),
        other=round(float(errors[before].mean()), 4),
        difference=clustered_difference((errors[now], accounts[now]), (errors[before], accounts[before])),
        is_paired=False,
    )


def _named(quarter: int) -> str:
    return f"{1970 + quarter // 4}-Q{quarter % 4 + 1}"


def _probability(text: str) -> float:
    is_percent = text.rstrip().endswith("%")
    try:
        value = float(text.strip().removesuffix("%").strip().replace(",", "."))
    except ValueError:
        return float("nan")
    value = value / 100 if is_percent or value > 1 else value
    return value if 0 <= value <= 1 else float("nan")
