"""Blocks: ``Name  0:12`` on a line of its own and what was said below it, as Otter and Teams documents have them."""

import re
from collections import Counter
from collections.abc import Sequence

from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.labels import choose_labels, is_name, take_apart, tidy_label
from salescoach.reading.source import Source
from salescoach.reading.times import seconds

_HEADER = re.compile(
    r"\A\[?(?P<name>[^:\[\]]{0,63}?[^:\[\]\s])\]?(?P<gap>[^\S\n]++)[\[(]?(?P<time>\d{1,3}:\d\d(?::\d\d)?)[\])]?"
)
_TRAILER = re.compile(r"transcribed by https?://(?:www\.)?otter\.ai\S*|.{1,64} (?:started|stopped) transcription", re.I)


class Blocks(FormatReader):
    """A block is a turn."""

    name = "speaker blocks"
    says = "blocks, each under a line with a speaker and a time"

    def recognises(self, source: Source) -> float:
        """By more headers of blocks than lines with a label."""
        lines = source.lines
        headers = _headers(lines)
        if not headers:
            return False
        parts = [take_apart(line) for index, line in enumerate(lines) if line and index not in headers]
        accepted, _ = choose_labels(parts, source.reps, singles=False)
        n_labelled = sum(part.label is not None and part.label.casefold() in accepted for part in parts)
        is_wide = any("  " in lines[index] or "\t" in lines[index] for index in headers)
        return len(headers) > n_labelled and (is_wide or len(headers) > 1)

    def read(self, source: Source) -> list[ReadCall]:
        """One call."""
        headers = _headers(source.lines)
        call = ReadCall()
        for index, line in enumerate(source.lines):
            if index in headers:
                name, time = headers[index]
                start_s = seconds(time)
                call.add(ReadTurn(name, "", start_s, has_bad_time=start_s is None))
            elif not line or _TRAILER.fullmatch(line):
                continue
            elif not call.turns or call.turns[-1].speaker is None:
                call.add(ReadTurn(None, line))
            else:
                call.extend(line)
        call.drop_preamble()
        return [call]

    def is_pasted_call(self, source: Source) -> bool:
        """With two headers or more, whatever lines are blank."""
        return len(_headers(source.filled_lines)) > 1


def _headers(lines: Sequence[str]) -> dict[int, tuple[str, str]]:
    """Line index -> name and time. One space between them is enough after a blank line or for a name that recurs."""
    candidates = {index: header for index, line in enumerate(lines) if (header := _header(line))}
    counts = Counter(name for name, _, _ in candidates.values())
    return {
        index: (name, time)
        for index, (name, time, is_wide) in candidates.items()
        if is_wide or index == 0 or not lines[index - 1] or counts[name] > 1
    }


def _header(line: str) -> tuple[str, str, bool] | None:
    """Name and time of a line that holds nothing else, and whether a wide gap parts them."""
    found = _HEADER.fullmatch(line)
    name = tidy_label(found["name"]) if found else None
    if found is None or name is None:
        return None
    is_wide = found["gap"] != " "
    return (name, found["time"], is_wide) if is_wide or is_name(name) else None
