"""JSON lists of utterances: whose they are and when, under the names of many tools, and which list is meant."""

import json
from typing import Any

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.finish import to_transcript
from salescoach.reading.transcripts import ReadCall, read_calls_of, transcript_of
from tests.transcript_examples import Example, Said, has_warning, said

HELLO: Said = [("Nele Ruge", "Shall I go on?"), ("Bram Otte", "Please do.")]
FATHOM = {
    "title": "Pilot with Otte",
    "recording_id": 5521,
    "recording_start_time": "2026-02-11T09:30:00Z",
    "calendar_invitees": [
        {"name": "Bram Otte", "email": "bram@otte.example", "is_external": True},
        {"name": "Nele Ruge", "email": "nele@ours.example", "is_external": False},
    ],
    "transcript": [
        {
            "speaker": {"display_name": "Nele Ruge", "matched_calendar_invitee_email": "nele@ours.example"},
            "text": "Shall I go on?",
            "timestamp": "00:00:04",
        },
        {
            "speaker": {"display_name": "Bram Otte", "matched_calendar_invitee_email": "bram@otte.example"},
            "text": "Please do.",
            "timestamp": "00:00:07",
        },
    ],
    "default_summary": {"markdown_formatted": "## They went on"},
    "action_items": [{"description": "send the plan", "assignee": {"name": "Nele Ruge"}}],
}
MEET = {
    "transcriptEntries": [
        {
            "name": "conferenceRecords/c/transcripts/t/entries/1",
            "participant": "conferenceRecords/c/participants/77",
            "text": "Shall I go on?",
            "startTime": "2026-02-11T09:30:00.250Z",
            "endTime": "2026-02-11T09:30:02Z",
        },
        {
            "participant": "conferenceRecords/c/participants/78",
            "text": "Please do.",
            "startTime": "2026-02-11T09:30:03.123456789Z",
            "endTime": "2026-02-11T09:30:04Z",
        },
    ],
    "participants": [{"name": "conferenceRecords/c/participants/77", "signedinUser": {"displayName": "Nele Ruge"}}],
}
CONTACT_LENS = {
    "Channel": "VOICE",
    "Participants": [
        {"ParticipantId": "0c1f8c52-6f1a-4b52-9d12-4ce1a8c8e001", "ParticipantRole": "CUSTOMER"},
        {"ParticipantId": "9a1f8c52-6f1a-4b52-9d12-4ce1a8c8e002", "ParticipantRole": "AGENT"},
    ],
    "Transcript": [
        {
            "Id": "a",
            "ParticipantId": "9a1f8c52-6f1a-4b52-9d12-4ce1a8c8e002",
            "Content": "Which plan have you got?",
            "BeginOffsetMillis": 400,
            "EndOffsetMillis": 1900,
        },
        {
            "Id": "b",
            "ParticipantId": "0c1f8c52-6f1a-4b52-9d12-4ce1a8c8e001",
            "Content": "The old one.",
            "BeginOffsetMillis": 2500,
            "EndOffsetMillis": 3300,
        },
    ],
}
ASSEMBLY = {
    "id": "t",
    "utterances": [
        {"speaker": "A", "text": "Is that all in?", "start": 250, "end": 1500, "confidence": 0.9, "words": []},
        {"speaker": "B", "text": "Delivery is extra.", "start": 1800, "end": 3400, "confidence": 0.9, "words": []},
    ],
    "sentiment_analysis_results": [{"text": "Is that all in?", "start": 250, "end": 1500, "speaker": "A"}],
    "chapters": [{"summary": "Price", "headline": "Price", "start": 250, "end": 3400}],
}
AZURE = {
    "combinedRecognizedPhrases": [{"channel": 0, "display": "We open at nine."}],
    "recognizedPhrases": [
        {"channel": 0, "offsetInTicks": 5e6, "durationInTicks": 1e7, "nBest": [{"display": "We open at nine."}]},
        {"channel": 0, "offset": "PT1M2S", "duration": "PT1.5S", "nBest": [{"display": "Do come."}]},
        {"recognitionStatus": "Failure", "channel": 1},
        {"channel": 1, "offset": "PT3S", "duration": "PT1S", "nBest": [{"display": "On Sunday?"}, {"display": "Sun?"}]},
    ],
}
WHISPERX = {
    "segments": [
        {
            "start": 0.5,
            "end": 3.5,
            "text": " Two or three? Three.",
            "speaker": "SPEAKER_00",
            "words": [
                {"word": "Two", "start": 0.5, "end": 0.7, "speaker": "SPEAKER_00"},
                {"word": "or", "speaker": "SPEAKER_00"},
                {"word": "three?", "start": 1.0, "end": 1.4, "speaker": "SPEAKER_00"},
                {"word": "Three.", "start": 2.5, "end": 3.1, "speaker": "SPEAKER_01"},
            ],
        },
        {"start": 4.0, "end": 5.0, "text": " Hm.", "words": []},
    ],
    "word_segments": [],
}
WHISPER_CPP = {
    "systeminfo": "AVX = 1",
    "transcription": [
        {
            "timestamps": {"from": "00:00:00,500", "to": "00:00:02,000"},
            "offsets": {"from": 500, "to": 2000},
            "text": " Which colour?",
            "speaker": "0",
        },
        {
            "timestamps": {"from": "00:01:02,000", "to": "00:01:03,000"},
            "offsets": {"from": 62000, "to": 63000},
            "text": " Blue.",
            "speaker": "1",
        },
        {
            "timestamps": {"from": "00:01:04,000", "to": "00:01:05,000"},
            "offsets": {"from": 64000, "to": 65000},
            "text": " Hm.",
            "speaker": "?",
        },
    ],
}
TWILIO = {
    "meta": {"page": 0, "key": "sentences"},
    "sentences": [
        {"media_channel": 2, "sentence_index": 0, "start_time": "0.5", "end_time": "1.5", "transcript": "Vell and Co."},
        {
            "media_channel": 1,
            "sentence_index": 1,
            "start_time": "2.0",
            "end_time": "3.5",
            "transcript": "A van, please.",
        },
    ],
}
RINGSENSE = {
    "title": "Call from Nele to Bram",
    "recordingStartTime": "2026-02-11T09:30:00Z",
    "speakerInfo": [{"speakerId": "s1", "name": "Nele Ruge"}, {"speakerId": "s2", "name": "Bram Otte"}],
    "insights": {
        "Transcript": [
            {"speakerId": "s1", "text": "Shall I go on?", "start": 1.5, "end": 2.5},
            {"speakerId": "s2", "text": "Please do.", "start": 3, "end": 4},
        ],
        "Summary": [{"name": "main", "value": "They went on."}],
        "Highlights": [{"speakerId": "s2", "text": "Please do.", "start": 3, "end": 4}],
    },
}
DEEPGRAM = {
    "results": {
        "channels": [{"alternatives": [{"transcript": "x"}]}, {"alternatives": [{"transcript": "y"}]}],
        "utterances": [
            {"start": 0.5, "end": 1.5, "channel": 0, "speaker": 0, "transcript": "Is it heavy?", "words": []},
            {"start": 2.0, "end": 2.5, "channel": 1, "speaker": 0, "transcript": "Nine kilos.", "words": []},
        ],
    }
}
ZOOM = {
    "type": "zoom_transcript",
    "recording_start": "2026-02-11T09:30:00Z",
    "timeline": [
        {
            "text": "Shall I go on?",
            "ts": "00:00:01.200",
            "end_ts": "00:00:02.000",
            "users": [{"username": "Nele Ruge"}],
        },
        {"text": "Please do.", "ts": "00:00:02.500", "end_ts": "00:00:03.100", "users": [{"username": "Bram Otte"}]},
        {"text": "Ha.", "ts": "00:00:04", "users": [{"username": "Nele Ruge"}, {"username": "Bram Otte"}]},
    ],
}
ZOOM_PEOPLE = {
    "participants": [
        {
            "display_name": "Nele Ruge",
            "transcripts": [
                {"item_id": "1", "text": "Shall I go on?", "start_time": "00:00:01.000", "end_time": "00:00:02.000"},
                {"item_id": "3", "text": "Good.", "start_time": "00:00:05.000", "end_time": "00:00:06.000"},
            ],
        },
        {
            "display_name": "Bram Otte",
            "transcripts": [
                {"item_id": "2", "text": "Please do.", "start_time": "00:00:03.000", "end_time": "00:00:04.000"}
            ],
        },
    ]
}
REV = {
    "speakers": [{"id": 0, "name": "Nele Ruge"}],
    "monologues": [
        {
            "speaker": 0,
            "elements": [
                {"type": "text", "value": "Shall", "ts": 0.5, "end_ts": 0.7},
                {"type": "punct", "value": " "},
                {"type": "text", "value": "we", "timestamp": "00:00:00,800", "end_timestamp": "00:00:01,000"},
                {"type": "tag", "name": "crosstalk"},
                {"type": "punct", "value": "?"},
            ],
        },
        {"speaker": 1, "elements": [{"type": "text", "value": "Yes.", "ts": 2.5, "end_ts": 2.8}]},
    ],
}
HUBSPOT = {
    "engagementId": 7,
    "transcriptCreateUtterances": [
        {
            "speaker": {"id": "n", "name": "Nele Ruge"},
            "startTimeMillis": 500,
            "endTimeMillis": 900,
            "text": "Shall I go on?",
        },
        {"speaker": {"id": "b", "name": "Bram Otte"}, "startTimeMillis": "1500", "text": "Please do."},
    ],
}
CHAT = [
    {"role": "system", "content": "You sell tents."},
    {"role": "user", "content": "Is it waterproof?"},
    {"role": "assistant", "content": [{"type": "text", "text": "Up to a metre."}, {"type": "image_url"}]},
    {"role": "tool", "content": '{"stock": 3}'},
]
LINES = [
    {"call_id": "k1", "from": "Rep", "message": "Here?"},
    {"call_id": "k1", "from": "Customer", "message": "There."},
]
EXAMPLES = [
    Example("fathom.json", json.dumps({"items": [FATHOM], "next_cursor": None}), (HELLO,)),
    Example("meet.json", json.dumps(MEET), ([HELLO[0], ("Participant 78", "Please do.")],)),
    Example(
        "contact-lens.json",
        json.dumps(CONTACT_LENS),
        ([("AGENT", "Which plan have you got?"), ("CUSTOMER", "The old one.")],),
    ),
    Example("assemblyai.json", json.dumps(ASSEMBLY), ([("A", "Is that all in?"), ("B", "Delivery is extra.")],)),
    Example(
        "azure.json",
        json.dumps(AZURE),
        ([("Channel 0", "We open at nine."), ("Channel 1", "On Sunday?"), ("Channel 0", "Do come.")],),
    ),
    Example(
        "whisperx.json",
        json.dumps(WHISPERX),
        ([("SPEAKER_00", "Two or three?"), ("SPEAKER_01", "Three."), ("unknown", "Hm.")],),
    ),
    Example(
        "whisper-cpp.json",
        json.dumps(WHISPER_CPP),
        ([("Speaker 0", "Which colour?"), ("Speaker 1", "Blue."), ("unknown", "Hm.")],),
    ),
    Example("twilio.json", json.dumps(TWILIO), ([("Channel 2", "Vell and Co."), ("Channel 1", "A van, please.")],)),
    Example("ringsense.json", json.dumps(RINGSENSE), (HELLO,)),
    Example("deepgram.json", json.dumps(DEEPGRAM), ([("Channel 0", "Is it heavy?"), ("Channel 1", "Nine kilos.")],)),
    Example("zoom.json", json.dumps(ZOOM), ([*HELLO, ("unknown", "Ha.")],)),
    Example("zoom-people.json", json.dumps(ZOOM_PEOPLE), ([*HELLO, ("Nele Ruge", "Good.")],)),
    Example("rev.json", json.dumps(REV), ([("Nele Ruge", "Shall we?"), ("Speaker 1", "Yes.")],)),
    Example("hubspot.json", json.dumps(HUBSPOT), (HELLO,)),
    Example("chat.json", json.dumps(CHAT), ([("user", "Is it waterproof?"), ("assistant", "Up to a metre.")],)),
    Example("lines.jsonl", "\n".join(map(json.dumps, LINES)), ([("Rep", "Here?"), ("Customer", "There.")],)),
]


