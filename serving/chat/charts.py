"""The chat's charts as Plotly figures: pure functions of what the tools return, that know nothing of Chainlit.

A figure doesn't know whether the page is dark or light, so its background is clear, its marks read on both, and the
page's style sheet gives the text its colour (``public/coach.css``).

Arrays are lists, never numpy's: the page's Plotly is older than the packed form that ours gives those.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Final

import plotly.graph_objects as go

from salescoach.speech.metric_list import METRICS, MetricDefinition
from salescoach.speech.readings import Peers, Quartiles, amount, unit_of
from salescoach.types import MetricReading, Outcome, Transcript, Turn
from serving.chat import pictures
from serving.chat.plotly_figures import (
    BLUE,
    FAINT,
    GREY,
    INSET,
    ORANGE,
    PLAIN,
    QUIET,
    box,
    cut,
    described,
    empty_figure,
    label,
    lines,
    percents,
    safe,
    stroke,
)
from tools.compare_encoders import EncodersResult
from tools.look_up_metrics import MetricsResult
from tools.map_call import MapDot, MapResult
from tools.score_call import ScoreResult, ShownTurn
from tools.score_trajectory import first_judged

OUTCOMES: Final[Mapping[Outcome, tuple[str, str, str]]] = {
    "converted": ("won", BLUE, "circle"),
    "lost": ("lost", ORANGE, "diamond"),
}
EFFECTS: Final = {True: ("raised", BLUE, "triangle-up"), False: ("lowered", ORANGE, "triangle-down")}  # up or not

HOVER_WIDTH: Final = 38  # letters of a line; what a phone has room for
MAX_SHORT_QUOTE: Final = 90
LOW: Final = 15  # percent: under a mark there, a label would lie on the axis
STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)  # turns from tick to tick
MAX_TICKS: Final = 6
CAPTION_WIDTH: Final = 44


def gauge(score: ScoreResult) -> go.Figure:
    """How likely a call converts: the probability, its range as a band, and the base rate as a mark.

    Raises:
        ValueError: the coach gives no probability for this call.
    """
    shown = pictures.gauge(score)
    value, base = shown.value, shown.base
    figure = empty_figure("How likely this call converts", 150, top=34, left=44, right=48)
    figure.update_xaxes(range=[0, 100], visible=False, fixedrange=True)
    figure.update_yaxes(range=[0, 100], visible=False, fixedrange=True)
    track = (24, 44)
    box(figure, (0, 100), track, fill=FAINT, line=GREY, width=1)
    if shown.interval is not None:
        low, high = shown.interval
        box(figure, (low, high), track, fill="rgba(58,127,214,0.35)", line=BLUE, width=1.5)
        label(figure, f"range {low} % to {high} %", (low + high) / 2, track[0], shift=-4, above=False)
    else:
        label(figure, "this way of scoring gives no range", 50, track[0], shift=-4, above=False)
    figure.add_shape(type="line", x0=base, x1=base, y0=track[0], y1=76, line=stroke(GREY, 2, "dot"))
    label(figure, f"calls it learned from: {base} %", base, 76)
    box(figure, (value - 0.8, value + 0.8), (track[0] - 4, track[1] + 4), fill=BLUE, line=BLUE, width=0)
    side = "right" if shown.is_number_left else "left"
    figure.add_annotation(
        text=f"<b>{value} %</b>", x=value, y=track[1] + 2, xanchor=side, yanchor="bottom", font={"size": 20}, **PLAIN
    )
    for edge, anchor, shift in ((0, "right", -6), (100, "left", 6)):
        figure.add_annotation(text=f"{edge} %", x=edge, y=sum(track) / 2, xanchor=anchor, xshift=shift, **QUIET)
    return described(figure, shown.said)


def trajectory(score: ScoreResult, turns: Sequence[Turn]) -> go.Figure:
    """The score after each turn, and the turns that moved the score of the whole call.

    Args:
        score: of the call, with a probability.
        turns: of the call; whoever points at the line reads what was said there.

    Raises:
        ValueError: the coach gives no probability for this call.
    """
    shown = pictures.trajectory(score, first_judged(Transcript(turns=tuple(turns))))
    moved = {turn.turn: turn for turn in score.turns_that_moved_it}
    n_turns, first = shown.n_turns, shown.judged[0]
    figure = empty_figure(
        f"How the score moved, to {score.probability_percent} %", 260, top=76, left=50, right=62, bottom=38
    )  # fmt: skip
    for numbers, name, line in (
        (shown.early, "too little said yet to judge", stroke(GREY, 1.5, "dot")),
        (shown.judged, "score after each turn", stroke(GREY, 2)),
    ):
        if len(numbers) > 1 or first == n_turns:
            said = [shown.percents[turn - 1] for turn in numbers]
            figure.add_scatter(
                x=list(numbers), y=said, name=name, mode="lines", line=line, showlegend=False,
                text=[
                    _told(turn, turns[turn - 1], value, moved.get(turn), turn < first)
                    for turn, value in zip(numbers, said, strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
    for is_up, (direction, colour, symbol) in EFFECTS.items():
        own = [mark for mark in shown.marks if mark.is_up == is_up]
        if own:
            figure.add_scatter(
                x=[mark.turn for mark in own], y=[mark.percent for mark in own], name=f"{direction} it",
                mode="markers+text", marker={"color": colour, "symbol": symbol, "size": 13}, showlegend=False,
                text=[mark.label for mark in own],
                textposition=["top center" if is_up or mark.percent <= LOW else "bottom center" for mark in own],
                cliponaxis=False, hoverinfo="skip",
            )  # fmt: skip
    figure.add_annotation(
        text="▲ raised it   ▼ lowered it", xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom",
        xshift=INSET - 50, yshift=22, **QUIET,
    )  # fmt: skip
    base = shown.base
    figure.add_shape(type="line", xref="paper", x0=0, x1=1, y0=base, y1=base, line=stroke(GREY, 1.5, "dot"))
    figure.add_annotation(
        text=f"average<br>{base} %", xref="paper", x=1, y=base, xanchor="left", xshift=4,
        align="left", **QUIET
    )  # fmt: skip
    step = next(step for step in STEPS if n_turns <= MAX_TICKS * step or step == STEPS[-1])
    figure.update_xaxes(
        title={"text": f"turn, of {n_turns}", "standoff": 4, "font": {"size": 12}},
        range=[0.5 - 0.05 * n_turns, 0.5 + 1.03 * n_turns], fixedrange=True, showgrid=False,
        zeroline=False, tickvals=list(range(step, n_turns + 1, step)),
    )  # fmt: skip
    percents(figure.update_yaxes)
    return described(figure, shown.said)


def metric_bars(metrics: MetricsResult, names: Sequence[str]) -> go.Figure | None:
    """This call beside the middle half of the won and of the lost calls, a row for each metric, scaled by itself.

    Args:
        metrics: of the call.
        names: of the metrics to show, in this order. Left out are those that the call doesn't show, that too few past
            calls show, and those of yes and no, which have no quartiles worth the name.

    Returns:
        None where nothing is left.
    """
    known = {reading.name: reading for reading in metrics.metrics}
    definitions = {metric.name: metric for metric in METRICS}
    rows = [(definitions[name], known[name]) for name in names if name in known and _is_drawn(known[name])]
    if not rows:
        return None
    peers = Peers(whose=metrics.whose, industry=metrics.industry, call_type=metrics.call_type)
    beside = peers.name.format(f"{metrics.n_won:,} won and {metrics.n_lost:,} lost")
    caption = lines(f"Bars: where half of {beside} lie", CAPTION_WIDTH)
    explained = f"{caption}<br>◆ this call   │ median"
    top = 40 + 16 * (1 + explained.count("<br>"))
    figure = empty_figure("This call beside past calls", top + 46 * len(rows) + 8, top=top, left=14, right=104)
    figure.update_xaxes(range=[0, 1], visible=False, fixedrange=True)
    figure.update_yaxes(range=[len(rows), 0], visible=False, fixedrange=True)
    figure.add_annotation(
        text=explained, xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom", yshift=4, align="left",
        **QUIET,
    )  # fmt: skip
    for number, (metric, reading) in enumerate(rows):
        _metric_row(figure, number, metric, reading)
    figure.add_scatter(
        x=[_on_scale(reading, reading.value or 0.0) for _, reading in rows],
        y=[number + 0.62 for number in range(len(rows))],
        mode="markers", marker={"symbol": "diamond", "size": 13, "color": GREY}, cliponaxis=False,
        text=[lines(reading.reading, HOVER_WIDTH) for _, reading in rows],
        hovertemplate="%{text}<extra></extra>", showlegend=False,
    )  # fmt: skip
    said = "; ".join(f"{_name(metric)} {_valued(metric, reading.value)}" for metric, reading in rows)
    return described(figure, f"This call beside {safe(beside)}: {said}.")


def encoders(result: EncodersResult) -> go.Figure | None:
    """A call's probability by the untrained encoder, the fine-tuned one and what scores; None where there are none."""
    if not result.views:
        return None
    base = result.base_rate_percent
    names = [
        f"<b>{safe(view.label)}</b>: {view.probability_percent} %" + (", the score" if view.scores_here else "")
        for view in result.views
    ]
    figure = empty_figure("Before and after fine-tuning", 62 + 40 * len(names) + 34, top=40, left=20, right=24)
    figure.update_layout(margin_b=52)
    percents(figure.update_xaxes)
    figure.update_yaxes(range=[len(names), 0], visible=False, fixedrange=True)
    for row, (view, name) in enumerate(zip(result.views, names, strict=True)):
        figure.add_shape(type="line", x0=base, x1=base, y0=row + 0.55, y1=row + 0.95, line=stroke(GREY, 2, "dot"))
        figure.add_shape(
            type="line", x0=0, x1=view.probability_percent, y0=row + 0.75, y1=row + 0.75, line=stroke(BLUE, 4)
        )
        figure.add_annotation(text=name, x=0, y=row + 0.32, xanchor="left", yanchor="middle", **PLAIN)
    figure.add_scatter(
        x=[view.probability_percent for view in result.views],
        y=[row + 0.75 for row in range(len(names))],
        mode="markers",
        marker={
            "size": 14, "color": BLUE, "line": {"color": BLUE, "width": 2.5},
            "symbol": ["circle-open" if view.name == "generic" else "circle" for view in result.views],
        },
        text=[
            "<br>".join(
                [f"{safe(view.label)} goes by", *(_effect(turn) for turn in view.turns_that_moved_it)]
                if view.turns_that_moved_it
                else [f"no turn moves the {safe(view.label)}"]
            )
            for view in result.views
        ],
        hovertemplate="%{text}<extra></extra>", showlegend=False,
    )  # fmt: skip
    figure.add_annotation(
        text=f"dotted: calls it learned from, {base} %",
        xref="paper", yref="paper", x=0, y=0, xanchor="left", yanchor="top", yshift=-24, **QUIET,
    )  # fmt: skip
    said = ", ".join(f"{safe(view.label)} {view.probability_percent} %" for view in result.views)
    return described(figure, f"This call before and after fine-tuning: {said}; base rate {base} %.")


