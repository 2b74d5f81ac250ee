"""Labelled calls from files: the same calls from every format, and one sentence for whatever is wrong."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salescoach.errors import CoachError, DataError
from salescoach.reading.labelled import is_table, read_calls, read_table
from tests.effort import effort

ONE = "Rep: Shall we start on Monday?\nCustomer: Yes, send the contract."
TWO = "Rep: What do you think?\nCustomer: It is too dear, and we don't need it."
HEADER = "call_transcript,conversion_label\n"
ROWS: list[dict[str, Any]] = [
    {"call_transcript": ONE, "conversion_label": 1, "call_id": "a", "account_id": "acc-1", "region": "north"},
    {"call_transcript": TWO, "conversion_label": 0, "call_id": "b", "account_id": "acc-2", "region": "süd"},
]


def write_csv(file: Path, rows: list[dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with file.open("w", newline="", encoding=encoding) as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return file


def write_jsonl(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def write_parquet(file: Path, rows: list[dict[str, Any]]) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    return file


def two_rows(**second: Any) -> list[dict[str, Any]]:
    """Two good rows, the second with other values."""
    return [ROWS[0], ROWS[1] | second]


def test_every_format_gives_the_same_calls(tmp_path: Path) -> None:
    calls = read_calls(write_csv(tmp_path / "calls.csv", ROWS))
    assert [call.call_id for call in calls] == ["a", "b"]
    assert [call.outcome for call in calls] == ["converted", "lost"]
    assert [call.account_id for call in calls] == ["acc-1", "acc-2"]
    assert [call.metadata for call in calls] == [{"region": "north"}, {"region": "süd"}]
    assert [turn.role for turn in calls[0].transcript.turns] == ["rep", "customer"]
    assert all(call.transcript.call_id == call.call_id for call in calls)
    assert read_calls(write_jsonl(tmp_path / "calls.jsonl", ROWS)) == calls
    assert read_calls(write_parquet(tmp_path / "calls.parquet", ROWS)) == calls
    floats = [row | {"conversion_label": float(row["conversion_label"])} for row in ROWS]
    assert read_calls(write_parquet(tmp_path / "floats.parquet", floats)) == calls
    booleans = [row | {"conversion_label": bool(row["conversion_label"])} for row in ROWS]
    assert read_calls(write_jsonl(tmp_path / "booleans.jsonl", booleans)) == calls


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_usual_delimiters_are_read(tmp_path: Path, delimiter: str) -> None:
    calls = read_calls(write_csv(tmp_path / "calls.csv", ROWS))
    assert read_calls(write_csv(tmp_path / "other.csv", ROWS, delimiter)) == calls


def test_an_unusual_delimiter_is_refused_with_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"needs the columns.*found are: call_transcript:conversion_label"):
        read_calls(write_csv(tmp_path / "calls.csv", ROWS, ":"))


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    calls = read_calls(write_csv(tmp_path / "calls.csv", ROWS))
    assert read_calls(write_csv(tmp_path / "bom.csv", ROWS, encoding="utf-8-sig")) == calls
    with_mark = tmp_path / "bom.jsonl"
    with_mark.write_bytes(b"\xef\xbb\xbf" + write_jsonl(tmp_path / "calls.jsonl", ROWS).read_bytes())
    assert read_calls(with_mark) == calls


def test_a_long_cell_is_read_whole(tmp_path: Path) -> None:
    sides = ("Customer", "Rep")
    text = "\n".join(f"{sides[row % 2]}: This is turn number {row} of a long call." for row in range(4000))
    assert len(text) > 131_072  # where Python's csv stops by default
    (call, _) = read_calls(write_csv(tmp_path / "calls.csv", [ROWS[0] | {"call_transcript": text}, ROWS[1]]))
    assert len(call.transcript) == 4000
    assert call.transcript.turns[-1].text.startswith("This is turn number 3999")


def test_times_and_splits_are_read(tmp_path: Path) -> None:
    rows = [row | {"started_at": "2026-03-31T14:00", "split": "train"} for row in ROWS]
    calls = read_calls(write_csv(tmp_path / "calls.csv", rows))
    assert {call.started_at for call in calls} == {datetime(2026, 3, 31, 14)}
    assert {call.split for call in calls} == {"train"}
    typed = [row | {"started_at": datetime(2026, 3, 31, 14)} for row in rows]
    assert read_calls(write_parquet(tmp_path / "calls.parquet", typed)) == calls


def test_a_call_without_an_id_gets_one_from_its_content(tmp_path: Path) -> None:
    rows = [{"call_transcript": row["call_transcript"], "conversion_label": row["conversion_label"]} for row in ROWS]
    there = read_calls(write_csv(tmp_path / "calls.csv", rows))
    back = read_calls(write_csv(tmp_path / "back.csv", rows[::-1]))
    assert [call.call_id for call in there] == [call.call_id for call in back[::-1]]
    assert len({call.call_id for call in there}) == 2


@pytest.mark.parametrize("label", ["maybe", "2", "", "-1", "nan", "Won by them"])
def test_a_label_that_isnt_1_or_0_is_refused_by_row(tmp_path: Path, label: str) -> None:
    with pytest.raises(DataError, match=rf"row 2: .*1 \(converted\) or 0 \(lost\), not '{label}'.*Nothing was changed"):
        read_calls(write_csv(tmp_path / "calls.csv", two_rows(conversion_label=label)))


def test_where_labels_arent_needed_an_empty_one_is_an_open_deal(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "calls.csv", two_rows(conversion_label=""))
    assert [call.outcome for call in read_calls(file, need_labels=False)] == ["converted", None]
    with pytest.raises(DataError, match="row 2"):
        read_calls(write_csv(file, two_rows(conversion_label="maybe")), need_labels=False)
    (tmp_path / "texts.csv").write_text(f'call_transcript\n"{ONE}"\n')
    assert [call.outcome for call in read_calls(tmp_path / "texts.csv", need_labels=False)] == [None]


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_an_empty_transcript_is_refused_by_row(tmp_path: Path, text: str) -> None:
    for file in (
        write_csv(tmp_path / "calls.csv", two_rows(call_transcript=text)),
        write_jsonl(tmp_path / "calls.jsonl", two_rows(call_transcript=text)),
        write_parquet(tmp_path / "calls.parquet", two_rows(call_transcript=text or None)),
    ):
        with pytest.raises(DataError, match="row 2: "):
            read_calls(file)


def test_a_date_that_is_none_is_refused_by_row(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 1: started_at must be an ISO date.*'next week'"):
        read_calls(write_csv(tmp_path / "calls.csv", [row | {"started_at": "next week"} for row in ROWS]))


def test_rows_are_counted_with_the_blank_ones(tmp_path: Path) -> None:
    blank = dict.fromkeys(ROWS[0], "")
    good = read_calls(write_csv(tmp_path / "calls.csv", [ROWS[0], blank, ROWS[1]]))
    assert len(good) == 2
    rows = [ROWS[0], blank, blank, ROWS[1] | {"conversion_label": "maybe"}]
    with pytest.raises(DataError, match="row 4: "):
        read_calls(write_csv(tmp_path / "calls.csv", rows))


def test_one_call_id_for_two_calls_is_refused_by_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rows 1 and 2 share the call_id a"):
        read_calls(write_csv(tmp_path / "calls.csv", two_rows(call_id="a")))


def test_two_outcomes_of_one_call_are_refused_by_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="rows 1 and 2 are the same call with different labels"):
        read_calls(write_csv(tmp_path / "calls.csv", two_rows(call_transcript=ONE)))


def test_the_same_call_twice_is_one_call(tmp_path: Path) -> None:
    (call,) = read_calls(write_csv(tmp_path / "calls.csv", [ROWS[0], ROWS[0]]))
    assert call.call_id == "a"


def test_many_bad_rows_are_counted_and_three_are_named(tmp_path: Path) -> None:
    rows = [ROWS[0] | {"conversion_label": "x", "call_id": str(number)} for number in range(7)]
    with pytest.raises(DataError, match=r"row 1: .*row 2: .*row 3: .*and 4 more") as caught:
        read_calls(write_csv(tmp_path / "calls.csv", rows))
    assert "row 4" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f'{HEADER}"{ONE}",1\n"Rep: never closed,0\n"{TWO}",0\n', "quote left open"),
        (f'{HEADER}"{ONE}",1\n"{TWO}",0,extra\n', "row 2: 3 cells where the header has 2"),
        (f'{HEADER}"{ONE}"\n', "row 1: 1 cells where the header has 2"),
        (f'call_transcript,conversion_label,call_transcript\n"{ONE}",1,"{TWO}"\n', "call_transcript twice"),
        (f'words,mark\n"{ONE}",1\n', r"needs the columns call_transcript and conversion_label.*found are: words, mark"),
        (f'call_transcript,mark\n"{ONE}",1\n', r"needs the columns .*found are: call_transcript, mark"),
        (HEADER, "holds no calls"),
        ("", "found are: none"),
        ("\n\n", "needs the columns"),
    ],
)
def test_a_broken_table_is_refused_in_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "calls.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_calls(file)
    assert "calls.csv" in str(caught.value)
    assert "\n" not in str(caught.value).strip()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, 2]\n", "expected a JSON object, found list"),
        ("{not json}\n", "line 1: not a JSON object"),
        ("[" * 100_000 + "\n", "line 1: not a JSON object"),
        ('{"call_transcript": ' + "9" * 5000 + "}\n", "line 1: not a JSON object"),
        ('{"call_transcript": "Rep: a", "conversion_label": 1, "conversion_label": 0}\n', "line 1.*label.*twice"),
        ('{"call_transcript": "Rep: a\\nCustomer: b", "conversion_label": NaN}\n', "row 1: .*not 'nan'"),
        ('{"conversion_label": 1}\n', "needs the columns"),
        ("\n", "needs the columns"),
    ],
)
def test_broken_json_lines_are_refused(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_calls(file)


def test_a_half_character_reaches_nobody(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    row = ROWS[0] | {"call_id": "a\ud800", "region": "\udfff", "call_transcript": ONE + "\ud83d"}
    file.write_text(json.dumps(row) + "\n", encoding="ascii")
    (call,) = read_calls(file)
    call.model_dump_json().encode("utf-8")


@pytest.mark.parametrize("name", ["calls.csv", "calls.jsonl"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_table_that_isnt_utf_8_is_read_and_a_guess_is_said(tmp_path: Path, name: str, encoding: str) -> None:
    file = tmp_path / name
    row = {"call_transcript": TWO.replace("too dear", "überflüssig"), "conversion_label": 1}
    text = json.dumps(row, ensure_ascii=False) if name.endswith("jsonl") else f'{HEADER}"{row["call_transcript"]}",1\n'
    file.write_bytes(text.encode(encoding))
    notes: list[str] = []
    (call,) = read_calls(file, tell=notes.append)
    assert call.transcript.turns[1].text.startswith("It is überflüssig")
    assert any("Windows-1252" in note for note in notes) == (encoding == "latin-1")


def test_a_file_that_isnt_there_is_named(tmp_path: Path) -> None:
    for file in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError, match=f"no file {file}"):
            read_calls(file)


def test_only_tables_are_tables() -> None:
    assert all(is_table(Path(name)) for name in ("a.csv", "a.JSONL", "a.parquet"))
    assert not any(is_table(Path(name)) for name in ("a.txt", "csv"))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), head=st.sampled_from([b"", HEADER.encode(), b"\xef\xbb\xbf" + HEADER.encode()]))
@pytest.mark.parametrize("name", ["calls.csv", "calls.jsonl", "calls.parquet"])
def test_whatever_bytes_come_the_answer_is_calls_or_an_error_of_ours(
    tmp_path: Path, name: str, content: bytes, head: bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(head + content)
    try:
        assert read_calls(file, need_labels=False)
    except CoachError as error:
        assert str(error)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), value=st.integers(0, 255), keep=st.floats(0, 1))
def test_a_damaged_parquet_file_is_an_error_of_ours(tmp_path: Path, place: int, value: int, keep: float) -> None:
    file = tmp_path / "calls.parquet"
    if not file.exists():
        write_parquet(file, ROWS)
    content = bytearray(file.read_bytes())
    content[place % len(content)] = value
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(content if keep > 0.3 else content[: int(len(content) * keep * 3)])
    try:
        assert read_calls(damaged, need_labels=False)
    except CoachError as error:
        assert str(error)


def table_of(columns: list[str], *rows: list[str]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([columns, *rows])
    return file.getvalue().encode()


@pytest.mark.parametrize("column", ["call_transcript", "Transcript", "text", "Call Text", "conversation"])
def test_a_table_to_choose_from_needs_a_transcript_alone(column: str) -> None:
    table = read_table(table_of(["note", column], ["first", ONE], ["", ""], ["second", TWO]), "../calls.csv")
    assert [call.transcript.turns[1].text for call in table.calls] == [
        "Yes, send the contract.",
        "It is too dear, and we don't need it.",
    ]
    assert [call.metadata for call in table.calls] == [{"note": "first"}, {"note": "second"}]
    assert (table.calls[0].outcome, table.problems) == (None, ())


def test_rows_that_cannot_be_read_are_named_and_left_out() -> None:
    content = table_of(
        ["call_id", "call_transcript", "conversion_label"], ["a", ONE, "1"], ["b", "", "0"], ["c", TWO, "perhaps"]
    )
    table = read_table(content, "calls.csv")
    assert [(call.call_id, call.outcome) for call in table.calls] == [("a", "converted")]
    assert [problem.split(":")[0] for problem in table.problems] == ["row 2", "row 3"]


def test_jsonl_and_parquet_are_tables_to_choose_from_too(tmp_path: Path) -> None:
    lines = json.dumps({"transcript": ONE}) + "\n" + json.dumps({"transcript": TWO}) + "\n"
    assert len(read_table(lines.encode(), "calls.jsonl").calls) == 2
    pyarrow.parquet.write_table(pyarrow.table({"call_transcript": [ONE, TWO]}), tmp_path / "calls.parquet")
    assert len(read_table((tmp_path / "calls.parquet").read_bytes(), "calls.parquet").calls) == 2


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "calls.csv", "the columns found are: none"),
        (table_of(["id", "label"], ["1", "1"]), "calls.csv", "needs a column call_transcript"),
        (table_of(["text", "call"], [ONE, "7"]), "calls.csv", "text and call could both be it"),
        (table_of(["text"], *([[ONE]] * 5_000)), "calls.csv", "more than 1,000 calls"),
        (table_of(["text"], [""]), "calls.csv", "holds no call"),
        (b"%PDF-1.7\n1 0 obj", "calls.csv", "is a PDF, not a table"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "calls.xls", "save it as .xlsx or CSV"),
        (b'text\n"Rep: open', "calls.csv", "quote"),
        (b"PAR1", "calls.parquet", "no readable Parquet file"),
        (b"no json", "calls.jsonl", "line 1"),
    ],
)
def test_what_is_no_table_of_calls_is_one_sentence(content: bytes, name: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as error:
        read_table(content, name)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("calls.")


def test_without_labels_only_the_transcript_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("words\nhello\n")
    with pytest.raises(
        DataError, match="needs a column call_transcript with a call in each row, or the columns speaker"
    ):
        read_calls(file, need_labels=False)


@pytest.mark.parametrize("need_labels", [True, False])
def test_a_table_most_of_whose_calls_are_one_turn_is_refused(tmp_path: Path, need_labels: bool) -> None:
    lost = "Shall we start on Monday? Yes, send the contract."
    rows = [row | {"call_transcript": f"{lost} {n}", "call_id": str(n)} for n, row in enumerate([*ROWS, ROWS[0]])]
    with pytest.raises(
        DataError, match=r"3 of its 3 calls are one turn each, such as that in row 1.*Nothing was changed"
    ):
        read_calls(write_csv(tmp_path / "calls.csv", rows), need_labels=need_labels)
    notes: list[str] = []
    calls = read_calls(write_csv(tmp_path / "calls.csv", [*ROWS, rows[2]]), need_labels=need_labels, tell=notes.append)
    assert len(calls) == 3
    assert notes == ["Row 3 holds one turn only; were line breaks or speakers lost?"]


def test_a_row_over_a_limit_is_a_problem_of_that_row(tmp_path: Path) -> None:
    long = "Rep: " + "word " * 4_000
    many = "Rep: a\n" * 5_001
    table = read_table(table_of(["call_id", "text"], ["a", long], ["b", ONE], ["c", many]), "calls.csv")
    assert [call.call_id for call in table.calls] == ["b"]
    assert table.problems[0].startswith("row 1: Line 1 has 20,004 characters and at most 20,000")
    assert table.problems[1].startswith("row 3: The text has 5001 turns or more")
    lines = "".join(json.dumps({"text": text}) + "\n" for text in (long, ONE, many))
    again = read_table(lines.encode(), "calls.jsonl")
    assert (len(again.calls), again.problems) == (1, table.problems)
    file = write_csv(
        tmp_path / "calls.csv", [{"call_transcript": text, "conversion_label": "1"} for text in (ONE, long)]
    )
    with pytest.raises(DataError, match=r"calls\.csv can't be used: row 2: Line 1 has .* Nothing was changed"):
        read_calls(file)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"a," * 300_000 + b"b\n", "calls.csv", r"needs .*call_transcript"),
        (b"call_transcript,conversion_label," + b"a," * 300_000 + b"b\n", "calls.csv", "the column a twice"),
        (
            b"call_transcript,conversion_label," + b",".join(b"%d" % n for n in range(150_000)) + b",149998\n",
            "calls.csv",
            "the column 149998 twice",
        ),
        (
            b"{" + b",".join(b'"%d": 1' % n for n in [*range(100_000), 99_998]) + b"}\n",
            "calls.jsonl",
            "99998 is there twice",
        ),
    ],
)
def test_a_table_of_a_great_many_columns_is_refused_at_once(
    content: bytes, name: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    def read() -> None:
        with pytest.raises(DataError, match=said) as error:
            read_calls(file)
        assert len(str(error.value)) < 400

    assert effort(read, 30) < 30
