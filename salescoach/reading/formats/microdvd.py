"""MicroDVD (``{25}{75}text``, in frames) and MPL2 (``[10][30]text``, in tenths of a second)."""

import re
from typing import Final

from salescoach.reading.captions import call_of
from salescoach.reading.cues import Cue, Problems
from salescoach.reading.drafts import ReadCall
from salescoach.reading.formats.base import FormatReader
from salescoach.reading.source import Source
from salescoach.reading.texts import in_number
from salescoach.reading.voices import voices_in

_LINE = re.compile(r"(?P<open>[{\[])(?P<start>\d{1,9})[}\]][{\[](?P<end>\d{0,9})[}\]](?P<text>.*)")
_RATE = re.compile(r"\d{2}(?:[.,]\d{1,5})?")
_STYLE = re.compile(r"\{[A-Za-z]:[^{}]{0,99}+\}|(?<![^|])/")
_USUAL_RATE: Final = 25.0
_TENTHS: Final = 10.0


class MicroDVD(FormatReader):
    """A line is a cue, with ``|`` between the lines that are shown."""

    name = "MicroDVD"
    says = "MicroDVD or MPL2 captions"

    def recognises(self, source: Source) -> float:
        """By most of its lines."""
        n = sum(_LINE.fullmatch(line) is not None for line in source.filled_lines)
        return n > 1 and 2 * n > len(source.filled_lines)

    def read(self, source: Source) -> list[ReadCall]:
        """One call."""
        found = [one for line in source.filled_lines if (one := _LINE.fullmatch(line))]
        warnings: list[str] = []
        if n_other := len(source.filled_lines) - len(found):
            lines_begin = in_number(n_other, "line begins", "lines begin")
            warnings.append(f"{n_other} {lines_begin} with no frames and {in_number(n_other, 'was', 'were')} left out.")
        per_second = _TENTHS
        if found[0]["open"] == "{":
            per_second = _USUAL_RATE
            if _RATE.fullmatch(found[0]["text"].strip()):
                per_second = float(found[0]["text"].strip().replace(",", "."))
                found = found[1:]
            else:
                warnings.append("The times are in frames, whose rate the file does not give; 25 a second were assumed.")
        cues: list[Cue] = []
        problems = Problems()
        for number, one in enumerate(found, 1):
            spoken, n_hidden = voices_in(_STYLE.sub("", one["text"]).split("|"))
            problems.n_hidden += n_hidden
            start_s = int(one["start"]) / per_second
            end_s = int(one["end"]) / per_second if one["end"] else None
            if end_s is not None and end_s < start_s:
                problems.bad_ends.append(number)
                end_s = None
            if spoken:
                cues.append(Cue(number, start_s, end_s, spoken))
        return [call_of(cues, source.reps, [*warnings, *problems.warnings()])]
