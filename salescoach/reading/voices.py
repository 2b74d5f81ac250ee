"""The text of a caption cue: whose voice its tags name, and what is said without tags and entities."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from salescoach.reading.limits import MAX_LABEL_CHARS
from salescoach.reading.texts import LINE_BREAK, clean, tidy, unescaped

# A tag that isn't closed soon is none, so that many of them don't each look for an end.
_VOICE = re.compile(r"<v(?:\.[^\s>]{0,200}+)?(?:\s++(?P<name>[^>]{0,200}+))?>|(?P<end></v>)", re.I)
_CUE_TAG = re.compile(
    r"</?(?:[ibu]|v|c|ruby|rt|lang|font)(?:[.\s][^>]{0,500}+)?>|<\d[\d:.]*+>|\{\\[^}]{0,500}+\}", re.I
)
_MARKED = re.compile(r"[<&{]")
_RECORD = re.compile(r"\{\s*+(?:\"|$)")
_BREAK = re.compile(r"\[br\]|<br\s{0,9}+/?>", re.I)
_MARKS = re.compile(r"[\s>\u2022\u2013\u2014-]*+")  # of another speaker
_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Voiced:
    """A line of a cue and its speaker, None where nobody is named.

    ``is_new`` says that the line is marked as that of another speaker than the line above it.
    """

    speaker: str | None
    text: str
    is_new: bool = False


def voices_in(body: Sequence[str]) -> tuple[list[Voiced], int]:
    """The lines of a cue, none of them blank, by voice; and how many hidden characters were removed."""
    if spoken_text := _graph_record(body):
        return [spoken_text], 0
    spoken: list[Voiced] = []
    n_removed = 0
    for name, block in _pieces(_BREAK.sub("\n", "\n".join(body))):
        speaker = tidy(unescaped(name)).strip("\"'")[:MAX_LABEL_CHARS].rstrip() if name else None
        for line in block.split("\n"):
            text, n_hidden = without_tags(line)
            n_removed += n_hidden
            if not _MARKS.fullmatch(text):
                spoken.append(Voiced(speaker or None, text))
    return spoken, n_removed


def without_tags(line: str) -> tuple[str, int]:
    """A line of a caption as it is read on the screen, and how many hidden characters were removed."""
    if line.isascii() and line.isprintable() and not _MARKED.search(line):
        return line.strip(), 0
    # Tags go before entities are read, so that an escaped "<i>" stays what was said.
    text, n_hidden = clean(unescaped(_CUE_TAG.sub("", line)))
    return LINE_BREAK.sub(" ", text).strip(), n_hidden


def _graph_record(body: Sequence[str]) -> Voiced | None:
    """What a cue says whose text is JSON, as in the ``metadataContent`` of Microsoft Graph."""
    if not body or not _RECORD.match(body[0]):
        return None
    try:
        record = json.loads(" ".join(body))
    except (ValueError, RecursionError):
        return None
    text = record.get("spokenText")
    name = record.get("speakerName")
    return Voiced(tidy(name) or None if isinstance(name, str) else None, tidy(text)) if isinstance(text, str) else None


def _pieces(text: str) -> list[tuple[str | None, str]]:
    """(voice or None, text) of a cue. Behind the end of a voice nobody is named, but a full stop is still its own."""
    if "<" not in text:
        return [(None, text)]
    pieces: list[tuple[str | None, list[str]]] = []
    voice: str | None = None
    at = 0
    for tag in [*_VOICE.finditer(text), None]:
        said = text[at : tag.start() if tag else None]
        if pieces and voice is None and not _WORD.search(said):
            pieces[-1][1].append(said)
        else:
            pieces.append((voice, [said]))
        if tag:
            voice, at = (None if tag["end"] else tag["name"]), tag.end()
    return [(name, "".join(parts)) for name, parts in pieces]
