"""What every picture of a report is made of, as Plotly describes it: plain data."""

from typing import Any, Final

Figure = dict[str, Any]

GREY: Final = "#8a8f98"


def figure(traces: list[Figure], x_title: str, y_title: str, *, percent: bool = False, height: int = 380) -> Figure:
    """Traces with the titles of their axes; ``percent``: both axes show shares."""
    form = {"tickformat": ".0%"} if percent else {}
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 56, "r": 12, "t": 12, "b": 48},
        "xaxis": {"title": {"text": x_title}, "zeroline": False, **form},
        "yaxis": {"title": {"text": y_title}, "zeroline": False, **form},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "showlegend": sum(trace.get("showlegend", True) for trace in traces) > 1,
        "hovermode": "closest",
    }
    return {"data": traces, "layout": layout}


def line(x0: float, y0: float, x1: float, y1: float, **refs: str) -> Figure:
    """What knows nothing, or is perfectly calibrated."""
    style = {"color": GREY, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "line": style, "layer": "below", **refs}
