"""The library: the truth about past calls. Nothing is added by halves, and a pasted call stays private."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import alembic.command
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event

from salescoach.errors import CoachError, DataError, InputError
from salescoach.library import SCHEMA_VERSION, AddReport, Library
from salescoach.library.tables import LibraryTable
from salescoach.moves.results import CallMoves
from salescoach.speech.call_metrics import call_metrics
from salescoach.speech.metric_list import METRICS_VERSION
from salescoach.testing import WordReader, make_call, make_transcript
from salescoach.types import LabelledCall, Transcript, Turn

LINES = ("Rep: Shall we start on Monday?", "Customer: Yes, please.")
SCHEMA_1 = Path(__file__).with_name("library_schema_1.sql")
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
    assert library.get("a") == rewritten.model_copy(update={"account_id": "acc"})
    assert len(library.summaries()) == 1


def test_the_same_content_twice_is_one_call_under_its_first_id(library: Library) -> None:
    report = library.add([make_call("b", *LINES), make_call("a", *LINES)])
    assert report == AddReport(added=1, unchanged=1, same_as={"b": "a"})
    assert library.add([make_call("c", *LINES, account_id="acc")]) == AddReport(updated=1, same_as={"c": "a"})
    assert list(library.past_calls()) == [make_call("a", *LINES, account_id="acc")]


def test_what_a_table_leaves_out_the_second_time_is_not_lost(library: Library) -> None:
    library.add([full_call()])
    bare = LabelledCall(
        transcript=make_transcript("Rep: Hi – „so“?\t🙂", "Customer: It's 100 %.", "?: Mm."), call_id="c-1",
        provenance="sample", metadata={"stage": "3"},
    )  # fmt: skip
    assert bare.transcript.content_hash == full_call().transcript.content_hash
    assert library.add([bare]) == AddReport(updated=1)
    assert library.get("c-1") == full_call().model_copy(update={"metadata": {"region": "süd", "stage": "3"}})


def test_times_that_come_later_are_kept(library: Library) -> None:
    untimed = make_call("a", *LINES)
    turns = tuple(
        turn.model_copy(update={"start_s": 3.0 * row, "end_s": 3.0 * row + 2})
        for row, turn in enumerate(untimed.transcript.turns)
    )
    timed = untimed.model_copy(update={"transcript": untimed.transcript.model_copy(update={"turns": turns})})
    library.add([untimed])
    assert library.add([timed]) == AddReport(updated=1)
    assert library.add([untimed]) == AddReport(unchanged=1)
    assert library.get("a") == timed
    assert library.summaries()[0].metrics == call_metrics(timed.transcript, None)


def test_an_id_of_two_calls_in_one_table_is_refused(library: Library) -> None:
    with pytest.raises(DataError, match="Two different calls have the id a"):
        library.add([make_call("n", "Rep: New."), make_call("a", *LINES), make_call("a", *OTHER)])
    assert library.team_calls() == []


def test_a_call_that_was_rewritten_makes_room_for_its_old_words(library: Library) -> None:
    library.add([make_call("b", *LINES)])
    assert library.add([make_call("a", *LINES), make_call("b", *OTHER)]) == AddReport(added=1, updated=1)
    assert list(library.past_calls()) == [make_call("a", *LINES), make_call("b", *OTHER)]


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


def test_outcome_date_owner_and_visibility(library: Library) -> None:
    when = datetime(2026, 5, 2)
    call = make_call("a", *LINES, account_id="acc").model_copy(update={"outcome_at": when, "rep_id": "r"})
    library.add([call], owner="dana")
    pasted = library.add_pasted(make_transcript(*OTHER), owner="bob")
    (summary,) = library.team_calls()
    assert (summary.outcome_at, summary.owner, summary.visibility, summary.rep_id) == (when, "dana", "team", "r")
    library.add([make_call("b", *OTHER, outcome=None)], owner="eve")
    assert {(one.call_id, one.owner) for one in library.team_calls()} == {("a", "dana"), ("b", "bob")}
    assert library.get(pasted).call_id == "b"


def test_an_open_call_of_the_team_is_listed_and_a_private_one_is_not(library: Library) -> None:
    library.add([make_call("open", *LINES, outcome=None)])
    library.add_pasted(make_transcript(*OTHER))
    assert [call.call_id for call in library.team_calls()] == ["open"]


def test_a_call_is_found_by_its_content(library: Library) -> None:
    library.add([make_call("a", *LINES)])
    assert library.find(make_transcript(*LINES)) == make_call("a", *LINES)
    assert library.find(make_transcript(*OTHER)) is None


def test_turns_that_no_other_call_has(library: Library) -> None:
    library.add([make_call("a", "Rep: Hello.", "Customer: My word is banana.", "Customer: Hello.")])
    library.add_pasted(make_transcript("Rep: Hello.", "Customer: Fine."))
    assert [turn.text for turn in library.own_turns("a")] == ["My word is banana.", "Hello."]  # another side's hello


def test_words_are_found_wherever_they_are_said(library: Library) -> None:
    library.add([make_call("a", "Rep: Take 100 % of it.", "Customer: Fine.")])
    assert library.is_said("100 % of")
    assert not library.is_said("100 _ of")


def raw_files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_deleted_call_leaves_no_byte(library: Library, tmp_path: Path) -> None:
    others = [make_call(f"c{n}", f"Rep: Number {n}. " + "word " * n, "Customer: Yes.") for n in range(60)]
    secret = make_call("secret", "Rep: Hi.", "Customer: " + "xylophone " * 400, account_id="acc-secret").model_copy(
        update={"rep_id": "rep-secret", "metadata": {"note": "xylophone"}}
    )
    library.add([*others[:30], secret, *others[30:]])
    assert b"xylophone" in raw_files(tmp_path)
    library.delete("secret")
    assert b"xylophone" not in raw_files(tmp_path)
    assert b"secret" not in raw_files(tmp_path)
    assert len(library.team_calls()) == 60
    with pytest.raises(InputError, match="'secret'"):
        library.delete("secret")


def test_a_pasted_call_is_deleted_by_its_id(library: Library, tmp_path: Path) -> None:
    library.delete(library.add_pasted(make_transcript("Rep: Do you play the xylophone?", "Customer: No.")))
    assert b"xylophone" not in raw_files(tmp_path)


def test_while_another_reads_nothing_is_deleted_as_the_log_would_keep_it(library: Library, tmp_path: Path) -> None:
    library.add([make_call("a", *LINES), make_call("b", *OTHER)])
    reader = sqlite3.connect(tmp_path / "library.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM calls").fetchall()
    with pytest.raises(CoachError, match="stop the chat"):
        library.delete("a")
    reader.close()
    assert [call.call_id for call in library.team_calls()] == ["a", "b"]
    library.delete("a")


def written_by_schema_1(file: Path) -> Path:
    connection = sqlite3.connect(file)
    connection.executescript(SCHEMA_1.read_text(encoding="utf-8"))
    connection.close()
    return file


def test_a_library_of_the_first_schema_is_brought_up_to_date_without_losing_a_row(tmp_path: Path) -> None:
    file = written_by_schema_1(tmp_path / "library.sqlite")
    turns = (
        Turn(speaker="Dana Ünal", role="rep", text="Hi – „so“?\t🙂", start_s=0.5, end_s=2.0),
        Turn(speaker="Bob", role="customer", text="It's 100 %.", start_s=2.25),
        Turn(speaker="?", role="unknown", text="Mm; he said 'no'."),
    )
    first = LabelledCall(
        transcript=Transcript(turns=turns, call_id="c-1", warnings=("One line had no speaker.",)), call_id="c-1",
        outcome="lost", account_id="acc-1", rep_id="rep-1", started_at=datetime(2026, 3, 31, 14, 5), split="test",
        metadata={"industry": "süd", "call_type": "demo"},
    )  # fmt: skip
    third = make_call("c-3", "Rep: What do you think?", "Customer: I'd have to ask.", outcome=None, account_id="acc-2")
    third = third.model_copy(update={"provenance": "sample", "rep_id": "rep-1"})
    with Library(file) as library:
        second = make_call("c-2", "Rep: Shall we start on Monday?", "Customer: Yes, please.", account_id="acc-1")
        assert list(library.past_calls()) == [first, second]
        assert library.get("c-3") == third
        assert [call.call_id for call in library.team_calls()] == ["c-1", "c-2", "c-3"]
        assert library.get("pasted-f6cd80606f").provenance == "pasted"
        assert library.team_calls()[0].metrics == call_metrics(first.transcript, None)  # measured again
        assert (library.team_calls()[0].moves_reader, library.moves_of("c-1")) == (None, None)
        library.delete("c-3")  # its account is nobody else's, its rep is
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT account_id FROM accounts").fetchall() == [("acc-1",)]
    assert connection.execute("SELECT rep_id FROM reps").fetchall() == [("rep-1",)]
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()


def test_a_migration_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written_by_schema_1(tmp_path / "library.sqlite")

    def breaks_off(*given: Any) -> None:
        upgrade(*given)
        raise KeyboardInterrupt

    upgrade = alembic.command.upgrade
    monkeypatch.setattr(alembic.command, "upgrade", breaks_off)
    with pytest.raises(KeyboardInterrupt):
        Library(file)
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM turns").fetchone() == (9,)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"calls", "turns"}
    connection.close()
    monkeypatch.undo()
    with Library(file) as library:
        assert len(library.team_calls()) == 3


@pytest.mark.parametrize("is_new", [True, False])
def test_the_migrations_make_the_tables_of_the_code(tmp_path: Path, is_new: bool) -> None:
    file = tmp_path / "library.sqlite"
    Library(file if is_new else written_by_schema_1(file)).close()
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, LibraryTable.metadata) == []
        sql = "SELECT sql FROM sqlite_master WHERE tbl_name = 'calls' AND sql IS NOT NULL"
        made = "\n".join(connection.exec_driver_sql(sql).scalars())
    engine.dispose()
    assert "CHECK (visibility IN" in made
    assert "CHECK (proposed_outcome IN" in made
    assert "CREATE UNIQUE INDEX uq_calls_team_content ON calls (content_hash) WHERE visibility = 'team'" in made


def test_many_processes_may_open_a_new_library_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from salescoach.library import Library; Library(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path / "library.sqlite")]
    processes = [subprocess.Popen(command, cwd=SCHEMA_1.parent.parent, stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate()[1] for process in processes] == [b""] * 4
    assert [process.returncode for process in processes] == [0] * 4


def test_calls_measured_by_older_definitions_are_measured_again(library: Library, tmp_path: Path) -> None:
    library.add([make_call(f"c{n:03}", f"Rep: What about {n}?", "Customer: Yes.") for n in range(250)])
    library.close()
    connection = sqlite3.connect(tmp_path / "library.sqlite")
    connection.execute("UPDATE calls SET metrics = '{}', metrics_version = 0")
    connection.commit()
    with Library(tmp_path / "library.sqlite") as again:
        assert all(call.metrics["rep_questions"] == 1 for call in again.team_calls())
    versions = connection.execute("SELECT DISTINCT metrics_version FROM calls").fetchall()
    assert versions == [(METRICS_VERSION,)]
    connection.close()


# Few ids and few contents, so that calls meet; the outcome follows from the content, so that they don't contradict.
CONTENTS = tuple((f"Rep: Question {n}?", f"Customer: Answer {n}.") for n in range(4))
CALLS = st.builds(
    lambda content, name, account, provenance: make_call(
        name, *CONTENTS[content], outcome=("converted", "lost", None)[content % 3], account_id=account
    ).model_copy(update={"provenance": provenance}),
    st.integers(0, len(CONTENTS) - 1),
    st.sampled_from("abcde"),
    st.sampled_from(["x", "y", None]),
    st.sampled_from(["own", "sample"]),
)


def state_after(tmp_path: Path, *batches: list[LabelledCall]) -> tuple[object, ...]:
    """What is in a new library after the batches; a batch that is refused changes nothing."""
    file = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
    refusals = []
    with Library(file) as library:
        for batch in batches:
            try:
                library.add(batch)
            except DataError as error:
                refusals.append(str(error))
        return tuple(refusals), tuple(library.get(call.call_id) for call in library.team_calls())


@settings(max_examples=40, deadline=None)
@given(batch=st.lists(CALLS, max_size=7), later=st.lists(CALLS, max_size=4), data=st.data())
def test_adding_is_idempotent_and_the_order_of_rows_makes_no_difference(
    tmp_path_factory: pytest.TempPathFactory, batch: list[LabelledCall], later: list[LabelledCall], data: st.DataObject
) -> None:
    tmp_path = tmp_path_factory.mktemp("orders")
    shuffled = data.draw(st.permutations(batch))
    once = state_after(tmp_path, later, batch)
    assert state_after(tmp_path, later, shuffled) == once
    refusals, calls = once
    if not refusals:
        assert state_after(tmp_path, later, batch, batch) == once
        assert len({call.transcript.content_hash for call in calls}) == len(calls)


@settings(max_examples=25, deadline=None)
@given(
    batch=st.lists(CALLS, min_size=1, max_size=6, unique_by=lambda call: call.transcript.content_hash), data=st.data()
)
def test_adding_and_deleting_a_call_is_as_if_it_had_never_been_there(
    tmp_path_factory: pytest.TempPathFactory, batch: list[LabelledCall], data: st.DataObject
) -> None:
    batch = [call.model_copy(update={"call_id": f"c{row}"}) for row, call in enumerate(batch)]
    tmp_path = tmp_path_factory.mktemp("deletions")
    gone = data.draw(st.sampled_from(batch))
    with Library(tmp_path / "library.sqlite") as library:
        library.add(batch)
        library.delete(gone.call_id)
        left = [library.get(call.call_id) for call in library.team_calls()]
    assert [call.transcript.turns for call in left] == [call.transcript.turns for call in batch if call is not gone]
    question = gone.transcript.turns[0].text.encode()
    assert question not in raw_files(tmp_path)


def test_a_full_disk_changes_nothing(library: Library, tmp_path: Path) -> None:
    library.add([make_call("a", *LINES)])
    library.close()
    small = Library(tmp_path / "library.sqlite")
    event.listen(small._engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 30"))
    small.close()  # the next connection has the limit
    many = [make_call(f"c{n}", f"Rep: {n} " + "x" * 3000, "Customer: Yes.") for n in range(60)]
    with pytest.raises(CoachError, match=r"disk is full.*nothing was changed"):
        small.add(many)
    assert list(small.past_calls()) == [make_call("a", *LINES)]
    small.close()


ADD_MANY = """
import sys
from pathlib import Path
from salescoach.library import Library
from salescoach.testing import make_call
with Library(Path(sys.argv[1])) as library:
    calls = [make_call(f"c{n:04}", f"Rep: What about {n}?", "Customer: Yes.") for n in range(600)]
    print("begun", flush=True)
    library.add(calls)
    print("done", flush=True)
