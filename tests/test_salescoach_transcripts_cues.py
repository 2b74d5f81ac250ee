"""The cues of captions: which lines are identifiers and which are said, and what unpadded times mean."""

import pytest

from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import has_warning, said

VOICES = "WEBVTT\n\n{} --> {}\n<v Una>So.</v>\n\n{} --> {}\n<v Per>Then.</v>\n"


def captions(*cues: str) -> str:
    return "".join(cue.replace("@", f"00:00:{index:02},000 --> 00:00:{index:02},900") for index, cue in enumerate(cues))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Without identifiers a number before a time is said, whether or not a blank line is above it.
        (captions("@\nRep: How many?\n", "@\nClient: About\n30\n", "@\nRep: Good\n"), "About 30"),
        (captions("@\nRep: How many?\n\n", "@\nClient: About\n\n30\n\n", "@\nRep: Good\n"), "About 30"),
        (captions("@\nRep: How many?\n", "@\nClient: About\n\n30\n", "@\nRep: Good\n"), "About 30"),
        # With them the last number is one, and another above it is said.
        (captions("1\n@\nRep: How many?\n\n", "2\n@\nClient: About\n30\n\n", "3\n@\nRep: Good\n"), "About 30"),
        (captions("1\n@\nRep: How many?\n", "2\n@\nClient: About\n30\n", "3\n@\nRep: Good\n"), "About 30"),
        (captions("1\n@\nRep: How many?\n\n", "2\n@\n\nClient: About\n\n30\n\n", "3\n@\nRep: Good\n"), "About 30"),
        # A cue of nothing but a number is said.
        (captions("1\n@\nRep: How many?\n\n", "2\n@\nClient:\n30\n\n", "3\n@\nRep: Good\n"), "30"),
        # They may repeat, begin anywhere and skip, and one may be missing.
        (captions("1\n@\nRep: How many?\n\n", "1\n@\nClient: About 30\n\n", "1\n@\nRep: Good\n"), "About 30"),
        (captions("7\n@\nRep: How many?\n", "9\n@\nClient: About 30\n", "20\n@\nRep: Good\n"), "About 30"),
        (captions("1\n@\nRep: How many?\n\n", "2\n@\nClient: About\n30\n", "@\nRep: Good\n"), "About 30"),
    ],
)
def test_numbers_that_are_said_and_numbers_of_cues(text: str, expected: str) -> None:
    assert said(parse_transcript(text)) == [("Rep", "How many?"), ("Client", expected), ("Rep", "Good")]


@pytest.mark.parametrize("form", ["a91f-00{}/12-0", "cue-{}", "Cue {}"])
def test_marks_of_cues_are_not_said_and_paragraphs_are(form: str) -> None:
    text = "WEBVTT\n\n" + "\n".join(
        f"{form.format(number)}\n00:0{number}.000 --> 00:0{number}.900\n{said}\n"
        for number, said in enumerate(["Rep: One.\n\nOr two.", "Client: Two."], 1)
    )
    assert said(parse_transcript(text)) == [("Rep", "One. Or two."), ("Client", "Two.")]


def test_a_paragraph_before_the_next_time_is_said() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nRep: One.\n\nOr two.\n00:03.000 --> 00:04.000\nClient: Two.\n"
    assert said(parse_transcript(text)) == [("Rep", "One. Or two."), ("Client", "Two.")]


def test_the_number_of_a_cue_that_was_cut_off_is_not_said() -> None:
    assert said(parse_transcript(captions("1\n@\nRep: Hi\n\n", "2\n@\nClient: Ho\n\n3\n")))[-1] == ("Client", "Ho")


