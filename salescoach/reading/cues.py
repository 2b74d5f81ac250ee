"""The cues of a caption file: where each begins and ends, and what stands between them that nobody said.

webvtt-py 0.6 is not used: it drops a cue with a bad timing line without a word, gives a cue with two voices to the
first, leaves entities in the text and refuses a comma in a VTT time. pysubs2 1.9 is not either: it takes the last line
before a time for a number whatever it says, and refuses a file for one bad time. A user must hear of each cue that is
lost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from salescoach.errors import TranscriptError
from salescoach.reading.cue_ids import identifiers
from salescoach.reading.cue_times import ARROW, Clock
from salescoach.reading.texts import in_number, listed
from salescoach.reading.times import ends_dropped
from salescoach.reading.voices import Voiced, voices_in

HEADING = re.compile(r"WEBVTT(?:\s|$)")

_DIGIT = re.compile(r"\d")
_NOTE_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


@dataclass
class Cue:
    """A caption cue. ``number`` counts the cues of the file from 1; ``identifier`` is what stands above its times."""

    number: int
    start_s: float
    end_s: float | None
    lines: list[Voiced] = field(default_factory=list)
    identifier: str | None = None


def are_cues(filled_lines: Sequence[str]) -> bool:
    """Whether lines, none of them blank, begin with a cue or hold more than one."""
    if not filled_lines:
        return False
    first = filled_lines[0]
    is_first = _is_cue_time(filled_lines, 0, ARROW) or (
        len(filled_lines) > 1 and first.isdigit() and _is_cue_time(filled_lines, 1, ARROW)
    )
    return is_first or n_cue_times(filled_lines) > 1


def n_cue_times(lines: Sequence[str], time: re.Pattern[str] = ARROW) -> int:
    """How many lines are the time of a cue, well spelt; ``time`` is how the format writes it."""
    return sum(bool(time.fullmatch(line)) for line in lines)


def read_cues(lines: Sequence[str], time: re.Pattern[str] = ARROW) -> tuple[list[Cue], list[str]]:
    """All cues in their order in the file, and warnings of those that can't be read.

    Args:
        lines: of the file, blank ones too.
        time: how its format writes the times of a cue, with groups ``start`` and ``end``.

    Raises:
        TranscriptError: there are cues and none can be read.
    """
    starts = [index for index in range(len(lines)) if _is_cue_time(lines, index, time)]
    if not starts:
        return [], []
    found = [time.fullmatch(lines[index]) for index in starts]
    clock = Clock([(one["start"], one["end"]) for one in found if one])
    ids = identifiers(lines, starts) if time is ARROW else set()
    has_notes = HEADING.match(next(filter(None, lines), "")) is not None
    cues: list[Cue] = []
    problems = Problems()
    for number, (index, stop) in enumerate(zip(starts, [*starts[1:], len(lines)], strict=True), 1):
        stamps = found[number - 1]
        start_s = clock.seconds(stamps["start"]) if stamps else None
        if stamps is None or start_s is None:
            problems.unreadable.append(number)
            continue
        end_s = clock.seconds(stamps["end"])
        if end_s is None or end_s < start_s:
            problems.bad_ends.append(number)
            end_s = None
        body = [lines[at] for at in range(index + 1, stop) if at not in ids]
        spoken, n_hidden = voices_in(_without_notes(body) if has_notes else [line for line in body if line])
        problems.n_hidden += n_hidden
        if spoken:
            cues.append(Cue(number, start_s, end_s, spoken, lines[index - 1] if index - 1 in ids else None))
    if problems.unreadable and not cues:
        raise TranscriptError(
            f"None of the {len(starts)} caption cues can be read (first: “{lines[starts[0]][:60]}”); a cue begins with "
            "a line such as 00:00:01.000 --> 00:00:04.000."
        )
    return cues, [*clock.warnings, *problems.warnings()]


@dataclass
class Problems:
    """The cues of a file with which something is wrong, by their numbers; and how many hidden characters there were."""

    unreadable: list[int] = field(default_factory=list)
    bad_ends: list[int] = field(default_factory=list)
    n_hidden: int = 0

    def warnings(self) -> list[str]:
        """What was left out of the cues."""
        warnings: list[str] = []
        if self.unreadable:
            n = len(self.unreadable)
            cues_were = in_number(n, f"Cue {listed(self.unreadable)} was", f"Cues {listed(self.unreadable)} were")
            warnings.append(f"{cues_were} left out because {in_number(n, 'its', 'their')} times can't be read.")
        if self.bad_ends:
            warnings.append(ends_dropped("cue", self.bad_ends))
        if self.n_hidden:
            were = in_number(self.n_hidden, "character was", "characters were")
            warnings.append(f"{self.n_hidden} hidden or control {were} removed from the captions.")
        return warnings


def _is_cue_time(lines: Sequence[str], index: int, time: re.Pattern[str]) -> bool:
    line = lines[index]
    if time is not ARROW or "-->" not in line:
        return time.fullmatch(line) is not None
    return _looks_like_cue_time(line) or (index > 0 and lines[index - 1].isdigit())


def _looks_like_cue_time(line: str) -> bool:
    """Whether an arrow stands after or before something like a time, which may be misspelt: ``0:0x --> 1``."""
    if line.startswith(("[", "(")):
        return False
    first, *others = line.split(None, 2)
    is_followed = bool(others) and others[0].startswith("-->")
    before = first if is_followed else first.rpartition("-->")[0]
    after = (first.removeprefix("-->") or "".join(others[:1])) if first.startswith("-->") else ""
    return before.count(":") > 1 or _has_time(before) or _has_time(after)


def _has_time(word: str) -> bool:
    """Whether a digit stands in a word and a colon after it."""
    digit = _DIGIT.search(word)
    return digit is not None and ":" in word[digit.end() :]


def _without_notes(body: Sequence[str]) -> list[str]:
    """The filled lines of a cue of WebVTT, without the blocks after it that are comments or styles."""
    kept: list[str] = []
    in_note = False
    for index, line in enumerate(body):
        if not line:
            in_note = False
        elif in_note or (index > 0 and not body[index - 1] and _NOTE_BLOCK.match(line)):
            in_note = True
        else:
            kept.append(line)
    return kept
