"""SRT."""

import re

from salescoach.reading.transcripts import (
    parse_transcript,
)
from tests.transcript_examples import Example, said

SRT = """\
1
00:00:01,000 --> 00:00:02,500
<i>Rep: Hello</i>
and welcome.

2
00:00:03,000 --> 00:00:04,000
Customer: Yes.

3
00:00:04,500 --> 00:00:05,000
Customer: Yes, I see.

4
00:00:06,000 --> 00:00:07,000
{\\an8}Rep: Good.
"""
EXAMPLES = [
    Example("call.srt", SRT, ([("Rep", "Hello and welcome."), ("Customer", "Yes. Yes, I see."), ("Rep", "Good.")],)),
]


def test_srt() -> None:
    call = parse_transcript(SRT)
    assert said(call) == [("Rep", "Hello and welcome."), ("Customer", "Yes. Yes, I see."), ("Rep", "Good.")]
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(1, 2.5), (3, 5), (6, 7)]
    assert call.warnings == ()


def test_srt_without_blank_lines_between_cues() -> None:
    assert said(parse_transcript(re.sub(r"\n\n", "\n", SRT))) == said(parse_transcript(SRT))
