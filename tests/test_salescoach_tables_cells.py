"""Calls in cells: one line, HTML, JSON, Python's lists, written-out breaks; and cells that were cut."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salescoach.errors import DataError, TranscriptError
from salescoach.reading.formats.lines import Lines
from salescoach.reading.labelled import read_calls, read_table
from salescoach.reading.source import Source
from salescoach.reading.tables.cells import CELL_LIMITS, cut_at, read_cell
from tests.effort import effort
from tests.transcript_examples import Said, said

TALK = [("Rep", "Is the cellar dry?"), ("Customer", "Since June, yes."), ("Rep", "Then it's fine.")]


@pytest.mark.parametrize(
    "cell",
    [
        "Rep: Is the cellar dry?\nCustomer: Since June, yes.\nRep: Then it's fine.",
        "Rep: Is the cellar dry?\r\nCustomer: Since June, yes.\r\nRep: Then it's fine.",
        "Rep: Is the cellar dry?\\nCustomer: Since June, yes.\\nRep: Then it's fine.",
        "Rep: Is the cellar dry?\\r\\nCustomer: Since June, yes.\\r\\nRep: Then it's fine.",
        "Rep: Is the cellar dry?\\\\nCustomer: Since June, yes.\\\\nRep: Then it's fine.",
        "Rep: Is the cellar dry? Customer: Since June, yes. Rep: Then it's fine.",
        "Rep: Is the cellar dry? | Customer: Since June, yes. | Rep: Then it's fine.",
        "Rep: Is the cellar dry? / Customer: Since June, yes. / Rep: Then it's fine.",
        "Rep: Is the cellar dry? || Customer: Since June, yes. || Rep: Then it's fine.",
        "Rep: Is the cellar dry? -> Customer: Since June, yes. -> Rep: Then it's fine.",
        "Rep: Is the cellar dry? [SEP] Customer: Since June, yes. [SEP] Rep: Then it's fine.",
        "Rep: Is the cellar dry?; Customer: Since June, yes.; Rep: Then it's fine.",
        "Rep:Is the cellar dry? Customer:Since June, yes. Rep:Then it's fine.",
        "**Rep:** Is the cellar dry? **Customer:** Since June, yes. **Rep:** Then it's fine.",
        "Rep: Is the cellar dry?<br>Customer: Since June, yes.<br/>Rep: Then it's fine.",
        "Rep: Is the cellar dry?<BR />\nCustomer: Since June, yes.<BR />\nRep: Then it's fine.",
        "<p>Rep: Is the cellar dry?</p><p>Customer: Since June, yes.</p><p>Rep: Then it&#39;s fine.</p>",
        "".join(f"<div><b>{who}:</b> {text}</div>" for who, text in TALK),
        "".join(f"<p><strong>{who}</strong><br>{text}</p>" for who, text in TALK),
        "<ul><li>Rep: Is the cellar dry?</li><li>Customer: Since June, yes.</li><li>Rep: Then it's fine.</li></ul>",
        "".join(f"&lt;p&gt;{who}: {text}&lt;/p&gt;" for who, text in TALK),
        "Rep: Is the cellar dry?\nCustomer: Since June, yes.\nRep: Then it&#39;s fine.",
        json.dumps([{"speaker": who, "text": text} for who, text in TALK]),
        json.dumps({"turns": [{"speaker": who, "text": text} for who, text in TALK]}),
        json.dumps(json.dumps([{"role": who, "content": text} for who, text in TALK])),
        json.dumps([f"{who}: {text}" for who, text in TALK]),
        json.dumps(TALK),
        json.dumps([{who: text} for who, text in TALK]),
        repr([{"speaker": who, "text": text} for who, text in TALK]),
        repr([f"{who}: {text}" for who, text in TALK]),
        repr(TALK),
        "[" + "\n ".join(repr({"speaker": who, "text": text}) for who, text in TALK) + "]",
        "array([" + ", ".join(repr({"speaker": who, "text": text}) for who, text in TALK) + "], dtype=object)",
    ],
)
def test_every_form_of_a_cell_gives_the_same_call(cell: str) -> None:
    assert said(read_cell(cell)) == TALK


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("agent: hello customer: hi agent: so", [("agent", "hello"), ("customer", "hi"), ("agent", "so")]),
        (
            "Ida Holm: So. Per Lie: No. Ida Holm: Dr. Moe says: wait.",
            [("Ida Holm", "So."), ("Per Lie", "No."), ("Ida Holm", "Dr. Moe says: wait.")],
        ),
        ("Dr. Moe: Well. J. Lie: Yes.", [("Dr. Moe", "Well."), ("J. Lie", "Yes.")]),
        ("[0:01] Rep: So. [0:03] Customer: No.", [("Rep", "So."), ("Customer", "No.")]),
        ("Rep (0:01): So. Customer (0:03): No.", [("Rep", "So."), ("Customer", "No.")]),
        ("Rep: I told the Customer: no. Customer: fine.", [("Rep", "I told the Customer: no."), ("Customer", "fine.")]),
        ("Rep: And/or, 24/7. / Customer: No.", [("Rep", "And/or, 24/7."), ("Customer", "No.")]),
        ("S 1: So. S 2: No. S 1: Oh.", [("S 1", "So."), ("S 2", "No."), ("S 1", "Oh.")]),
        ("Rep: See C:\\new\\list, please.", [("Rep", "See C:\\new\\list, please.")]),
        ("At 10:30. The price: 12. Next steps: no.", [("unknown", "At 10:30. The price: 12. Next steps: no.")]),
    ],
)  # fmt: skip
def test_where_the_turns_of_a_line_begin(cell: str, expected: Said) -> None:
    assert said(read_cell(cell)) == expected


def test_who_speaks_once_in_a_lost_line_is_not_in_anothers_mouth_in_silence() -> None:
    call = read_cell("Rep: So. Customer: Ask him. Maria: He is out. Rep: Fine. Customer: Bye.")
    spoken = said(call)
    assert ("Maria", "He is out.") in spoken or any("Maria" in warning for warning in call.warnings)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('{"price": 12}', "JSON holds no transcript"),
        ('[{"speaker": "Rep", "text": "So', "can't be read as one"),
        ("[{'speaker': 'Rep', 'text': open('x')}]", "can't be read as one"),
        ('["a", ["b"', "can't be read as one"),
        ("", "no speech"),
        ("<p> </p>", "no speech"),
    ],
)
def test_what_is_no_call_is_refused_and_never_syntax_as_speech(cell: str, reason: str) -> None:
    table = csv_of(["a", TWO_TURNS], ["b", cell])
    assert read_table(table, "calls.csv").problems[0].startswith("row 2: ")
    with pytest.raises((TranscriptError, DataError), match=reason):
        read_table(csv_of(["b", cell]), "calls.csv")


def test_people_in_one_cell_and_words_in_another_are_read_together() -> None:
    row = {
        "call_id": "g",
        "parties": [
            {"speakerId": "1", "name": "Ida", "affiliation": "Internal"},
            {"speakerId": "2", "name": "Per", "affiliation": "External"},
        ],
        "transcript": [
            {"speakerId": "1", "sentences": [{"start": 0, "end": 900, "text": "Dry?"}]},
            {"speakerId": "2", "sentences": [{"start": 1000, "end": 1900, "text": "Yes."}]},
        ],
        "conversion_label": 1,
    }  # fmt: skip
    [call] = read_table((json.dumps(row) + "\n").encode(), "calls.jsonl").calls
    assert [(turn.speaker, turn.role) for turn in call.transcript.turns] == [("Ida", "rep"), ("Per", "customer")]
    assert (call.call_id, call.outcome) == ("g", "converted")


TWO_TURNS = "Rep: Is the cellar dry?\nCustomer: Since June, yes."


def csv_of(*rows: list[str], label: str = "") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["call_id", "call_transcript", *(["conversion_label"] if label else [])])
    writer.writerows([[*row, *([label] if label else [])] for row in rows])
    return text.getvalue().encode()


def long_call(n_chars: int, line_break: str = "\n", filler: str = "word") -> str:
    lines = (f"{('Rep', 'Customer')[n % 2]}: Line {n} says {filler} after {filler}." for n in range(2_000))
    return line_break.join(lines)[:n_chars]


@pytest.mark.parametrize("limit", [32_767, 32_768, 65_535])
@pytest.mark.parametrize("filler", ["word", "größe", "\U0001f642"])
def test_a_cell_of_exactly_the_length_that_cells_have_was_cut(limit: int, filler: str) -> None:
    text = long_call(limit, filler=filler)
    n_over = len(text.encode("utf-16-le")) // 2 - limit
    cut = text[: limit - n_over] if filler == "\U0001f642" else text
    while len(cut.encode("utf-16-le")) // 2 < limit:
        cut += "x"
    assert cut_at(cut) == limit
    assert cut_at(cut[:-1] + "\n" + "xx") != limit or limit + 1 in CELL_LIMITS
    assert cut_at(long_call(limit - 7)) is None


def test_a_cut_cell_is_named_and_not_learned_from(tmp_path: Path) -> None:
    content = csv_of(["a", TWO_TURNS], ["b", long_call(32_767)], label="1")
    whole, cut = read_table(content, "calls.csv").calls
    assert whole.transcript.warnings == ()
    [warning] = [one for one in cut.transcript.warnings if "cut" in one]
    assert "row 2 was cut at 32,767 characters, the most that a cell of Excel holds" in warning
    file = tmp_path / "calls.csv"
    file.write_bytes(content)
    notes: list[str] = []
    assert [call.call_id for call in read_calls(file, tell=notes.append)] == ["a"]
    assert [call.call_id for call in read_calls(file, need_labels=False)] == ["a"]
    assert any("The transcript in row 2 (32,767 characters) is cut and was left out" in note for note in notes)
    file.write_bytes(csv_of(["b", long_call(32_767)], label="1"))
    with pytest.raises(DataError, match=r"row 1 .32,767 characters. is cut"):
        read_calls(file)


def test_line_breaks_of_windows_do_not_hide_a_cut() -> None:
    assert cut_at(long_call(32_767).replace("\n", "\r\n")) == 32_767


def test_a_cut_list_is_a_problem_with_its_length() -> None:
    text = json.dumps([{"speaker": "Rep", "text": "Is the cellar dry?"}] * 2_000)[:32_767]
    [problem] = read_table(csv_of(["a", TWO_TURNS], ["b", text]), "calls.csv").problems
    assert problem.startswith("row 2: ") and "32,767" in problem


@pytest.mark.parametrize("column", ["Rep", "Customer 2", "Ida Holm", "Note", "Anna"])
def test_the_fast_way_reads_as_the_slow_one(column: str) -> None:
    text = f"{column}: Is it dry?\nCustomer: Since June.\n{column}: Good.\nCustomer: Yes: dry."
    fast = read_cell(text)
    [slow] = Lines().read(Source(text))
    assert (said(fast), fast.warnings) == (said(slow), slow.warnings)


WORDS = st.sampled_from(
    [
        "Rep",
        "Customer",
        "Ida",
        "Note",
        "Price",
        "yes",
        "10:30",
        "so: it",
        "Dr. Moe",
        "é",
        ":",
        "(x)",
        "[1]",
        "-",
        "Bottom line",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=4)), min_size=1, max_size=6))
def test_whatever_lines_come_the_fast_way_reads_as_the_slow_one(lines: list[tuple[str, list[str]]]) -> None:
    from salescoach.reading.tables.cells import _plain_call

    text = "\n".join(f"{label}: {' '.join(words)}" for label, words in lines)
    fast = _plain_call(text)
    if fast is not None:
        [slow] = Lines().read(Source(text))
        assert said(fast) == said(slow)


@pytest.mark.parametrize(
    "piece",
    [
        ": ",
        "A: ",
        "Rep: ",
        "(:",
        "Rep: hi. Customer: ",
        "12:",
        "[",
        "[{'a':",
        "<p ",
        "\\n",
        "&lt;",
        "<b>",
        "a | ",
        "Dr. ",
    ],
)
def test_a_megabyte_of_anything_takes_a_second_at_most(piece: str) -> None:
    text = piece * (900_000 // len(piece))

    def read() -> None:
        try:
            read_cell(text)
        except TranscriptError as error:
            assert str(error)

    assert effort(read, 30) < 30