def _read(value: Any) -> list[ReadCall]:
    return read_calls_of(json.dumps(value).encode())


def _one(value: Any) -> ReadCall:
    [call] = _read(value)
    return call


def _sides(value: Any) -> dict[str, str]:
    return {turn.speaker: turn.role for turn in to_transcript(_one(value)).turns}


def test_what_the_file_says_about_the_call_and_who_took_part() -> None:
    call = _one(FATHOM)
    assert (call.format, call.call_id, call.title) == ("Fathom JSON", "5521", "Pilot with Otte")
    assert str(call.started_at) == "2026-02-11 09:30:00+00:00"
    assert [(one.name, one.side) for one in call.participants] == [("Bram Otte", "customer"), ("Nele Ruge", "rep")]
    assert [(turn.start_s, turn.side) for turn in call.turns] == [(4.0, "rep"), (7.0, "customer")]


def test_two_of_one_kind_without_names_stay_two() -> None:
    people = [{"id": "x", "role": "AGENT"}, {"id": "y", "role": "AGENT"}, {"id": "z", "role": "CUSTOMER"}]
    ids = ["5f0f8c52-6f1a-4b52-9d12-4ce1a8c8e00" + end for end in "123"]
    people = [{**one, "id": id_} for one, id_ in zip(people, ids, strict=True)]
    value = {"participants": people, "turns": [{"participant_id": id_, "text": "hm"} for id_ in ids]}
    assert _sides(value) == {"AGENT": "rep", "AGENT 2": "rep", "CUSTOMER": "customer"}


