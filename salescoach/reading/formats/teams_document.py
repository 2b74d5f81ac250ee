"""Older documents of Teams as text: ``0:0:0.0 --> 0:0:1.250``, a name and what was said, each on a line of its own."""

from salescoach.reading.clock import Timeline
from salescoach.reading.cues import n_cue_times
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import CERTAIN, FormatReader
from salescoach.reading.headers import Header, two_line_headers
from salescoach.reading.source import Source


class TeamsDocument(FormatReader):
    """What one speaker says under successive times is a turn."""

    name = "Teams document"
    says = "a document of Teams, with a time and a name above each piece"

    def recognises(self, source: Source) -> float:
        """By times with an arrow, a name below each of them, and no numbers of cues."""
        lines = source.filled_lines
        n_times = n_cue_times(lines)
        if n_times < 2 or any(line.isdigit() for line in lines) or lines[0].startswith("WEBVTT"):
            return False
        return CERTAIN if len(_headers(lines)) == n_times else False

    def read(self, source: Source) -> list[ReadCall]:
        """One call."""
        lines = [line for line in source.plain.lines if line]
        headers = _headers(lines)
        call, timeline = ReadCall(warnings=[*source.plain.warnings]), Timeline()
        inside = {index + 1 for index in headers}
        for index, line in enumerate(lines):
            if header := headers.get(index):
                call.add(ReadTurn(header.name, ""))
                timeline.add(header.start, header.end)
            elif index not in inside:
                if not call.turns:
                    call.add(ReadTurn(None, line))
                    timeline.add(None)
                else:
                    call.extend(line)
        timeline.settle(call)
        call.drop_preamble()
        pieces, call.turns = call.turns, []
        for piece in pieces:
            call.add_piece(piece)
        return [call]


def _headers(lines: list[str]) -> dict[int, Header]:
    return {index: header for index, header in two_line_headers(lines).items() if "-->" in lines[index]}
