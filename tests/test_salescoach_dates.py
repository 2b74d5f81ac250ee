"""Dates: in UTC, inside of the calendar, and such as a call can have."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.dates import FIRST_YEAR, check_date, naive_utc
from salescoach.errors import DataError, InputError
from salescoach.library import Library
from salescoach.reading.labelled import read_calls, read_table
from salescoach.testing import make_call

EDGES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=st.none() | ZONES))
def test_every_date_is_read_or_refused_in_a_sentence(when: datetime) -> None:
    try:
        known = naive_utc(when)
    except DataError:
        assert when.tzinfo is not None
        return
    assert known.tzinfo is None
    assert known == (when if when.tzinfo is None else when.astimezone(UTC).replace(tzinfo=None))


@pytest.mark.parametrize("when", [*EDGES, "1989-12-31T23:59:59", "2999-01-01T00:00:00"])
@pytest.mark.parametrize("name", ["started_at", "outcome_at"])
def test_a_table_with_a_date_that_no_call_has_is_refused_with_its_row(tmp_path: Path, when: str, name: str) -> None:
    table = tmp_path / "calls.csv"
    rows = [("2026-03-31T14:00", "a"), (when, "b")]
    lines = [f'"Rep: Hello {said}.\nCustomer: Yes.",1,{date}' for date, said in rows]
    table.write_text("\n".join([f"call_transcript,conversion_label,{name}", *lines]))
    with pytest.raises(DataError, match=rf"row 2: {name} .*{when[:4]}") as error:
        read_calls(table)
    assert "Nothing was changed" in str(error.value)
    chosen = read_table(table.read_bytes(), table.name)
    assert len(chosen.calls) == 1
    assert name in chosen.problems[0]


def test_today_may_be_a_day_off_and_simulated_calls_may_be_ahead() -> None:
    now = datetime.now(UTC)
    check_date(None, "started_at")
    check_date(datetime(FIRST_YEAR, 1, 1), "started_at")
    check_date(now + timedelta(hours=23), "started_at")
    check_date(now + timedelta(days=900), "started_at", may_be_ahead=True)  # as where the clock is set back
    with pytest.raises(DataError, match=r"this machine's clock \(20"):
        check_date(now + timedelta(days=2), "started_at")


@pytest.mark.parametrize("when", [*map(datetime.fromisoformat, EDGES), datetime(2999, 1, 1), datetime(1900, 1, 1)])
def test_a_deal_cannot_have_ended_then(tmp_path: Path, when: datetime) -> None:
    with Library(tmp_path / "library.sqlite") as library:
        library.add([make_call("a", "Rep: Hello.", "Customer: Bye.", outcome=None)])
        for enter in (library.set_outcome, library.adopt):
            with pytest.raises(InputError, match="the end of the deal"):
                enter("a", "lost", when) if enter == library.set_outcome else enter("a", "lost", outcome_at=when)
        assert library.get("a").outcome is None


@pytest.mark.parametrize("when", EDGES)
def test_a_library_that_is_given_such_a_date_by_a_program_says_so(tmp_path: Path, when: str) -> None:
    call = make_call("a", "Rep: Hello.", "Customer: Bye.")
    with Library(tmp_path / "library.sqlite") as library:
        with pytest.raises(DataError, match="calendar"):
            library.add([call.model_copy(update={"started_at": datetime.fromisoformat(when)})])
        assert library.team_calls() == []