def test_a_file_that_puts_somebody_on_both_sides_is_not_believed() -> None:
    call = _one([{"speaker": "Nele Ruge", "role": role, "text": "hm"} for role in ("rep", "customer")])
    assert [turn.side for turn in call.turns] == [None]
    assert has_warning(call, "Nele Ruge is on both sides, so neither was taken")


def test_the_sides_of_a_chat_are_assumed_aloud() -> None:
    call = _one(CHAT)
    assert has_warning(call, "“user” was taken as the customer and “assistant” was taken as our side; if that is wrong")
    assert has_warning(call, "2 instructions to an assistant were left out")
    turned = transcript_of(json.dumps(CHAT).encode(), rep="user")
    assert [turn.role for turn in turned.turns] == ["rep", "customer"]
    assert not has_warning(_one([{"role": "user", "content": "a"}, {"role": "other", "content": "b"}]), "taken")


def test_what_is_out_of_order_is_sorted_aloud_and_a_slip_is_not() -> None:
    value = [{"speaker": name, "text": name, "start": start} for name, start in (("A", 5.5), ("B", 1.5), ("C", 3.5))]
    call = _one(value)
    assert "".join(turn.text for turn in call.turns) == "BCA"
    assert has_warning(call, "not in the order of its times")
    long = [{"speaker": "AB"[index % 2], "text": str(index), "start": index + 0.5} for index in range(30)]
    long[20]["start"] = 0.5
    assert [turn.text for turn in _one(long).turns] == [str(index) for index in range(30)]


