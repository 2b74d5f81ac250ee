"""WebVTT as Zoom and Teams write it: speakers, rolling captions, and cues that can't be read."""

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import (
    parse_transcript,
)
from tests.transcript_examples import Example, has_warning, said

ZOOM = """\
WEBVTT

1
00:00:02.310 --> 00:00:04.120
Anna Weber: Hi Dana &amp; Tom, welcome

2
00:00:04.120 --> 00:00:06.000
to the demo.

3
00:00:06.500 --> 00:00:09.870
Dana Roy: Thanks. Quick question:

4
00:00:09.870 --> 00:00:11.000
Dana Roy: what does it cost?

5
00:00:12.000 --> 00:00:13.000
Anna Weber: It depends.
"""
TEAMS = """\
WEBVTT

NOTE exported from the meeting
00 participants muted

STYLE
::cue { color: white }

3f2a-11/14-0
00:00:09.000 --> 00:00:12.500
<v Dana Roy>We looked at three vendors,
and yours is &lt;i&gt; the second.</v>

3f2a-11/9-0
00:00:01.000 --> 00:00:03.000
<v.loud Anna Weber>Where are you in <i>your</i> search?</v>

3f2a-11/20-0
00:00:13.000 --> 00:00:14.000
Somebody coughs.

3f2a-11/22-0
00:00:15.000 --> 00:00:17.000
<v Anna Weber>Who</v> <v Dana Roy>Sorry</v>
"""
EXAMPLES = [
    Example(
        "zoom.vtt",
        ZOOM,
        (
            [
                ("Anna Weber", "Hi Dana & Tom, welcome to the demo."),
                ("Dana Roy", "Thanks. Quick question: what does it cost?"),
                ("Anna Weber", "It depends."),
            ],
        ),
    ),
    Example(
        "teams.vtt",
        TEAMS,
        (
            [
                ("Anna Weber", "Where are you in your search?"),
                ("Dana Roy", "We looked at three vendors, and yours is <i> the second."),
                ("unknown", "Somebody coughs."),
                ("Anna Weber", "Who"),
                ("Dana Roy", "Sorry"),
            ],
        ),
    ),
]


def test_zoom_captions_are_merged_by_speaker() -> None:
    call = parse_transcript(ZOOM, rep="Anna")
    assert said(call) == [
        ("Anna Weber", "Hi Dana & Tom, welcome to the demo."),
        ("Dana Roy", "Thanks. Quick question: what does it cost?"),
        ("Anna Weber", "It depends."),
    ]
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(2.31, 6.0), (6.5, 11.0), (12.0, 13.0)]
    assert [turn.role for turn in call.turns] == ["rep", "customer", "rep"]


def test_teams_captions_with_voices_entities_notes_and_disorder() -> None:
    call = parse_transcript(TEAMS)
    assert said(call) == [
        ("Anna Weber", "Where are you in your search?"),
        ("Dana Roy", "We looked at three vendors, and yours is <i> the second."),
        ("unknown", "Somebody coughs."),
        ("Anna Weber", "Who"),
        ("Dana Roy", "Sorry"),
    ]
    assert has_warning(call, "were sorted")


def test_captions_without_labels_are_a_turn_each() -> None:
    call = parse_transcript("WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n\n00:02.000 --> 00:03.000\nhow are you\n")
    assert said(call) == [("unknown", "hello"), ("unknown", "how are you")]


def test_rolling_captions_are_said_once() -> None:
    rolling = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\nso the price\n\n00:02.000 --> 00:03.000\nso the price\nis forty\n\n"
        "00:03.000 --> 00:04.000\nis forty\nper seat\n"
    )
    call = parse_transcript(rolling)
    assert " ".join(turn.text for turn in call.turns) == "so the price is forty per seat"
    assert has_warning(call, "repeated words")
    growing = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\nRep: so the price\n\n00:02.000 --> 00:03.000\nRep: so the price is forty\n"
    )
    assert said(parse_transcript(growing)) == [("Rep", "so the price is forty")]


def test_bad_cues_are_named_and_nothing_is_read_from_them() -> None:
    cues = ["00:00:01.000 --> 00:00:02.000\nRep: one", "00:xx:02.000 --> 00:00:03.000\nRep: lost"]
    cues += ["00:00:09.000 --> 00:00:04.000\nCustomer: two", "00:75:00.000 --> 00:80:00.000\nRep: lost too"]
    call = parse_transcript("WEBVTT\n\n" + "\n\n".join(cues))
    assert [(turn.text, turn.start_s, turn.end_s) for turn in call.turns] == [("one", 1, 2), ("two", 9, None)]
    assert has_warning(call, "Cues 2 and 4 were left out because their times can't be read.")
    assert has_warning(call, "Cue 3 ends before it starts")


def test_all_cues_bad() -> None:
    with pytest.raises(TranscriptError, match="None of the 2 caption cues"):
        parse_transcript("WEBVTT\n\n00:xx --> 00:03\nhi\n\naa:bb:cc --> x\nho")


def test_entities_can_not_bring_hidden_characters_back() -> None:
    call = parse_transcript("WEBVTT\n\n00:01.000 --> 00:02.000\nRep: a&#8238;b&#10;c\n")
    assert call.turns[0].text == "ab c"


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("0:0x --> 1", True),
        ("00:xx:02.000 --> 00:00:03.000", True),
        ("aa:bb:cc --> x", True),
        ("--> 1:", True),
        ("-->1:", True),
        ("1:-->", True),
        ("1:  -->", True),
        ("-->1:-->", True),
        ("[0:00 --> 0:01", False),
        ("1 --> x", False),
        ("a: --> x", False),
        (":1 --> x", False),
        ("see 0:00 --> x", False),
        ("--> x 1:", False),
    ],
)
def test_a_misspelt_cue_time_is_one(line: str, is_one: bool) -> None:
    """Such a cue is named as one that can't be read; a line that is no cue is text."""
    captions = f"WEBVTT\n\n0:00 --> 0:01\nRep: hi\n\n{line}\nRep: ho"
    assert has_warning(parse_transcript(captions), "Cue 2 was left out") == is_one


def test_a_huge_entity_is_no_character() -> None:
    call = parse_transcript("WEBVTT\n\n0:00 --> 0:01\nRep: a&#" + "1" * 5_000 + ";b &#65;")
    assert call.turns[0].text == "a\ufffdb A"
