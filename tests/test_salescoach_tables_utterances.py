"""Tables with a row an utterance: which calls their rows make, who speaks and when."""

import json
from pathlib import Path
from typing import Any

import pytest

from salescoach.errors import DataError
from salescoach.reading.files import read_file
from salescoach.reading.labelled import read_calls, read_table
from salescoach.reading.transcripts import read_transcript
from salescoach.types import LabelledCall
from tests.table_files import spreadsheet, workbook

Turns = list[tuple[str, str, str]]


def calls_in(text: str, name: str = "calls.csv") -> list[LabelledCall]:
    table = read_table(text.encode(), name)
    assert table.problems == ()
    assert any("Each row was read as an utterance" in note for note in table.notes)
    return list(table.calls)


def turns(call: LabelledCall) -> Turns:
    return [(turn.speaker, turn.role, turn.text) for turn in call.transcript.turns]


def times(call: LabelledCall) -> list[tuple[float | None, float | None]]:
    return [(turn.start_s, turn.end_s) for turn in call.transcript.turns]


TWO: Turns = [("Rep", "rep", "Is the roof flat?"), ("Customer", "customer", "Half of it is.")]


@pytest.mark.parametrize(
    "header",
    [
        "speaker,text",
        "Speaker,Utterance",
        "speaker_label,content",
        "Speaker Name,Transcript",
        "participantName,message",
        "Sprecher,Text",
        "locuteur,texte",
        "who,sentence",
        "role,content",
        "sender,body",
        "from,message",
    ],
)
def test_a_table_with_speaker_and_text_alone_is_one_call(header: str) -> None:
    [call] = calls_in(f"{header}\nRep,Is the roof flat?\nCustomer,Half of it is.\n")
    assert turns(call) == TWO


def test_rows_of_one_call_id_are_one_call_wherever_they_stand() -> None:
    text = (
        "Call ID;Speaker;Text\n7;Rep;Is the roof flat?\n9;Rep;Hello?\n7;Customer;Half of it is.\n9;Client;Who is it?\n"
    )
    first, second = calls_in(text)
    assert (first.call_id, turns(first)) == ("7", TWO)
    assert (second.call_id, turns(second)) == ("9", [("Rep", "rep", "Hello?"), ("Client", "customer", "Who is it?")])


def test_labels_accounts_and_dates_are_those_that_all_rows_share() -> None:
    text = (
        "conversation_id,turn,speaker,text,outcome,account_id,started_at,mood\n"
        "a,1,Rep,Is the roof flat?,Closed Won,acme,2026-03-01,calm\n"
        "a,2,Customer,Half of it is.,Closed Won,acme,2026-03-01,glad\n"
    )
    [call] = calls_in(text)
    assert (call.outcome, call.account_id, call.metadata) == ("converted", "acme", {})
    assert call.started_at is not None and call.started_at.day == 1


def test_two_outcomes_within_a_call_are_a_problem_with_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("call_id,speaker,text,outcome\na,Rep,Hi,won\na,Customer,Ho,lost\n")
    with pytest.raises(DataError, match="rows 1 to 2: the rows of one call differ in outcome"):
        read_calls(file)


def test_rows_out_of_order_are_sorted_by_their_numbers_and_that_is_said() -> None:
    [call] = calls_in("turn,speaker,text\n2,Customer,Half of it is.\n1,Rep,Is the roof flat?\n")
    assert turns(call) == TWO
    assert "The rows were not in the order of their numbers and were sorted." in call.transcript.warnings


@pytest.mark.parametrize(
    ("start", "end", "rows", "expected"),
    [
        ("start", "end", [("0.4", "1.5"), ("2", "3.25")], [(0.4, 1.5), (2, 3.25)]),
        ("start", "end", [("0,4", "1,5"), ("2", "3,25")], [(0.4, 1.5), (2, 3.25)]),
        ("start", "end", [("00:00:00.400", "00:00:01.5"), ("00:02", "0:03")], [(0.4, 1.5), (2, 3)]),
        ("start", "end", [("00:00:00:12", "00:00:01:20"), ("[00:00:02]", "[00:00:03]")], [(0, 1), (2, 3)]),
        ("start_ms", "end_ms", [("400", "1500"), ("2000", "3250")], [(0.4, 1.5), (2, 3.25)]),
        ("Start Time (ms)", "End Time (ms)", [("400", "1500"), ("2000", "3250")], [(0.4, 1.5), (2, 3.25)]),
        ("start", "end", [("400", "1500"), ("2000", "3250")], [(0.4, 1.5), (2, 3.25)]),
    ],
)
def test_times_of_all_usual_forms(start: str, end: str, rows: list[tuple[str, str]], expected: list[Any]) -> None:
    lines = [f"{start};{end};speaker;text"]
    lines += [f"{a};{b};{who};{said}" for (a, b), (who, _, said) in zip(rows, TWO, strict=True)]
    [call] = calls_in("\n".join(lines))
    assert turns(call) == TWO
    assert times(call) == expected


