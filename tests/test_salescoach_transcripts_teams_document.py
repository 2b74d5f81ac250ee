"""Older Teams documents as text."""

from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import Example, said

DOCUMENT = """\
Freight call
0:0:1.0 --> 0:0:2.250
Ulla Brink
Does the lorry fit?
0:0:2.900 --> 0:0:4.480
Sem Baas
It is four metres high.
With the box.
0:0:4.600 --> 0:0:5.100
Sem Baas
Empty, that is.
0:0:6.0 --> 0:0:7.0
Ulla Brink
Then no.
"""
EXAMPLES = [
    Example(
        "freight.txt",
        DOCUMENT,
        (
            [
                ("Ulla Brink", "Does the lorry fit?"),
                ("Sem Baas", "It is four metres high. With the box. Empty, that is."),
                ("Ulla Brink", "Then no."),
            ],
        ),
    ),
]


def test_successive_pieces_of_a_speaker_are_a_turn() -> None:
    call = parse_transcript(DOCUMENT)
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(1.0, 2.25), (2.9, 5.1), (6.0, 7.0)]


def test_captions_with_numbers_or_without_names_are_none() -> None:
    for captions in (
        "1\n0:00:01,000 --> 0:00:02,000\nRep: Does it fit?\n\n2\n0:00:03,000 --> 0:00:04,000\nCustomer: No.\n",
        "0:00:01,000 --> 0:00:02,000\nRep: Does it fit?\n0:00:03,000 --> 0:00:04,000\nCustomer: No.\n",
    ):
        assert said(parse_transcript(captions)) == [("Rep", "Does it fit?"), ("Customer", "No.")]
