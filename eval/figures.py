"""The report's pictures as Plotly describes them: plain data. The page draws them, in its colours of text and grid."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np

from eval.comparison import AtShare, Comparison
from eval.curves import Band, Bin, LearningCurve
from eval.embedding_map import EmbeddingMap
from eval.faithfulness import Movement
from eval.plain_figures import GREY, Figure
from eval.plain_figures import figure as _figure
from eval.plain_figures import line as _line
from salescoach.types import OUTCOMES

COLOURS: Final = {
    "tfidf": "#b0609c",
    "generic": "#3a9bd6",
    "finetuned": "#4464d8",
    "blend": "#d9632a",
    "evidence": "#d9632a",
    "random turns": "#8a8f98",
}
OTHER_COLOUR: Final = "#1f9e77"
OUTCOME_COLOURS: Final = {"converted": "#3a7fd6", "lost": "#e0962a"}


def arms(found: Comparison) -> Figure:
    """AUROC of each arm with its interval, the best on top."""
    ordered = sorted(found.arms, key=lambda arm: arm.auc)
    cis = [arm.auc_ci or (arm.auc, arm.auc) for arm in ordered]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": [arm.auc for arm in ordered],
        "y": [escape(arm.name) for arm in ordered],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [high - arm.auc for arm, (_, high) in zip(ordered, cis, strict=True)],
            "arrayminus": [arm.auc - low for arm, (low, _) in zip(ordered, cis, strict=True)],
            "color": GREY,
            "thickness": 1.5,
        },
        "marker": {"size": 10, "color": [colour(arm.name) if arm.name in COLOURS else GREY for arm in ordered]},
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }
    figure = _figure([trace], "AUROC", "", height=120 + 26 * len(ordered))
    figure["layout"]["shapes"] = [_line(0.5, 0, 0.5, 1, yref="paper")]
    figure["layout"]["yaxis"] |= {"automargin": True, "showgrid": False}
    return figure


def bands(curves: Mapping[str, Band], x_title: str, y_title: str, *, diagonal: bool = False) -> Figure:
    """Curves, the first with its band: several would hide each other. The legend switches them on and off."""
    traces = [trace for row, (arm, band) in enumerate(curves.items()) for trace in _band(arm, band, has_area=row == 0)]
    figure = _figure(traces, x_title, y_title)
    figure["layout"]["yaxis"]["range"] = [0, 1.02]
    if diagonal:
        figure["layout"]["shapes"] = [_line(0, 0, 1, 1)]
    return figure


def reliability(bins: Mapping[str, Sequence[Bin]]) -> Figure:
    """What converted against what was said; on the diagonal a probability means what it says."""
    traces = []
    for arm, own in bins.items():
        cis = [one.rate.ci or (one.rate.value, one.rate.value) for one in own]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": escape(arm),
                "x": [one.probability for one in own],
                "y": [one.rate.value for one in own],
                "text": [f"{one.n} calls" for one in own],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [high - one.rate.value for one, (_, high) in zip(own, cis, strict=True)],
                    "arrayminus": [one.rate.value - low for one, (low, _) in zip(own, cis, strict=True)],
                    "thickness": 1,
                },
                "marker": {"size": 8},
                "line": {"color": colour(arm), "width": 1.5},
                "visible": True if arm == next(iter(bins)) else "legendonly",
                "hovertemplate": "said %{x:.0%}, %{y:.0%} converted (%{text})<extra></extra>",
            }
        )
    figure = _figure(traces, "probability that was said", "share that converted", percent=True)
    figure["layout"]["xaxis"]["range"] = figure["layout"]["yaxis"]["range"] = [0, 1.02]
    figure["layout"]["shapes"] = [_line(0, 0, 1, 1)]
    return figure


def shares(by_arm: Mapping[str, Sequence[AtShare]]) -> Figure:
    """AUROC when only the first part of each call is known."""
    traces = [
        trace
        for row, (arm, own) in enumerate(by_arm.items())
        for trace in _band(
            arm,
            _as_band([one.share for one in own], [(one.auc.value, one.auc.ci) for one in own]),
            has_area=row == 0,
        )
    ]
    figure = _figure(traces, "share of the call that is known", "AUROC")
    figure["layout"]["xaxis"] |= {"tickvals": [25, 50, 75, 100], "ticksuffix": " %"}
    figure["layout"]["shapes"] = [_line(0, 0.5, 1, 0.5, xref="paper")]
    return figure


def learning(curves: Sequence[LearningCurve]) -> Figure:
    """AUROC by the number of calls to learn from; the axis has doublings at equal distances."""
    traces = []
    for row, one in enumerate(curves):
        points = [(point.auc.value, point.auc.ci) for point in one.points]
        traces += _band(one.arm, _as_band([point.n_calls for point in one.points], points), has_area=row == 0)
    sizes = sorted({point.n_calls for one in curves for point in one.points})
    figure = _figure(traces, "calls to learn from", "AUROC")
    figure["layout"]["xaxis"] |= {"type": "log", "tickvals": sizes, "ticktext": [f"{n:,}" for n in sizes]}
    figure["layout"]["shapes"] = [_line(0, 0.5, 1, 0.5, xref="paper")]
    return figure


def movements(points: Sequence[Movement], turns: str) -> Figure:
    """How far evidence moves the probability as it claims, and how far random turns do."""
    kinds = {"evidence": [one.evidence for one in points], "random turns": [one.random for one in points]}
    k = [one.k for one in points]
    traces = [
        trace for kind, own in kinds.items() for trace in _band(kind, _as_band(k, [(one.value, one.ci) for one in own]))
    ]
    figure = _figure(traces, turns, "movement of the probability")
    figure["layout"]["xaxis"]["dtick"] = 1
    figure["layout"]["shapes"] = [_line(0, 0, 1, 0, xref="paper")]
    return figure


def scatter(drawn: EmbeddingMap, fitted: np.ndarray, judged: np.ndarray) -> Figure:
    """One view of a map: calls by outcome, the judged ones larger and outlined."""
    traces = []
    for kind, places, calls in (("training", fitted, drawn.fitted), ("judged", judged, drawn.judged)):
        for outcome in OUTCOMES:
            rows = [row for row, call in enumerate(calls) if call.outcome == outcome]
            is_judged = kind == "judged"
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": f"{outcome}, {kind}",
                    "x": np.round(places[rows, 0], 2).tolist(),
                    "y": np.round(places[rows, 1], 2).tolist(),
                    "text": [escape(calls[row].call_id) for row in rows],
                    "marker": {
                        "color": OUTCOME_COLOURS[outcome],
                        "size": 7 if is_judged else 4,
                        "opacity": 0.9 if is_judged else 0.35,
                        "symbol": "circle" if outcome == "converted" else "diamond",  # not by colour alone
                        "line": {"width": 1 if is_judged else 0, "color": GREY},
                    },
                    "hovertemplate": f"%{{text}}<br>{outcome}, {kind}<extra></extra>",
                }
            )
    figure = _figure(traces, "", "", height=400)
    figure["layout"]["margin"] = {"l": 8, "r": 8, "t": 12, "b": 8}
    for axis in ("xaxis", "yaxis"):
        figure["layout"][axis] |= {"showticklabels": False, "showgrid": False}
    return figure


def colour(arm: str) -> str:
    """Of an arm, the same in every picture."""
    return COLOURS.get(arm, OTHER_COLOUR)


def _band(arm: str, band: Band, *, has_area: bool = True) -> list[Figure]:
    line = {
        "type": "scatter",
        "mode": "lines+markers" if len(band.x) <= 12 else "lines",
        "name": escape(arm),
        "legendgroup": arm,
        "x": list(band.x),
        "y": list(band.y),
        "line": {"color": colour(arm), "width": 2},
        "hovertemplate": f"{escape(arm)}: %{{y:.3f}}<extra></extra>",
    }
    if not band.low or not has_area:
        return [line]
    area = {
        "type": "scatter",
        "mode": "none",
        "legendgroup": arm,
        "showlegend": False,
        "x": [*band.x, *reversed(band.x)],
        "y": [*band.high, *reversed(band.low)],
        "fill": "toself",
        "fillcolor": colour(arm) + "26",
        "hoverinfo": "skip",
    }
    return [area, line]


def _as_band(x: Sequence[float], points: Sequence[tuple[float, tuple[float, float] | None]]) -> Band:
    known = all(ci is not None for _, ci in points)
    low, high = zip(*(ci for _, ci in points if ci), strict=True) if known and points else ((), ())
    return Band(x=tuple(x), y=tuple(value for value, _ in points), low=low, high=high)
