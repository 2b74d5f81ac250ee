"""NIST's formats, which speech recognisers write: STM, a line a segment with its speaker, and CTM, a line a word."""

import re
from typing import Final

from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import LIKELY, FormatReader
from salescoach.reading.source import Source
from salescoach.reading.texts import in_number

_TIME: Final = r"\d{1,7}\.\d{1,9}"
_STM = re.compile(
    rf"\A\S+\s+\S+\s+(?P<speaker>\S+)\s+(?P<start>{_TIME})\s+(?P<end>{_TIME})\s+(?:<[^<>]{{0,200}}>\s*+)?(?P<text>.*)"
)
_CTM = re.compile(
    rf"\A\S+\s+(?P<channel>\S+)\s+(?P<start>{_TIME})\s+(?P<length>{_TIME})\s+(?P<word>\S+)"
    rf"(?:\s+(?:{_TIME}|[01]|NA|-))?(?:\s+[a-z-]{{1,20}}\s+(?P<speaker>\S+))?"
)
_COMMENT: Final = ";;"
_NO_SPEECH: Final = frozenset({"ignore_time_segment_in_scoring", "inter_segment_gap"})
_PAUSE_S: Final = 1.0  # ends a turn in which nobody is named


class NIST(FormatReader):
    """Words of one speaker in succession are a turn; of nobody, those without a pause between them."""

    name = "STM or CTM"
    says = "a list of timed words or segments, as speech recognisers write it"

    def recognises(self, source: Source) -> float:
        """By the form of all of its lines."""
        lines = [line for line in source.filled_lines if not line.startswith(_COMMENT)]
        are_all = len(lines) > 1 and any(all(form.fullmatch(line) for line in lines) for form in (_STM, _CTM))
        return LIKELY if are_all else 0.0

    def read(self, source: Source) -> list[ReadCall]:
        """One call for each recording that the lines name."""
        lines = [line for line in source.filled_lines if not line.startswith(_COMMENT)]
        calls: dict[str, list[str]] = {}
        for line in lines:
            calls.setdefault(line.split(None, 1)[0], []).append(line)
        are_words = all(_CTM.fullmatch(line) for line in lines)
        read = []
        for call_id, own in calls.items():
            call = _words(own) if are_words else _segments(own)
            call.call_id = call_id
            read.append(call)
        return read


def _segments(lines: list[str]) -> ReadCall:
    call = ReadCall()
    for found in filter(None, map(_STM.fullmatch, lines)):
        if found["speaker"] not in _NO_SPEECH and found["text"] not in _NO_SPEECH:
            call.add_piece(ReadTurn(found["speaker"], found["text"], float(found["start"]), float(found["end"])))
    return call


def _words(lines: list[str]) -> ReadCall:
    found = sorted(filter(None, map(_CTM.fullmatch, lines)), key=lambda one: float(one["start"]))
    channels = {one["channel"] for one in found}
    call = ReadCall()
    if len(channels) > 1 and not any(one["speaker"] for one in found):
        channel_was = in_number(len(channels), "channel was", "channels were")
        call.warnings.append(f"The file names no speakers; its {len(channels)} {channel_was} read as one speaker each.")
    for one in found:
        speaker = one["speaker"] or (f"Channel {one['channel']}" if len(channels) > 1 else None)
        start_s = float(one["start"])
        end_s = start_s + float(one["length"])
        last = call.turns[-1] if call.turns else None
        if last and speaker is None and start_s - (last.end_s or 0.0) < _PAUSE_S:
            call.extend(one["word"])
            last.end_s = end_s
        else:
            call.add_piece(ReadTurn(speaker, one["word"], start_s, end_s))
    return call
