"""The charts: they show the tools' own numbers, say what they show, and nothing that was said in a call is markup."""

import colorsys
import json
import re
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from eval import figures
from salescoach.types import EvidenceTurn, MetricReading, Score, TrajectoryPoint, Turn
from serving.chat import charts, pictures, plotly_figures
from tools.compare_encoders import EncodersResult, EncoderView
from tools.look_up_metrics import MetricsResult
from tools.map_call import MapDot, MapResult
from tools.parts import percent, turn_marker
from tools.score_call import ScoreResult, shown_turn

ROOT = Path(__file__).resolve().parent.parent
OURS = re.compile(r"</?b>|<br>")  # the only tags that a figure has
HOSTILE = (
    "<a href='javascript:alert(1)'>click</a>",
    '<span style="color:red">red</span> <b>bold</b><br>next',
    "&lt;a href=x&gt; &amp;lt; &#60;b&#62; &nbsp;",
    "$\\alpha$ and $$x$$",
    "%{y} %{customdata[0]} <extra>gone</extra>",
    "\u202egnirts\u2066 right to left\u0000\u200b",
    "<img src=x onerror=alert(1)>",
    "a" * 1_000,
)


def make_turns(n: int, said: str = "Would you tell me more about how that works for you today?") -> list[Turn]:
    roles = ("rep", "customer")
    return [Turn(speaker=roles[row % 2].title(), role=roles[row % 2], text=said) for row in range(n)]


def make_score(
    value: int | None = 34,
    interval: tuple[int, int] | None = (12, 55),
    base: int = 41,
    moved: tuple[tuple[int, float], ...] = ((3, 0.1), (7, -0.2)),
    n_turns: int = 20,
) -> ScoreResult:
    turns = make_turns(n_turns)
    evidence = tuple(
        EvidenceTurn(turn=turn, speaker="Rep", role="rep", quote=turns[turn - 1].text, effect=effect)
        for turn, effect in moved
    )
    probability = None if value is None else value / 100
    score = Score(
        call_id="c", probability=probability, interval=None, prediction_set=(), abstained=value is None,
        reasons=() if value is not None else ("It is too short.",), model_id="m", scorer="blend", n_turns=n_turns,
        latency_ms=1, evidence=evidence,
        trajectory=tuple(
            TrajectoryPoint(turn=turn, probability=round(0.2 + 0.5 * turn / n_turns, 4))
            for turn in range(1, n_turns + 1)
        ) if value is not None else (),
    )  # fmt: skip
    return ScoreResult(
        call_id="c", probability_percent=value, interval_percent=interval, base_rate_percent=base,
        reasons=score.reasons,
        warnings=(), model_id="m", model_data="some calls", n_turns=n_turns,
        turns_that_moved_it=tuple(shown_turn(turn, turn_marker(turn.turn)) for turn in evidence), score=score,
    )  # fmt: skip


def make_metrics(whose: Any = "sample", industry: str | None = None, **values: float | None) -> MetricsResult:
    units = {
        "talk_ratio_words": "share",
        "rep_questions": "count",
        "next_step": "yes/no",
        "longest_monologue_words": "words",
    }
    readings = tuple(
        MetricReading(
            name=name, value=value, unit=units[name], won_quartiles=(0.4, 0.5, 0.6), lost_quartiles=(0.5, 0.6, 0.7),
            reading=f"It was {value}.",
        )
        for name, value in values.items()
    )  # fmt: skip
    return MetricsResult(call_id="c", n_won=22, n_lost=34, metrics=readings, whose=whose, industry=industry)


def make_encoders() -> EncodersResult:
    moved = make_score().turns_that_moved_it
    return EncodersResult(
        call_id="c", model_id="m", base_rate_percent=41, reading="",
        views=tuple(
            EncoderView(
                name=name, label=label, probability_percent=value, scores_here=name == "blend",
                turns_that_moved_it=moved,
            )
            for name, label, value in (
                ("generic", "untrained encoder", 44), ("finetuned", "fine-tuned encoder", 31), ("blend", "blend", 34)
            )
        ),
    )  # fmt: skip


