"""The table of ``coach metrics``: it fits, says where a call lies as its numbers read, and hides no lack of calls."""

import io
import math
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from salescoach.speech.call_metrics import METRICS
from salescoach.speech.published import PUBLISHED
from salescoach.types import MetricReading, NextStep
from serving.cli import printing
from serving.cli.metrics_table import FEW, metrics_page, number, where
from serving.usecases.metrics import CallMetrics, ComparedWith

USUAL = st.sampled_from([0.0, 0.2, 0.55, 1.0])
AMOUNTS = st.sampled_from([0.0, 0.123, 7.5, 99.96, 1234.5, 98_765.4, 3e7, 9e11])
HAVING = st.none() | st.tuples(st.integers(0, 99_999), st.integers(8, 99_999))
WORDS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), max_size=300)


@st.composite
def found(draw: st.DrawFn, amounts: st.SearchStrategy[float]) -> CallMetrics:
    """The metrics of any call beside any past calls."""
    quartiles = st.none() | st.lists(amounts, min_size=3, max_size=3).map(sorted).map(tuple)
    readings = tuple(
        MetricReading(
            name=metric.name, unit=metric.unit, reading="", value=draw(st.none() | amounts),
            won_quartiles=draw(quartiles), lost_quartiles=draw(quartiles),
            turns=tuple(draw(st.lists(st.integers(1, 5_000), max_size=20))), published=PUBLISHED.get(metric.name, ()),
        )
        for metric in METRICS
    )  # fmt: skip
    step = NextStep(
        turn_start=1, turn_end=draw(st.integers(1, 5_000)), quote=draw(WORDS), when=draw(WORDS), taken_on_by=(),
        is_agreed=True,
    )  # fmt: skip
    kind: dict[str, Any] = {"industry": draw(st.none() | WORDS), "call_type": draw(st.none() | WORDS)}
    counts: dict[str, Any] = {"n_won": draw(st.integers(0, 10**7)), "n_lost": draw(st.integers(0, 10**7))}
    return CallMetrics(
        metrics=readings,
        compared_with=ComparedWith(whose=draw(st.sampled_from(["own", "sample"])), **kind, **counts),
        next_step=draw(st.none() | st.just(step)),
        metrics_version=1,
        having={one.name: (draw(HAVING), draw(HAVING)) for one in METRICS if one.unit == "yes/no"},
    )


def one(value: float | None, won: Any, lost: Any, unit: str = "count", n_past: int = 20) -> CallMetrics:
    is_counted = unit == "yes/no"
    limits: Any = {"won_quartiles": None if is_counted else won, "lost_quartiles": None if is_counted else lost}
    reading = MetricReading(name="objections", unit=unit, value=value, reading="", **limits)
    beside = ComparedWith(whose="own", n_won=n_past, n_lost=n_past)
    having: Any = {"objections": (won, lost)} if is_counted else {}
    return CallMetrics(metrics=(reading,), compared_with=beside, next_step=None, metrics_version=1, having=having)


def printed(call: CallMetrics, width: int = printing.MAX_WIDTH, *, published: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False, emoji=False)
    console.print(metrics_page(call, published=published))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def row(call: CallMetrics) -> str:
    return next(line for line in printed(call) if "objections" in line)


@settings(max_examples=30, deadline=None)
@given(found(AMOUNTS), st.booleans(), st.integers(60, 100))
def test_no_line_is_wider_than_asked_for(call: CallMetrics, published: bool, width: int) -> None:
    assert max(cell_len(line) for line in printed(call, width, published=published)) <= width


@settings(max_examples=10, deadline=None)
@given(found(USUAL))
def test_every_metric_that_the_call_shows_has_a_row_and_published_figures_only_on_request(call: CallMetrics) -> None:
    rows = [line.strip() for line in printed(call)]
    for reading in call.metrics:
        row_of_it = re.compile(rf"{reading.name.replace('_', ' ')} +(\d|yes|no)")
        assert any(row_of_it.match(line) for line in rows) == (reading.value is not None)
    assert "Published" not in "\n".join(rows)
    assert "Published" in "\n".join(printed(call, published=True))


@given(st.floats(0, 1e12))
@example(99.96)
@example(99_999.6)
@example(999_499.9)
def test_a_number_is_short_and_near(value: float) -> None:
    text = number(value)
    assert len(text) <= 5
    known = float(text.replace("k", "e3"))
    assert math.isclose(known, value, rel_tol=0.05 if value < 999_500 else 0.5, abs_tol=0.051)


@pytest.mark.parametrize(
    ("won", "lost", "said"),
    [
        ((6, 7, 8), (6, 7, 9), "below both"),
        ((1, 2, 3), (0, 1, 2), "above both"),
        ((1, 3, 6), (5, 6, 7), "inside both"),
        ((1, 3, 6), (6, 6, 7), "inside won only"),
        ((1, 2, 3), (4, 6, 7), "inside lost only"),
        ((1, 2, 3), (6, 6, 7), "between them"),
        ((6, 7, 8), (1, 2, 3), "between them"),
        ((1, 2, 3), None, "above won"),
        (None, (1, 5, 9), "inside lost"),
        (None, None, ""),
    ],
)  # fmt: skip
def test_where_a_call_lies(won: Any, lost: Any, said: str) -> None:
    assert where(5.0, won, lost) == said
    assert row(one(5.0, won, lost)).rstrip().endswith(said)
    assert row(one(5.0, won, lost)).count(FEW) == (won is None) + (lost is None)


def test_where_it_lies_is_said_of_the_numbers_as_they_read() -> None:
    shares = row(one(0.584, (0.4, 0.5, 0.576), (0.584, 0.6, 0.7), unit="share"))
    assert "58 %" in shares
    assert "inside both" in shares
    assert "inside both" in row(one(7.54, (1.0, 2.0, 7.46), (7.54, 8.0, 9.0)))


def test_yes_or_no_is_counted_where_enough_calls_are_known() -> None:
    line = row(one(1.0, (16, 31), None, unit="yes/no"))
    assert " yes " in line
    assert "16 of 31" in line
    assert FEW in line
    assert " no " in row(one(0.0, (16, 31), (1, 9), unit="yes/no"))


def test_without_past_calls_the_table_has_the_calls_own_values_alone() -> None:
    lines = printed(one(5.0, None, None, n_past=0))
    assert "no past calls to compare with" in lines[0]
    assert FEW not in "\n".join(lines)
    assert "won" not in "\n".join(lines)


@pytest.mark.parametrize(
    ("environment", "has_colour"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
    ids=["pipe", "terminal", "NO_COLOR"],
)
def test_colour_is_for_terminals(
    environment: dict[str, str], has_colour: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", **environment}.items():
        monkeypatch.setenv(name, value)
    call = one(5.0, (1, 2, 3), (1, 2, 3))
    printing.result(call, metrics_page(call), as_json=False)
    out = capsys.readouterr().out
    assert ("\x1b[36m" in out) == has_colour
    assert ("\x1b" in out) == bool(environment)
    assert "above both" in out
