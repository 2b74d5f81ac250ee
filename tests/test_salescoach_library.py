"""The library: the truth about past calls. Nothing is added by halves, and a pasted call stays private."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from salescoach.errors import CoachError, DataError, InputError
from salescoach.library import SCHEMA_VERSION, AddReport, Library
from salescoach.testing import make_call, make_transcript
from salescoach.types import LabelledCall, Transcript, Turn

LINES = ("Rep: Shall we start on Monday?", "Customer: Yes, please.")
OTHER = ("Rep: What do you think?", "Customer: No, thank you.")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path / "library.sqlite")
    yield library
    library.close()


def full_call() -> LabelledCall:
    turns = (
        Turn(speaker="Dana Ünal", role="rep", text="Hi – „so“?\t🙂", start_s=0.5, end_s=2.0),
        Turn(speaker="Bob", role="customer", text="It's 100 %.", start_s=2.25),
        Turn(speaker="?", role="unknown", text="Mm."),
    )
    return LabelledCall(
        transcript=Transcript(turns=turns, call_id="c-1", warnings=("One line had no speaker.",)),
        call_id="c-1",
        outcome="lost",
        account_id="acc",
        rep_id="rep",
        started_at=datetime(2026, 3, 31, 14, 5),
        split="test",
        provenance="sample",
        metadata={"region": "süd", "stage": "2"},
    )


def test_what_comes_out_is_what_went_in(library: Library, tmp_path: Path) -> None:
    library.add([full_call()])
    assert library.get("c-1") == full_call()
    library.close()
    again = Library(tmp_path / "library.sqlite")
    assert again.get("c-1") == full_call()
    assert list(again.past_calls()) == [full_call()]
    again.close()


def test_a_time_with_a_zone_is_the_same_moment_afterwards(library: Library) -> None:
    there = datetime(2026, 3, 31, 14, 5, tzinfo=timezone(timedelta(hours=2)))
    call = make_call("a", *LINES).model_copy(update={"started_at": there})
    assert library.add([call]).added == 1
    back = library.get("a").started_at
    assert back is not None
    assert back.replace(tzinfo=UTC) == there
    assert library.add([call]) == AddReport(unchanged=1)


def test_adding_again_changes_nothing_and_other_facts_are_updated(library: Library) -> None:
    call = make_call("a", *LINES, outcome=None)
    assert library.add([call]) == AddReport(added=1)
    assert library.add([call]) == AddReport(unchanged=1)
    won = call.model_copy(update={"outcome": "converted", "account_id": "acc"})
    assert library.add([won]) == AddReport(updated=1)
    assert library.get("a") == won
    rewritten = make_call("a", *OTHER)
    assert library.add([rewritten]) == AddReport(updated=1)
    assert library.get("a") == rewritten
    assert len(library.summaries()) == 1


def test_the_same_content_twice_is_one_call(library: Library) -> None:
    report = library.add([make_call("a", *LINES), make_call("b", *LINES)])
    assert report.added == 1
    assert len(list(library.past_calls())) == 1
    library.add([make_call("c", *LINES)])
    assert len(library.summaries()) == 1


@pytest.mark.parametrize("at_once", [True, False])
def test_another_outcome_of_the_same_call_is_refused_and_nothing_is_written(library: Library, at_once: bool) -> None:
    first, contradiction = make_call("a", *LINES), make_call("b", *LINES, outcome="lost")
    new = make_call("n", *OTHER)
    if not at_once:
        library.add([first])
    with pytest.raises(DataError, match=r"Call b is lost.* as a with the outcome converted"):
        library.add([new, first, contradiction] if at_once else [new, contradiction])
    assert [call.call_id for call in library.past_calls()] == ([] if at_once else ["a"])


def test_an_id_that_would_name_two_calls_is_refused_and_nothing_is_written(library: Library) -> None:
    library.add([make_call("a", *LINES), make_call("b", *OTHER)])
    with pytest.raises(DataError, match=r"a.*b"):
        library.add([make_call("n", "Rep: New.", "Customer: Yes."), make_call("a", *OTHER)])
    assert list(library.past_calls()) == [make_call("a", *LINES), make_call("b", *OTHER)]


def test_a_pasted_call_is_found_by_its_id_only(library: Library) -> None:
    pasted = library.add_pasted(make_transcript(*LINES))
    assert library.get(pasted).transcript.turns == make_transcript(*LINES).turns
    assert library.get(pasted).provenance == "pasted"
    assert library.summaries() == []
    assert list(library.past_calls()) == []
    assert library.add_pasted(make_transcript(*LINES)) == pasted


def test_pasting_a_past_call_gives_its_id_and_leaves_it_as_it_is(library: Library) -> None:
    library.add([make_call("a", *LINES)])
    assert library.add_pasted(make_transcript(*LINES)) == "a"
    assert list(library.past_calls()) == [make_call("a", *LINES)]


def test_a_pasted_call_that_is_added_later_is_past_and_found_under_both_ids(library: Library) -> None:
    pasted = library.add_pasted(make_transcript(*LINES))
    assert library.add([make_call("a", *LINES)]) == AddReport(updated=1)
    assert [call.call_id for call in library.past_calls()] == ["a"]
    assert library.get(pasted) == library.get("a")  # a conversation about the pasted call goes on


def test_an_open_deal_is_neither_won_nor_lost(library: Library) -> None:
    library.add([make_call("open", *LINES, outcome=None), make_call("won", *OTHER)])
    assert [call.call_id for call in library.past_calls()] == ["won"]
    assert [summary.call_id for summary in library.summaries()] == ["won"]
    assert library.get("open").outcome is None


def test_summaries_are_by_outcome_and_know_the_call_without_its_text(library: Library) -> None:
    library.add([make_call("w", *LINES), make_call("l", *OTHER, outcome="lost", account_id="acc")])
    (lost,) = library.summaries("lost")
    assert (lost.call_id, lost.outcome, lost.n_turns, lost.account_id) == ("l", "lost", 2, "acc")
    assert lost.metrics
    assert "thank you" not in lost.model_dump_json()
    assert [summary.call_id for summary in library.summaries()] == ["l", "w"]


def test_many_calls_are_read_in_order_and_whole(library: Library) -> None:
    calls = [make_call(f"c{number:04}", f"Rep: This is {number}.", "Customer: Yes.") for number in range(450)]
    library.add(calls[::-1])
    assert list(library.past_calls()) == calls  # more than are read at once


def test_an_unknown_id_is_named(library: Library) -> None:
    with pytest.raises(InputError, match="'nobody'"):
        library.get("nobody")
    with pytest.raises(InputError, match="'pasted-'"):
        library.get("pasted-")


@pytest.mark.parametrize("content", [b"this is no database, but long enough to look like a file\n" * 200, b"\0" * 8192])
def test_a_file_that_is_no_library_is_an_error_of_ours(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "library.sqlite"
    file.write_bytes(content)
    with pytest.raises(CoachError, match=f"{file}.*restore it or move it away"):
        Library(file)
    assert file.read_bytes() == content


def test_a_library_that_is_damaged_while_open_is_an_error_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    library = Library(file)
    library.add([make_call(f"c{number}", f"Rep: {number} " + "x" * 500, "Customer: Yes.") for number in range(100)])
    library.close()  # the write-ahead log is now in the file
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(CoachError):
        damaged = Library(file)
        try:
            list(damaged.past_calls())
        finally:
            damaged.close()


def test_a_library_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "library.sqlite"
    Library(file).close()
    connection = sqlite3.connect(file)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(CoachError, match=rf"newer Sales Coach \(schema {SCHEMA_VERSION + 1}\)"):
        Library(file)
