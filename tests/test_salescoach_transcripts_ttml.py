"""TTML, DFXP and YouTube's XML."""

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import parse_transcript, read_calls_of
from tests.transcript_examples import Example, has_warning, said

TTML = """\
<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"
    xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25" ttp:tickRate="1000">
  <head><metadata>
    <ttm:title>Roof call</ttm:title>
    <ttm:agent xml:id="p1" type="person"><ttm:name type="full">Nora Berg</ttm:name></ttm:agent>
    <ttm:agent xml:id="p2" type="person"><ttm:name type="full">Sam Ito</ttm:name></ttm:agent>
  </metadata></head>
  <body><div begin="10s">
    <p begin="1.5s" end="3s" ttm:agent="p1">Is the roof<br/>tiled &amp; <span>insulated</span>?</p>
    <p begin="00:00:04:05" dur="2s" ttm:agent="p2">Tiled,
      yes.</p>
    <p begin="7000t" end="8s"><span ttm:agent="p1">Since when?</span><br/><span ttm:agent="p2">Last May.</span></p>
  </div></body>
</tt>
"""
DFXP = (
    '<tt xmlns="http://www.w3.org/2006/10/ttaf1"><body><div>'
    '<p begin="00:00:01.250" end="00:00:02.000">Rep: Any damp?</p>'
    '<p begin="00:00:02.500" end="00:00:03.000">Customer: In the cellar.</p>'
    "</div></body></tt>"
)
YOUTUBE = (
    '<?xml version="1.0" encoding="utf-8" ?><transcript>'
    '<text start="0.5" dur="2.1">Rep: It&amp;#39;s ready.</text><text start="3" dur="1">Customer: Good.</text>'
    "</transcript>"
)
EXAMPLES = [
    Example(
        "roof.ttml",
        TTML,
        (
            [
                ("Nora Berg", "Is the roof tiled & insulated?"),
                ("Sam Ito", "Tiled, yes."),
                ("Nora Berg", "Since when?"),
                ("Sam Ito", "Last May."),
            ],
        ),
    ),
    Example("damp.dfxp", DFXP, ([("Rep", "Any damp?"), ("Customer", "In the cellar.")],)),
    Example("ready.xml", YOUTUBE, ([("Rep", "It's ready."), ("Customer", "Good.")],)),
]


def test_times_in_every_unit_from_the_beginning_of_their_block() -> None:
    [call] = read_calls_of(TTML.encode(), "roof.ttml")
    assert call.title == "Roof call"
    times = [(turn.start_s, turn.end_s) for turn in call.turns]
    assert times == [(11.5, 13.0), (14.2, 16.2), (17.0, 18.0), (17.0, 18.0)]


def test_a_paragraph_without_a_time_is_named() -> None:
    call = parse_transcript(DFXP.replace(' begin="00:00:02.500" end="00:00:03.000"', ""))
    assert said(call) == [("Rep", "Any damp?")]
    assert has_warning(call, "Cue 2 was left out")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('<!DOCTYPE tt [<!ENTITY a "b">]>' + DFXP, "declares entities"),
        (DFXP.replace("</p>", "", 1), "no valid XML"),
        ('<tt xmlns="http://www.w3.org/ns/ttml"><body><div/></body></tt>', "None of the captions"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(TranscriptError, match=why):
        parse_transcript(text)
