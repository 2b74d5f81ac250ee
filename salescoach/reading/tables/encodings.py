"""The encoding of a table, found in one pass over it so that its rows can stream."""

import codecs
import io
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

_MARKS: Final = (  # a mark is no part of the text; the longer one that begins like another comes first
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEAD: Final = 65_536
_CHUNK: Final = 1_000_000
# Bytes that are letters in Mac Roman and, between letters, next to nothing in Windows-1252.
_MAC_LETTERS: Final = re.compile(rb"(?<=[a-zA-Z])[\x87-\x8b\x8d-\x90\x9a\x9b\x9d-\x9f\xd5](?=[a-zA-Z])")
_WINDOWS_LETTERS: Final = re.compile(rb"[\xdf-\xff\x92]")


@dataclass(frozen=True)
class Encoding:
    """How the text of a file is decoded, and what has to be said of it."""

    name: str
    notes: tuple[str, ...] = ()

    def text_of(self, stream: BinaryIO) -> io.TextIOWrapper:
        """The stream as text, from its beginning; whoever is done with it detaches it."""
        stream.seek(0)
        return io.TextIOWrapper(stream, encoding=self.name, errors="replace", newline="")


def encoding_of(stream: BinaryIO) -> Encoding:
    """The encoding of a file; it is left at its beginning."""
    stream.seek(0)
    head = stream.read(_HEAD)
    found = _by_mark(head) or _by_nuls(head) or _by_all_bytes(stream)
    stream.seek(0)
    return found


def _by_mark(head: bytes) -> Encoding | None:
    return next((Encoding(name) for mark, name in _MARKS if head.startswith(mark)), None)


def _by_nuls(head: bytes) -> Encoding | None:
    """UTF-16 without a mark: every other byte of its separators is NUL."""
    if head.count(0) * 5 < len(head) or not head:
        return None
    name = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    return Encoding(name, ("The file does not say its encoding; it was read as UTF-16.",))


def _by_all_bytes(stream: BinaryIO) -> Encoding:
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    n_lost = n_other = n_mac = n_windows = 0
    while True:
        chunk = stream.read(_CHUNK)
        text = decoder.decode(chunk, final=not chunk)
        if not text.isascii():
            lost = text.count("\ufffd")
            n_lost += lost
            n_other += len(text) - len(text.encode("ascii", "ignore")) - lost
            n_mac += len(_MAC_LETTERS.findall(chunk))
            n_windows += len(_WINDOWS_LETTERS.findall(chunk))
        if not chunk:
            break
    if not n_lost:
        return Encoding("utf-8")
    if n_lost < n_other:
        places = f"{n_lost} place{'s' * (n_lost != 1)}"
        return Encoding("utf-8", (f"The file is UTF-8, but damaged in {places}, marked “\ufffd”.",))
    name, called = ("mac_roman", "Mac Roman") if n_mac > n_windows else ("cp1252", "Windows-1252")
    return Encoding(name, (f"The file is not UTF-8; it was read as {called}, so accented letters may be wrong.",))
