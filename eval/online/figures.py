"""The pictures of "Did it come true?", as Plotly describes them."""

from collections.abc import Sequence
from html import escape
from typing import Final

from eval.online.results import CameTrue, JudgedGroup, SaidBin, TimeToOutcome
from eval.plain_figures import GREY, Figure, figure, line

BLUE: Final = "#4464d8"
ORANGE: Final = "#d9632a"


def drawings(found: CameTrue) -> dict[str, Figure]:
    """By the names that the sections use."""
    drawn: dict[str, Figure] = {}
    if found.n:
        drawn["reliability"] = reliability(found.reliability)
        drawn["by_month"] = by_month(found.by_month)
    if found.time_to_outcome is not None:
        drawn["waiting"] = waiting(found.time_to_outcome)
    return drawn


def reliability(bins: Sequence[SaidBin]) -> Figure:
    """What converted against what was said; on the diagonal a probability means what it says."""
    filled = [(one.said, one.rate, one.ci, one.n) for one in bins if one.said is not None and one.rate is not None]
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [said for said, *_ in filled],
        "y": [rate for _, rate, *_ in filled],
        "text": [f"{n:,} calls" for *_, n in filled],
        "error_y": _errors([rate for _, rate, *_ in filled], [ci for _, _, ci, _ in filled]),
        "marker": {"size": 8},
        "line": {"color": BLUE, "width": 1.5},
        "hovertemplate": "said %{x:.0%}, %{y:.0%} converted (%{text})<extra></extra>",
    }
    drawn = figure([trace], "probability that was said", "share that converted", percent=True)
    drawn["layout"]["xaxis"]["range"] = drawn["layout"]["yaxis"]["range"] = [0, 1.02]
    drawn["layout"]["shapes"] = [line(0, 0, 1, 1)]
    return drawn


def by_month(groups: Sequence[JudgedGroup]) -> Figure:
    """What was said and what converted, by the month of the score."""
    names = [escape(one.name) for one in groups]
    said = {
        "type": "scatter", "mode": "lines+markers", "name": "said", "x": names, "y": [one.said for one in groups],
        "line": {"color": ORANGE, "width": 1.5, "dash": "dot"}, "hovertemplate": "%{x}: said %{y:.0%}<extra></extra>",
    }  # fmt: skip
    happened = {
        "type": "scatter", "mode": "lines+markers", "name": "converted", "x": names, "y": [one.rate for one in groups],
        "error_y": _errors([one.rate for one in groups], [one.ci for one in groups]),
        "text": [f"{one.n:,} calls" for one in groups], "line": {"color": BLUE, "width": 1.5},
        "hovertemplate": "%{x}: %{y:.0%} converted (%{text})<extra></extra>",
    }  # fmt: skip
    drawn = figure([happened, said], "", "")
    drawn["layout"]["yaxis"] |= {"tickformat": ".0%", "rangemode": "tozero"}
    drawn["layout"]["xaxis"]["type"] = "category"
    return drawn


def waiting(found: TimeToOutcome) -> Figure:
    """The share of calls whose deals are still open, by days since the score."""
    days, still_open, low, high = zip(*found.still_open, strict=True)
    area = {
        "type": "scatter", "mode": "none", "x": [*days, *reversed(days)], "y": [*high, *reversed(low)],
        "fill": "toself", "fillcolor": BLUE + "26", "hoverinfo": "skip",
    }  # fmt: skip
    steps = {
        "type": "scatter", "mode": "lines", "x": list(days), "y": list(still_open),
        "line": {"color": BLUE, "width": 2, "shape": "hv"},
        "hovertemplate": "after %{x:.0f} days %{y:.0%} are open<extra></extra>",
    }  # fmt: skip
    drawn = figure([area, steps], "days since the score", "share still open")
    drawn["layout"]["showlegend"] = False
    drawn["layout"]["yaxis"] |= {"tickformat": ".0%", "range": [0, 1.02]}
    drawn["layout"]["shapes"] = [line(0, 0.5, 1, 0.5, xref="paper")]
    return drawn


def _errors(values: Sequence[float], cis: Sequence[tuple[float, float] | None]) -> Figure:
    known = [ci or (value, value) for value, ci in zip(values, cis, strict=True)]
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, (_, high) in zip(values, known, strict=True)],
        "arrayminus": [value - low for value, (low, _) in zip(values, known, strict=True)],
        "thickness": 1,
        "color": GREY,
    }
