"""The tool ``look_up_library``: how many calls, how many won, how metrics lie, by industry, type, account or period.

Typed filters and groups over the team's calls, no query language. Private calls never count. By rep only where that is
switched on (``COACH_REP_LOOKUPS``), and never in the order of a number: the coach ranks no people.
"""

from collections.abc import Sequence
from datetime import date
from typing import TypedDict, Unpack

from pydantic import Field

from salescoach.errors import InputError
from salescoach.library.lookups import PERIODS, By, CallFilter, Group, Share, chosen, grouped, whose_calls
from salescoach.redact.our_words import Ours
from salescoach.speech.metric_list import METRICS, MetricDefinition
from salescoach.speech.readings import Quartiles, Whose, amount, as_read_by, plain, spread, unit_of
from salescoach.types import Frozen
from tools.document import AnswerDocument, document
from tools.parts import Parts, percent, reader_of
from tools.phrases import count
from tools.spec import Arguments, Detail, ToolSpec, Value

WIN_RATE, COUNT = "win_rate", "count"
MEASURES = (WIN_RATE, COUNT, *(metric.name for metric in METRICS))
MAX_GROUPS = 12


class LibraryArguments(Arguments):
    """Which numbers of which calls of the team. It is about no call of the conversation, so it takes no call id."""

    measure: str = Field(WIN_RATE, description="what is asked for", json_schema_extra={"enum": list(MEASURES)})
    by: By = Field("nothing", description="one number for each industry, call type, account or period")
    industry: Value | None = None
    call_type: Value | None = None
    deal_type: Value | None = None
    deal_size: Value | None = Field(None, description="a band, as the library names it")
    stage_at_call: Value | None = Field(None, description="the stage that the deal was in when the call took place")
    account: Value | None = None
    rep: Value | None = None
    since: date | None = Field(None, description="first day of the period")
    until: date | None = Field(None, description="last day of the period")


class Values(TypedDict, total=False):
    """What calls are chosen by, as ``CallFilter`` has it."""

    industry: str | None
    call_type: str | None
    deal_type: str | None
    deal_size: str | None
    stage_at_call: str | None
    account: str | None
    rep: str | None


class ShownGroup(Group):
    """A group with the form that its numbers may be worded in; ``reading`` is that wording."""

    win_rate_percent: int | None
    interval_percent: tuple[int, int] | None
    reading: Ours[str]


class LibraryResult(Frozen):
    """What the library's calls say. ``n_left_out``: calls of the filter in no group shown, such as undated ones."""

    measure: str
    by: By
    whose: Whose
    wanted: CallFilter
    n_calls: int
    n_left_out: int
    groups: tuple[ShownGroup, ...]
    reading: Ours[str]


def look_up_library(
    parts: Parts,
    measure: str = WIN_RATE,
    by: By = "nothing",
    since: date | None = None,
    until: date | None = None,
    **chosen_by: Unpack[Values],
) -> LibraryResult:
    """Looks numbers up in the library.

    Args:
        parts: the library, and whether reps may be looked up.
        measure: ``win_rate``, ``count`` or the name of a call metric.
        by: what makes a group; ``nothing`` gives one group of all.
        since: first day, included.
        until: last day, included.
        chosen_by: only calls with these values; by rep where that is switched on.

    Raises:
        InputError: there is no such measure, no call with such a value, or reps are asked for and switched off.
    """
    if measure not in MEASURES:
        raise InputError(f"There is no measure {measure!r}; there are {', '.join(MEASURES)}.")
    if (by == "rep" or chosen_by.get("rep") is not None) and not parts.rep_lookups:
        raise InputError(
            "Numbers by rep are switched off, as the coach judges calls, not people; "
            "set COACH_REP_LOOKUPS=true where your team has agreed to them."
        )
    if since and until and since > until:
        raise InputError(f"The period ends ({until}) before it begins ({since}); swap the two.")
    wanted = CallFilter(since=since, until=until, **chosen_by)
    metric = next((one for one in METRICS if one.name == measure), None)
    whose, past = whose_calls(parts.library.team_calls())
    calls = chosen(past, wanted)
    if metric is not None and metric.is_read:
        calls = as_read_by(reader_of(parts), calls)
    groups = _shown(grouped(calls, by, metric), by)
    shown = tuple(
        ShownGroup(
            **dict(group),
            win_rate_percent=None if group.win_rate is None else percent(group.win_rate),
            interval_percent=None if group.interval is None else _interval_percent(group.interval),
            reading=_group_reading(group, measure, metric),
        )
        for group in groups
    )
    n_left_out = len(calls) - sum(group.n_calls for group in groups)
    return LibraryResult(
        measure=measure,
        by=by,
        whose=whose,
        wanted=wanted,
        n_calls=len(calls),
        n_left_out=n_left_out,
        groups=shown,
        reading=_reading(whose, wanted, len(calls), n_left_out, shown, by, metric, has_trend=measure == WIN_RATE),
    )


