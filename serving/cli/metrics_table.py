"""``coach metrics`` as people read it: a table of the call beside won and lost calls, at most 100 columns wide."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from salescoach.speech.metric_list import UNITS
from salescoach.types import MetricReading, NextStep, PublishedFigure

if TYPE_CHECKING:
    from serving.usecases.metrics import CallMetrics

MAX_TURNS: Final = 12  # of one metric, in the list of turns
FEW: Final = "too few calls"
_UNITS: Final = UNITS | {"words per minute": " words/min", "per minute": "/min", "per 100 words": "/100 words"}
_SIDES: Final = {-1: "below", 0: "inside", 1: "above"}
_LEGEND: Final = (
    "¼ ½ ¾: a quarter, half and three quarters of those calls lie below; inside: from ¼ to ¾. For yes/no metrics: how "
    "many calls have it. Where a call lies is no verdict."
)
_PUBLISHED: Final = (
    "Published elsewhere: correlations among vendors' customers, no rule for one call. Your own calls come first."
)


def metrics_page(found: "CallMetrics", *, published: bool = False) -> RenderableType:
    """What the call shows beside the past calls, its next step, and what it doesn't show.

    Args:
        found: the metrics.
        published: whether figures that others have published follow.
    """
    shown = [reading for reading in found.metrics if reading.value is not None]
    paragraphs: list[RenderableType] = [Text(_title(found), style="bold"), _table(found, shown)]
    if _is_compared(found):
        paragraphs.append(Text(_LEGEND, style="dim"))
    if found.next_step is not None:
        paragraphs += ["", Text(_next_step(found.next_step))]
    if turns := [f"{_label(reading)} {_turns(reading.turns)}" for reading in shown if reading.turns]:
        paragraphs += ["", Text(f"Turns: {'; '.join(turns)}.")]
    if missing := [_label(reading) for reading in found.metrics if reading.value is None]:
        paragraphs += ["", Text(f"Not shown by this call: {', '.join(missing)}.")]
    if published:
        paragraphs += ["", Text(_PUBLISHED, style="bold")]
        paragraphs += [Text(f"{_label(one)}: {_figure(figure)}") for one in shown for figure in one.published]
    return Group(*paragraphs)


def where(value: float, won: Sequence[float] | None, lost: Sequence[float] | None) -> str:
    """Where a value lies among the won and the lost calls, by their quartiles; empty where neither are known."""
    sides = {name: _side(value, limits) for name, limits in (("won", won), ("lost", lost)) if limits is not None}
    if len(sides) < 2:
        return "".join(f"{_SIDES[side]} {name}" for name, side in sides.items())
    if sides["won"] == sides["lost"]:
        return f"{_SIDES[sides['won']]} both"
    return next((f"inside {name} only" for name, side in sides.items() if side == 0), "between them")


def number(value: float) -> str:
    """A number in at most five characters, six from a googol on: 7.5, 152, 12345, 250k, 3e+07."""
    if value < 99.95:
        return f"{value:.1f}".removesuffix(".0")
    if value < 99_999.5:
        return f"{value:.0f}"
    return f"{value / 1000:.0f}k" if value < 999_500 else f"{value:.0e}"


def _title(found: "CallMetrics") -> str:
    beside = found.compared_with
    if not _is_compared(found):
        return "There are no past calls to compare with yet; add yours with `coach index`."
    return f"Beside {beside.name.format(f'{beside.n_won} won and {beside.n_lost} lost')}:"


def _is_compared(found: "CallMetrics") -> bool:
    return bool(found.compared_with.n_won or found.compared_with.n_lost)


def _table(found: "CallMetrics", shown: Sequence[MetricReading]) -> Table:
    """Only the call's own values where there are no past calls."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column("metric", overflow="fold")
    table.add_column("this call", justify="right", style="bold", overflow="fold")
    if _is_compared(found):
        for name in ("won", "lost"):
            table.add_column(f"{name}\n{_three('¼½¾')}", justify="right", overflow="fold")
        table.add_column("where it lies", style="cyan", overflow="fold")
    for reading in shown:
        table.add_row(_label(reading), _value(reading), *(_beside(reading, found) if _is_compared(found) else ()))
    return table


def _beside(reading: MetricReading, found: "CallMetrics") -> list[RenderableType]:
    """The cells of the won calls, of the lost ones, and of where this call lies."""
    few = Text(FEW, style="dim")
    if reading.name in found.having:
        return [few if one is None else f"{one[0]} of {one[1]}" for one in found.having[reading.name]]
    won, lost = (
        None if limits is None else [_rounded(reading, limit) for limit in limits]
        for limits in (reading.won_quartiles, reading.lost_quartiles)
    )
    cells = [few if limits is None else _three([number(limit) for limit in limits]) for limits in (won, lost)]
    return [*cells, where(_rounded(reading, reading.value or 0.0), won, lost)]


def _three(values: Sequence[str]) -> str:
    """One under the other in a column of cells."""
    return "  ".join(value.rjust(4) for value in values)


def _rounded(reading: MetricReading, value: float) -> float:
    """As it is printed, so that nothing is said to lie above a limit that reads the same."""
    return float(round(100 * value)) if reading.unit == "share" else round(value, 1)


def _side(value: float, limits: Sequence[float]) -> int:
    return (value > limits[-1]) - (value < limits[0])


def _label(reading: MetricReading) -> str:
    return reading.name.replace("_", " ")


def _value(reading: MetricReading) -> str:
    value = reading.value or 0.0
    if reading.unit == "yes/no":
        return "yes" if value > 0.5 else "no"
    return f"{number(_rounded(reading, value))}{_UNITS.get(reading.unit, '')}"


def _turns(turns: Sequence[int]) -> str:
    return ", ".join(f"T{turn}" for turn in turns[:MAX_TURNS]) + (", …" if len(turns) > MAX_TURNS else "")


def _next_step(step: NextStep) -> str:
    said = f"T{step.turn_start}" if step.turn_start == step.turn_end else f"T{step.turn_start}-{step.turn_end}"
    when = f" ({step.when})" if step.when else ""
    return f"The next step{when}, {said}: “{step.quote}”"


def _figure(figure: PublishedFigure) -> str:
    about = ", ".join(part for part in (figure.n, str(figure.year or "year not told"), figure.calls) if part != "none")
    caveat = f" {figure.caveat}" if figure.caveat else ""
    return f"{figure.finding} ({about}; {figure.tier} source: {figure.source}){caveat}"