"""


def adding(file: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", ADD_MANY, str(file)]
    return subprocess.Popen(command, cwd=SCHEMA_1.parent.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_processes_that_add_the_same_table_add_it_once(tmp_path: Path) -> None:
    processes = [adding(tmp_path / "library.sqlite") for _ in range(2)]
    assert [process.communicate() for process in processes] == [(b"begun\ndone\n", b"")] * 2
    with Library(tmp_path / "library.sqlite") as library:
        assert len(library.team_calls()) == 600


@pytest.mark.parametrize("wait_s", [0.0, 0.05, 0.2, 0.5])
def test_a_process_that_is_killed_has_added_all_calls_or_none(tmp_path: Path, wait_s: float) -> None:
    process = adding(tmp_path / "library.sqlite")
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    time.sleep(wait_s)
    process.kill()
    out = process.communicate()[0]
    with Library(tmp_path / "library.sqlite") as library:
        n_calls = len(library.team_calls())
        assert n_calls in ((600,) if out else (0, 600))
        library.add([make_call("after", *LINES)])
        assert len(library.team_calls()) == n_calls + 1


def test_a_pasted_call_is_adopted_under_its_id(library: Library) -> None:
    call_id = library.add_pasted(make_transcript(*LINES))
    when = datetime(2026, 3, 31)
    assert library.adopt(call_id, "converted", account_id="acc", outcome_at=when, by="dana") == call_id
    (summary,) = library.summaries()
    assert (summary.call_id, summary.provenance, summary.visibility) == (call_id, "own", "team")
    assert (summary.outcome, summary.outcome_at, summary.account_id) == ("converted", when, "acc")
    assert summary.outcome_entered_by == "dana"
    assert summary.outcome_entered_at is not None
    assert library.add_pasted(make_transcript(*LINES)) == call_id
    assert library.adopt(call_id) == call_id  # again, without saying anything new
    assert library.summaries() == [summary]
    later = make_call("crm-7", *LINES, outcome="converted", account_id="acc")
    assert library.add([later]).same_as == {"crm-7": call_id}
    assert library.summaries()[0].outcome_entered_by == "dana"


def test_an_open_adopted_call_is_the_teams_and_no_past_call(library: Library) -> None:
    call_id = library.adopt(library.add_pasted(make_transcript(*LINES)))
    assert library.summaries() == []
    assert [one.call_id for one in library.team_calls()] == [call_id]
    assert library.own_calls().n == 0


def test_an_outcome_is_entered_corrected_and_opened_again(library: Library) -> None:
    library.add([make_call("a", *LINES, outcome=None)])
    assert library.set_outcome("a", "lost", datetime(2026, 1, 2), by="kim") is None
    assert library.set_outcome("a", "converted") == "lost"
    assert (library.own_calls().n_converted, library.own_calls().n_lost) == (1, 0)
    assert library.set_outcome("a", None, datetime(2026, 1, 2)) == "converted"
    (call,) = library.team_calls()
    assert (call.outcome, call.outcome_at) == (None, None)
    library.add([make_call("a", *LINES, outcome="lost")])  # an open deal contradicts nothing
    assert library.get("a").outcome == "lost"


def test_a_private_call_with_an_outcome_stays_private(library: Library) -> None:
    call_id = library.add_pasted(make_transcript(*LINES))
    library.set_outcome(call_id, "converted")
    assert library.get(call_id).outcome == "converted"
    assert (library.summaries(), library.own_calls().n) == ([], 0)


def test_a_sample_call_keeps_its_outcome(library: Library) -> None:
    library.add([make_call("s", *LINES).model_copy(update={"provenance": "sample"})])
    for change in (lambda: library.set_outcome("s", "lost"), lambda: library.adopt("s", "lost")):
        with pytest.raises(InputError, match="example call"):
            change()
    assert library.get("s").outcome == "converted"
    with pytest.raises(InputError, match="no call"):
        library.set_outcome("nowhere", "lost")


def read_by(library: Library) -> dict[str, str | None]:
    return {call.call_id: call.moves_reader for call in library.team_calls()}


CONCERNED = ("Rep: What do you think?", "Customer: It's expensive.", "Rep: I see.", "Customer: Agreed, then.")


def test_the_team_s_calls_are_read_once_by_a_reader_and_measured_by_it(library: Library) -> None:
    call = make_call("a", *CONCERNED)
    private = make_call("p", "Rep: Hi.", "Customer: Too expensive.", outcome=None)
    library.add([call, private.model_copy(update={"provenance": "pasted"})])
    (before,) = library.summaries()
    assert (before.moves_reader, before.metrics["objections"], library.moves_of("a")) == (None, None, None)
    reader, told = WordReader(), []
    assert library.read_moves(reader, lambda *what: told.append(what)) == 1
    (after,) = library.summaries()
    assert after.moves_reader == "word-reader"
    assert after.metrics == call_metrics(call.transcript, reader.read(call.transcript))
    assert after.metrics["objections"] == 1
    assert library.moves_of("a") == reader.read(call.transcript)
    assert library.moves_of("p") is None
    assert told[-1][1:] == (1, 1)
    n_read = reader.n_read
    assert (library.read_moves(reader), reader.n_read) == (0, n_read)
    assert library.read_moves(WordReader("another")) == 1
    assert read_by(library) == {"a": "another"}


def test_reading_goes_on_where_it_was_interrupted(library: Library) -> None:
    library.add([make_call(f"c{n}", f"Rep: What about {n}?", "Customer: Expensive.") for n in range(5)])

    class Interrupted(WordReader):
        def read(self, transcript: Transcript) -> CallMoves:
            if self.n_read == 2:
                raise KeyboardInterrupt
            return super().read(transcript)

    with pytest.raises(KeyboardInterrupt):
        library.read_moves(Interrupted())
    assert list(read_by(library).values()) == ["word-reader"] * 2 + [None] * 3
    reader = WordReader()
    assert (library.read_moves(reader), reader.n_read) == (3, 3)
    assert set(read_by(library).values()) == {"word-reader"}


def test_only_the_calls_that_are_asked_for_are_read(library: Library) -> None:
    library.add([make_call(name, f"Rep: About {name}?", "Customer: Expensive.") for name in "ab"])
    assert library.read_moves(WordReader(), only=["b", "gone"]) == 1
    assert read_by(library) == {"a": None, "b": "word-reader"}


def test_a_call_that_is_changed_or_deleted_while_it_is_read_keeps_nothing_of_that(library: Library) -> None:
    library.add([make_call(name, f"Rep: About {name}?", "Customer: Expensive.") for name in "ab"])

    class Slow(WordReader):
        def read(self, transcript: Transcript) -> CallMoves:
            if transcript.call_id == "a":
                library.delete("a")
            else:
                library.add([make_call("b", "Rep: Something else?", "Customer: No.")])
            return super().read(transcript)

    library.read_moves(Slow())
    assert read_by(library) == {"b": None}


def test_what_was_read_stays_with_the_same_words_and_goes_with_others(library: Library) -> None:
    call = make_call("a", *CONCERNED, outcome=None)
    library.add([call])
    library.read_moves(WordReader())
    library.add([call.model_copy(update={"outcome": "lost"})])
    (known,) = library.summaries()
    assert (known.moves_reader, known.metrics["objections"]) == ("word-reader", 1)
    library.add([make_call("a", *CONCERNED, "Rep: Bye.", outcome="lost")])
    (rewritten,) = library.summaries()
    assert (rewritten.moves_reader, rewritten.metrics["objections"], library.moves_of("a")) == (None, None, None)


def test_new_definitions_are_measured_from_what_is_kept(library: Library, tmp_path: Path) -> None:
    call = make_call("a", *CONCERNED)
    library.add([call])
    library.read_moves(WordReader())
    before = library.summaries()
    library.close()
    connection = sqlite3.connect(tmp_path / "library.sqlite")
    connection.execute("UPDATE calls SET metrics = '{}', metrics_version = 0")
    connection.commit()
    connection.close()
    with Library(tmp_path / "library.sqlite") as again:
        assert again.summaries() == before


def test_deleting_a_call_deletes_what_was_read(library: Library, tmp_path: Path) -> None:
    library.add([make_call("a", *CONCERNED), make_call("b", "Rep: Hi.", "Customer: Hello.")])
    library.read_moves(WordReader())
    library.delete("a")
    with pytest.raises(InputError):
        library.moves_of("a")
    library.close()
    assert b"It's expensive." not in (tmp_path / "library.sqlite").read_bytes()