def make_map(call_id: str = "S7-1") -> MapResult:
    dots = tuple(
        MapDot(call_id=call_id, outcome="converted" if row % 3 else "lost", x=row / 30, y=row % 7 / 7, is_near=row < 15)
        for row in range(30)
    )
    return MapResult(
        call_id="c", x=0.4, y=0.2, dots=dots, n_calls=30, variance_percent=9, n_near=15, n_near_won=10, near_percent=67,
        base_percent=67, reading="",
    )  # fmt: skip


def texts(value: Any) -> list[str]:
    """Every string of a figure."""
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for child in children for text in texts(child)]


def words(figure: go.Figure) -> str:
    """What can be read on a figure without pointing at it."""
    plain = json.loads(figure.to_json())
    shown = [note["text"] for note in plain["layout"]["annotations"]]
    axes = [tick for axis in ("xaxis", "yaxis") for tick in plain["layout"].get(axis, {}).get("ticktext", [])]
    return unescape(OURS.sub(" ", " | ".join([*shown, *axes])))


def all_figures() -> dict[str, go.Figure]:
    score = make_score()
    found = {
        "gauge": charts.gauge(score),
        "trajectory": charts.trajectory(score, make_turns(20)),
        "metrics": charts.metric_bars(make_metrics(talk_ratio_words=0.62, rep_questions=3), ["talk_ratio_words"]),
        "encoders": charts.encoders(make_encoders()),
        "map": charts.call_map(make_map()),
    }
    assert all(figure is not None for figure in found.values())
    return {name: figure for name, figure in found.items() if figure is not None}


@pytest.mark.parametrize("name", ["gauge", "trajectory", "metrics", "encoders", "map"])
def test_each_says_what_it_shows_and_leaves_the_theme_to_the_page(name: str) -> None:
    figure = all_figures()[name]
    layout = figure.layout
    assert layout.annotations[0].text.startswith("<b>")
    assert isinstance(layout.meta, str)
    assert layout.meta.endswith(".")
    assert "<" not in layout.meta
    assert (layout.paper_bgcolor, layout.plot_bgcolor) == ("rgba(0,0,0,0)",) * 2
    assert layout.font.family == plotly_figures.FONT
    assert (layout.dragmode, layout.xaxis.fixedrange, layout.yaxis.fixedrange) == (False, True, True)
    assert layout.width is None
    assert 100 < layout.height <= 450
    content = json.loads(plotly_figures.page_json(figure))
    assert content["config"]["displayModeBar"] is False
    assert "bdata" not in plotly_figures.page_json(figure)  # packed arrays, which the page's older Plotly can't read


def test_the_gauge_says_its_three_numbers_in_words() -> None:
    said = words(charts.gauge(make_score()))
    for part in ("34 %", "range 12 % to 55 %", "calls it learned from: 41 %", "0 %", "100 %"):
        assert part in said
    assert "gives no range" in words(charts.gauge(make_score(interval=None)))
    with pytest.raises(ValueError, match="no gauge"):
        charts.gauge(make_score(None, None))
    with pytest.raises(ValueError, match="no trajectory"):
        charts.trajectory(make_score(None, None), make_turns(20))


@given(value=st.integers(0, 100), base=st.integers(0, 100), low=st.integers(0, 100), high=st.integers(0, 100))
@hypothesis_settings(deadline=None, max_examples=60)
def test_nothing_leaves_a_gauge(value: int, base: int, low: int, high: int) -> None:
    """The texts of a gauge stay inside of the 272 pixels of a small phone; a wide font takes 6 for a letter of 11.5."""
    interval = (min(low, high), max(low, high))
    figure = charts.gauge(make_score(value, interval, base))
    left, room = figure.layout.margin.l, 272 - figure.layout.margin.l - figure.layout.margin.r
    for note in figure.layout.annotations[1:-2]:  # but for the title and the ends of the scale
        width = 13 * 4 if "<b>" in note.text else 6 * len(note.text)
        at = left + room * note.x / 100
        start = {"left": at, "right": at - width, "center": at - width / 2}[note.xanchor]
        assert start >= -8
        assert start + width <= 280


