"""The pictures of "Did it come true?" in the chat: those of the report, as the chat's page draws charts."""

from collections.abc import Mapping
from typing import Final

import plotly.graph_objects as go

from eval.online.figures import BLUE as REPORT_BLUE
from eval.online.figures import ORANGE as REPORT_ORANGE
from eval.online.figures import drawings
from eval.online.page import bin_sentence
from eval.online.results import CameTrue
from serving.chat.plotly_figures import BLUE, FAINT, ORANGE, described, empty_figure

HEIGHT: Final = 260
TITLES: Final[Mapping[str, str]] = {
    "reliability": "What was said, and what converted",
    "by_month": "By the month of the score",
    "waiting": "Deals that are still open",
}
COLOURS: Final = {REPORT_BLUE: BLUE, REPORT_ORANGE: ORANGE, REPORT_BLUE + "26": "rgba(58,127,214,0.2)"}


def charts(found: CameTrue) -> dict[str, go.Figure]:
    """By the names that the report gives them; none where no outcome has come."""
    said = _said(found)
    return {name: described(_of_page(name, drawn), said[name]) for name, drawn in drawings(found).items()}


def _of_page(name: str, drawn: dict[str, object]) -> go.Figure:
    """A report's picture with the chat's looks, which read on a dark page and on a light one."""
    report = go.Figure(drawn)
    has_legend = bool(report.layout.showlegend)
    figure = empty_figure(TITLES[name], HEIGHT, top=62 if has_legend else 44, left=64, right=20, bottom=48)
    for trace in report.data:
        trace.update(line_color=COLOURS.get(trace.line.color, trace.line.color))
        if trace.fillcolor is not None:
            trace.fillcolor = COLOURS.get(trace.fillcolor, trace.fillcolor)
        figure.add_trace(trace)
    for shape in report.layout.shapes:
        figure.add_shape(shape)
    figure.update_xaxes(report.layout.xaxis)
    figure.update_yaxes(report.layout.yaxis)
    axis = {"fixedrange": True, "gridcolor": FAINT, "zeroline": False, "title_standoff": 6}
    figure.update_xaxes(axis, ticks="outside", ticklen=5, tickcolor="rgba(0,0,0,0)")
    figure.update_yaxes(axis)
    figure.update_layout(showlegend=has_legend)
    return figure


def _said(found: CameTrue) -> dict[str, str]:
    """Each picture in words."""
    bins = "; ".join(bin_sentence(one) for one in found.reliability if one.n)
    months = "; ".join(f"{one.name}: {one.said:.0%} was said, {one.rate:.0%} converted" for one in found.by_month)
    waited = found.time_to_outcome
    ended = "" if waited is None else f"{waited.ended:,} of {waited.n:,} deals have ended."
    return {
        "reliability": f"What converted beside what was said: {bins}.",
        "by_month": f"By the month of the score: {months}.",
        "waiting": f"The share of deals that are still open, by days since the score: {ended}",
    }
