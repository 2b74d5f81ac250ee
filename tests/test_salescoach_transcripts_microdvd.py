"""MicroDVD and MPL2."""

from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import Example, has_warning

MICRODVD = "{1}{1}20.0\n{20}{50}Rep: Which bikes|do you rent?\n{60}{90}{y:i}Customer: Only cargo bikes.\n"
MPL2 = "[10][25]Rep: How many days?\n[30][45]/Customer: Three.\n"
EXAMPLES = [
    Example("bikes.sub", MICRODVD, ([("Rep", "Which bikes do you rent?"), ("Customer", "Only cargo bikes.")],)),
    Example("days.mpl", MPL2, ([("Rep", "How many days?"), ("Customer", "Three.")],)),
]


def test_times_by_the_rate_that_the_file_gives() -> None:
    assert [(turn.start_s, turn.end_s) for turn in parse_transcript(MICRODVD).turns] == [(1.0, 2.5), (3.0, 4.5)]
    assert [(turn.start_s, turn.end_s) for turn in parse_transcript(MPL2).turns] == [(1.0, 2.5), (3.0, 4.5)]


def test_without_a_rate_one_is_assumed_and_said() -> None:
    call = parse_transcript(MICRODVD.partition("\n")[2] + "some credits\n")
    assert call.turns[1].start_s == 60 / 25
    assert has_warning(call, "25 a second were assumed")
    assert has_warning(call, "1 line begins with no frames and was left out")