def test_the_trajectory_has_the_scores_own_numbers() -> None:
    score = make_score()
    figure = charts.trajectory(score, make_turns(20))
    early, line, raised, lowered = figure.data
    expected = [percent(point.probability) for point in score.score.trajectory]
    assert [*early.y[:-1], *line.y] == tuple(expected) or [*early.y[:-1], *line.y] == expected
    assert early.line.dash == "dot"
    assert early.x[-1] == line.x[0]
    assert all("too little said yet to judge" in text for text in early.text[:-1])
    assert (list(raised.x), list(lowered.x)) == ([3], [7])
    assert (list(raised.y), list(lowered.y)) == ([expected[2]], [expected[6]])
    assert raised.marker.symbol != lowered.marker.symbol
    assert raised.marker.color != lowered.marker.color
    assert (figure.layout.yaxis.range[0], figure.layout.yaxis.range[1]) == (0, 100)
    assert "41 %" in words(figure)
    told = dict(zip([*early.x, *line.x], [*early.text, *line.text], strict=True))
    assert told[7].startswith("T7 · Rep: Would you tell me more")
    assert "lowered the score by 20 points" in told[7]


@given(n_turns=st.integers(1, 900), moved=st.sets(st.integers(1, 900), max_size=5))
@hypothesis_settings(deadline=None, max_examples=15)
def test_a_call_of_any_length_has_a_trajectory(n_turns: int, moved: set[int]) -> None:
    kept = tuple((turn, 0.1) for turn in moved if turn <= n_turns)
    figure = charts.trajectory(make_score(moved=kept, n_turns=n_turns), make_turns(n_turns))
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert lines
    assert sum(len(trace.x) for trace in lines) <= pictures.MAX_POINTS + 8
    assert max(trace.x[-1] for trace in lines) == n_turns
    drawn = {turn for trace in lines for turn in trace.x}
    assert {turn for turn, _ in kept} <= drawn
    labels = [
        (turn, text) for trace in figure.data if trace.mode == "markers+text"
        for turn, text in zip(trace.x, trace.text, strict=True) if text
    ]  # fmt: skip
    places = sorted(turn for turn, _ in labels)
    assert all(b - a >= pictures.LABEL_EVERY * n_turns for a, b in pairwise(places))
    assert bool(labels) == bool(kept)


def test_quotes_are_wrapped_and_cut() -> None:
    turns = make_turns(20, "word " * 200)
    figure = charts.trajectory(make_score(), turns)
    for text in figure.data[1].text:
        lines = text.split("<br>")
        assert all(len(unescape(line)) <= charts.HOVER_WIDTH for line in lines[:-1])
        assert len(" ".join(lines[:-1])) <= plotly_figures.MAX_QUOTE + 40
        assert lines[-2].endswith("…")


@pytest.mark.parametrize("said", HOSTILE)
def test_what_was_said_is_shown_as_it_was_and_is_never_markup(said: str) -> None:
    turns = [turn.model_copy(update={"speaker": said[:40]}) for turn in make_turns(20, said)]
    metrics = make_metrics(talk_ratio_words=0.6, industry=said[:60])
    readings = tuple(one.model_copy(update={"reading": said}) for one in metrics.metrics)
    moved = tuple(
        one.model_copy(update={"quote": said, "speaker": said[:40]}) for one in make_score().turns_that_moved_it
    )
    views = tuple(
        one.model_copy(update={"turns_that_moved_it": moved, "label": said[:40]}) for one in make_encoders().views
    )
    drawn = (
        charts.trajectory(make_score(), turns),
        charts.metric_bars(metrics.model_copy(update={"metrics": readings}), ["talk_ratio_words"]),
        charts.encoders(make_encoders().model_copy(update={"views": views})),
        charts.call_map(make_map(said[:100])),
    )
    for figure in drawn:
        assert figure is not None
        for text in texts(json.loads(plotly_figures.page_json(figure))):
            if text in ("%{text}<extra></extra>", "this call<extra></extra>"):
                continue  # templates of ours, which a text is put into
            rest = OURS.sub("", text)
            assert "<" not in rest
            assert ">" not in rest
            assert "$" not in rest
            assert "%{" not in rest
            assert not re.search(r"&(?!amp;|lt;|gt;|#36;|#37;)", rest)
            assert not set(rest) & set("\u202e\u2066\u0000\u200b")


