"""The cues of a caption file: times, voice tags, and what stands between them that nobody said.

webvtt-py 0.6 is not used: it drops a cue with a bad timing line without a word, gives a cue with two voices to the
first, leaves entities in the text and refuses a comma in a VTT time. A user must hear of each cue that is lost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from salescoach.errors import TranscriptError
from salescoach.reading.limits import MAX_LABEL_CHARS
from salescoach.reading.texts import LINE_BREAK, clean, in_number, listed, tidy, unescaped
from salescoach.reading.times import STAMP, ends_dropped, seconds

_CUE_TIME = re.compile(rf"(?P<start>{STAMP})\s*-->\s*(?P<end>{STAMP})(?:\s.*)?")
_DIGIT = re.compile(r"\d")
# A tag that isn't closed soon is none, so that many of them don't each look for an end.
_VOICE = re.compile(r"<v(?:\.[^\s>]{0,200}+)?\s++([^>]{0,200}+)>", re.I)
_CUE_TAG = re.compile(
    r"</?(?:[ibu]|v|c|ruby|rt|lang|font)(?:[.\s][^>]{0,500}+)?>|<\d[\d:.]*+>|\{\\[^}]{0,500}+\}", re.I
)
_NOTE_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


@dataclass
class Cue:
    """A caption cue. ``lines`` are (speaker or None, text) pairs, ``number`` counts the cues of the file from 1."""

    number: int
    start_s: float
    end_s: float | None
    lines: list[tuple[str | None, str]] = field(default_factory=list)


def are_cues(filled_lines: Sequence[str]) -> bool:
    """Whether lines, none of them blank, begin with a cue or hold more than one."""
    if not filled_lines:
        return False
    first = filled_lines[0]
    is_first = _is_cue_time(filled_lines, 0) or (
        len(filled_lines) > 1 and first.isdigit() and _is_cue_time(filled_lines, 1)
    )
    return is_first or n_cue_times(filled_lines) > 1


def n_cue_times(lines: Sequence[str]) -> int:
    """How many lines are the time of a cue, well spelt."""
    return sum(bool(_CUE_TIME.fullmatch(line)) for line in lines)


def read_cues(lines: Sequence[str]) -> tuple[list[Cue], list[str]]:
    """All cues in their order in the file, and warnings of those that can't be read.

    Raises:
        TranscriptError: there are cues and none can be read.
    """
    starts = [index for index in range(len(lines)) if _is_cue_time(lines, index)]
    cues: list[Cue] = []
    bad: list[int] = []
    bad_ends: list[int] = []
    n_hidden = 0
    for number, index in enumerate(starts, 1):
        stop = starts[number] if number < len(starts) else len(lines)
        body = _cue_body(lines[index + 1 : stop], has_next=number < len(starts))
        found = _CUE_TIME.fullmatch(lines[index])
        start_s = seconds(found["start"]) if found else None
        if found is None or start_s is None:
            bad.append(number)
            continue
        end_s = seconds(found["end"])
        if end_s is None or end_s < start_s:
            bad_ends.append(number)
            end_s = None
        spoken, n_removed = _voices(body)
        n_hidden += n_removed
        if spoken:
            cues.append(Cue(number, start_s, end_s, spoken))
    if bad and not cues:
        raise TranscriptError(
            f"None of the {len(starts)} caption cues can be read (first: “{lines[starts[0]][:60]}”); a cue begins with "
            "a line such as 00:00:01.000 --> 00:00:04.000."
        )
    warnings: list[str] = []
    if bad:
        cues_were = in_number(len(bad), f"Cue {listed(bad)} was", f"Cues {listed(bad)} were")
        warnings.append(f"{cues_were} left out because {in_number(len(bad), 'its', 'their')} times can't be read.")
    if bad_ends:
        warnings.append(ends_dropped("cue", bad_ends))
    if n_hidden:
        were = in_number(n_hidden, "character was", "characters were")
        warnings.append(f"{n_hidden} hidden or control {were} removed from the captions.")
    return cues, warnings


def _is_cue_time(lines: Sequence[str], index: int) -> bool:
    line = lines[index]
    if "-->" not in line:
        return False
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


def _cue_body(lines: Sequence[str], *, has_next: bool) -> list[str]:
    """The lines of a cue up to the next one, without the next one's identifier and without NOTE and STYLE blocks."""
    body = list(lines)
    if has_next and body and body[-1] and (body[-1].isdigit() or (len(body) > 1 and not body[-2])):
        body.pop()
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


def _voices(body: Sequence[str]) -> tuple[list[tuple[str | None, str]], int]:
    """(speaker or None, text) pairs of a cue from its voice tags, and how many hidden characters were removed."""
    # re.split with one group: text before the first tag, then name and text in turn.
    pieces = _VOICE.split("\n".join(body))
    spoken: list[tuple[str | None, str]] = []
    n_removed = 0
    for name, block in zip([None, *pieces[1::2]], pieces[::2], strict=True):
        speaker = tidy(unescaped(name))[:MAX_LABEL_CHARS].rstrip() if name else None
        for line in block.split("\n"):
            # Tags go before entities are read, so that an escaped "<i>" stays what was said.
            text, n_hidden = clean(unescaped(_CUE_TAG.sub("", line)))
            n_removed += n_hidden
            text = LINE_BREAK.sub(" ", text).strip()
            if text:
                spoken.append((speaker or None, text))
    return spoken, n_removed
