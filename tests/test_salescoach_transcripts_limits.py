"""What is too much is refused in one sentence, and nothing takes long."""

import contextlib

import pytest

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import (
    MAX_BYTES,
    MAX_LINES,
    MAX_TURN_CHARS,
    MAX_TURNS,
    looks_like_transcript,
    parse_transcript,
)
from tests.effort import effort


def test_too_large_or_too_long() -> None:
    with pytest.raises(TranscriptError, match="larger than 1 MB"):
        parse_transcript("Rep: a word or two\n" * 100_000)
    with pytest.raises(TranscriptError, match="larger than 1 MB"):
        parse_transcript("\u20ac" * (MAX_BYTES // 2))
    with pytest.raises(TranscriptError, match=f"{MAX_TURNS + 1} turns"):
        parse_transcript("Rep: a\n" * (MAX_TURNS + 1))
    assert TranscriptError.exit_code == 2


def test_a_line_or_turn_that_is_too_long_is_named() -> None:
    long = "word " * 4_001
    with pytest.raises(TranscriptError, match=r"Line 3 has 20,009 characters and at most 20,000 .* such as “Rep: …”"):
        parse_transcript(f"Rep: hi\nCustomer: ho\nRep: {long}\nCustomer: x")
    wrapped = "\n".join(["word " * 100] * 41)
    with pytest.raises(TranscriptError, match=r"Turn 2 has more than 20,000 characters.* such as “Rep: …”"):
        parse_transcript(f"Rep: hi\nCustomer: {wrapped}\nRep: x\nCustomer: y")
    with pytest.raises(TranscriptError, match="Turn 2 has more than"):
        parse_transcript(f"Anna  0:01\nhi\n\nBo  0:02\n{wrapped}")
    with pytest.raises(TranscriptError, match="Turn 1 has more than"):
        parse_transcript(f"WEBVTT\n\n0:00 --> 0:01\nRep: {wrapped}")
    just_short_enough = "a" * (MAX_TURN_CHARS - len("Rep: "))
    assert parse_transcript(f"Rep: {just_short_enough}\nCustomer: x").turns[0].text == just_short_enough


def test_more_lines_or_words_than_a_call_has_are_refused() -> None:
    with pytest.raises(TranscriptError, match=r"more than 25,000 lines, .*split it into single calls"):
        parse_transcript("Rep: a\n" * (MAX_LINES + 1))
    assert len(parse_transcript("Rep: a\n" + "\n" * MAX_LINES + "Customer: b")) == 2
    with pytest.raises(TranscriptError, match="200,050 characters are said in this text and at most 200,000"):
        parse_transcript("\n".join(f"Rep: {'a' * 10_000}" for _ in range(20)) + f"\nCustomer: {'b' * 50}")


_LINE = 19_990  # characters, just below the limit
_ODD_LINES = (
    "a",
    "x ",
    ": ",
    "<v ",
    "<v a",
    "<c ",
    "{\\",
    "<",
    "[0:00",
    "\t",
    "A ",
    "1:",
    "0:00 --> ",
    "&#",
    "- ",
    "“",
    "(",
    "Rep: a ",
    "Anna: b. ",
    "12/03/26, ",
    "Jan 5, 2026 ",
    "1h ",
    "| a ",
    "a@b.",
    "This transcript ",
    "a was started ",
)


@pytest.mark.parametrize(
    "text",
    [
        *(f"Rep: {piece * (_LINE // len(piece))}\nCustomer: hm" for piece in _ODD_LINES),
        *(f"{piece * (_LINE // len(piece))} x-->\nRep: hi\nCustomer: ho" for piece in _ODD_LINES),
        *(f"WEBVTT\n\n0:00 --> 0:01\n{piece * (_LINE // len(piece))}\n" for piece in _ODD_LINES),
        "WEBVTT\n\n0:00 --> 0:01\n" + "a\n" * 12_000 + "b\n\n0:01 --> 0:02\n" + "a\n" * 12_000 + "c\n",
        "a:\n" * 330_000,
        "a:\n" * 24_999,
        "Rep: a\n" * 100_000,
        "Rep: a\n" * 24_999,
        "a\n" * 500_000,
        "0:01\n" * 24_999,
        "Bo  0:12\n" * 24_999,
        "\n" * 999_990 + "Rep: hi",
        ("word " * 7 + "\n") * 4_900,
        "WEBVTT\n\n" + "0:00 --> 0:01\nRep: a b c d\n\n" * 8_000,
        "WEBVTT\n\n" + "".join(f"0:00 --> 0:01\nNo{number}: a\n\n" for number in range(8_000)),
        "WEBVTT\n\n" + "0:00 --> 0:01\n" + "</v>." * 3_990 + "\n" + "</v>." * 3_990,
        "WEBVTT\n\n" + "".join(f"0:0{at} --> 0:0{at + 1}\n{'a ' * 9_900}\n\n" for at in range(8)),
        "0:00:01.5,0:00:02.50\na\n" * 12_000,
        "{1}{2}a|b\n" * 9_000,
        "call 1 0.10 0.20 a\n" * 24_999,
        "[Script Info]\n" + "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{a\n" * 9_000,
        '<tt xmlns="http://www.w3.org/ns/ttml">' + "<div>" * 80_000 + "<p>a</p>" + "</div>" * 80_000 + "</tt>",
        '<tt xmlns="http://www.w3.org/ns/ttml"><p begin="1s">' + "<br/>a" * 150_000 + "</p></tt>",
        "<!--" * 250_000,
        "Rep: hi\nCustomer: ho\n" + "x\n" * 9_000,
        "<v " * 300_000,
        '["a' + '","a' * 240_000 + '"]',
        '["\\u200b' + '","\\u200b' * 100_000 + '"]',
        "[" + "{}," * 300_000 + "{}]",
        '{"sentences": [' + '{"text":"a","speaker_name":"b"},' * 29_000 + '{"text":"a","speaker_name":"b"}]}',
        '{"sentences": [{"speaker_name":"b","text":"' + "a\\n" * 300_000 + '"}]}',
        '{"sentences": [{"speaker_name":"b","text":"hi","start_time":"' + "1" * 900_000 + '"}]}',
        '{"sentences": [{"text":"hi","speaker_name":"' + "b " * 450_000 + '"}]}',
    ],
)
def test_no_text_is_read_slowly(text: str) -> None:
    """In time that grows with its length; what reads a text again for each of its lines needs hundreds."""

    def read() -> None:
        looks_like_transcript(text)
        with contextlib.suppress(TranscriptError):
            parse_transcript(text)

    assert effort(read, 30) < 30
