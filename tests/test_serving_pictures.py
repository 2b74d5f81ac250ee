"""What pictures of a score show is decided once, whoever paints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.chat import charts, pictures
from serving.chat.svg import SvgGauge, SvgLine
from tests.test_serving_charts import make_score, make_turns


def test_both_painters_say_the_same() -> None:
    score = make_score()
    assert charts.gauge(score).layout.meta == pictures.gauge(score).said
    assert charts.trajectory(score, make_turns(20)).layout.meta == pictures.trajectory(score, 4).said
    assert pictures.gauge(make_score(interval=None)).said.startswith("How likely this call converts: 34 %; 41 %")
    for draw in (pictures.gauge, lambda one: pictures.trajectory(one, 1)):
        with pytest.raises(ValueError, match="a call without a probability has no"):
            draw(make_score(None, None))


@given(n_turns=st.integers(1, 900), first=st.integers(1, 950), moved=st.sets(st.integers(1, 900), max_size=5))
def test_a_line_goes_through_its_ends_and_every_turn_that_is_marked(n_turns: int, first: int, moved: set[int]) -> None:
    kept = tuple((turn, 0.1 if turn % 2 else -0.1) for turn in moved if turn <= n_turns)
    shown = pictures.trajectory(make_score(moved=kept, n_turns=n_turns), first)
    assert (shown.early[0], shown.judged[-1], shown.early[-1]) == (1, n_turns, shown.judged[0])
    assert {mark.turn for mark in shown.marks} == {turn for turn, _ in kept} <= {*shown.early, *shown.judged}
    assert len({*shown.early, *shown.judged}) <= pictures.MAX_POINTS + 6
    assert all(mark.percent == shown.percents[mark.turn - 1] for mark in shown.marks)


def test_places_in_an_export_stay_inside_of_the_drawing() -> None:
    gauge, line = SvgGauge(pictures.gauge(make_score())), SvgLine(pictures.trajectory(make_score(), 4))
    assert (gauge.x(0), gauge.x(100)) == (8, 392)
    assert [gauge.anchor(share) for share in (0, 50, 100)] == ["start", "middle", "end"]
    assert (line.x(1), line.x(20), line.y(100), line.y(0)) == (44, 388, 18, 172)
    assert line.points([1, 20]).count(",") == 2


@pytest.mark.parametrize(
    ("value", "base", "is_left"), [(34, 41, True), (60, 41, False), (3, 41, False), (99, 41, True)]
)
def test_the_number_stands_away_from_the_base_rates_line(value: int, base: int, is_left: bool) -> None:
    assert pictures.gauge(make_score(value, (value, value), base)).is_number_left == is_left
