"""Files that say who speaks when and not what."""

import json

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import parse_transcript
from tests.transcript_examples import said

SEGMENTS = [{"start": 0.2, "end": 1.9, "speaker": "SPEAKER_00"}, {"start": 2.2, "end": 3.9, "speaker": "SPEAKER_01"}]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("SPEAKER mill 1 0.5 1.2 <NA> <NA> lea <NA> <NA>\nSPEAKER mill 1 2.0 0.7 <NA> <NA> kim <NA> <NA>\n", "an RTTM"),
        ("mill 1 0.000 12.500\nmill 1 13.000 20.250\n", "a UEM"),
        ("[ 00:00:00.5 -->  00:00:01.7] A SPEAKER_00\n[ 00:00:02.0 -->  00:00:02.7] B SPEAKER_01\n", "who speaks when"),
        ("start=0.5s stop=1.7s speaker_SPEAKER_00\nstart=2.0s stop=2.7s speaker_SPEAKER_01\n", "who speaks when"),
        ("0.5\t1.7\tSPEAKER_00\n2.0\t2.7\tSPEAKER_01\n", "who speaks when"),
        (json.dumps(SEGMENTS), "who speaks when"),
        (json.dumps({"status": "succeeded", "output": {"diarization": SEGMENTS}}), "who speaks when"),
        (
            "1\n00:00:00,500 --> 00:00:01,700\nSPEAKER_00\n\n2\n00:00:02,000 --> 00:00:02,700\n[SPEAKER_01]\n",
            "not what",
        ),
    ],
)
def test_it_is_refused_with_what_to_give_instead(text: str, what: str) -> None:
    with pytest.raises(TranscriptError, match=rf"(?s){what}.*transcript of the same call instead"):
        parse_transcript(text)


def test_one_line_with_words_makes_it_speech() -> None:
    captions = (
        "1\n00:00:00,500 --> 00:00:01,700\nSPEAKER_00: fine\n\n2\n00:00:02,000 --> 00:00:02,700\nSPEAKER_01: ok\n"
    )
    assert said(parse_transcript(captions)) == [("SPEAKER_00", "fine"), ("SPEAKER_01", "ok")]
    assert parse_transcript("Anna says 3 4\nBen says 5 6").turns
