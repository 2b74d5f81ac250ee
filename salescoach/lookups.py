"""Numbers of the library: which calls, in which groups, how many were won, and how sure that is.

Counts are facts. A share of few calls is not: it carries its interval, and below ``MIN_CALLS_FOR_RATE`` it is withheld.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal

from salescoach.errors import InputError
from salescoach.library import CallSummary
from salescoach.readings import Quartiles, Whose, quartiles
from salescoach.types import Frozen

By = Literal["nothing", "industry", "call_type", "account", "rep", "month", "quarter", "year"]
PERIODS: Final = ("month", "quarter", "year")
MIN_CALLS_FOR_RATE: Final = 8
MAX_NAMED: Final = 10
NOT_GIVEN: Final = "not given"

_Z: Final = 1.959964  # of a normal distribution, for 95 %


class CallFilter(Frozen):
    """Which calls. ``since`` and ``until`` are days of the call, both included; None lets every call through."""

    industry: str | None = None
    call_type: str | None = None
    account: str | None = None
    rep: str | None = None
    since: date | None = None
    until: date | None = None


class Group(Frozen):
    """Calls that belong together. Shares are in [0, 1], None where too few calls of known outcome stand behind them.

    ``n_accounts``: those of calls with an outcome. ``won`` and ``lost`` are quartiles of the metric that was asked for.
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


def whose_calls(calls: Sequence[CallSummary]) -> tuple[Whose, list[CallSummary]]:
    """The team's own calls where there are any, else the simulated sample; never both."""
    whose: Whose = "sample" if calls and all(call.provenance == "sample" for call in calls) else "own"
    return whose, [call for call in calls if call.provenance == whose]


def chosen(calls: Sequence[CallSummary], wanted: CallFilter) -> list[CallSummary]:
    """The calls that a filter lets through; an undated call is in no period.

    Raises:
        InputError: no call has the industry, type, account or rep that is asked for; names those that there are.
    """
    for name in ("industry", "call_type", "account", "rep"):
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


def grouped(calls: Sequence[CallSummary], by: By, metric: str | None = None) -> list[Group]:
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


def _group(name: str, calls: Sequence[CallSummary], metric: str | None) -> Group:
    by_outcome: Mapping[str, list[CallSummary]] = {
        outcome: [call for call in calls if call.outcome == outcome] for outcome in ("converted", "lost")
    }
    n_won, n_lost = len(by_outcome["converted"]), len(by_outcome["lost"])
    closed = [call for call in calls if call.outcome is not None]
    # Calls of one account are about one deal, so they don't witness independently; accounts are what is counted.
    n_accounts = len({call.account_id or f"call:{call.call_id}" for call in closed})
    rate = n_won / len(closed) if len(closed) >= MIN_CALLS_FOR_RATE else None
    return Group(
        name=name,
        n_calls=len(calls),
        n_won=n_won,
        n_lost=n_lost,
        n_open=len(calls) - len(closed),
        n_accounts=n_accounts,
        win_rate=rate,
        interval=None if rate is None else wilson(rate, n_accounts),
        won=quartiles([call.metrics.get(metric) for call in by_outcome["converted"]]) if metric else None,
        lost=quartiles([call.metrics.get(metric) for call in by_outcome["lost"]]) if metric else None,
    )


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