def test_whispers_table_has_milliseconds_and_its_labels_in_the_text() -> None:
    [call] = calls_in(
        "start\tend\ttext\n0\t1500\tRep: Is the roof flat?\n1700\t2600\tCustomer: Half of it is.\n", "a.tsv"
    )
    assert turns(call) == TWO
    assert times(call) == [(0, 1.5), (1.7, 2.6)]


def test_a_row_without_a_speaker_is_nobodys_and_is_named() -> None:
    [call] = calls_in("speaker,text\nRep,Is the roof flat?\n,Somebody coughs.\nCustomer,Half of it is.\n")
    assert turns(call)[1][:2] == ("unknown", "unknown")
    assert "Row 2 names no speaker and counts for neither side." in call.transcript.warnings


def test_a_column_for_sides_gives_the_sides() -> None:
    [call] = calls_in("name,role,text\nAnna,agent,Is the roof flat?\nBen,customer,Half of it is.\nAnna,agent,Good.\n")
    assert [turn.role for turn in call.transcript.turns] == ["rep", "customer", "rep"]


@pytest.mark.parametrize(
    "rows",
    [
        ["Rep,Is the roof flat?", "Customer,Half of it is."],
        ["00:01,Rep,Is the roof flat?", "00:04,Customer,Half of it is."],
        ["Rep: Is the roof flat?", "Customer: Half of it is."],
    ],
)
def test_without_a_header_the_cells_show_what_the_columns_hold(rows: list[str]) -> None:
    [call] = calls_in("\n".join(rows))
    assert turns(call) == TWO


def test_a_table_of_calls_with_a_column_called_speaker_stays_one() -> None:
    talk = '"Rep: Is the roof flat?\nCustomer: Half of it is."'
    table = read_table(
        f"call_id,speaker,transcript\na,Anna,{talk}\nb,Anna,{talk.replace('roof', 'wall')}\n".encode(), "x.csv"
    )
    assert [len(call.transcript) for call in table.calls] == [2, 2]


def test_other_names_of_a_call_count_where_they_recur() -> None:
    text = "conversation,created_at,author,body\n" + "".join(
        f"{call},2026-03-0{call}T10:00:0{n},{who},{said}\n" for call in (1, 2) for n, (who, _, said) in enumerate(TWO)
    )
    first, second = calls_in(text)
    assert (turns(first), turns(second), first.call_id) == (TWO, TWO, "1")


def test_a_channel_of_the_call_is_no_speaker() -> None:
    talk = '"Rep: Is the roof flat?\nCustomer: Half of it is."'
    table = read_table(f"call_id,channel,transcript,won\na,phone,{talk},yes\n".encode(), "x.csv")
    assert (turns(table.calls[0]), table.calls[0].metadata) == (TWO, {"channel": "phone"})


def test_sheets_are_a_call_each() -> None:
    rows = [["Speaker", "Text"], ["Rep", "Is the roof flat?"], ["Customer", "Half of it is."]]
    other = [["Speaker", "Text"], ["Rep", "Hello?"], ["Customer", "Who is it?"]]
    for content, name in ((workbook(A=rows, B=other), "calls.xlsx"), (spreadsheet(A=rows, B=other), "calls.ods")):
        first, second = read_table(content, name).calls
        assert turns(first) == TWO
        assert turns(second)[1] == ("Customer", "customer", "Who is it?")


def test_json_lines_of_utterances() -> None:
    rows = [{"call_id": "a", "speaker": who, "text": said} for who, _, said in TWO]
    [call] = calls_in("\n".join(map(json.dumps, rows)), "calls.jsonl")
    assert (call.call_id, turns(call)) == ("a", TWO)


def test_a_table_of_one_call_is_a_call_wherever_one_is_meant(tmp_path: Path) -> None:
    file = tmp_path / "call.tsv"
    file.write_text("speaker\ttext\nAnna\tIs the roof flat?\nBen\tHalf of it is.\n")
    read = read_transcript(file, rep="Anna")
    assert [(turn.speaker, turn.role) for turn in read.turns] == [("Anna", "rep"), ("Ben", "customer")]
    found = read_file(file.read_bytes(), file.name, rep=["Anna"])
    assert [turn.role for turn in found.calls[0].turns] == ["rep", "customer"]


def test_too_many_rows_in_one_call_are_a_sentence() -> None:
    text = "speaker,text\n" + "Rep,a\nCustomer,b\n" * 2_501
    with pytest.raises(DataError, match="5001 turns or more and at most 5000"):
        read_table(text.encode(), "calls.csv")
