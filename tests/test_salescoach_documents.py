"""Word documents: Teams transcripts of both layouts, labels, bold names, tables; nothing in them is followed or run."""

import zipfile
from pathlib import Path
from random import Random

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading import archives
from salescoach.reading.transcripts import MAX_BYTES, read_calls_of, read_transcript, transcript_of
from tests.table_files import archive, paragraph, spreadsheet, word, word_table, workbook
from tests.transcript_examples import has_warning, said

TALK = [("Ida Holm", "Is the pump new?"), ("Per Lie", "No, from 2019."), ("Ida Holm", "Then it is due.")]
ROLES = [("Rep", "Is the pump new?"), ("Customer", "No, from 2019."), ("Rep", "Then it is due.")]


def test_a_teams_transcript() -> None:
    head = [
        paragraph("*Pump at Lie's-20260311_140000-Meeting Recording"),
        paragraph("March 11, 2026, 2:00PM"),
        paragraph("12m 4s"),
    ]
    note = paragraph("*Ida Holm", " started transcription")
    body = [paragraph(f"*{who}", f"   0:0{n}\n{text}\n") for n, (who, text) in enumerate(TALK, start=3)]
    data = word(*head, note, *body, paragraph("*Ida Holm", " stopped transcription"))
    call = transcript_of(data, "pump.docx", rep="Ida")
    assert said(call) == TALK
    assert [turn.start_s for turn in call.turns] == [3, 4, 5]
    assert [turn.role for turn in call.turns] == ["rep", "customer", "rep"]


def test_the_older_layout_of_teams() -> None:
    body = [paragraph(f"0:0:{n}.0 --> 0:0:{n}.900\n{who}\n{text}") for n, (who, text) in enumerate(TALK)]
    call = transcript_of(word(*body), "pump.docx")
    assert said(call) == TALK
    assert (call.turns[1].start_s, call.turns[1].end_s) == (1, 1.9)


@pytest.mark.parametrize(
    "blocks",
    [
        [paragraph(f"{who}: {text}") for who, text in ROLES],
        [paragraph(f"*{who}:", f" {text}") for who, text in ROLES],
        [paragraph("\n".join(f"{who}: {text}" for who, text in ROLES))],
        [paragraph(f"*{who} ", text) for who, text in ROLES],
        [block for who, text in ROLES for block in (paragraph(f"*{who}"), paragraph(text))],
        [word_table(["Speaker", "Text"], *ROLES)],
        [word_table(["Time", "Speaker", "Text"], *([f"0:0{n}", *row] for n, row in enumerate(ROLES)))],
        [word_table(*ROLES)],
        [f"<w:sdt><w:sdtContent>{paragraph(f'{who}: {text}')}</w:sdtContent></w:sdt>" for who, text in ROLES],
    ],
)
def test_a_document_of_word(blocks: list[str]) -> None:
    assert said(transcript_of(word(*blocks), "call.docx")) == ROLES
    assert said(transcript_of(word(*blocks, name="word/document2.xml"))) == ROLES


def test_what_was_inserted_is_said_and_what_was_deleted_is_not() -> None:
    change = (
        "<w:ins><w:r><w:t>from 2019.</w:t></w:r></w:ins><w:del><w:r><w:delText>who knows?</w:delText></w:r></w:del>"
    )
    call = transcript_of(word(paragraph("Rep: Is the pump new?"), paragraph("Customer: No, ", change)))
    assert said(call) == ROLES[:2]
    assert has_warning(call, "tracked changes; what was inserted was read and what was deleted was left out")


def test_text_beside_a_table_is_counted_and_other_tables_keep_their_place() -> None:
    call = transcript_of(word(paragraph("Protocol"), word_table(["Speaker", "Text"], *ROLES)))
    assert has_warning(call, "1 line beside the table was left out")
    lines = [f"{who}: {text}" for who, text in ROLES]
    call = transcript_of(word(paragraph(lines[0]), word_table([lines[1], ""]), paragraph(lines[2])))
    assert said(call) == ROLES


def test_a_document_says_what_it_was_taken_for() -> None:
    [call] = read_calls_of(word(*(paragraph(f"{who}: {text}") for who, text in ROLES)), "call.docx")
    assert call.format == "Word document, plain lines"


def test_a_document_with_pictures_may_be_larger_than_a_text(tmp_path: Path) -> None:
    file = tmp_path / "call.docx"
    file.write_bytes(word(*(paragraph(f"{who}: {text}") for who, text in ROLES)))
    with zipfile.ZipFile(file, "a") as document:
        document.writestr("word/media/face.png", Random(7).randbytes(2 * MAX_BYTES))
    assert said(read_transcript(file)) == ROLES


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (word(), "no speech"),
        (word(paragraph("x"))[:200], "a zip archive, not a transcript"),
        (archive({"readme.txt": "Rep: hi"}), "a zip archive, not a transcript"),
        (archive({"mimetype": "application/vnd.oasis.opendocument.text"}), "an OpenDocument text, not a transcript"),
        (archive({"word/document.xml": "<w:document"}), "damaged; save it again"),
        (word(paragraph("Rep: a"), head='<!DOCTYPE d [<!ENTITY a "aaaa">]>'), "damaged; save it again"),
        (word("<w:sdt><w:sdtContent>" * 3_000 + paragraph("Rep: hi") + "</w:sdtContent></w:sdt>" * 3_000), "damaged"),
        (word(paragraph("Rep: " + "a" * 11_000_000)), "damaged"),
    ],
)
def test_what_is_no_document_to_read_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(TranscriptError, match=reason) as error:
        transcript_of(data, "call.docx")
    assert "\n" not in str(error.value)


def test_entities_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("words of somebody else")
    data = word(paragraph("Rep: &x;"), head=f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>')
    with pytest.raises(TranscriptError, match="damaged"):
        transcript_of(data, "call.docx")


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive({"word/document.xml": "x" * 3_000_000})
    monkeypatch.setattr(archives, "MAX_PART_BYTES", 2_000_000)
    with pytest.raises(TranscriptError, match="This Word document unpacks to more than 2 MB"):
        transcript_of(bomb, "call.docx")


def test_a_table_is_a_call_where_it_holds_one(tmp_path: Path) -> None:
    rows = [["Speaker", "Text"], *map(list, ROLES)]
    for data, name in ((workbook(A=rows), "call.xlsx"), (spreadsheet(A=rows), "call.ods")):
        (tmp_path / name).write_bytes(data)
        assert said(read_transcript(tmp_path / name)) == ROLES
        assert said(transcript_of(data)) == ROLES
    both = workbook(A=rows, B=rows[:3])
    with pytest.raises(TranscriptError, match="There are 2 calls here and one is read at a time"):
        transcript_of(both, "calls.xlsx")
