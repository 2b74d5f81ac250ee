"""Gong's transcripts: milliseconds, and the names and sides that its other answer has."""

import json
from typing import Any

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.finish import to_transcript
from salescoach.reading.transcripts import ReadCall, read_calls_of
from tests.transcript_examples import Example, has_warning, said

TRANSCRIPT = {
    "callId": "771",
    "transcript": [
        {
            "speakerId": "301",
            "topic": "Opening",
            "sentences": [
                {"start": 460, "end": 1300, "text": "Good to meet you."},
                {"start": 1400, "end": 2000, "text": "Ready?"},
            ],
        },
        {"speakerId": "302", "topic": None, "sentences": [{"start": 2500, "end": 3000, "text": "Go ahead."}]},
        {"speakerId": "303", "sentences": [{"start": 3500, "end": 4000, "text": "Me too."}]},
    ],
}
DETAILS = {
    "metaData": {"id": "771", "title": "Intro Brix", "started": "2026-02-03T10:00:00-05:00", "duration": 900},
    "parties": [
        {"id": "p1", "speakerId": "301", "name": "Kai Moss", "affiliation": "Internal"},
        {"id": "p2", "speakerId": "302", "emailAddress": "vera@brix.example", "affiliation": "External"},
        {"id": "p3", "speakerId": None, "name": "Sam Silent", "affiliation": "Unknown"},
    ],
    "context": [
        {
            "system": "Salesforce",
            "objects": [{"objectType": "Account", "fields": [{"name": "Name", "value": "Brix BV"}]}],
        }
    ],
}
ANONYMOUS = [("Speaker 301", "Good to meet you. Ready?"), ("Speaker 302", "Go ahead."), ("Speaker 303", "Me too.")]
NAMED = [("Kai Moss", "Good to meet you. Ready?"), ("vera@brix.example", "Go ahead."), ("Speaker 303", "Me too.")]
EXAMPLES = [
    Example("transcripts.json", json.dumps({"requestId": "r", "callTranscripts": [TRANSCRIPT]}), (ANONYMOUS,)),
    Example("both.json", json.dumps({"callTranscripts": [TRANSCRIPT], "calls": [DETAILS]}, indent=1), (NAMED,)),
    Example(
        "answers.jsonl", "\n".join(map(json.dumps, ({"callTranscripts": [TRANSCRIPT]}, {"calls": [DETAILS]}))), (NAMED,)
    ),
    Example("merged.json", json.dumps({**DETAILS, "transcript": TRANSCRIPT["transcript"]}), (NAMED,)),
    Example("beside.json", json.dumps({"callTranscripts": [TRANSCRIPT], "parties": DETAILS["parties"]}), (NAMED,)),
    Example("monologues.json", json.dumps(TRANSCRIPT["transcript"]), (ANONYMOUS,)),
    Example(
        "two.json", json.dumps({"callTranscripts": [TRANSCRIPT, {**TRANSCRIPT, "callId": "9"}]}), (ANONYMOUS, ANONYMOUS)
    ),
]


def _read(value: Any) -> list[ReadCall]:
    return read_calls_of(json.dumps(value).encode())


def test_affiliation_is_the_side_and_times_are_milliseconds() -> None:
    [call] = _read([{"calls": [DETAILS]}, {"callTranscripts": [TRANSCRIPT]}])
    assert (call.format, call.call_id, call.title, call.account) == ("Gong JSON", "771", "Intro Brix", "Brix BV")
    assert str(call.started_at) == "2026-02-03 10:00:00-05:00"
    assert [(one.name, one.side) for one in call.participants] == [
        ("Kai Moss", "rep"),
        ("vera@brix.example", "customer"),
        ("Sam Silent", None),
    ]
    transcript = to_transcript(call)
    assert [(turn.role, turn.start_s, turn.end_s) for turn in transcript.turns] == [
        ("rep", 0.46, 2.0),
        ("customer", 2.5, 3.0),
        ("unknown", 3.5, 4.0),
    ]
    assert has_warning(transcript, "not clear on which side Speaker 303 is")


def test_details_of_other_calls_are_not_mixed_in() -> None:
    other = {**DETAILS, "metaData": {**DETAILS["metaData"], "id": "5"}}  # type: ignore[dict-item]
    [call] = _read({"callTranscripts": [TRANSCRIPT], "calls": [other]})
    assert said(call) == ANONYMOUS
    assert (call.title, call.participants) == (None, [])
    [call] = _read({"callTranscripts": [TRANSCRIPT], "calls": [DETAILS, other]})
    assert said(call) == NAMED
    assert has_warning(call, "1 more call without a transcript")


def test_details_alone_say_nothing() -> None:
    with pytest.raises(TranscriptError, match="without what was said; give the answer of /v2/calls/transcript too"):
        _read({"calls": [DETAILS]})