def test_several_calls_come_out_as_several() -> None:
    talk = [{"speaker": "Rep", "text": "a"}, {"speaker": "Customer", "text": "b"}]
    for value in (
        {"calls": [{"id": "k1", "title": "One", "transcript": talk}, {"id": "k2", "transcript": talk}]},
        [{"id": "k1", "title": "One", "messages": talk}, {"id": "k2", "messages": talk}],
        [{**one, "call_id": id_} for id_ in ("k1", "k2") for one in talk],
        {"k1": talk, "k2": talk},
    ):
        calls = _read(value)
        assert [call.call_id for call in calls] == ["k1", "k2"]
        assert [said(call) for call in calls] == [[("Rep", "a"), ("Customer", "b")]] * 2
    assert (
        _read({"calls": [{"title": "One", "transcript": talk}, {"transcript": talk}], "title": "All"})[1].title is None
    )
    parts = {"id": "k", "sections": [{"title": "Start", "transcript": talk[:1]}, {"transcript": talk[1:]}]}
    assert (said(_one(parts)), _one(parts).title) == ([("Rep", "a"), ("Customer", "b")], None)
    assert len(_read([{**one, "conversation_id": number} for number, one in enumerate(talk)])) == 1  # ids of utterances


def test_what_is_not_read_is_said() -> None:
    talk = [
        {"speaker": "Rep", "text": "a"},
        None,
        {"speaker": "Customer", "text": ""},
        {"speaker": "Customer", "text": "b"},
    ]
    assert has_warning(_one({"items": [{"transcript": talk}, {"transcript": []}]}), "1 more record without words")
    assert has_warning(_one(talk), "2 entries without words were left out")
    assert has_warning(
        _one([{**one, "is_final": index != 0} for index, one in enumerate(talk) if one]), "1 entry that isn't final"
    )
    two = {"first": {"transcript": [{"speaker": "Rep", "text": "c"}]}, "then": {"transcript": talk}}
    assert has_warning(_one(two), "words in the list “transcript” too, which were left out")
    assert has_warning(_one(ZOOM), "1 entry names several speakers and counts as of none")


