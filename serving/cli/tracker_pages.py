"""``coach tracker`` as people read it, at most 100 columns wide."""

from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salescoach.library.lookups import Group as CallGroup
from salescoach.moves.trackers.results import (
    HeardGroup,
    TrackerEstimate,
    TrackerInCall,
    TrackerInLibrary,
    TrackerList,
    TrackerReport,
)
from tools.parts import percent
from tools.phrases import count

MAX_QUOTE: Final = 200  # characters of a turn
MAX_GROUPS: Final = 12  # of a kind; --json has all
NONE_YET: Final = "There are no trackers yet; add one with `coach tracker add`."


def report_page(found: TrackerReport) -> RenderableType:
    """A tracker and how well it is likely to find."""
    learned = f"{count(len(found.examples), 'example')}, {count(len(found.counters), 'counter-example')}"
    return Group(
        Text(f"{found.name} ({found.side}; {learned})", style="bold"),
        Text(_likely(found.estimate)),
        *([] if found.estimate.is_reached else [Text(_not_reached(found))]),
        Text(found.estimate.reading, style="dim"),
    )


def list_page(found: TrackerList) -> RenderableType:
    """Every tracker in a row."""
    if not found.trackers:
        return NONE_YET
    table = _table("tracker", "side", "examples", "counters", "hits likely right", "likely found")
    for one in found.trackers:
        told = one.estimate
        table.add_row(
            Text(one.name),
            one.side,
            str(len(one.examples)),
            str(len(one.counters)),
            _share(told.precision, told.precision_interval),
            _share(told.recall, told.recall_interval),
        )
    return Group(table, Text(found.trackers[0].estimate.reading, style="dim"))


def call_page(found: TrackerInCall) -> RenderableType:
    """The hits in a call as quotes."""
    table = _table("turn", "who", "what was said", "sure")
    for hit in found.hits:
        table.add_row(f"T{hit.turn}", Text(hit.speaker[:16]), Text(_shortened(hit.quote)), f"{hit.confidence:.2f}")
    return Group(report_page(found.tracker), "", table if found.hits else Text("It isn't found in this call."))


def library_page(found: TrackerInLibrary) -> RenderableType:
    """How often it hits, and how those calls ended."""
    whole = found.whole
    parts: list[RenderableType] = [
        report_page(found.tracker),
        "",
        Text(
            f"{count(whole.n_hits, 'hit')} in {whole.heard.n_calls} of {count(found.n_calls, 'call')}: "
            f"{_counts(whole.heard)}; without a hit: {_counts(whole.not_heard)}."
        ),
        _groups("all calls", [whole]),
    ]
    for title, groups in (("industry", found.by_industry), ("month", found.by_month)):
        if len(groups) > 1:
            shown = groups[-MAX_GROUPS:] if title == "month" else sorted(groups, key=_size)[:MAX_GROUPS]
            parts.append(_groups(title, shown))
    return Group(*parts, Text(found.reading, style="dim"))


def _groups(title: str, groups: Sequence[HeardGroup]) -> Table:
    table = _table(title, "calls", "with a hit", "hits", "won with a hit", "won without")
    for one in groups:
        n = one.heard.n_calls + one.not_heard.n_calls
        rates = [_rate(one.heard), _rate(one.not_heard)]
        table.add_row(Text(one.name), str(n), str(one.heard.n_calls), str(one.n_hits), *rates)
    return table


def _size(group: HeardGroup) -> tuple[int, str]:
    return -group.heard.n_calls - group.not_heard.n_calls, group.name


def _likely(told: TrackerEstimate) -> str:
    return (
        f"Of its hits, likely {_share(told.precision, told.precision_interval)} are right; of what it is for, it "
        f"likely finds {_share(told.recall, told.recall_interval)}; {told.per_1000:g} of 1,000 turns of "
        f"{told.background} are hits."
    )


def _not_reached(found: TrackerReport) -> str:
    return (
        f"Hits of which {percent(found.wanted_precision)} % are right are not to be had from these examples; give more "
        "of them, or judge hits with `coach tracker thumbs`."
    )


def _share(share: float, interval: tuple[float, float]) -> str:
    return f"{percent(share)} % ({percent(interval[0])} to {percent(interval[1])} %)"


def _rate(group: CallGroup) -> str:
    if group.win_rate is None or group.interval is None:
        return "too few calls"
    return _share(group.win_rate, group.interval)


def _counts(group: CallGroup) -> str:
    return f"{group.n_won} won, {group.n_lost} lost, {group.n_open} open"


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", style="cyan" if column == "turn" else None)
    return table


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_QUOTE else f"{text[: MAX_QUOTE - 1].rstrip()}…"
