"""Blocks of Otter and of Teams documents."""

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
