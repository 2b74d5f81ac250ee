"""SubStation Alpha."""

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import parse_transcript, read_calls_of
from tests.transcript_examples import Example, has_warning, said

HEAD = """\
[Script Info]
Title: Boat call
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
ASS = (
    HEAD
    + """\
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,spelling checked
Dialogue: 0,0:00:01.50,0:00:03.00,Default,Ida Voss,0,0,0,,{\\i1}Sail,\\Nor motor?{\\i0}
Dialogue: 0,0:00:03.20,0:00:04.00,Default,Ron Abe,0,0,0,,Sail, always.
"""
)
EXAMPLES = [
    Example("boat.ass", ASS, ([("Ida Voss", "Sail, or motor?"), ("Ron Abe", "Sail, always.")],)),
    Example(
        "boat.ssa",
        "[Script Info]\n[Events]\nFormat: Marked, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        "Dialogue: Marked=0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Rep: Any mast?\n"
        "Dialogue: Marked=0,0:00:02.00,0:00:03.00,Default,,0,0,0,,Customer: Two.\n",
        ([("Rep", "Any mast?"), ("Customer", "Two.")],),
    ),
]


def test_title_times_and_what_is_left_out() -> None:
    bad = "Dialogue: 0,0:0x:05.00,0:00:06.00,Default,Ron Abe,0,0,0,,lost\nDialogue: 0,0:00:07.00\n"
    drawing = "Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}\n"
    [call] = read_calls_of((ASS + bad + drawing).encode(), "boat.ass")
    assert call.title == "Boat call"
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(1.5, 3.0), (3.2, 4.0)]
    assert said(call) == [("Ida Voss", "Sail, or motor?"), ("Ron Abe", "Sail, always.")]
    assert has_warning(call, "Cues 3 and 4 were left out")
    assert has_warning(call, "1 comment was left out")


def test_no_event_can_be_read() -> None:
    with pytest.raises(TranscriptError, match="None of the captions"):
        parse_transcript(HEAD + "Dialogue: 0,x,y,Default,,0,0,0,,hello\n")