def _shown(groups: Sequence[Group], by: By) -> list[Group]:
    """The latest periods, or the groups with the most calls, in the order of their names."""
    if by in PERIODS:
        return list(groups[-MAX_GROUPS:])
    largest = sorted(groups, key=lambda group: (-group.n_calls, group.name))[:MAX_GROUPS]
    return sorted(largest, key=lambda group: group.name)


def _interval_percent(interval: tuple[float, float]) -> tuple[int, int]:
    return percent(interval[0]), percent(interval[1])


def _reading(
    whose: Whose,
    wanted: CallFilter,
    n_calls: int,
    n_left_out: int,
    groups: Sequence[ShownGroup],
    by: By,
    metric: MetricDefinition | None,
    *,
    has_trend: bool,
) -> str:
    """The whole answer in sentences."""
    kind = "calls of the team" if whose == "own" else "machine-written example calls, not your market"
    about = f"{metric.subject[0].upper()}{metric.subject[1:]} in " if metric else ""
    head = f"{about}{n_calls} {kind}{_filter_words(wanted)}"
    if by == "nothing":
        return f"{head}: {groups[0].reading}." if groups else f"{head}."
    lines = [f"{head}, by {plain(by)}:", *(f"- {plain(group.name)}: {group.reading}" for group in groups)]
    if n_left_out:
        why = "without a date, or in earlier periods" if by in PERIODS else "in smaller groups"
        lines.append(f"{n_left_out} calls are {why}.")
    if by in PERIODS and has_trend and (trend := _trend(groups)):
        lines.append(trend)
    return "\n".join(lines)


def _filter_words(wanted: CallFilter) -> str:
    given = wanted.model_dump(exclude={"since", "until"}, exclude_none=True)
    words = [f", {plain(name)} {plain(value)}" for name, value in given.items()]
    words += [f", since {wanted.since}"] if wanted.since else []
    words += [f", until {wanted.until}"] if wanted.until else []
    return "".join(words)


def _group_reading(group: Group, measure: str, metric: MetricDefinition | None) -> str:
    if metric is not None:
        return _metric_reading(group, metric)
    counts = f"{group.n_won} won, {group.n_lost} lost, {group.n_open} open"
    if measure == COUNT:
        return counts
    if group.win_rate is None or group.interval is None:
        return f"too few calls of known outcome for a rate ({counts})"
    low, high = _interval_percent(group.interval)
    return f"{percent(group.win_rate)} % won, 95 % interval {low} to {high} % ({counts}; {group.n_accounts} accounts)"


def _metric_reading(group: Group, metric: MetricDefinition) -> str:
    if group.won_share is not None and group.lost_share is not None:
        return f"{_share_reading(group.won_share, 'won')}, {_share_reading(group.lost_share, 'lost')}"
    sides = ((f"{group.n_won} won calls", group.won), (f"{group.n_lost} lost calls", group.lost))
    parts = [f"{_middle(metric, found)} in {calls}" for calls, found in sides if found is not None]
    if not parts:
        return f"too few calls of known outcome that show it ({group.n_won} won, {group.n_lost} lost)"
    return ", ".join(parts)


def _share_reading(share: Share, outcome: str) -> str:
    counts = f"{share.n_yes} of {share.n_calls} {outcome} calls"
    if share.share is None or share.interval is None:
        return f"{counts} (too few for a share)"
    low, high = _interval_percent(share.interval)
    return f"{counts} ({percent(share.share)} %, 95 % interval {low} to {high} %)"


def _middle(metric: MetricDefinition, found: Quartiles) -> str:
    return f"median {amount(metric, found[1])}{unit_of(metric)} (half of them {spread(metric, found)})"


def _trend(groups: Sequence[Group]) -> str:
    rated = [group for group in groups if group.interval is not None]
    if len(rated) < 2:
        return ""
    first, last = rated[0], rated[-1]
    assert first.interval is not None
    assert last.interval is not None
    if first.interval[0] <= last.interval[1] and last.interval[0] <= first.interval[1]:
        return f"The intervals of {first.name} and {last.name} overlap, so these calls don't show a change."
    direction = "higher" if last.interval[0] > first.interval[1] else "lower"
    return f"The interval of {last.name} lies wholly {direction} than that of {first.name}."


def _words(result: LibraryResult, detail: Detail) -> AnswerDocument:
    return document(result.reading)


def _found(result: LibraryResult) -> str:
    return f"Looked at {count(result.n_calls, 'call')} of the library"


SPEC = ToolSpec(
    function=look_up_library,
    result=LibraryResult,
    arguments=LibraryArguments,
    description=(
        "Win rates, counts and metric quartiles of the team's calls, by industry, call type, account or period."
    ),
    intents={"library": "What are the team's numbers, such as the win rate?"},
    words=_words,
    doing="Looking numbers up",
    found=_found,
)