def test_notes_are_no_speech_in_webvtt_alone() -> None:
    body = captions("@\nRep: Yes\n\nNOTE checked\n\n", "@\nClient: No\n").replace(",", ".")
    assert said(parse_transcript(f"WEBVTT\n\n{body}"))[0] == ("Rep", "Yes")
    assert said(parse_transcript(body))[0] == ("Rep", "Yes NOTE checked")


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        # As Graph writes them, without leading zeros anywhere.
        (("0:0:3.80", "0:0:3.200", "0:0:4.5", "0:1:7.9"), [(3.08, 3.2), (4.005, 67.009)]),
        (("0:0:3.8", "0:0:4.9", "0:0:5.7", "0:0:6.1"), [(3.008, 4.009), (5.007, 6.001)]),
        # Zeros at the end show that nothing was cut there, and so does an order that is right only so.
        (("00:00:03.80", "00:00:04.250", "00:00:05.5", "00:00:06.110"), [(3.08, 4.25), (5.005, 6.11)]),
        (("00:00:03.81", "00:00:03.255", "00:00:05.5", "00:00:06.111"), [(3.081, 3.255), (5.005, 6.111)]),
        # Zeros at the beginning show decimals, and so does one length for all.
        (("00:00:03.8", "00:00:04.25", "00:00:05.025", "00:00:06.11"), [(3.8, 4.25), (5.025, 6.11)]),
        (("00:00:03.80", "00:00:04.25", "00:00:05.50", "00:00:06.10"), [(3.8, 4.25), (5.5, 6.1)]),
        (("00:03", "00:04", "00:05", "00:06"), [(3, 4), (5, 6)]),
        (("00:00:03.123456", "00:00:04.5", "00:00:05.000000", "00:00:06.0"), [(3.123456, 4.5), (5, 6)]),
    ],
)
def test_fractions(stamps: tuple[str, ...], expected: list[tuple[float, float]]) -> None:
    turns = parse_transcript(VOICES.format(*stamps)).turns
    assert [(turn.start_s, turn.end_s) for turn in turns] == [pytest.approx(pair) for pair in expected]


def test_what_was_assumed_of_fractions_is_said() -> None:
    bare = parse_transcript(VOICES.format("0:0:3.80", "0:0:3.200", "0:0:4.5", "0:1:7.9"))
    assert has_warning(bare, "“0:0:3.80” was read as 80 ms after the second")
    unsure = parse_transcript(VOICES.format("00:00:03.81", "00:00:04.255", "00:00:05.5", "00:00:06.111"))
    assert has_warning(unsure, "“00:00:03.81” was read as a decimal fraction")
    assert unsure.turns[0].start_s == 3.81


def test_frames() -> None:
    call = parse_transcript("00:00:01:20 --> 00:00:02:00\nRep: Hi\n\n00:00:03:28 --> 00:00:04:15\nClient: Ho\n")
    assert [turn.start_s for turn in call.turns] == [pytest.approx(1 + 20 / 30), pytest.approx(3 + 28 / 30)]
    assert has_warning(call, "30 a second were assumed")


@pytest.mark.parametrize("arrow", ["-->", "->", "\u2192", "\u2013>"])
def test_arrows(arrow: str) -> None:
    text = captions("1\n@\nRep: Hi\n\n", "2\n@\nClient: Ho\n").replace("-->", arrow)
    assert said(parse_transcript(text)) == [("Rep", "Hi"), ("Client", "Ho")]


def test_voices_with_classes_end_where_they_end() -> None:
    text = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v.loud.first Una Berg>Hi</v>!\n- <v Per>Ho\n\n"
        "00:02.000 --> 00:03.000\n<v Una Berg>Well</v>\nsomebody said\n\n00:03.000 --> 00:04.000\n<v>again</v>\n\n"
        "00:04.000 --> 00:05.000\n<v Per>Per: and me</v>\n"
    )
    assert said(parse_transcript(text)) == [
        ("Una Berg", "Hi!"),
        ("Per", "Ho"),
        ("Una Berg", "Well"),
        ("unknown", "somebody said"),
        ("unknown", "again"),
        ("Per", "and me"),
    ]


def test_cues_of_json_as_graph_gives_them() -> None:
    text = (
        'WEBVTT\n\n00:01.000 --> 00:02.000\n{"speakerName":"Una","spokenText":"One: two {three}."}\n\n'
        '00:02.000 --> 00:03.000\n{"speakerName":"","spokenText":"Four."}\n'
    )
    assert said(parse_transcript(text)) == [("Una", "One: two {three}."), ("unknown", "Four.")]


def test_identifiers_that_name_the_speaker() -> None:
    seated = 'WEBVTT\n\n1 "Una Berg" (3)\n00:01.000 --> 00:02.000\nHi\n\n2 "Per" (4)\n00:02.000 --> 00:03.000\nHo\n\n'
    seated += '3 "Per" (4)\n00:03.000 --> 00:04.000\nwell\n'
    assert said(parse_transcript(seated)) == [("Una Berg", "Hi"), ("Per", "Ho well")]
