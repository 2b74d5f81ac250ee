"""Numbers of the library: which calls, in which groups, how many were won, and how sure that is.

Counts are facts. A share of few calls is not: it carries its interval, and below ``MIN_CALLS_FOR_RATE`` it is withheld.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal

from salescoach.errors import InputError
from salescoach.library import CallSummary
from salescoach.speech.metric_list import MetricDefinition
from salescoach.speech.readings import Quartiles, Whose, quartiles
from salescoach.types import Frozen

By = Literal[
    "nothing", "industry", "call_type", "deal_type", "deal_size", "stage_at_call", "account", "rep", "month", "quarter",
    "year",
]  # fmt: skip
PERIODS: Final = ("month", "quarter", "year")
MIN_CALLS_FOR_RATE: Final = 8
MAX_NAMED: Final = 10
NOT_GIVEN: Final = "not given"

_Z: Final = 1.959964  # of a normal distribution, for 95 %


class CallFilter(Frozen):
    """Which calls. ``since`` and ``until`` are days of the call, both included; None lets every call through."""

    industry: str | None = None
    call_type: str | None = None
    deal_type: str | None = None
    deal_size: str | None = None
    stage_at_call: str | None = None
    account: str | None = None
    rep: str | None = None
    since: date | None = None
    until: date | None = None


class Share(Frozen):
    """How many of some calls have what a yes/no metric asks for; share and interval are None for too few calls."""

    n_yes: int
    n_calls: int
    share: float | None
    interval: tuple[float, float] | None


class Group(Frozen):
    """Calls that belong together. Shares are in [0, 1], None where too few calls of known outcome stand behind them.

    ``n_accounts``: those of calls with an outcome. ``won`` and ``lost`` are quartiles of the metric that was asked for;
    of a yes/no metric, ``won_share`` and ``lost_share`` say how many have it.
    """

    name: str
    n_calls: int
    n_won: int
    n_lost: int
    n_open: int
    n_accounts: int
    win_rate: float | None = None
    interval: tuple[float, float] | None = None
    won: Quartiles | None = None
    lost: Quartiles | None = None
    won_share: Share | None = None
    lost_share: Share | None = None


def whose_calls(calls: Sequence[CallSummary]) -> tuple[Whose, list[CallSummary]]:
    """The team's own calls where there are any, else the example calls; never both."""
    whose: Whose = "sample" if calls and all(call.provenance == "sample" for call in calls) else "own"
    return whose, [call for call in calls if call.provenance == whose]


def chosen(calls: Sequence[CallSummary], wanted: CallFilter) -> list[CallSummary]:
    """The calls that a filter lets through; an undated call is in no period.

    Raises:
        InputError: no call has the industry, type, deal, account or rep that is asked for; names those that there are.
    """
    for name in ("industry", "call_type", "deal_type", "deal_size", "stage_at_call", "account", "rep"):
        value = getattr(wanted, name)
        if value is None:
            continue
        known = sorted({found for call in calls if (found := _value(call, name)) != NOT_GIVEN})
        calls = [call for call in calls if _folded(_value(call, name)) == _folded(value)]
        if not calls:
            shown = f"{', '.join(known[:MAX_NAMED])}{', …' if len(known) > MAX_NAMED else ''}" or "none"
            raise InputError(
                f"No such call of the team has the {name.replace('_', ' ')} {value!r}; there are: {shown}."
            )
    return [
        call
        for call in calls
        if (wanted.since is None and wanted.until is None)
        or (call.started_at is not None and _is_between(call.started_at.date(), wanted.since, wanted.until))
    ]


def grouped(calls: Sequence[CallSummary], by: By, metric: MetricDefinition | None = None) -> list[Group]:
    """The calls in groups, in the order of their names; undated calls are in no period.

    Args:
        calls: with and without an outcome.
        by: what makes a group.
        metric: whose quartiles each group gets.
    """
    members: dict[str, list[CallSummary]] = {}
    for call in calls:
        name = _period(call.started_at, by) if by in PERIODS else _value(call, by)
        if by not in PERIODS or name != NOT_GIVEN:
            members.setdefault(name, []).append(call)
    return [_group(name, members[name], metric) for name in sorted(members)]


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share among ``n`` independent cases (Wilson, JASA 1927)."""
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _group(name: str, calls: Sequence[CallSummary], metric: MetricDefinition | None) -> Group:
    by_outcome: Mapping[str, list[CallSummary]] = {
        outcome: [call for call in calls if call.outcome == outcome] for outcome in ("converted", "lost")
    }
    won, lost = by_outcome["converted"], by_outcome["lost"]
    rate = _share(len(won), [*won, *lost])
    is_yes_no = metric is not None and metric.unit == "yes/no"
    has_quartiles = metric is not None and not is_yes_no
    return Group(
        name=name,
        n_calls=len(calls),
        n_won=len(won),
        n_lost=len(lost),
        n_open=len(calls) - len(won) - len(lost),
        n_accounts=_n_accounts([*won, *lost]),
        win_rate=rate.share,
        interval=rate.interval,
        won=quartiles(_values(won, metric)) if has_quartiles else None,
        lost=quartiles(_values(lost, metric)) if has_quartiles else None,
        won_share=_share_with(won, metric) if is_yes_no else None,
        lost_share=_share_with(lost, metric) if is_yes_no else None,
    )


def _values(calls: Sequence[CallSummary], metric: MetricDefinition | None) -> list[float | None]:
    return [call.metrics.get(metric.name) if metric else None for call in calls]


def _share_with(calls: Sequence[CallSummary], metric: MetricDefinition | None) -> Share:
    values = _values(calls, metric)
    known = [call for call, value in zip(calls, values, strict=True) if value is not None]
    return _share(sum(value is not None and value > 0.5 for value in values), known)


def _share(n_yes: int, calls: Sequence[CallSummary]) -> Share:
    if len(calls) < MIN_CALLS_FOR_RATE:
        return Share(n_yes=n_yes, n_calls=len(calls), share=None, interval=None)
    share = n_yes / len(calls)
    return Share(n_yes=n_yes, n_calls=len(calls), share=share, interval=wilson(share, _n_accounts(calls)))


def _n_accounts(calls: Sequence[CallSummary]) -> int:
    """Calls of one account are about one deal and don't witness independently, so accounts are what is counted."""
    return len({call.account_id or f"call:{call.call_id}" for call in calls})


def _value(call: CallSummary, name: str) -> str:
    if name == "nothing":
        return "all"
    named = {"account": call.account_id, "rep": call.rep_id}
    found = named[name] if name in named else call.metadata.get(name)
    return found or NOT_GIVEN


def _folded(value: str) -> str:
    return value.replace("_", " ").strip().casefold()


def _is_between(day: date, since: date | None, until: date | None) -> bool:
    return (since is None or day >= since) and (until is None or day <= until)


def _period(when: datetime | None, by: By) -> str:
    if when is None:
        return NOT_GIVEN
    return {
        "month": f"{when.year:04}-{when.month:02}",
        "quarter": f"{when.year:04}-Q{(when.month + 2) // 3}",
        "year": f"{when.year:04}",
    }[by]
