"""Blocks: a line with a speaker, mostly with a time, and what was said below it, as Otter and Fathom have them."""

from collections.abc import Mapping

from salescoach.reading.clock import Timeline
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.headers import Header, headers_of
from salescoach.reading.labels import choose_labels
from salescoach.reading.names import key_of
from salescoach.reading.plain import take_apart
from salescoach.reading.source import Source


class Blocks(FormatReader):
    """A block is a turn."""

    name = "speaker blocks"
    says = "blocks, each under a line with a speaker"

    def recognises(self, source: Source) -> float:
        """By more headers of blocks than lines with a label."""
        lines, headers = source.plain.lines, source.plain.headers
        if not headers:
            return False
        inside = _lines_of(headers)
        parts = [take_apart(line) for index, line in enumerate(lines) if line and index not in inside]
        accepted, _ = choose_labels(parts, source.reps, singles=False)
        n_labelled = sum(part.label is not None and key_of(part.label) in accepted for part in parts)
        is_wide = any(header.is_wide or header.n_lines > 1 for header in headers.values())
        return len(headers) > n_labelled and (is_wide or len(headers) > 1)

    def read(self, source: Source) -> list[ReadCall]:
        """One call."""
        lines, headers = source.plain.lines, source.plain.headers
        call, timeline = ReadCall(warnings=[*source.plain.warnings]), Timeline()
        index = 0
        while index < len(lines):
            header = headers.get(index)
            if header:
                call.add(ReadTurn(header.name, ""))
                timeline.add(header.start, header.end)
            elif lines[index] and (not call.turns or call.turns[-1].speaker is None):
                call.add(ReadTurn(None, lines[index]))
                timeline.add(None)
            elif lines[index]:
                call.extend(lines[index])
            index += header.n_lines if header else 1
        timeline.settle(call)
        call.drop_preamble()
        return [call]

    def is_pasted_call(self, source: Source) -> bool:
        """With two headers or more, whatever lines are blank."""
        return len(headers_of(source.filled_lines)) > 1


def _lines_of(headers: Mapping[int, Header]) -> set[int]:
    """The indices of all lines that are of headers."""
    return {index + n for index, header in headers.items() for n in range(header.n_lines)}
