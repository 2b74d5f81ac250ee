"""Columns of plain text and tables of Markdown."""

import pytest

from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import Example, has_warning, said

SAID = [("Rosa", "Which silo leaks?"), ("Henk", "The north one: since May."), ("Rosa", "How much?")]
TABBED = "00:00:04\tRosa\tWhich silo leaks?\n00:00:09\tHenk\tThe north one: since May.\n00:00:15\tRosa\tHow much?\n"
MARKDOWN = """\
# Silo call

| Start | Speaker | What | Text |
|:------|---------|------|------|
| 00:04 | Rosa | q | Which silo leaks? |
| 00:09 | Henk | a | The north one: since May. |
| 00:15 | Rosa | q | How much? |
"""
EXAMPLES = [Example("tabs.txt", TABBED, (SAID,)), Example("table.md", MARKDOWN, (SAID,))]


@pytest.mark.parametrize(
    "row",
    [
        "{time}\t{name}\t{text}",
        "{name}\t{time}\t{text}",
        "[{time}]\t{name}\t{text}",
        "{time} - 00:59\t{name}\t{text}",
        "{time}  {name}   {text}",
        "{time} | {name} | {text}",
        "{name} | {time} | {text}",
        "| {time} | {name} | {text} |",
    ],
)
def test_columns_are_told_by_what_they_hold(row: str) -> None:
    times = ("00:04", "00:09", "00:15")
    lines = [row.format(time=time, name=name, text=text) for time, (name, text) in zip(times, SAID, strict=True)]
    call = parse_transcript("\n".join(lines))
    assert said(call) == SAID
    assert [turn.start_s for turn in call.turns] == [4, 9, 15]


def test_a_cell_may_hold_the_separator_and_a_break() -> None:
    table = "| Speaker | Text |\n| --- | --- |\n| Rosa | a \\| b<br>c |\n| Henk | no |\n"
    assert said(parse_transcript(table)) == [("Rosa", "a | b c"), ("Henk", "no")]
    assert said(parse_transcript("0:01 | Rosa | so | so\n0:02 | Henk | no\n0:03 | Rosa | hm")) == [
        ("Rosa", "so | so"),
        ("Henk", "no"),
        ("Rosa", "hm"),
    ]


def test_lines_without_columns_are_said() -> None:
    call = parse_transcript("Minutes\n" + TABBED + "and since when?\n")
    assert said(call) == [*SAID[:2], ("Rosa", "How much? and since when?")]
    assert has_warning(call, "1 line without columns was added to the turn above")
    assert has_warning(call, "1 line above the first speaker was left out")


@pytest.mark.parametrize(
    "text",
    [
        "Rep:\tYes, we do\nCustomer:\tFine then",
        "Rep: a | b\nCustomer: c | d\nRep: e | f",
        "We  said  so\nand  they  left",
    ],
)
def test_separators_within_what_is_said_make_no_columns(text: str) -> None:
    words = [turn.text for turn in parse_transcript(text).turns]
    assert [word.split() for word in words] == [line.split(":")[-1].split() for line in text.split("\n")]
