"""JSON that no reader knows, or that is damaged: refused, and never what somebody says."""

import json

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.source import Source
from salescoach.reading.transcripts import looks_like_transcript, parse_transcript
from tests.effort import effort
from tests.transcript_examples import Example, said

TALK = [{"speaker": "Rep", "text": "Which size is it?"}, {"speaker": "Customer", "text": "The small one."}]
WHOLE = json.dumps(TALK, indent=1)
EXAMPLES = [
    Example("settings.json", json.dumps({"name": "app", "scripts": {"start": "node x.js"}}), ()),
    Example("numbers.json", json.dumps([{"x": 1, "y": 2}, {"x": 3}]), ()),
    Example(
        "recordings.json",
        json.dumps({"recording_files": [{"file_type": "TRANSCRIPT", "download_url": "https://x"}]}),
        (),
    ),
    Example("timeline.json", json.dumps({"timeline": [{"ts": "00:00:01", "users": [{"username": "Ann"}]}]}), ()),
    Example("cut.json", WHOLE[:-20], ()),
    Example("cut-line.json", json.dumps(TALK)[:-20], ()),
    Example("lines.jsonl", "\n".join(map(json.dumps, TALK)) + '\n{"speaker": "Rep", "te', ()),
    Example("twice.json", '{"transcript": [{"speaker": "Rep", "text": "a", "text": "b"}]}', ()),
    Example("quotes.json", WHOLE.replace('"The small one."', "The small one."), ()),
    Example("log.txt", f"Answer of the server follows\n{WHOLE}", ()),
    Example("empty.json", "{}", ()),
    Example("nothing.json", json.dumps({"transcript": None, "segments": []}), ()),
]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (EXAMPLES[0].text, r"holds no transcript that is known; give the JSON of Gong, .* or a list such as"),
        (EXAMPLES[3].text, r"Zoom's timeline, .* give the recording's transcript"),
        (EXAMPLES[4].text, r"looks like JSON but can't be read \(line \d+, column \d+: .*\); export it again"),
        (EXAMPLES[7].text, "a name is there twice in one object"),
        (EXAMPLES[9].text, "text with JSON in it; give the JSON alone"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("[{'speaker': 'Rep', 'text': open('x')}]", "can't be read"),
    ],
)
def test_it_is_said_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(TranscriptError, match=why):
        parse_transcript(text)
    assert not looks_like_transcript(text)


@pytest.mark.parametrize(
    "text",
    [
        "[00:01] Rep: Which size?\n[00:04] Customer: Small.",
        "[Rep] Which size?\nRep: Which?\nCustomer: Small.",
        '{laughs}\nRep: Which size?\nCustomer: "Small": that is what I said.',
        '"Price": is what they ask\nRep: Which size?\nCustomer: Small.\nRep: OK.',
    ],
)
def test_brackets_alone_are_no_json(text: str) -> None:
    assert "Small" in said(parse_transcript(text))[-2 if "OK" in text else -1][1]


def test_numbers_that_are_none_are_read_as_nothing() -> None:
    text = json.dumps([{**one, "score": float("nan"), "start": float("inf")} for one in TALK])
    assert said(parse_transcript(text)) == [("Rep", "Which size is it?"), ("Customer", "The small one.")]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"a":' * 200_000,
        "[{'a':" + "-" * 990_000 + "1}]",
        "[{'a':" + "(" * 990_000,
        "[{'a':[" + "[" * 990_000,
        '{"a": ' * 5 + "[" + "{}," * 300_000 + "{}]" + "}" * 5,
        "[" + '{"speaker":"A","text":"a"},' * 38_000 + '{"speaker":"A","text":"a"}]',
        "[" + '{"1":{"1":[]},"2":{}},' * 45_000 + "{}]",
        "```json\n" * 120_000,
        "{}\n" * 300_000,
        '{"a":"' + " " * 990_000 + '"}',
        '["' + "'" * 990_000,
    ],
    ids=range(12),
)
def test_a_megabyte_of_anything_is_soon_read_or_refused(text: str) -> None:
    def read() -> None:
        source = Source(text)
        assert source.json is None or source.json_fault == ""
        with pytest.raises(TranscriptError):
            parse_transcript(text)

    assert effort(read, 50) < 50
