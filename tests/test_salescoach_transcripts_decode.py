"""The bytes of a file -> text, or a refusal that says what they are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salescoach.errors import TranscriptError
from salescoach.reading.transcripts import (
    decode,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    text = "Rep: café \u2014 fine\nCustomer: “yes”"
    decoded, warnings = decode(text.encode(encoding))
    assert decoded == text
    assert bool(warnings) == (encoding in {"utf-16-le", "utf-16-be", "cp1252"})


def test_damaged_utf8_is_not_read_as_another_encoding() -> None:
    decoded, warnings = decode("Rep: größer, schöner".encode()[:-1] + b"\xc3")
    assert decoded.startswith("Rep: größer, schöne")
    assert "damaged in 1 place" in warnings[0]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"PK\x03\x04\x14\x00", "Word document"),
        (b"ID3\x03\x00\x00", "audio"),
        (b"\xff\xfb\x90\x00", "audio"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x00\x00\x00\x20ftypisom", "recording"),
        (bytes(range(256)) * 20, "binary"),
        (b"Rep: a" + b"\x00" * 50, "binary"),
    ],
)
def test_binary(data: bytes, kind: str) -> None:
    with pytest.raises(TranscriptError, match=f"This is .*{kind}.*export the transcript as text"):
        decode(data)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        text, _ = decode(data)
    except TranscriptError:
        return
    text.encode()
