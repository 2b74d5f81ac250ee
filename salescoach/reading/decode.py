"""The bytes of a file -> its text. What is no text is told by its content, never by its name."""

import re
from typing import Final

from salescoach.errors import TranscriptError
from salescoach.reading.limits import check_bytes

# Above these shares a file is no text. The minimum keeps a short note with one stray NUL readable.
_MAX_NUL_SHARE: Final = 0.01
_MAX_CONTROL_SHARE: Final = 0.02
_MIN_CONTROLS: Final = 4

_COLON_OR_SPACE = re.compile(r"[:\s]")

_MARKS: Final = (  # byte order marks; the longer one that begins like another comes first
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a Word document or another zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"{\\rtf", "a rich text document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a", "a rar archive"),
    (b"BZh9", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"ID3\x02", "an audio file"),
    (b"ID3\x03", "an audio file"),
    (b"ID3\x04", "an audio file"),
    (b"\xff\xfb", "an audio file"),
    (b"\xff\xfa", "an audio file"),
    (b"\xff\xf3", "an audio file"),
    (b"\xff\xf2", "an audio file"),
    (b"OggS\x00", "an audio file"),
    (b"fLaC\x00", "an audio file"),
    (b"\x1aE\xdf\xa3", "a video file"),
    (b"\x7fELF", "a program"),
    (b"PAR1\x15", "a Parquet table"),
    (b"SQLite format 3\x00", "a database"),
)
_AS_TEXT = "export the transcript as text (.txt, .docx, .vtt, .srt or .json) and give that"


def decode(data: bytes) -> tuple[str, list[str]]:
    """Turn the bytes of a file into text, and say where the encoding was a guess.

    Raises:
        TranscriptError: The bytes are no text, or too many.
    """
    check_bytes(len(data))
    _refuse_known_binary(data)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode_as(data[len(mark) :], encoding)
    if data.count(0) > _MAX_NUL_SHARE * len(data):
        # Text of UTF-16 has its NULs on one side of each pair of bytes.
        encoding = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
        text = data.decode(encoding, "replace")
        if _COLON_OR_SPACE.search(text) and not _is_binary(text) and "\ufffd" not in text:
            return text, ["The file does not say its encoding; it was read as UTF-16."]
    try:
        return _text_or_refuse(data.decode("utf-8")), []
    except UnicodeDecodeError:
        pass
    damaged = data.decode("utf-8", "replace")
    n_lost = damaged.count("\ufffd")
    if n_lost < sum(char > "\x7f" for char in damaged) - n_lost:
        return _text_or_refuse(damaged), [_lost_bytes("UTF-8", n_lost)]
    text = _text_or_refuse(data.decode("cp1252", "replace"))
    return text, ["The file is not UTF-8; it was read as Windows-1252, so accented letters may be wrong."]


def binary_kind(data: bytes) -> str | None:
    """What a file is that is known to be no text, by its first bytes: "a PDF"; None where it isn't known."""
    if data[4:8] == b"ftyp" or (data[:4] == b"RIFF" and data[8:12] in {b"WAVE", b"AVI ", b"WEBP"}):
        return "a recording or a picture"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


def _refuse_known_binary(data: bytes) -> None:
    if kind := binary_kind(data):
        raise TranscriptError(f"This is {kind}, not text; {_AS_TEXT}.")


def _decode_as(data: bytes, encoding: str) -> tuple[str, list[str]]:
    text = _text_or_refuse(data.decode(encoding, "replace"))
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return text, [_lost_bytes(encoding.upper(), text.count("\ufffd"))]
    return text, []


def _lost_bytes(encoding: str, n_lost: int) -> str:
    return f"The file is {encoding}, but damaged in {n_lost} place{'s' * (n_lost != 1)}, marked “\ufffd”."


def _is_binary(text: str) -> bool:
    n_controls = sum(char < " " and char not in "\t\n\r\v\f" for char in text)
    return n_controls >= _MIN_CONTROLS and n_controls > _MAX_CONTROL_SHARE * len(text)


def _text_or_refuse(text: str) -> str:
    if _is_binary(text):
        raise TranscriptError(f"This is a binary file, not text; {_AS_TEXT}.")
    return text