def test_words_of_several_voices_are_told_apart_or_it_is_said() -> None:
    words = [{"word": word, "speaker": speaker} for word, speaker in (("So", 0), ("when", None), ("Soon", 1))]
    segment = {"text": "So, when? Soon.", "speaker": 0, "words": words}
    assert said(_one({"segments": [segment]})) == [("Speaker 0", "So, when?"), ("Speaker 1", "Soon.")]
    assert said(_one({"segments": [segment], "speakers": [{"id": 1, "name": "Bram"}]}))[1] == ("Bram", "Soon.")
    other = _one({"segments": [{**segment, "text": "Something else was said"}]})
    assert said(other) == [("Speaker 0", "Something else was said")]
    assert has_warning(other, "1 entry holds words of several voices and is read as of one")


@pytest.mark.parametrize(
    "value",
    [
        {"utterances": [{"speaker": "A", "text": None}, {"speaker": "B", "text": ""}]},
        {"fields": [{"name": "Amount", "value": "100"}, {"name": "Stage", "value": "Closed"}]},
        [{"name": "Amount", "value": "100 and more"}],
        {"action_items": [{"user": "Nele", "text": "send it"}]},
        {"utterances": []},
        {"files": [{"name": "a.txt", "size": 3}]},
    ],
)
def test_records_that_nobody_says_are_refused(value: Any) -> None:
    with pytest.raises(TranscriptError, match="holds no transcript"):
        _read(value)


def test_only_instructions_are_no_call() -> None:
    with pytest.raises(TranscriptError, match="no speech in this JSON"):
        _read([{"role": "system", "content": "You sell tents."}])
