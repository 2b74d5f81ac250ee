"""Records under any names: who says what, on which side, and when."""

import json
from typing import Any

import pytest

from salescoach.reading.finish import to_transcript
from salescoach.reading.transcripts import ReadCall, looks_like_transcript, read_calls_of
from tests.transcript_examples import Said, has_warning, said

HELLO: Said = [("Nele Ruge", "Shall I go on?"), ("Bram Otte", "Please do.")]


def _one(value: Any) -> ReadCall:
    [call] = read_calls_of(json.dumps(value).encode())
    return call


FORMS = [
    # people in a list, found by an id
    (
        {
            "speakers": [{"id": 0, "name": "Nele Ruge"}, {"id": 1, "name": "Bram Otte"}],
            "turns": [{"speaker": 0, "text": "Shall I go on?"}, {"speaker": "1", "text": "Please do."}],
        },
        HELLO,
    ),
    (
        {
            "speakers": {"a": "Nele Ruge", "b": {"name": "Bram Otte"}},
            "segments": [{"speaker_id": "a", "text": "Shall I go on?"}, {"speaker_id": "b", "text": "Please do."}],
        },
        HELLO,
    ),
    # other names for speaker and text, wherever the list stands
    (
        [
            {"speaker_name": "Nele Ruge", "utterance": "Shall I go on?"},
            {"speaker_name": "Bram Otte", "utterance": "Please do."},
        ],
        HELLO,
    ),
    (
        {
            "data": {
                "transcript": [
                    {"author": "Nele Ruge", "body": "Shall I go on?"},
                    {"author": "Bram Otte", "body": "Please do."},
                ]
            }
        },
        HELLO,
    ),
    (
        {
            "Transcript": [
                {"Speaker Name": "Nele Ruge", "Text": "Shall I go on?"},
                {"Speaker Name": "Bram Otte", "Text": "Please do."},
            ]
        },
        HELLO,
    ),
    (
        {
            "messages": [
                {"name": "Nele Ruge", "message": "Shall I go on?"},
                {"name": "Bram Otte", "message": "Please do."},
            ]
        },
        HELLO,
    ),
    (
        {
            "chunks": [
                {"participant": {"name": "Nele Ruge"}, "sentence": "Shall I go on?"},
                {"participant": {"name": "Bram Otte"}, "sentence": "Please do."},
            ]
        },
        HELLO,
    ),
    (
        {
            "edges": [
                {"node": {"speaker": "Nele Ruge:", "content": "Shall I go on?"}},
                {"node": {"speaker": "Bram Otte:", "content": "Please do."}},
            ]
        },
        HELLO,
    ),
    (
        {
            "turn_1": {"who": "Nele Ruge", "text": "Shall I go on?"},
            "turn_2": {"who": "Bram Otte", "text": "Please do."},
        },
        HELLO,
    ),
    (
        [
            {
                "participant": {"name": "Nele Ruge"},
                "words": [{"text": "Shall"}, {"text": "I"}, {"text": "go"}, {"text": "on?"}],
            },
            {"participant": {"name": "Bram Otte"}, "words": [{"text": "Please"}, {"text": "do."}]},
        ],
        HELLO,
    ),
    (
        [{"Agent": "Shall I go on?"}, {"Customer": "Please do."}],
        [("Agent", "Shall I go on?"), ("Customer", "Please do.")],
    ),
    (
        [{"is_agent": True, "text": "Shall I go on?"}, {"is_agent": False, "text": "Please do."}],
        [("Rep", "Shall I go on?"), ("Customer", "Please do.")],
    ),
    # the speaker is nobody, or stands in the text
    (
        [
            {"speaker": None, "text": "Who?"},
            {"speaker": "", "text": "What?"},
            {"speaker": "None", "text": "Why?"},
            {"speaker": "Bram Otte", "text": "Please do."},
        ],
        [("unknown", "Who?"), ("unknown", "What?"), ("unknown", "Why?"), HELLO[1]],
    ),
    (
        {
            "segments": [
                {"start": 0, "end": 1, "text": "Rep: Shall I go on?"},
                {"start": 1, "end": 2, "text": "Customer: Please do."},
            ]
        },
        [("Rep", "Shall I go on?"), ("Customer", "Please do.")],
    ),
    # what stands around an utterance
    (
        {
            "channels": [
                {"channel": 0, "utterances": [{"text": "Shall I go on?", "start": 0.5}]},
                {"channel": 1, "utterances": [{"text": "Please do.", "start": 1.5}]},
            ]
        },
        [("Channel 0", "Shall I go on?"), ("Channel 1", "Please do.")],
    ),
    # channels: of one alone nothing is known, names count more, and several voices on one stay apart
    (
        {"utterances": [{"channel": 0, "text": "Shall I go on?"}, {"channel": 0, "text": "Please do."}]},
        [("unknown", "Shall I go on?"), ("unknown", "Please do.")],
    ),
    (
        {
            "utterances": [
                {"channel": 0, "speaker": "Nele Ruge", "text": "Shall I go on?"},
                {"channel": 1, "speaker": "Bram Otte", "text": "Please do."},
            ]
        },
        HELLO,
    ),
    (
        {
            "utterances": [
                {"channel": 0, "speaker": 0, "text": "Shall I go on?"},
                {"channel": 0, "speaker": 1, "text": "Please do."},
                {"channel": 1, "speaker": 0, "text": "Hm."},
            ]
        },
        [("Channel 0, Speaker 0", "Shall I go on?"), ("Channel 0, Speaker 1", "Please do."), ("Channel 1", "Hm.")],
    ),
]


