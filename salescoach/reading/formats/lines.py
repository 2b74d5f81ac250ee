"""Plain lines: ``[hh:mm:ss] Speaker: text``, with or without the time. Any text can be read so, and stands last."""

import re
from collections.abc import Sequence
from typing import Final

from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.formats.base import ANY_TEXT, FormatReader
from salescoach.reading.labels import (
    Line,
    choose_labels,
    is_heading,
    is_name,
    settle,
    take_apart,
    warnings_of_rejected,
)
from salescoach.reading.roles import side_of
from salescoach.reading.source import Source
from salescoach.reading.texts import in_number, listed
from salescoach.reading.times import seconds

# So many labelled lines are a call even where wrapped lines outnumber them.
_CLEARLY_A_CALL: Final = 6
_MIN_TIMED_LINES: Final = 3
_SPEECH = re.compile(r"\b(?:i|i['\u2019]m|we|you|your|my|our|hi|hello|hey|thanks|thank|yes|no|okay|ok|sure)\b", re.I)


class Lines(FormatReader):
    """A line is a turn, except that a wrapped line goes to the turn above it."""

    name = "plain lines"
    says = "lines of text, a speaker before the colon where there is one"

    def recognises(self, source: Source) -> float:
        """Always, and never rather than another."""
        return ANY_TEXT

    def read(self, source: Source) -> list[ReadCall]:
        """One call, whose turns have no speaker where no line has a label."""
        numbered = [(number, take_apart(line)) for number, line in enumerate(source.lines, 1) if line]
        accepted, rejected = choose_labels([part for _, part in numbered], source.reps)
        numbered = [(number, settle(part, accepted)) for number, part in numbered]
        _settle_bare_times([part for _, part in numbered])
        call = ReadCall(warnings=warnings_of_rejected(rejected))
        _join(numbered, call)
        return [call]

    def is_pasted_call(self, source: Source) -> bool:
        """With two turns or more that have labels or times, and not a question about one."""
        lines = source.filled_lines
        parts = [take_apart(line) for line in lines]
        accepted, _ = choose_labels(parts, (), singles=False)
        labelled = [part for part in parts if part.label and part.label.casefold() in accepted]
        n_other = len(lines) - len(labelled)
        if len(labelled) > 1 and (len(labelled) > n_other or len(labelled) >= _CLEARLY_A_CALL):
            by_word = sum(side_of(part.label or "") is not None for part in labelled)
            n_timed = sum(part.start is not None for part in labelled)
            n_labels = len({(part.label or "").casefold() for part in labelled})
            return by_word > 1 or n_timed > 1 or n_labels > 1
        n_timed = sum(part.start is not None and part.bracketed and bool(part.rest) for part in parts)
        if n_timed >= _MIN_TIMED_LINES and 2 * n_timed > len(lines):
            return True
        # Two people with one line each: only where every line is such a line and they talk like people.
        named = {part.label.casefold() for part in parts if part.label and is_name(part.label) and not is_heading(part)}
        n_speech = sum(bool(_SPEECH.search(part.text)) for part in parts)
        return len(named) > 1 and len(named) == len(lines) and 2 * n_speech >= len(lines)


def _settle_bare_times(parts: Sequence[Line]) -> None:
    """Give "10:30 works for me" its words back, unless unlabelled lines commonly begin with a time."""
    unlabelled = [part for part in parts if part.label is None]
    bare = [part for part in unlabelled if part.start and not part.bracketed]
    is_custom = 2 * len(bare) >= len(unlabelled) and (len(bare) > 1 or len(unlabelled) == len(parts))
    if not is_custom:
        for part in bare:
            part.start, part.end, part.text = None, None, part.raw


def _join(numbered: Sequence[tuple[int, Line]], call: ReadCall) -> None:
    """Makes turns of lines: one of each, except that a wrapped line goes to the turn above it."""
    wrapped: list[int] = []
    unnamed: list[int] = []
    heading: str | None = None
    for number, part in numbered:
        if part.label is None and not part.text:
            # A time on a line of its own is that of the next turn.
            heading = part.start
            continue
        above = call.turns[-1] if call.turns and call.turns[-1].speaker else None
        if above and part.label is None and part.start is None:
            wrapped += [number] if above.text else []
            call.extend(part.text)
            continue
        if above and part.label is None:
            unnamed.append(len(call.turns) + 1)
        speaker = part.label or (above.speaker if above else None)
        call.add(_turn(speaker, part.text, part.start or heading, part.end))
        heading = None
    if wrapped:
        are = in_number(len(wrapped), "line without a speaker was", "lines without a speaker were")
        call.warnings.append(f"{len(wrapped)} {are} added to the turn above (first: line {wrapped[0]}).")
    if unnamed:
        have = in_number(len(unnamed), f"Turn {listed(unnamed)} has", f"Turns {listed(unnamed)} have")
        call.warnings.append(f"{have} a time but no speaker; the speaker before was assumed.")
    if any(part.label for _, part in numbered):
        call.drop_preamble()


def _turn(speaker: str | None, text: str, start: str | None, end: str | None) -> ReadTurn:
    start_s, end_s = (None if stamp is None else seconds(stamp) for stamp in (start, end))
    is_bad = (start is not None and start_s is None) or (end is not None and end_s is None)
    return ReadTurn(speaker, text, start_s, end_s, has_bad_time=is_bad)
