"""Captions whose cues hold JSON, as Microsoft Graph's metadataContent does."""

import json
from typing import Any

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import ReadCall, read_calls_of
from tests.transcript_examples import Example, has_warning, said


def _cue(start: str, end: str, record: Any, identifier: str = "") -> str:
    body = record if isinstance(record, str) else json.dumps(record)
    return f"{identifier}{start} --> {end}\n{body}\n\n"


def _said(name: str | None, text: str, start: str = "2026-03-05T09:00:16.246Z") -> dict[str, Any]:
    return {"startDateTime": start, "speakerName": name, "spokenText": text, "spokenLanguage": "en-us"}


TALK = [("Lene Bro", 'Is <b>it</b> "still" on & so?'), ("Aki Salo", "With two shops."), ("unknown", "Mm.")]
CUES = [
    _cue("00:00:16.246", "00:00:17.726", _said("Lene Bro", 'Is <b>it</b> "still" on & so?')),
    _cue("00:00:18.1", "00:00:20.30", _said("Aki Salo", "With two shops.")),
    _cue("00:00:21.1", "00:00:22.3", _said(None, "Mm.")),
]
OTHERS = [{"speaker": "Lene Bro", "text": "On?"}, {"speaker": {"name": "Aki Salo"}, "content": "Yes."}]
EXAMPLES = [
    Example("metadata.vtt", "WEBVTT\n\n" + "".join(CUES), (TALK,)),
    Example("numbers.vtt", "WEBVTT\n\n" + "".join(f"{n}\n{cue}" for n, cue in enumerate(CUES, 1)), (TALK,)),
    Example("no-heading.txt", "".join(CUES), (TALK,)),
    Example(
        "other-names.vtt",
        "WEBVTT\n\n" + "".join(_cue(f"00:0{n}.000", f"00:0{n}.900", one) for n, one in enumerate(OTHERS)),
        ([("Lene Bro", "On?"), ("Aki Salo", "Yes.")],),
    ),
    Example(
        "wide.vtt",
        "WEBVTT\n\n" + "".join(_cue("00:01.000", "00:02.000", json.dumps(one, indent=1)) for one in OTHERS),
        ([("Lene Bro", "On?"), ("Aki Salo", "Yes.")],),
    ),
]


def _read(text: str) -> ReadCall:
    [call] = read_calls_of(text.encode(), "call.vtt")
    return call


def test_times_are_those_of_the_cues_and_the_date_that_of_the_first() -> None:
    call = _read(EXAMPLES[0].text)
    assert [(turn.start_s, turn.end_s) for turn in call.turns] == [(16.246, 17.726), (18.1, 20.3), (21.1, 22.3)]
    assert str(call.started_at) == "2026-03-05 09:00:00+00:00"


def test_cues_that_can_not_be_read_are_counted() -> None:
    bad = [_cue("00:05.000", "00:06.000", one) for one in ('{"spokenText": ', _said("Aki Salo", ""), "{}", "{[1]}")]
    call = _read("WEBVTT\n\n" + "".join([*CUES[:1], *bad]))
    assert said(call) == TALK[:1]
    assert has_warning(call, "4 cues without words were left out")


def test_json_is_never_what_is_said() -> None:
    with pytest.raises(TranscriptError, match="hold JSON without words"):
        _read("WEBVTT\n\n" + _cue("00:05.000", "00:06.000", {"chapter": 3, "url": "x.jpg"}))


def test_a_place_on_the_screen_is_no_json() -> None:
    call = _read(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n{\\an8}Lene Bro: On?\n\n00:03.000 --> 00:04.000\nLene Bro: {yes}\n"
    )
    assert said(call) == [("Lene Bro", "On? {yes}")]
    assert call.format == "WebVTT"
