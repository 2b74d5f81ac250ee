"""Files that say who speaks when and not what: they are refused, with what to give instead."""

import re
from collections.abc import Sequence
from typing import Any, Final

from salescoach.errors import TranscriptError
from salescoach.reading.source import Source

_NUMBER: Final = r"\d{1,9}(?:\.\d{1,9})?"
_CLOCK: Final = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,6})?"
_LABEL: Final = r"(?:(?:SPEAKER|Speaker|speaker|spk)[\s_-]?\w{1,4}|S\d{1,3})"
_ALONE: Final = re.compile(rf"[\[(]?{_LABEL}[\])]?:?")
# (what all lines of a file look like, what such a file is)
_LINES: Final = (
    (re.compile(rf"SPEAKER\s\S+\s+\S+\s+{_NUMBER}\s+{_NUMBER}\s.*|SPKR-INFO\s.*|;.*"), "an RTTM file"),
    (re.compile(r"\A(?:\S+\s+\w\s+\d{1,9}\.\d{1,9}\s+\d{1,9}\.\d{1,9}|;;.*)"), "a UEM file"),
    (
        re.compile(
            rf"\A(?:\[?\s*{_CLOCK}\s*-->\s*{_CLOCK}\]?\s+(?:\w{{1,3}}\s+)?{_LABEL}"  # as pyannote prints
            rf"|(?:start=)?{_NUMBER}s?[\s,;]+(?:(?:stop|end)=)?{_NUMBER}s?[\s,;]+(?:speaker[_=:])?{_LABEL})"
        ),
        "a list of who speaks when",
    ),
)
_INSTEAD: Final = "it holds no words, so give the transcript of the same call instead, such as its .vtt, .srt or .json"
_TIMES: Final = frozenset({"start", "end", "start_time", "end_time", "begin", "duration", "onset", "offset", "stop"})
_SPEAKERS: Final = frozenset(
    {"speaker", "label", "speaker_label", "speaker_id", "track", "id", "confidence", "channel"}
)


def refuse_without_speech(source: Source) -> None:
    """Raises TranscriptError for a file that times speakers and holds no words."""
    what = _of_json(source.json) if source.text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[") else None
    what = what or _of_lines(source)
    if what:
        raise TranscriptError(f"This is {what}: {_INSTEAD}.")


def is_speaker_alone(text: str) -> bool:
    """Whether a text is the name that a recogniser gives to somebody, and nothing else: SPEAKER_00."""
    return _ALONE.fullmatch(text) is not None


def _of_lines(source: Source) -> str | None:
    try:
        lines = source.filled_lines
    except TranscriptError:  # its reader may take longer lines
        return None
    for pattern, what in _LINES:
        if lines and all(pattern.fullmatch(line) for line in lines):
            return what
    return None


def _of_json(root: Any) -> str | None:
    if isinstance(root, dict) and _is_timeline(root.get("timeline")):
        return "Zoom's timeline of who speaks"
    inner = [*root.values()] if isinstance(root, dict) else []
    inner += [value for one in inner if isinstance(one, dict) for value in one.values()]
    return "a list of who speaks when" if any(map(_is_diarization, [root, *inner])) else None


def _is_timeline(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and "ts" in one for one in value)


def _is_diarization(value: Any) -> bool:
    """Whether a value is a list of segments that have times and a speaker, and nothing else."""
    return isinstance(value, Sequence) and bool(value) and all(map(_is_segment, value))


def _is_segment(one: Any) -> bool:
    if not isinstance(one, dict):
        return False
    names = {str(name).casefold() for name in one}
    return bool(names & _TIMES) and bool(names & _SPEAKERS) and names <= _TIMES | _SPEAKERS
