"""Library look-ups: equal to counting by hand, honest about few calls, silent about private calls and people."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import ToolMessage
from pydantic import ValidationError
from scipy.stats import binomtest

from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.library.lookups import MIN_CALLS_FOR_RATE, wilson
from salescoach.speech.call_metrics import call_metrics
from salescoach.speech.readings import quartiles
from salescoach.testing import WordReader, make_call, make_transcript
from salescoach.types import LabelledCall, Outcome
from tests.base import faults_of
from tools.look_up_library import MAX_GROUPS, SPEC, LibraryResult, look_up_library
from tools.parts import Parts
from tools.registry import make_tools


class _Unused:
    """Stands where scorer and index are: look-ups ask who reads calls, and any other use fails."""

    reader = WordReader()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as library:
        yield library


def parts_of(library: Library, *, rep_lookups: bool = False) -> Parts:
    unused: Any = _Unused()
    return Parts(library, unused, unused, rep_lookups)


def call(number: int, outcome: Outcome | None = "converted", **facts: Any) -> LabelledCall:
    lines = (f"Rep: What about number {number}?", "Customer: " + "word " * (number % 7 + 3))
    made = make_call(f"c{number:04}", *lines, outcome=outcome, account_id=facts.pop("account_id", None))
    metadata = {name: facts.pop(name) for name in ("industry", "call_type") if facts.get(name)}
    return made.model_copy(update={"metadata": metadata, **facts})


def calls(n: int, n_won: int, first: int = 0, **facts: Any) -> list[LabelledCall]:
    return [call(first + row, "converted" if row < n_won else "lost", **facts) for row in range(n)]


def test_a_win_rate_carries_its_interval_and_how_many_calls_stand_behind_it(library: Library) -> None:
    library.add([*calls(20, 8), call(90, None)])
    result = look_up_library(parts_of(library))
    (group,) = result.groups
    low, high = binomtest(8, 20).proportion_ci(0.95, method="wilson")
    assert group.win_rate == 0.4
    assert group.interval == pytest.approx((low, high), abs=1e-6)
    assert (group.win_rate_percent, group.interval_percent) == (40, (22, 61))
    assert result.reading == (
        "21 calls of the team: 40 % won, 95 % interval 22 to 61 % (8 won, 12 lost, 1 open; 20 accounts)."
    )


def test_calls_of_one_account_count_once_for_the_interval(library: Library) -> None:
    library.add([made.model_copy(update={"account_id": f"a{row % 5}"}) for row, made in enumerate(calls(20, 8))])
    (group,) = look_up_library(parts_of(library)).groups
    assert group.n_accounts == 5
    assert group.interval == wilson(0.4, 5)
    assert group.interval[1] - group.interval[0] > 0.6


def test_few_calls_give_counts_and_no_rate(library: Library) -> None:
    library.add(calls(MIN_CALLS_FOR_RATE - 1, 7))
    result = look_up_library(parts_of(library))
    assert result.groups[0].win_rate_percent is None
    assert result.reading == ("7 calls of the team: too few calls of known outcome for a rate (7 won, 0 lost, 0 open).")
    assert "too few calls" in look_up_library(parts_of(library), measure="rep_questions").reading


def test_groups_filters_and_the_names_of_columns(library: Library) -> None:
    library.add(calls(10, 5, industry="b2b_software", call_type="demo"))
    library.add(calls(10, 9, 100, industry="solar", call_type="demo") + calls(3, 0, 200))
    result = look_up_library(parts_of(library), by="industry")
    assert [(group.name, group.n_calls) for group in result.groups] == [
        ("b2b_software", 10), ("not given", 3), ("solar", 10)
    ]  # fmt: skip
    assert "- B2B software: 50 % won" in result.reading
    one = look_up_library(parts_of(library), industry="B2B Software")
    assert (one.n_calls, one.groups[0].n_won) == (10, 5)
    assert "industry B2B Software" in one.reading
    with pytest.raises(InputError, match=r"industry 'banking'; there are: b2b_software, solar"):
        look_up_library(parts_of(library), industry="banking")


def test_private_calls_never_count(library: Library) -> None:
    library.add(calls(10, 5), owner="dana")
    library.add_pasted(make_transcript("Rep: Is this counted?", "Customer: No."), owner="bob")
    assert look_up_library(parts_of(library), measure="count").n_calls == 10


def test_sample_calls_are_called_so_and_never_mixed_with_the_teams(library: Library) -> None:
    library.add(calls(10, 5, provenance="sample"))
    sample = look_up_library(parts_of(library), measure="count")
    assert sample.whose == "sample"
    assert "machine-written example calls, not your market" in sample.reading
    library.add([call(500)])
    assert look_up_library(parts_of(library), measure="count").n_calls == 1


def test_by_rep_only_where_switched_on_and_in_the_order_of_names(library: Library) -> None:
    library.add(calls(9, 1, rep_id="zoe") + calls(9, 9, 100, rep_id="ann"))
    for asked in ({"by": "rep"}, {"rep": "ann"}):
        with pytest.raises(InputError, match="COACH_REP_LOOKUPS"):
            look_up_library(parts_of(library), **asked)  # type: ignore[arg-type]
    result = look_up_library(parts_of(library, rep_lookups=True), by="rep")
    assert [group.name for group in result.groups] == ["ann", "zoe"]


def test_periods_are_in_order_and_say_whether_a_change_is_shown(library: Library) -> None:
    spring = calls(30, 3, started_at=datetime(2026, 3, 31, 23, 59))
    summer = calls(30, 27, 100, started_at=datetime(2026, 7, 1))
    library.add([*spring, *summer, *calls(4, 4, 200)])
    result = look_up_library(parts_of(library), by="quarter")
    assert [group.name for group in result.groups] == ["2026-Q1", "2026-Q3"]
    assert result.n_left_out == 4
    assert "4 calls are without a date, or in earlier periods." in result.reading
    assert result.reading.endswith("The interval of 2026-Q3 lies wholly higher than that of 2026-Q1.")
    same = look_up_library(parts_of(library), by="month", since=date(2026, 3, 31), until=date(2026, 3, 31))
    assert (same.n_calls, same.n_left_out) == (30, 0)
    with pytest.raises(InputError, match="before it begins"):
        look_up_library(parts_of(library), since=date(2026, 2, 1), until=date(2026, 1, 1))


def test_a_flat_course_is_no_change(library: Library) -> None:
    library.add(calls(20, 10, started_at=datetime(2025, 1, 1)) + calls(20, 11, 100, started_at=datetime(2026, 1, 1)))
    assert "don't show a change" in look_up_library(parts_of(library), by="year").reading


def test_of_many_accounts_the_largest_are_shown(library: Library) -> None:
    library.add([call(row, account_id=f"a{row % 30:02}") for row in range(60)] + [call(900, account_id="a07")])
    result = look_up_library(parts_of(library), measure="count", by="account")
    assert len(result.groups) == MAX_GROUPS
    assert "a07" in {group.name for group in result.groups}
    assert result.n_left_out == 61 - sum(group.n_calls for group in result.groups)
    assert f"{result.n_left_out} calls are in smaller groups." in result.reading


def test_a_yes_no_metric_is_a_share_with_its_interval(library: Library) -> None:
    dated = [
        make_call(f"d{row}", f"Rep: Number {row}.", "Rep: Shall we talk on Friday?", outcome="lost") for row in range(6)
    ]
    library.add([*calls(20, 0), *dated, *calls(3, 3, 100)])
    unread = look_up_library(parts_of(library), measure="next_step")
    assert "0 of 0 won calls (too few for a share), 0 of 0 lost calls (too few for a share)" in unread.reading
    library.read_moves(WordReader("another"))
    assert look_up_library(parts_of(library), measure="next_step") == unread
    library.read_moves(WordReader())
    result = look_up_library(parts_of(library), measure="next_step")
    assert result.reading == (
        "A next step in 29 calls of the team: 0 of 3 won calls (too few for a share), "
        "6 of 26 lost calls (23 %, 95 % interval 11 to 42 %)."
    )
    assert faults_of(SPEC.words(result, "full"), [result]) == []


def test_an_empty_library_has_no_rate(library: Library) -> None:
    assert look_up_library(parts_of(library)).reading == "0 calls of the team."
    assert look_up_library(parts_of(library), by="month").groups == ()


def test_an_unknown_measure_is_named(library: Library) -> None:
    with pytest.raises(InputError, match="'luck'"):
        look_up_library(parts_of(library), measure="luck")


@pytest.mark.parametrize("measure", ["win_rate", "count", "talk_ratio_words", "next_step"])
@pytest.mark.parametrize("by", ["nothing", "industry", "quarter"])
def test_the_wording_is_grounded_in_the_result(library: Library, measure: str, by: Any) -> None:
    dated = [made.model_copy(update={"started_at": datetime(2026, row % 12 + 1, 3)}) for row, made in
             enumerate(calls(60, 25, industry="solar"))]  # fmt: skip
    library.add(dated)
    library.read_moves(WordReader())
    result = look_up_library(parts_of(library), measure=measure, by=by)
    assert faults_of(SPEC.words(result, "full"), [result]) == []
    assert not any(word in result.reading for word in ("best", "worst", "should", "better"))


def test_as_a_tool_it_takes_typed_arguments_only(library: Library) -> None:
    library.add(calls(10, 5, industry="solar"))
    tool = next(one for one in make_tools(parts_of(library)) if one.name == "look_up_library")
    asked = {"type": "tool_call", "id": "1", "name": tool.name, "args": {"by": "industry", "since": None}}
    message = tool.invoke(asked)
    assert isinstance(message, ToolMessage)
    assert isinstance(message.artifact, LibraryResult)
    assert message.artifact.reading in str(message.content).encode().decode("unicode_escape")
    for bad in ({"sql": "DROP TABLE calls"}, {"by": "mood"}, {"since": "yesterday"}, {"industry": ""}):
        with pytest.raises(ValidationError):
            tool.invoke({**asked, "args": bad})


FACTS = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from(["converted", "lost", None]),
        "industry": st.sampled_from(["solar", "it", None]),
        "call_type": st.sampled_from(["demo", None]),
        "account_id": st.sampled_from(["a", "b", None]),
        "started_at": st.one_of(
            st.none(), st.integers(0, 800).map(lambda days: datetime(2025, 1, 1) + timedelta(days=days))
        ),
        "provenance": st.sampled_from(["own", "own", "sample", "pasted"]),
    }
)


@settings(max_examples=40, deadline=None)
@given(facts=st.lists(FACTS, max_size=40), wanted=st.sampled_from(["solar", None]), year=st.sampled_from([2025, None]))
def test_look_ups_equal_counting_by_hand(
    tmp_path_factory: pytest.TempPathFactory, facts: list[dict[str, Any]], wanted: str | None, year: int | None
) -> None:
    made = [call(row, **one) for row, one in enumerate(facts)]
    metric = "longest_customer_story_words"
    with Library(tmp_path_factory.mktemp("lookups") / "library.sqlite") as library:
        library.add(made)
        try:
            result = look_up_library(
                parts_of(library), measure=metric, by="call_type", industry=wanted,
                since=year and date(year, 1, 1), until=year and date(year, 12, 31),
            )  # fmt: skip
        except InputError:
            result = None
    team = [one for one in made if one.provenance != "pasted"]
    has_own = any(one.provenance == "own" for one in team)
    of_industry = [
        one for one in team if (one.provenance == "own") == has_own and wanted in (None, one.metadata.get("industry"))
    ]
    if wanted and not of_industry:
        assert result is None
        return
    assert result is not None
    kept = [one for one in of_industry if year is None or (one.started_at is not None and one.started_at.year == year)]
    assert result.n_calls == len(kept)
    for group in result.groups:
        mine = [one for one in kept if (one.metadata.get("call_type") or "not given") == group.name]
        won = [one for one in mine if one.outcome == "converted"]
        lost = [one for one in mine if one.outcome == "lost"]
        assert (group.n_calls, group.n_won, group.n_lost) == (len(mine), len(won), len(lost))
        assert group.won == quartiles([call_metrics(one.transcript, None)[metric] for one in won])
        assert group.lost == quartiles([call_metrics(one.transcript, None)[metric] for one in lost])
        n_closed = len(won) + len(lost)
        assert group.win_rate == (len(won) / n_closed if n_closed >= MIN_CALLS_FOR_RATE else None)


@given(n=st.integers(1, 2000), data=st.data())
def test_the_interval_is_wilsons(n: int, data: st.DataObject) -> None:
    won = data.draw(st.integers(0, n))
    expected = binomtest(won, n).proportion_ci(0.95, method="wilson")
    assert wilson(won / n, n) == pytest.approx((expected.low, expected.high), abs=1e-6)
