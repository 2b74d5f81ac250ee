"""Fireflies' JSON: whose sentences they are, when, and what the file says about the call."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from salescoach.reading.transcripts import PASTE_CHARS, ReadCall, looks_like_transcript, read_calls_of, transcript_of
from tests.transcript_examples import Example, has_warning, said

CALL = {
    "id": "01HZX",
    "title": "Renewal, Acme",
    "dateString": "2026-03-04T15:00:00.000Z",
    "date": 1772636400000,
    "duration": 31.5,
    "organizer_email": "anna@example.com",
    "speakers": [{"id": 0, "name": "Anna Weber"}, {"id": 1, "name": "Dana Roy"}],
    "sentences": [
        {"text": "Hi Dana.", "speaker_id": 0, "speaker_name": "Anna Weber", "start_time": 0.4, "end_time": 1},
        {"text": "Good to see you", "speaker_id": 0, "speaker_name": None, "start_time": 1.2, "end_time": 2},
        {"text": "What does it cost?", "speaker_id": 1, "speaker_name": "Dana Roy", "start_time": "2.5"},
        {"text": None, "raw_text": "um", "speaker_id": 7, "start_time": 4, "end_time": 5},
        {"text": "It depends.", "speaker_id": None, "speaker_name": None, "start_time": 6, "end_time": 7},
    ],
    "summary": {"overview": "They talked about the price."},
}
SAID = [
    ("Anna Weber", "Hi Dana. Good to see you"),
    ("Dana Roy", "What does it cost?"),
    ("Speaker 7", "um"),
    ("unknown", "It depends."),
]
SHORT = {"title": "Follow-up", "sentences": [{"speaker_name": "Dana Roy", "text": "Hello?"}]}
EXAMPLES = [
    Example("answer.json", json.dumps({"data": {"transcript": CALL}}), (SAID,)),
    Example("transcript.json", json.dumps(CALL, indent=2), (SAID,)),
    Example("answers.json", json.dumps({"data": {"transcripts": [CALL, SHORT]}}), (SAID, [("Dana Roy", "Hello?")])),
    Example("list.json", json.dumps([SHORT]), ([("Dana Roy", "Hello?")],)),
]


def _read(value: Any) -> list[ReadCall]:
    return read_calls_of(json.dumps(value).encode())


def test_times_sides_and_what_the_file_says_about_the_call() -> None:
    [call] = _read(CALL)
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(0.4, 2), (2.5, None), (4, 5), (6, 7)]
    assert (call.call_id, call.title) == ("01HZX", "Renewal, Acme")
    assert call.started_at == datetime(2026, 3, 4, 15, tzinfo=UTC)
    assert call.metadata == {"duration": "31.5", "organizer_email": "anna@example.com"}
    assert call.warnings == []
    roles = {turn.speaker: turn.role for turn in transcript_of(json.dumps(CALL).encode(), rep="anna").turns}
    assert roles == {"Anna Weber": "rep", "Dana Roy": "customer", "Speaker 7": "customer", "unknown": "unknown"}


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"date": 1772636400000}, datetime(2026, 3, 4, 15, tzinfo=UTC)),
        ({"dateString": "nonsense", "date": 1772636400}, datetime(2026, 3, 4, 15, tzinfo=UTC)),
        ({"date": 1e300}, None),
        ({"date": "NaN"}, None),
        ({"date": True}, None),
        ({"date": {}}, None),
        ({}, None),
    ],
)
def test_a_date_is_read_or_left_out(dates: dict[str, Any], expected: datetime | None) -> None:
    assert _read({**SHORT, **dates})[0].started_at == expected


@pytest.mark.parametrize("time", [-1, "soon", "0:75", 1e999, "inf", True])
def test_a_time_that_is_none_is_dropped_and_said(time: Any) -> None:
    text = json.dumps({"sentences": [{"speaker_name": "Rep", "text": "hi", "start_time": time}]})
    call = transcript_of(text.replace("Infinity", "1e999").encode())
    assert call.turns[0].start_s is None
    assert has_warning(call, "The time of turn 1 is no time and was dropped") == (time is not True)


@pytest.mark.parametrize("indent", [None, 2])
def test_a_long_call_that_is_pasted_is_seen(indent: int | None) -> None:
    text = json.dumps({"sentences": CALL["sentences"] * 300}, indent=indent)
    assert len(text) > 2 * PASTE_CHARS
    assert looks_like_transcript(text)
    assert looks_like_transcript(f"\n {text}")
    other = json.dumps({"comments": [{"text": "hi", "start": 0}] * 3_000}, indent=indent)
    assert not looks_like_transcript(other)


def test_a_null_beside_names_is_nobody_and_without_names_numbers_tell_voices_apart() -> None:
    talk = [(0, "Anna Weber"), (0, None), (3, None), (None, None)]
    sentences = [{"text": "hm", "speaker_id": id_, "speaker_name": name} for id_, name in talk]
    assert [name for name, _ in said(_read({"sentences": sentences})[0])] == ["Anna Weber", "unknown", "unknown"]
    assert [name for name, _ in said(_read({"sentences": sentences[1:]})[0])] == ["Speaker 0", "Speaker 3", "unknown"]


def test_calls_without_sentences_are_counted() -> None:
    [call] = _read({"transcripts": [{"id": "a", "sentences": None}, SHORT, {"id": "b"}]})
    assert call.warnings == ["The file has 2 more calls without sentences, which can't be read."]


def test_escapes_can_not_bring_hidden_characters_or_lines_in() -> None:
    text = '{"sentences": [{"speaker_name": "Re\\u200bp", "text": "a\\u202eb\\nc \\ud83d\\ude42 \\ud83d"}]}'
    call = transcript_of(text.encode())
    assert said(call) == [("Rep", "ab c \U0001f642")]
    assert has_warning(call, "3 hidden or control characters were removed")


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"sentences": null}',
        '{"sentences": []}',
        '{"sentences": ["hi"]}',
        '{"sentences": [{"text": "hi", "start": 0}], "a": 1, "a": 2}',
        '{"transcripts": 3}',
        '[1, "a", null]',
        '{"sentences": [{"text": "hi", "text": "ho", "speaker_name": "Rep"}]}',
        '{"sentences": [{"text": "hi", "speaker_name": "Rep"}]',
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"sentences": [{"text": "hi", "speaker_name": "Rep", "x": ' + "[" * 9_000 + "]" * 9_000 + "}]}",
        "1" * 9_000,
        "[" + "1" * 9_000 + "]",
    ],
)
def test_other_json_is_not_taken_for_it(text: str) -> None:
    assert not looks_like_transcript(text)
