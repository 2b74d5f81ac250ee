"""SubStation Alpha (``.ass``, ``.ssa``): a table of events, which may name who speaks."""

import re
from typing import Final

from salescoach.errors import TranscriptError
from salescoach.reading.captions import call_of
from salescoach.reading.cues import Cue, Problems
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.source import Source
from salescoach.reading.texts import in_number, tidy
from salescoach.reading.times import STAMP, seconds
from salescoach.reading.voices import Voiced, voices_in

_USUAL: Final = "layer,start,end,style,name,marginl,marginr,marginv,effect,text"
_EVENT = re.compile(r"Dialogue:\s{0,9}+(.*)", re.I)
_STAMP = re.compile(STAMP)
_DRAWING = re.compile(r"\{[^{}]{0,500}?\\p[1-9][^}]{0,500}+\}")
_OVERRIDE = re.compile(r"\{[^{}]{0,500}+\}")


class SubStation(FormatReader):
    """A line "Dialogue:" is a cue; its speaker is in the column Name, or before a colon in its text."""

    name = "SubStation Alpha"
    says = "SubStation Alpha captions"

    def recognises(self, source: Source) -> float:
        """By its sections, or by the events alone."""
        lines = source.filled_lines
        n_events = sum(_EVENT.match(line) is not None and line.count(",") > 7 for line in lines)
        return n_events > 0 and (lines[0].casefold() == "[script info]" or 2 * n_events >= len(lines))

    def read(self, source: Source) -> list[ReadCall]:
        """One call; raises TranscriptError where no event can be read."""
        columns = _USUAL.split(",")
        cues: list[Cue] = []
        problems = Problems()
        title: str | None = None
        number = n_comments = 0
        for line in source.filled_lines:
            kind, _, rest = line.partition(":")
            kind = kind.casefold()
            if kind == "title":
                title = tidy(rest)
            elif kind == "format" and "text" in rest.casefold():
                columns = [column.strip().casefold() for column in rest.split(",")]
            elif kind == "comment":
                n_comments += 1
            elif kind == "dialogue":
                number += 1
                if cue := _cue(number, rest, columns, problems):
                    cues.append(cue)
        if not cues:
            raise TranscriptError("None of the captions in this file can be read; export them as .vtt or .srt.")
        warnings = problems.warnings()
        if n_comments:
            warnings.append(f"{n_comments} {in_number(n_comments, 'comment was', 'comments were')} left out.")
        call = call_of(cues, source.reps, warnings)
        call.title = title
        return [call]


def _cue(number: int, rest: str, columns: list[str], problems: Problems) -> Cue | None:
    values = dict(zip(columns, rest.split(",", len(columns) - 1), strict=False))
    start_s, end_s = (_seconds(values.get(name, "")) for name in ("start", "end"))
    if start_s is None or "text" not in values:
        problems.unreadable.append(number)
        return None
    if end_s is None or end_s < start_s:
        problems.bad_ends.append(number)
        end_s = None
    text = values["text"]
    if _DRAWING.search(text):
        return None
    text = _OVERRIDE.sub("", text).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    spoken, n_hidden = voices_in(text.split("\n"))
    problems.n_hidden += n_hidden
    speaker = tidy(values.get("name") or values.get("actor") or "") or None
    if speaker:
        spoken = [Voiced(speaker, line.text) for line in spoken]
    return Cue(number, start_s, end_s, spoken) if spoken else None


def _seconds(stamp: str) -> float | None:
    return seconds(stamp.strip()) if _STAMP.fullmatch(stamp.strip()) else None
