"""Blocks of Otter and of Teams documents."""

import pytest

from salescoach.reading.transcripts import (
    parse_transcript,
)
from tests.transcript_examples import Example, has_warning, said

OTTER = """\
Anna Weber  0:03
Hi there. How are you?
Note: the sound is bad.

Unknown Speaker  0:09
Fine.

Dana Roy  1:00:12
The renewal is at 10:30 tomorrow.

Transcribed by https://otter.ai
"""
TEAMS_DOCUMENT = """\
Renewal call-20250304-Meeting Recording

Anna Weber started transcription

Anna Weber   0:03
Morning, everyone.

Dana Roy   0:07
Hello.
Anna Weber   0:09
Shall we?
"""
EXAMPLES = [
    Example(
        "otter.txt",
        OTTER,
        (
            [
                ("Anna Weber", "Hi there. How are you? Note: the sound is bad."),
                ("Unknown Speaker", "Fine."),
                ("Dana Roy", "The renewal is at 10:30 tomorrow."),
            ],
        ),
    ),
    Example(
        "teams document.txt",
        TEAMS_DOCUMENT,
        ([("Anna Weber", "Morning, everyone."), ("Dana Roy", "Hello."), ("Anna Weber", "Shall we?")],),
    ),
]


def test_otter_blocks() -> None:
    call = parse_transcript(OTTER, rep="anna")
    assert said(call) == [
        ("Anna Weber", "Hi there. How are you? Note: the sound is bad."),
        ("Unknown Speaker", "Fine."),
        ("Dana Roy", "The renewal is at 10:30 tomorrow."),
    ]
    assert [turn.start_s for turn in call.turns] == [3, 9, 3612]
    assert [turn.role for turn in call.turns] == ["rep", "unknown", "customer"]


def test_teams_document_blocks() -> None:
    call = parse_transcript(TEAMS_DOCUMENT)
    assert said(call) == [("Anna Weber", "Morning, everyone."), ("Dana Roy", "Hello."), ("Anna Weber", "Shall we?")]
    assert has_warning(call, "left out, beginning “Renewal call")
    narrow = TEAMS_DOCUMENT.replace("   ", " ")
    assert said(parse_transcript(narrow)) == said(call)


def test_a_time_at_the_end_of_a_plain_line_makes_no_block() -> None:
    text = "Rep: When?\nCustomer: Let us say  10:30\nRep: Fine  10:30"
    assert [turn.text for turn in parse_transcript(text).turns] == ["When?", "Let us say  10:30", "Fine  10:30"]


_SAID = [("Rita Falk", "Is the barn insured?"), ("Jan Mol (Agrar)", "Not yet. We asked."), ("Rita Falk", "Whom?")]
_TIMES = ("0:04", "0:11", "1:00:20")


@pytest.mark.parametrize(
    "header",
    [
        "{name}  {time}",
        "{name} {time}",
        "{name}\t{time}",
        "{name} \u00b7 {time}",
        "{name} \u2022 {time}",
        "{name} | {time}",
        "{name} - {time}",
        "{name} \u2013 {time}",
        "{name}, {time}",
        "{name} ({time})",
        "{name} [{time}]",
        "[{name}] {time}",
        "{name}   {time}.250",
        "{name} ({time} - 2:00:00)",
        "### {name} ({time})",
        "**{name}** {time}",
        "**{name}** ({time})",
        "**{name} \u00b7 {time}**",
        "{time} - {name}",
        "{time} | {name}",
        "{time} {name}",
        "{time}  {name}",
        "[{time}] {name}",
        "[{time}.130] - {name}",
        "({time}) {name}",
        "**{time} {name}**",
        "{name}\n{time}",
        "{name}\n({time})",
        "{time}\n{name}",
        "{time} --> 2:00:00\n{name}",
        "{time} - 2:00:00\n{name}",
        "{name}\n4 seconds{time}\n{name} 4 seconds",
        "{name}\n4 Sekunden{time}\n{name} 4 Sekunden",
    ],
)
def test_headers_of_all_forms(header: str) -> None:
    blocks = [
        f"{header.format(name=name, time=time)}\n{text.replace('. ', '.' + chr(10))}"
        for time, (name, text) in zip(_TIMES, _SAID, strict=True)
    ]
    for text in ("\n\n".join(blocks), "Barn call\n\n" + "\n\n".join(blocks)):
        call = parse_transcript(text)
        assert said(call) == _SAID
        assert [int(turn.start_s or 0) for turn in call.turns] == [4, 11, 3620]


@pytest.mark.parametrize("header", ["# {name}", "#### {name}", "**{name}**", "**{name}:**", "{name}"])
def test_headers_without_a_time(header: str) -> None:
    turns = [*_SAID, ("Jan Mol (Agrar)", "Two firms.")]
    text = "\n\n".join(f"{header.format(name=name)}\n{words}" for name, words in turns)
    assert said(parse_transcript(text)) == turns


def test_times_of_a_clock_in_headers() -> None:
    text = "Rita Falk  11:58 AM\nSo?\n\nJan Mol  12:01 PM\nNo.\n"
    assert [turn.start_s for turn in parse_transcript(text).turns] == [0, 180]


def test_headings_and_texts_that_are_nobody() -> None:
    notes = "# Summary\nIt went well.\n\n# Next steps\nSend it.\n"
    assert {turn.speaker for turn in parse_transcript(notes).turns} == {"unknown"}
    captions = "0:00\nhello everyone\n0:05\nand so we go on\n0:09\nbye\n"
    assert [turn.speaker for turn in parse_transcript(captions).turns] == ["unknown"] * 3
    timed = "[0:01] Hello\n\n[0:04] Hi\n\n[0:09] Bye now"
    assert [turn.text for turn in parse_transcript(timed).turns] == ["Hello", "Hi", "Bye now"]
