"""SBV and SubViewer."""

from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import Example, said

SBV = """\
0:00:02.500,0:00:04.000
Agent: Who waters the plants[br]on Sundays?

0:00:04.200,0:00:06.000
Client: Nobody. That is
12

0:00:06.500,0:00:08.000
plants a week.
"""
SUBVIEWER = """\
[INFORMATION]
[TITLE]Orchard call
[END INFORMATION]
[SUBTITLE]
00:00:01.50,00:00:03.00
Agent: Is the barn dry?

00:00:03.25,00:00:04.00
Client: Mostly.
"""
EXAMPLES = [
    Example(
        "plants.sbv",
        SBV,
        ([("Agent", "Who waters the plants on Sundays?"), ("Client", "Nobody. That is 12 plants a week.")],),
    ),
    Example("barn.sub", SUBVIEWER, ([("Agent", "Is the barn dry?"), ("Client", "Mostly.")],)),
]


def test_times_and_numbers_that_are_said() -> None:
    call = parse_transcript(SBV)
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(2.5, 4.0), (4.2, 8.0)]
    assert said(call)[1] == ("Client", "Nobody. That is 12 plants a week.")


def test_hundredths_are_decimals() -> None:
    assert [turn.start_s for turn in parse_transcript(SUBVIEWER).turns] == [1.5, 3.25]
