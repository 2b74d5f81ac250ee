"""What all charts of the page are drawn with: an empty figure of our looks, strokes, labels, and text that is safe.

What was said in a call is data: Plotly takes tags in a text for its own, so nothing from a call, a library or a model
reaches a figure unescaped.
"""

import json
import textwrap
import unicodedata
from collections.abc import Mapping
from html import escape
from typing import Any, Final

import plotly.graph_objects as go

# As in the report (eval/figures.py), of these the ones that differ by 3 to 1 from a white page and from a dark one.
BLUE: Final = "#3a7fd6"
ORANGE: Final = "#d9632a"
GREY: Final = "#767e88"  # as the fill of a mark: this call's, which the style sheet gives the colour of the text
FAINT: Final = "rgba(118,126,136,0.22)"
FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# A figure is read, not worked with: a finger on it scrolls the page.
CONFIG: Final = {"displayModeBar": False, "responsive": True, "scrollZoom": False, "doubleClick": False}

MAX_QUOTE: Final = 240  # letters
INSET: Final = 12  # pixels from the left edge to the title

# What moves the reading direction, and what no font shows.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
_SEEN_ANYHOW: Final = "\u200c\u200d"  # parts of emoji and of some scripts' words


def page_json(figure: go.Figure) -> str:
    """A figure as the content of Chainlit's Plotly element, with how it behaves in the page."""
    return json.dumps({**json.loads(figure.to_json()), "config": CONFIG})


PLAIN: Final[Mapping[str, Any]] = {"showarrow": False, "borderpad": 0}
QUIET: Final[Mapping[str, Any]] = {**PLAIN, "font": {"size": 11.5}}


def empty_figure(title: str, height: int, *, top: int, left: int, right: int, bottom: int = 8) -> go.Figure:
    """An empty figure of our looks; the page gives it its width."""
    figure = go.Figure()
    figure.update_layout(
        template=go.layout.Template(),
        height=height,
        autosize=True,
        margin={"t": top, "l": left, "r": right, "b": bottom},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 12, "color": GREY},
        legend={
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "itemclick": False,
            "itemdoubleclick": False, "font": {"size": 11.5}, "bgcolor": "rgba(0,0,0,0)", "itemsizing": "constant",
        },
        hoverlabel={
            "bgcolor": "#1c2a31", "bordercolor": GREY, "font": {"family": FONT, "size": 12, "color": "#ffffff"},
            "align": "left",
        },
        hovermode="closest",
        dragmode=False,
    )  # fmt: skip
    # Plotly's own title cuts the first of two lines off.
    figure.add_annotation(
        text=_bold(title), xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="top", xshift=INSET - left,
        yshift=top - 8, align="left", **{**PLAIN, "font": {"size": 14}},
    )  # fmt: skip
    return figure


def _bold(lines: str) -> str:
    """Lines that are safe, each in bold."""
    return "<br>".join(f"<b>{line}</b>" for line in lines.split("<br>"))


def described(figure: go.Figure, sentence: str) -> go.Figure:
    """The figure with a text for whoever can't see it."""
    figure.update_layout(meta=sentence)
    return figure


def percents(axis: Any) -> None:
    """An axis of percent, always from 0 to 100."""
    ticks = [0, 25, 50, 75, 100]
    axis(
        range=[0, 100], tickvals=ticks, ticktext=[f"{tick} %" for tick in ticks], fixedrange=True, gridcolor=FAINT,
        zeroline=False,
    )  # fmt: skip


def stroke(colour: str, width: float, dash: str = "solid") -> dict[str, Any]:
    """How a line looks."""
    return {"color": colour, "width": width, "dash": dash}


def box(
    figure: go.Figure, x: tuple[float, float], y: tuple[float, float], *, fill: str, line: str, width: float
) -> None:
    """A rectangle below what is drawn."""
    figure.add_shape(
        type="rect",
        x0=x[0],
        x1=x[1],
        y0=y[0],
        y1=y[1],
        fillcolor=fill,
        line={"color": line, "width": width},
        layer="below",
    )


def label(figure: go.Figure, text: str, x: float, y: float, *, shift: int = 0, above: bool = True) -> None:
    """A text over or under a place on the scale of 0 to 100, kept inside of the figure."""
    anchor = "left" if x < 28 else "right" if x > 72 else "center"
    figure.add_annotation(
        text=text, x=x, y=y, xanchor=anchor, yanchor="bottom" if above else "top", yshift=shift, **QUIET
    )


def cut(text: str, at_most: int = MAX_QUOTE) -> str:
    """The beginning of a text."""
    return text if len(text) <= at_most else f"{text[:at_most].rstrip()}…"


def lines(text: str, width: int) -> str:
    """Text as Plotly shows it as it is, on lines of at most ``width`` letters."""
    return "<br>".join(map(_escaped, textwrap.wrap(_visible(text), width)))


def safe(text: str) -> str:
    """Text as Plotly shows it as it is, on one line."""
    return _escaped(_visible(text))


def _visible(text: str) -> str:
    seen = (char if _is_seen(char) else " " for char in text)
    return " ".join("".join(seen).split())


def _is_seen(char: str) -> bool:
    return char in _SEEN_ANYHOW or unicodedata.category(char) not in _UNSEEN


def _escaped(line: str) -> str:
    # Plotly knows few entities by name, but all by number. A dollar may begin a formula, %{ a variable.
    return escape(line, quote=False).replace("$", "&#36;").replace("%{", "&#37;{")