@given(st.text(max_size=400))
def test_any_text_is_safe_and_reads_as_it_was(said: str) -> None:
    shown = plotly_figures.lines(said, charts.HOVER_WIDTH)
    rest = shown.replace("<br>", "")
    assert not set(rest) & set("<>$")
    assert "%{" not in rest
    seen = "".join(char for char in said if plotly_figures._is_seen(char) and not char.isspace())
    for entity, char in (("&#36;", "$"), ("&#37;", "%"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        rest = rest.replace(entity, char)  # as Plotly does, each once
    assert "".join(rest.split()) == seen


def test_metrics_are_scaled_by_themselves_and_say_whose_calls_they_are() -> None:
    metrics = make_metrics(talk_ratio_words=0.9, rep_questions=0.1, next_step=1, longest_monologue_words=None)
    names = ["next_step", "rep_questions", "talk_ratio_words", "longest_monologue_words", "unheard_of"]
    figure = charts.metric_bars(metrics, names)
    assert figure is not None
    said = words(figure)
    assert "22 won and 34 lost machine-written calls" in " ".join(said.split())
    assert "Rep's share of the words:" in said
    assert "90 %" in said
    assert "won 40–60" in said
    assert "lost 50–70" in said
    assert "Next" not in said
    marks = figure.data[0]
    assert len(marks.x) == 2
    assert marks.x[0] == pytest.approx(0.03)  # below all quartiles
    assert marks.x[1] == pytest.approx(0.97)  # above them
    own = charts.metric_bars(metrics.model_copy(update={"whose": "own"}), names)
    assert own is not None
    assert "the team's 22 won and 34 lost calls" in " ".join(words(own).split())


def test_where_nothing_can_be_drawn_there_is_no_figure() -> None:
    assert charts.metric_bars(make_metrics(next_step=1, rep_questions=None), ["next_step", "rep_questions"]) is None
    bare = tuple(
        one.model_copy(update={"won_quartiles": None, "lost_quartiles": None})
        for one in make_metrics(rep_questions=3).metrics
    )
    assert charts.metric_bars(make_metrics().model_copy(update={"metrics": bare}), ["rep_questions"]) is None
    assert charts.encoders(make_encoders().model_copy(update={"views": ()})) is None
    assert charts.call_map(MapResult(call_id="c", unavailable="There is no index.", reading="")) is None


def test_the_map_names_calls_and_outcomes_only() -> None:
    figure = charts.call_map(make_map())
    assert figure is not None
    won, lost, near, own = figure.data
    assert (won.name, lost.name, near.name, own.name) == ("won", "lost", "15 nearest", "this call")
    assert won.marker.symbol != lost.marker.symbol
    assert {text.split("<br>")[0] for text in [*won.text, *lost.text]} == {"S7-1"}
    assert len(won.x) + len(lost.x) == 30
    assert len(near.x) == 15
    assert "10 of the 15 nearest converted, 67 % of all" in words(figure)


def test_the_encoders_show_their_turns() -> None:
    figure = charts.encoders(make_encoders())
    assert figure is not None
    assert list(figure.data[0].x) == [44, 31, 34]
    said = words(figure)
    assert "untrained encoder" in said
    assert "34 %, the score" in said
    assert "calls it learned from, 41 %" in said
    assert "T7 · Rep: Would you" in figure.data[0].text[0]


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _themed(theme: str, name: str) -> str:
    hue, saturation, lightness = (
        float(part.strip("%"))
        for part in json.loads((ROOT / "public/theme.json").read_text())["variables"][theme][f"--{name}"].split()
    )
    parts = colorsys.hls_to_rgb(hue / 360, lightness / 100, saturation / 100)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def test_marks_and_texts_can_be_read_in_both_themes() -> None:
    pages = ["#ffffff", _themed("light", "background"), _themed("dark", "background")]
    for colour in (plotly_figures.BLUE, plotly_figures.ORANGE, plotly_figures.GREY):
        assert all(_contrast(colour, page) >= 3 for page in pages)
    for theme in ("light", "dark"):
        assert _contrast(_themed(theme, "foreground"), _themed(theme, "background")) >= 4.5
    hover = charts.gauge(make_score()).layout.hoverlabel
    assert _contrast(hover.bgcolor, hover.font.color) >= 4.5
    assert {plotly_figures.BLUE, plotly_figures.ORANGE} <= {
        *figures.COLOURS.values(),
        *figures.OUTCOME_COLOURS.values(),
    }


def test_the_style_sheet_knows_the_colour_of_this_calls_mark() -> None:
    red, green, blue = (int(plotly_figures.GREY[place : place + 2], 16) for place in (1, 3, 5))
    style = (ROOT / "public" / "coach.css").read_text()
    assert f"fill: rgb({red}, {green}, {blue})" in style