@pytest.mark.parametrize(("value", "expected"), FORMS)
def test_who_says_what_under_any_name(value: Any, expected: Said) -> None:
    assert said(_one(value)) == expected
    assert looks_like_transcript(json.dumps(value))


@pytest.mark.parametrize(
    ("value", "sides"),
    [
        (
            {"messages": [{"role": "agent", "content": "a"}, {"role": "customer", "content": "b"}]},
            {"agent": "rep", "customer": "customer"},
        ),
        (
            {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
            {"human": "customer", "gpt": "rep"},
        ),
        (
            {
                "transcript": [
                    {"speaker_id": 1, "transcript": "a", "timestamps": [0.5, 0.9]},
                    {"speaker_id": 2, "transcript": "b", "timestamps": [2]},
                ],
                "speakers": [
                    {"id": 1, "name": "Nele", "is_rep": True},
                    {"id": 2, "name": None, "email": "b@otte.example", "is_rep": False},
                ],
            },
            {"Nele": "rep", "b@otte.example": "customer"},
        ),
        (
            {
                "call": {
                    "users": [{"userEmail": "n@ours.example", "personId": 1}],
                    "externalParticipants": [{"name": "Bram", "personId": 2}],
                    "transcript": [
                        {"personId": 1, "text": "a", "start": 0.5, "end": 1},
                        {"personId": 2, "text": "b", "start": 2, "end": 3},
                    ],
                }
            },
            {"n@ours.example": "rep", "Bram": "customer"},
        ),
        (
            {
                "lines": [
                    {
                        "contact_id": "c",
                        "content": "a",
                        "name": "Bram",
                        "time": "2026-02-11T09:30:00Z",
                        "type": "transcript",
                    },
                    {
                        "user_id": "u",
                        "content": "b",
                        "name": "Nele",
                        "time": "2026-02-11T09:30:04Z",
                        "type": "transcript",
                    },
                ]
            },
            {"Bram": "customer", "Nele": "rep"},
        ),
        (
            {
                "entries": [
                    {"speaker_type": "user", "speaker_name": "Nele", "text": "a"},
                    {"speaker_type": "guest", "speaker_name": "Bram", "text": "b"},
                ]
            },
            {"Nele": "rep", "Bram": "customer"},
        ),
        (
            {
                "utterances": [
                    {"participant_type": "internal", "user_id": 12, "text": "a"},
                    {"participant_type": "external", "text": "b"},
                ]
            },
            {"Speaker 12": "rep", "external": "customer"},
        ),
        (
            {
                "transcript": {
                    "transcriptSegments": [
                        {"text": "a", "channelTag": 1, "segmentParticipant": {"role": "HUMAN_AGENT"}},
                        {"text": "b", "channelTag": 2, "segmentParticipant": {"role": "END_USER"}},
                    ]
                }
            },
            {"HUMAN_AGENT": "rep", "END_USER": "customer"},
        ),
        (
            {
                "channel": {
                    "participants": [
                        {"channel_participant": 1, "role": "Customer", "full_name": "Bram"},
                        {"channel_participant": 2, "role": "Agent"},
                    ]
                },
                "sentences": [{"media_channel": 1, "transcript": "a"}, {"media_channel": 2, "transcript": "b"}],
            },
            {"Bram": "customer", "Agent": "rep"},
        ),
        (
            {
                "data": {
                    "attributes": {
                        "recording": {
                            "utterances": [
                                {"speaker_name": "Nele", "speaker_type": "rep", "snippet": "a", "snippet_time": 1.5},
                                {"speaker_name": "Bram", "speaker_type": "cust", "snippet": "b", "snippet_time": 3},
                            ]
                        }
                    }
                }
            },
            {"Nele": "rep", "Bram": "customer"},
        ),
        (
            {
                "Segments": [
                    {"Transcript": {"ParticipantRole": "AGENT", "Content": "a"}},
                    {"Transcript": {"ParticipantRole": "CUSTOMER", "Content": "b"}},
                ]
            },
            {"AGENT": "rep", "CUSTOMER": "customer"},
        ),
        (
            {
                "transcript": [{"speaker": "Nele", "text": "a"}, {"speaker": "Bram", "text": "b"}],
                "participants": [{"name": "nele", "role": "Host"}],
            },
            {"nele": "unknown", "Bram": "unknown"},
        ),
    ],
)
def test_a_side_is_what_the_file_says(value: Any, sides: dict[str, str]) -> None:
    assert {turn.speaker: turn.role for turn in to_transcript(_one(value)).turns} == sides


TIMES = [
    ([{"start": 1.5, "end": 2.5}, {"start": 3, "end": 4}], [(1.5, 2.5), (3, 4)]),
    ([{"start": "1.5", "end": "2.5"}, {"start": "3", "end": "4"}], [(1.5, 2.5), (3, 4)]),
    ([{"start": 1500, "end": 2500}, {"start": 3000, "end": 4000}], [(1.5, 2.5), (3, 4)]),
    ([{"start": 1500, "duration": 1000}, {"start": 3000, "duration": 1000}], [(1.5, 2.5), (3, 4)]),
    ([{"startMs": 1500, "endMs": 2500}, {"startMs": 3000, "endMs": 4000}], [(1.5, 2.5), (3, 4)]),
    (
        [{"start_time_ms": 1500, "end_time_ms": 2500}, {"start_time_ms": 3000, "end_time_ms": 4000}],
        [(1.5, 2.5), (3, 4)],
    ),
    (
        [{"offsetInTicks": 15_000_000, "durationInTicks": 1e7}, {"offset": "PT3S", "duration": "PT1S"}],
        [(1.5, 2.5), (3, 4)],
    ),
    ([{"startTime": "1.5s", "endTime": "2.500s"}, {"startTime": "3s", "endTime": "4s"}], [(1.5, 2.5), (3, 4)]),
    ([{"start": {"seconds": "1", "nanos": 500_000_000}}, {"start": {"seconds": 3}}], [(1.5, None), (3, None)]),
    ([{"timestamp": "00:00:01.5"}, {"timestamp": "0:03"}], [(1.5, None), (3, None)]),
    ([{"timestamp": [1.5, 2.5]}, {"timestamp": [3.0, None]}], [(1.5, 2.5), (3, None)]),
    ([{"time": "00:01 - 00:02"}, {"time": "00:03 --> 00:04"}], [(1, 2), (3, 4)]),
    ([{"ts": "1772636400.5"}, {"ts": "1772636402"}], [(0, None), (1.5, None)]),
    ([{"created_at": "2026-02-11T09:30:00Z"}, {"created_at": "2026-02-11T10:30:01.5+01:00"}], [(0, None), (1.5, None)]),
    (
        [{"startTimeMs": 1772636400000, "duration": {"milliseconds": 900}}, {"startTimeMs": 1772636401500}],
        [(0, 0.9), (1.5, None)],
    ),
    ([{"start": 0}, {"start": 45}], [(0, None), (45, None)]),  # long pauses are no milliseconds
    ([{"start": None}, {}], [(None, None), (None, None)]),
]


@pytest.mark.parametrize(("times", "expected"), TIMES)
def test_times_of_any_unit(times: list[dict[str, Any]], expected: list[tuple[float | None, float | None]]) -> None:
    call = _one([{**time, "speaker": name, "text": "and so on"} for time, name in zip(times, "AB", strict=True)])
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == expected
    is_assumed = isinstance(times[0].get("start"), int) and times[0]["start"] > 1000
    assert has_warning(call, "milliseconds were assumed") == is_assumed


def test_a_time_that_is_none_is_said() -> None:
    value = [{"speaker": "A", "text": "x", "time": "noon"}, {"speaker": "B", "text": "y", "time": "1,5"}]
    assert has_warning(to_transcript(_one(value)), "The times of turns 1 and 2 are no times and were dropped")
