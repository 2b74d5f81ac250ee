"""Transcripts that stand as text within JSON."""

import json

from salescoach.reading.transcripts import parse_transcript, read_calls_of
from tests.transcript_examples import Example, said

LINES = ["Rep: Which size is it?", "Customer: The small one."]
TALK = [("Rep", "Which size is it?"), ("Customer", "The small one.")]
CAPTIONS = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hi there</v>\n\n00:02.000 --> 00:03.000\n<v Bob>Ho there</v>\n"
ROWS = [
    {"call_id": "k1", "transcript": "\n".join(LINES), "conversion_label": 1, "agent": "Ann"},
    {"call_id": "k2", "transcript": "\n".join(LINES), "conversion_label": "0"},
]
EXAMPLES = [
    Example("call.json", json.dumps({"id": "k", "title": "Size", "transcript": "\n".join(LINES)}), (TALK,)),
    Example("lines.json", json.dumps(LINES), (TALK,)),
    Example("deep.json", json.dumps({"result": {"call": {"transcription": "\r\n".join(LINES)}}}), (TALK,)),
    Example("captions.json", json.dumps({"content": CAPTIONS}), ([("Ann", "Hi there"), ("Bob", "Ho there")],)),
    Example("rows.json", json.dumps(ROWS), (TALK, TALK)),
    Example("rows.jsonl", "\n".join(map(json.dumps, ROWS)), (TALK, TALK)),
]


def test_what_stands_beside_the_text_is_kept() -> None:
    calls = read_calls_of(json.dumps(ROWS).encode())
    assert [(call.call_id, call.outcome, call.metadata) for call in calls] == [
        ("k1", "converted", {"agent": "Ann"}),
        ("k2", "lost", {}),
    ]
    assert [call.format for call in calls] == ["plain lines"] * 2


def test_records_in_a_text_are_read_as_records() -> None:
    inner = json.dumps([{"speaker": name, "text": text} for name, text in TALK])
    assert said(parse_transcript(json.dumps({"transcript": inner}))) == TALK
    assert said(parse_transcript(f"```json\n{inner}\n```")) == TALK
    assert said(parse_transcript(str(json.loads(inner)))) == TALK  # as Python prints it
