"""What recognisers write word by word: voices and channels, and words that come twice."""

import json
from typing import Any

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import ReadCall, read_calls_of
from tests.transcript_examples import Example, has_warning, said


def _aws(text: str | None, start: float | None = None, voice: str | None = None) -> dict[str, Any]:
    item: dict[str, Any] = {"alternatives": [{"confidence": "0.9", "content": text}], "type": "punctuation"}
    if start is not None:
        item |= {"type": "pronunciation", "start_time": str(start), "end_time": str(start + 0.25)}
    return item if voice is None else {**item, "speaker_label": voice}


def _word(word: str, start: float, speaker: int | None = None, **more: Any) -> dict[str, Any]:
    found = {"word": word.lower().strip("?."), "punctuated_word": word, "start": start, "end": start + 0.25, **more}
    return found if speaker is None else {**found, "speaker": speaker}


def _google(word: str, start: float, tag: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"word": word, "startTime": f"{start:.3f}s", "endTime": f"{start + 0.25:.3f}s"}
    return found if tag is None else {**found, "speakerTag": tag}


def _result(words: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    text = " ".join(word["word"] for word in words)
    return {"alternatives": [{"transcript": text, "words": words}, {"transcript": "or not"}], **more}


AWS_ITEMS = [_aws("Which", 0.5), _aws("one", 0.75), _aws("?"), _aws("Both", 2.5), _aws(".")]
AWS_SEGMENTS = [
    {"speaker_label": "spk_0", "start_time": "0.4", "end_time": "1.1",
     "items": [{"start_time": "0.5", "speaker_label": "spk_0"}, {"start_time": "0.75", "speaker_label": "spk_0"}]},
    {"speaker_label": "spk_1", "start_time": "2.4", "end_time": "3", "items": [{"start_time": "2.5"}]},
]  # fmt: skip
AWS_CHANNELS = [
    {
        "channel_label": "ch_0",
        "items": [_aws("Which", 0.5), _aws("one", 0.75), _aws("?"), _aws("Good", 3.5), _aws(".")],
    },
    {"channel_label": "ch_1", "items": [_aws("Both", 2.5), _aws(".")]},
]
TWO = [("Speaker 0", "Which one?"), ("Speaker 1", "Both.")]
PARAGRAPHS = {
    "paragraphs": [
        {"speaker": 0, "sentences": [{"text": "Which one?", "start": 0.5, "end": 1.0}]},
        {"speaker": 1, "sentences": [{"text": "Both.", "start": 2.5, "end": 2.75}]},
    ]
}
CHANNELS = [
    {"alternatives": [{"transcript": "x", "words": [_word("Which", 0.5), _word("one?", 0.75), _word("Good.", 3.5)]}]},
    {"alternatives": [{"transcript": "y", "words": [_word("Both.", 2.5)]}]},
]
VOICES = [_word("Which", 0.5, 0), _word("one?", 0.75, 0), _word("Both.", 2.5, 1)]
SPEECHMATICS = [
    {"type": "word", "start_time": 0.5, "alternatives": [{"content": "Which", "speaker": "S1"}]},
    {"type": "punctuation", "attaches_to": "previous", "alternatives": [{"content": "?", "speaker": "S1"}]},
    {"type": "word", "start_time": 2.5, "alternatives": [{"content": "Both", "speaker": "S2"}]},
]
SPACED = [
    {"text": text, "type": "word" if text.strip() else "spacing", "speaker_id": f"speaker_{voice}", "start": 0.5}
    for text, voice in (("Which", 0), (" ", 0), ("one?", 0), (" ", 0), ("Both.", 1))
]
GOOGLE = [
    _result([_google("which", 0.5), _google("one", 0.75)]),
    _result([_google("both", 2.5)]),
    {"alternatives": [{"words": [_google("which", 0.5, 1), _google("one", 0.75, 1), _google("both", 2.5, 2)]}]},
]
TAGGED = [("Speaker 1", "which one"), ("Speaker 2", "both")]
EXAMPLES = [
    Example(
        "aws-times.json",
        json.dumps({"jobName": "j", "results": {"items": AWS_ITEMS, "speaker_labels": {"segments": AWS_SEGMENTS}}}),
        ([("spk_0", "Which one?"), ("spk_1", "Both.")],),
    ),
    Example(
        "aws-labels.json",
        json.dumps(
            {"results": {"items": [_aws("Hm", 0.5, "spk_1"), _aws(".", None, "spk_1"), _aws("So", 1, "spk_0")]}}
        ),
        ([("spk_1", "Hm."), ("spk_0", "So")],),
    ),
    Example(
        "aws-channels.json",
        json.dumps({"results": {"channel_labels": {"channels": AWS_CHANNELS}, "items": AWS_ITEMS}}),
        ([("ch_0", "Which one?"), ("ch_1", "Both."), ("ch_0", "Good.")],),
    ),
    Example("deepgram-words.json", json.dumps({"results": {"channels": [_result(VOICES)]}}), (TWO,)),
    Example(
        "deepgram-paragraphs.json",
        json.dumps({"results": {"channels": [{"alternatives": [{"words": VOICES[:1], "paragraphs": PARAGRAPHS}]}]}}),
        (TWO,),
    ),
    Example(
        "deepgram-channels.json",
        json.dumps({"result": {"results": {"channels": CHANNELS}}}),
        ([("Channel 0", "Which one?"), ("Channel 1", "Both."), ("Channel 0", "Good.")],),
    ),
    Example("google.json", json.dumps({"done": True, "response": {"results": GOOGLE}}), (TAGGED,)),
    Example(
        "google-channels.json",
        json.dumps(
            {"results": [_result([_google("which", 0.5)], channelTag=1), _result([_google("both", 1)], channelTag=2)]}
        ),
        ([("Channel 1", "which"), ("Channel 2", "both")],),
    ),
    Example(
        "google-v2.json",
        json.dumps(
            {
                "results": {
                    "gs://a.wav": {
                        "transcript": {
                            "results": [
                                _result([{"word": "which", "startOffset": "0.5s", "speakerLabel": "1"}]),
                                _result([{"word": "both", "startOffset": "2.5s", "speakerLabel": "2"}]),
                            ]
                        }
                    }
                }
            }
        ),
        ([("Speaker 1", "which"), ("Speaker 2", "both")],),
    ),
    Example("speechmatics.json", json.dumps({"results": SPEECHMATICS}), ([("S1", "Which?"), ("S2", "Both")],)),
    Example(
        "spaced.json",
        json.dumps({"language_code": "en", "text": "Which one? Both.", "words": SPACED}),
        ([("speaker_0", "Which one?"), ("speaker_1", "Both.")],),
    ),
    Example(
        "assemblyai-words.json",
        json.dumps({"utterances": None, "words": [{"text": "Which", "start": 500, "end": 900, "speaker": "A"}]}),
        ([("A", "Which")],),
    ),
    Example("two.json", json.dumps([{"results": {"channels": [_result(VOICES)]}}] * 2), (TWO, TWO)),
]


def _one(value: Any) -> ReadCall:
    [call] = read_calls_of(json.dumps(value).encode())
    return call


@pytest.mark.parametrize(
    ("name", "starts", "format_"),
    [
        ("aws-times.json", [0.5, 2.5], "AWS Transcribe JSON"),
        ("aws-channels.json", [0.5, 2.5, 3.5], "AWS Transcribe JSON"),
        ("deepgram-words.json", [0.5, 2.5], "Deepgram JSON"),
        ("deepgram-paragraphs.json", [0.5, 2.5], "Deepgram JSON"),
        ("google.json", [0.5, 2.5], "Google Speech-to-Text JSON"),
        ("speechmatics.json", [0.5, 2.5], "Speechmatics JSON"),
        ("assemblyai-words.json", [0.5], "words with voices"),
    ],
)
def test_times_and_the_name_of_the_recogniser(name: str, starts: list[float], format_: str) -> None:
    call = _one(json.loads(next(one.text for one in EXAMPLES if one.name == name)))
    assert [turn.start_s for turn in call.turns] == starts
    assert call.format == format_


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"results": {"items": AWS_ITEMS}}, ["Which one?", "Both."]),
        (
            {"results": {"channels": [_result([_word("Which", 0.5), _word("one?", 0.75), _word("Both.", 4)])]}},
            ["Which one?", "Both."],
        ),
        ({"results": {"channels": [{"alternatives": [{"transcript": "which one both"}]}]}}, ["which one both"]),
        (
            {"results": [{"alternatives": [{"transcript": "which one"}]}, {"alternatives": [{}]}, _result([])]},
            ["which one"],
        ),
        ({"results": GOOGLE[:2]}, ["which one", "both"]),
    ],
)
def test_without_voices_nobody_is_made_up(value: Any, expected: list[str]) -> None:
    assert said(_one(value)) == [("unknown", text) for text in expected]


