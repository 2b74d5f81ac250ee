"""The forms of tables: delimiters, quotes, encodings, headers, workbooks and spreadsheets; all give the same calls."""

import csv
import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from salescoach.errors import CoachError, DataError
from salescoach.reading import archives
from salescoach.reading.files import read_file
from salescoach.reading.labelled import CallTable, read_calls, read_table
from tests.effort import effort
from tests.table_files import archive, spreadsheet, word, workbook

ASKED = "Rep: Is the ladder insured?\nCustomer: Not yet; quote it."
REFUSED = "Rep: Shall I send the form?\nCustomer: No, we chose “Nordhaus”."
HEADER = ["call_id", "call_transcript", "conversion_label"]
ROWS = [["l1", ASKED, "1"], ["l2", REFUSED, "0"]]


def delimited(delimiter: str, rows: list[list[str]] | None = None) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([HEADER, *(rows or ROWS)])
    return text.getvalue()


def read(content: str | bytes, name: str = "calls.csv") -> CallTable:
    return read_table(content.encode() if isinstance(content, str) else content, name)


def assert_both(table: CallTable) -> None:
    assert [(call.call_id, call.outcome) for call in table.calls] == [("l1", "converted"), ("l2", "lost")]
    assert [[turn.text for turn in call.transcript.turns] for call in table.calls] == [
        ["Is the ladder insured?", "Not yet; quote it."],
        ["Shall I send the form?", "No, we chose “Nordhaus”."],
    ]
    assert table.problems == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("sep", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_delimiters_sep_lines_and_encodings(delimiter: str, sep: bool, encoding: str) -> None:
    first = f"sep={delimiter}\r\n" if sep else ""
    table = read((first + delimited(delimiter)).encode(encoding))
    assert_both(table)
    assert any("Windows-1252" in note for note in table.notes) == (encoding == "cp1252")


@pytest.mark.parametrize("first", ["SEP=;\n", '"sep=;"\n', "sep=; \r\n"])
def test_spellings_of_the_sep_line(first: str) -> None:
    assert_both(read(first + delimited(";")))


def test_a_sep_line_may_name_what_nobody_would_guess() -> None:
    assert_both(read("sep=^\n" + delimited("^")))


def test_excel_for_mac_and_line_ends_of_old() -> None:
    text = 'call_id,call_transcript\rl1,"Rep: Süße Grüße für Jörg?\rCustomer: Für später."\r'
    table = read(text.encode("mac_roman"))
    assert [turn.text for turn in table.calls[0].transcript.turns] == ["Süße Grüße für Jörg?", "Für später."]
    assert any("Mac Roman" in note for note in table.notes)


def test_utf_16_without_a_mark() -> None:
    assert_both(read(delimited("\t").encode("utf-16-le")))
    assert_both(read(delimited("\t").encode("utf-16-be")))


def test_utf_8_with_a_few_bad_bytes_is_not_read_as_something_else() -> None:
    rows = [["l1", "Rep: Grüße aus Köln für Jörg\nCustomer: ja", "1"]]
    table = read(delimited(",", rows).encode() + b"l2,Rep: caf\xe9 Customer: no,0\n")
    assert table.calls[0].transcript.turns[0].text == "Grüße aus Köln für Jörg"
    assert any("damaged in 1 place" in note for note in table.notes)


def test_a_delimiter_in_a_quoted_name_is_none() -> None:
    text = 'call_id;"what, was, said";call_transcript\nl1;"a, b, c";"Rep: a\nCustomer: b"\n'
    assert read(text).calls[0].metadata == {"what, was, said": "a, b, c"}


def test_quotes_escaped_by_backslashes_and_spaces_before_quotes() -> None:
    escaped = 'call_id,call_transcript\nl1,"Rep: You said \\"soon\\", so?\nCustomer: Yes."\n'
    assert read(escaped).calls[0].transcript.turns[0].text == 'You said "soon", so?'
    spaced = 'call_id, call_transcript\nl1, "Rep: Soon, then?\nCustomer: Yes."\n'
    assert [turn.text for turn in read(spaced).calls[0].transcript.turns] == ["Soon, then?", "Yes."]


def test_tabs_without_quoting_keep_quotes_that_are_said() -> None:
    text = 'start\tend\ttext\n0\t900\t"Soon" he said\n1000\t1900\tRep: "When?\n'
    [call] = read(text, "calls.tsv").calls
    assert [turn.text for turn in call.transcript.turns] == ['"Soon" he said', '"When?']


def test_rows_above_the_header_and_empty_columns_beside_it() -> None:
    text = "Calls of March\nby Anna\n\n" + delimited(",").replace("_label", "_label,,").replace(
        ",1\r", ",1,,\r"
    ).replace(",0\r", ",0,,\r")
    table = read(text)
    assert_both(table)
    assert "2 rows above the header were left out." in table.notes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("call_id,call_transcript\nl1,Rep: a,b,c\n", "row 1: 4 cells where the header has 2"),
        ('call_id,call_transcript\nl1,"Rep: a\nl2,b\n', "line 3: .*is a quote left open"),
        ("a,b\n1,2\n", "the columns found are: a, b"),
        ("call_transcript,note,note\nx,y,z\n", "has the column note twice"),
    ],
)
def test_what_is_wrong_is_one_sentence(content: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as error:
        read(content)
    assert "\n" not in str(error.value)


def test_a_workbook_of_several_sheets() -> None:
    calls = [
        ["Call ID", "Transcript", "Won", "started_at"],
        [1, ASKED, True, datetime(2026, 3, 1, 9)],
        [2, REFUSED, False, None],
    ]
    table = read(workbook(About=[["Exported by Anna"]], Calls=[["Calls"], [], *calls], Empty=[]), "calls.xlsx")
    assert [(call.call_id, call.outcome) for call in table.calls] == [("1", "converted"), ("2", "lost")]
    assert table.calls[0].started_at == datetime(2026, 3, 1, 9)
    assert table.calls[1].transcript.turns[1].text == "No, we chose “Nordhaus”."
    assert "The sheet “About” holds no calls and was left out." in table.notes
    assert "1 row above the header was left out." in table.notes


def test_a_workbook_is_told_by_its_content() -> None:
    found = read_file(workbook(A=[HEADER, *ROWS]), "")
    assert (found.format, len(found.calls)) == ("table of calls", 2)
    named = read_file(workbook(A=[HEADER, *ROWS]), "calls.csv")
    assert len(named.calls) == 2


def test_what_excel_writes_for_carriage_returns_is_a_line_break() -> None:
    table = read(workbook(A=[HEADER, ["l1", ASKED.replace("\n", "_x000D_\n"), 1]]), "calls.xlsx")
    assert [turn.text for turn in table.calls[0].transcript.turns] == ["Is the ladder insured?", "Not yet; quote it."]


def test_a_sheet_is_no_wider_than_its_cells_of_use() -> None:
    far = [None] * 16_000 + ["x"]
    table = read(workbook(A=[HEADER, *ROWS, far]), "calls.xlsx")
    assert_both(table)


def test_an_opendocument_spreadsheet() -> None:
    rows = [[cell.replace("Not yet;", "Not yet;<text:line-break/>") for cell in row] for row in ROWS]
    table = read(spreadsheet(Notes=[["nothing"]], May=[HEADER, *rows]), "calls.ods")
    assert [(call.call_id, call.outcome) for call in table.calls] == [("l1", "converted"), ("l2", "lost")]
    assert table.calls[0].transcript.turns[1].text == "Not yet; quote it."
    assert "The sheet “Notes” holds no calls and was left out." in table.notes


def test_an_html_table_that_is_called_a_workbook() -> None:
    page = (
        "<html><body><table><tr><th>Call ID</th><th>Transcript</th><th>Won</th></tr>"
        "<tr><td>l1</td><td>Rep: Soon?<br>Customer: Yes &amp; no.</td><td>Yes</td></tr></table></body></html>"
    )
    [call] = read(page, "report.xls").calls
    assert (call.outcome, call.transcript.turns[1].text) == ("converted", "Yes & no.")


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "calls.xls", "save it as .xlsx or CSV"),
        (b"PK\x03\x04 broken", "calls.xlsx", "damaged or unknown archive"),
        (workbook(A=[HEADER])[:-600], "calls.xlsx", "damaged|no Excel workbook"),
        (archive({"xl/workbook.xml": "<x/>"}), "calls.xlsx", "no Excel workbook that can be read"),
        (word("<w:p/>"), "calls.xlsx", "is Word document, not a table"),
        (
            spreadsheet(A=[HEADER]).replace(b"content.xml", b"kontent.xml"),
            "calls.ods",
            "no spreadsheet that can be read|damaged",
        ),
        (workbook(A=[["a", "b"], [1, 2]]), "calls.xlsx", "the columns found are: a, b"),
        (workbook(A=[]), "calls.xlsx", "the columns found are: none"),
    ],
)
def test_workbooks_that_cannot_be_read_are_refused(content: bytes, name: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as error:
        read(content, name)
    assert str(error.value).startswith("calls.")


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive({"xl/workbook.xml": "<a/>", "xl/sharedStrings.xml": "x" * 3_000_000})
    assert len(bomb) < 10_000
    monkeypatch.setattr(archives, "MAX_PART_BYTES", 2_000_000)
    with pytest.raises(DataError, match=r"calls\.xlsx unpacks to more than 2 MB"):
        read(bomb, "calls.xlsx")


def test_entities_of_a_spreadsheet_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("words of somebody else")
    content = zipfile.ZipFile(io.BytesIO(spreadsheet(A=[["speaker", "text"], ["Rep", "&x;"], ["Customer", "ho"]])))
    parts = {name: content.read(name).decode() for name in content.namelist()}
    parts["content.xml"] = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>{parts["content.xml"]}'
    with pytest.raises(DataError, match="no spreadsheet that can be read"):
        read(archive(parts), "calls.ods")


def test_twenty_thousand_rows_are_read_in_seconds(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(HEADER)
        for number in range(20_000):
            lines = (f"{('Rep', 'Customer')[turn % 2]}: In call {number} this is turn {turn}." for turn in range(6))
            writer.writerow([f"c{number}", "\n".join(lines), number % 2])

    def read() -> None:
        assert len(read_calls(file)) == 20_000

    assert effort(read, 100) < 100


def test_json_lines_of_an_api_are_read_as_its_answers() -> None:
    call = {
        "id": "f1",
        "title": "Ladder",
        "sentences": [
            {"speaker_name": "Rep", "text": "Is it insured?", "start_time": 1},
            {"speaker_name": "Customer", "text": "Not yet.", "start_time": 3},
        ],
    }
    found = read_file((json.dumps({"data": {"transcript": call}}) + "\n").encode(), "calls.jsonl")
    assert [turn.text for turn in found.calls[0].turns] == ["Is it insured?", "Not yet."]


@pytest.mark.parametrize("name", ["calls.csv", "calls.xlsx", "calls.ods", "calls.tsv", "calls.ndjson"])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_half_a_file_is_read_or_refused(name: str, keep: float) -> None:
    whole = {"calls.xlsx": workbook(A=[HEADER, *ROWS]), "calls.ods": spreadsheet(A=[HEADER, *ROWS])}.get(
        name, delimited("\t").encode()
    )
    try:
        read(whole[: int(keep * len(whole))], name)
    except CoachError as error:
        assert str(error)
