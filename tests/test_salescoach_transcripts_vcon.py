"""vCon: messages of its parties, and transcripts among its analyses."""

import json
from typing import Any

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.finish import to_transcript
from salescoach.reading.transcripts import read_calls_of
from tests.transcript_examples import Example

PARTIES = [
    {"name": "Ivy Lund", "role": "agent", "mailto": "ivy@ours.example"},
    {"name": "Carl Voss", "tel": "tel:+1555"},
]
DIALOG = [
    {"type": "text", "start": "2026-01-05T10:00:00Z", "parties": [0, 1], "originator": 0, "body": "Still on for noon?"},
    {"type": "text", "start": "2026-01-05T10:00:30Z", "parties": [1, 0], "body": "Yes."},
]
RECORDING = {"type": "recording", "start": "2026-01-05T10:00:00Z", "duration": 9, "parties": [0, 1], "url": "https://x"}
TALK = [("Ivy Lund", "Still on for noon?"), ("Carl Voss", "Yes.")]
VOICES = [("Speaker 0", "Still on for noon?"), ("Speaker 1", "Yes.")]


def _vcon(body: Any, **analysis: Any) -> dict[str, Any]:
    found = [{"type": "summary", "body": "They meet."}, {"type": "transcript", "dialog": 0, "body": body, **analysis}]
    return {"vcon": "0.0.2", "uuid": "u1", "parties": PARTIES, "dialog": [RECORDING], "analysis": found}


BY_PARTY = [{"party": 0, "text": "Still on for noon?", "start": 0.5}, {"party": 1, "text": "Yes.", "start": 2.5}]
BY_NAME = {"segments": [{"speaker": name, "text": text, "start": 0.5} for name, text in TALK]}
DEEPGRAM = {
    "transcript": "Still on for noon? Yes.",
    "paragraphs": {
        "paragraphs": [
            {"speaker": 0, "sentences": [{"text": "Still on for noon?", "start": 0.5, "end": 1.5}]},
            {"speaker": 1, "sentences": [{"text": "Yes.", "start": 2.5, "end": 3}]},
        ]
    },
}
EXAMPLES = [
    Example(
        "chat.json",
        json.dumps({"vcon": "0.0.1", "uuid": "u0", "subject": "Noon", "parties": PARTIES, "dialog": DIALOG}),
        (TALK,),
    ),
    Example("parties.json", json.dumps(_vcon(BY_PARTY)), (TALK,)),
    Example("text.json", json.dumps(_vcon(json.dumps(BY_NAME), encoding="json"), indent=1), (TALK,)),
    Example("deepgram.json", json.dumps(_vcon(DEEPGRAM, vendor="deepgram")), (VOICES,)),
    Example("plain.json", json.dumps(_vcon("Ivy Lund: Still on for noon?\nCarl Voss: Yes.")), (TALK,)),
    Example("one-text.json", json.dumps(_vcon({"text": "Ivy Lund: Still on for noon?\nCarl Voss: Yes."})), (TALK,)),
    Example("two.json", json.dumps([_vcon(BY_PARTY), _vcon(BY_NAME)]), (TALK, TALK)),
]


def test_sides_times_and_what_is_said_of_the_call() -> None:
    [call] = read_calls_of(EXAMPLES[0].text.encode())
    assert (call.format, call.call_id, call.title) == ("vCon JSON", "u0", "Noon")
    assert str(call.started_at) == "2026-01-05 10:00:00+00:00"
    assert [(turn.role, turn.start_s) for turn in to_transcript(call).turns] == [("rep", 0.0), ("customer", 30.0)]
    assert [(one.name, one.side) for one in call.participants] == [("Ivy Lund", "rep"), ("Carl Voss", None)]


@pytest.mark.parametrize("body", [None, "", [], {}, {"summary": "short"}, 3])
def test_a_container_without_words_is_refused(body: Any) -> None:
    with pytest.raises(TranscriptError, match="holds no words, only recordings or other analyses"):
        read_calls_of(json.dumps(_vcon(body)).encode())