def test_a_word_without_a_voice_is_nobodys() -> None:
    words = [_word("Which", 0.5, 0), {**_word("one?", 0.75), "speaker": None}, _word("Both.", 2.5, 1)]
    assert said(_one({"results": {"channels": [_result(words)]}})) == [
        ("Speaker 0", "Which"),
        ("unknown", "one?"),
        ("Speaker 1", "Both."),
    ]


def test_on_one_channel_alone_voices_count() -> None:
    two_on_one = [{**_word(word, 0.5 + at, at), "channel": 0} for at, word in enumerate(("Which?", "Both."))]
    call = _one({"results": {"channels": [_result(two_on_one), _result([_word("Me.", 5, 0)])]}})
    assert [name for name, _ in said(call)] == ["Channel 0, Speaker 0", "Channel 0, Speaker 1", "Channel 1"]


@pytest.mark.parametrize("text", [None, "", 3])
def test_outputs_without_words_are_refused(text: Any) -> None:
    value = {"results": {"items": [_aws(text, 0.5)] if text != 3 else [{"alternatives": []}]}}
    with pytest.raises(TranscriptError, match="no words in this AWS Transcribe JSON"):
        _one(value)


def test_a_time_that_is_none_is_no_time() -> None:
    call = _one({"results": {"channels": [_result([{**_word("Which?", 0.5, 0), "start": "soon"}])]}})
    assert (call.turns[0].start_s, call.turns[0].end_s) == (None, 0.75)
    assert not has_warning(call, "assumed")