def call_map(result: MapResult) -> go.Figure | None:
    """Where a call lies among past won and lost calls; None where there is no map."""
    if result.x is None or result.y is None:
        return None
    drawn = (
        f"{len(result.dots):,} of {result.n_calls:,}" if len(result.dots) < result.n_calls else f"{result.n_calls:,}"
    )
    figure = empty_figure("This call among past calls", 410, top=62, left=8, right=8, bottom=58)
    for outcome, (name, colour, symbol) in OUTCOMES.items():
        own = [dot for dot in result.dots if dot.outcome == outcome]
        figure.add_scatter(
            x=[dot.x for dot in own], y=[dot.y for dot in own], mode="markers", name=name,
            marker={
                "size": [8 if dot.is_near else 5 for dot in own], "color": colour, "symbol": symbol, "opacity": 0.85,
                "line": {"width": 0},
            },
            text=[_dot(dot, name) for dot in own], hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    near = [dot for dot in result.dots if dot.is_near]
    figure.add_scatter(
        x=[dot.x for dot in near], y=[dot.y for dot in near], mode="markers", name=f"{len(near)} nearest",
        hoverinfo="skip",
        marker={"size": 13, "symbol": "circle-open", "color": GREY, "line": {"color": GREY, "width": 1.5}},
    )  # fmt: skip
    figure.add_scatter(
        x=[result.x], y=[result.y], mode="markers+text", name="this call", showlegend=False,
        marker={"size": 16, "symbol": "star", "color": GREY}, text=["<b>this call</b>"],
        textposition="top center" if result.y > statistics.median(dot.y for dot in result.dots) else "bottom center",
        cliponaxis=False, hovertemplate="this call<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, fixedrange=True)
    figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, fixedrange=True, scaleanchor="x")
    figure.add_annotation(
        text=f"{result.n_near_won} of the {result.n_near} nearest converted, {result.base_percent} % of all;<br>"
        f"the picture holds {result.variance_percent} % of their differences<br>and shows {drawn} calls",
        xref="paper", yref="paper", x=0, y=0, xanchor="left", yanchor="top", yshift=-4, align="left", **QUIET,
    )  # fmt: skip
    return described(
        figure,
        f"A map of this call among {drawn} past calls: of the {result.n_near} nearest {result.n_near_won} converted, "
        f"of all {result.base_percent} %.",
    )


def _told(number: int, turn: Turn, value: int, moved: ShownTurn | None, is_early: bool) -> str:
    """What was said at a turn, and the score after it."""
    quote = lines(f"T{number} · {turn.speaker}: {cut(turn.text)}", HOVER_WIDTH)
    facts = "too little said yet to judge" if is_early else f"{value} % after this turn"
    if moved is not None:
        facts += f"; {moved.direction} the score by {moved.effect_points:g} points"
    return f"{quote}<br><b>{facts}</b>"


def _effect(turn: ShownTurn) -> str:
    quote = lines(f"T{turn.turn} · {turn.speaker}: {cut(turn.quote, MAX_SHORT_QUOTE)}", HOVER_WIDTH)
    return f"{quote} <b>{turn.direction} it by {turn.effect_points:g} points</b>"


def _dot(dot: MapDot, outcome: str) -> str:
    return f"{safe(dot.call_id)}<br>{outcome}" + (", one of the nearest" if dot.is_near else "")


def _is_drawn(reading: MetricReading) -> bool:
    has_quartiles = reading.won_quartiles is not None or reading.lost_quartiles is not None
    return reading.value is not None and reading.unit != "yes/no" and has_quartiles


def _metric_row(figure: go.Figure, number: int, metric: MetricDefinition, reading: MetricReading) -> None:
    figure.add_annotation(
        text=f"{_name(metric)}: <b>{_valued(metric, reading.value)}</b>",
        x=0, y=number + 0.18, xanchor="left", yanchor="middle", **PLAIN,
    )  # fmt: skip
    figure.add_shape(type="line", x0=0, x1=1, y0=number + 0.62, y1=number + 0.62, line=stroke(FAINT, 1), layer="below")
    for outcome, quartiles, middle in (
        ("converted", reading.won_quartiles, 0.5),
        ("lost", reading.lost_quartiles, 0.76),
    ):
        if quartiles is not None:
            _quartile_bar(figure, number + middle, metric, reading, OUTCOMES[outcome][:2], quartiles)  # type: ignore[index]


def _quartile_bar(
    figure: go.Figure, y: float, metric: MetricDefinition, reading: MetricReading, look: tuple[str, str],
    quartiles: Quartiles,
) -> None:  # fmt: skip
    name, colour = look
    first, median, third = (_on_scale(reading, value) for value in quartiles)
    half = 0.07
    # A box without width would not be seen.
    box(figure, (min(first, third - 0.006), third), (y - half, y + half), fill=colour, line=colour, width=0)
    figure.add_shape(type="line", x0=median, x1=median, y0=y - 0.13, y1=y + 0.13, line=stroke(colour, 2), layer="below")
    low, high = amount(metric, quartiles[0]), amount(metric, quartiles[2])
    text = f"{name} {low if low == high else f'{low}–{high}'}"
    figure.add_annotation(text=text, xref="paper", x=1, y=y, xanchor="left", xshift=12, yanchor="middle", **QUIET)


def _on_scale(reading: MetricReading, value: float) -> float:
    """Where a value lies in its row, from 0 to 1."""
    known = [*(reading.won_quartiles or ()), *(reading.lost_quartiles or ()), reading.value or 0.0]
    low, high = min(known), max(known)
    return 0.5 if high == low else 0.03 + 0.94 * (value - low) / (high - low)


def _valued(metric: MetricDefinition, value: float | None) -> str:
    return f"{amount(metric, value or 0.0)}{unit_of(metric)}"


def _name(metric: MetricDefinition) -> str:
    name = metric.subject.removeprefix("the number of ").removeprefix("the ")
    return f"{name[0].upper()}{name[1:]}"
