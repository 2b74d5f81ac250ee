"""Caption cues -> turns: who speaks in them, and which words a rolling caption only shows again."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from salescoach.errors import TranscriptError
from salescoach.reading.cue_ids import name_in
from salescoach.reading.cue_labels import CueLabels, choose, name_lines, settle, take_apart
from salescoach.reading.cue_times import ARROW
from salescoach.reading.cues import Cue, read_cues
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.names import Shape, key_of, shape_of
from salescoach.reading.no_speech import is_speaker_alone
from salescoach.reading.rolling import unroll
from salescoach.reading.source import Source
from salescoach.reading.texts import in_number
from salescoach.reading.voices import Voiced


def read_captions(source: Source, time: re.Pattern[str] = ARROW) -> ReadCall:
    """The call in captions of any dialect: with voice tags, with ``Name: text`` labels, or without any speaker.

    ``time`` is how the format writes the times of a cue, see ``read_cues``.

    Raises:
        TranscriptError: no cue can be read, or a limit is exceeded.
    """
    cues, warnings = read_cues(source.lines, time)
    return call_of(cues, source.reps, warnings)


def call_of(cues: Sequence[Cue], reps: Sequence[str], warnings: Sequence[str]) -> ReadCall:
    """The call in cues, whatever file they come from.

    Args:
        cues: with the voices that the file itself names.
        reps: who the user says are on our side.
        warnings: about the cues.

    Raises:
        TranscriptError: they name speakers and say nothing, or a limit is exceeded.
    """
    call = ReadCall(warnings=list(warnings))
    if any(after.start_s < before.start_s for before, after in pairwise(cues)):
        call.warnings.append("The cues were not in the order of their times and were sorted.")
        cues = sorted(cues, key=lambda cue: cue.start_s)
    if cues and all(is_speaker_alone(line.text) for cue in cues for line in cue.lines):
        raise TranscriptError(
            "These captions say who speaks and not what; give the transcript of the same call instead."
        )
    cues, of_labels = _labelled(_voiced_by_identifier(cues), reps)
    cues, of_repeats = unroll(cues)
    call.warnings += [*of_labels, *of_repeats]
    for cue in cues:
        for lines in _by_speaker(cue.lines):
            call.add_piece(ReadTurn(lines[0].speaker, " ".join(line.text for line in lines), cue.start_s, cue.end_s))
    return call


def _labelled(cues: Sequence[Cue], reps: Sequence[str]) -> tuple[list[Cue], list[str]]:
    """The cues with their speakers by labels, and what was assumed for it."""
    has_voices = any(line.speaker for cue in cues for line in cue.lines)
    rows = [take_apart(cue) for cue in cues]
    labels = choose(rows, reps)
    if has_voices:
        voices = {key_of(line.speaker): line.speaker for cue in cues for line in cue.lines if line.speaker}
        labels = CueLabels({key: voices.get(key, label) for key, label in labels.accepted.items() if key in voices})
    elif not labels.accepted and (names := name_lines(cues)):
        for row in rows:
            if len(row) > 1 and key_of(row[0].rest) in names:
                row[0].label, row[0].text = row[0].rest, ""
                labels.accepted.setdefault(row[0].key, row[0].rest)
        labels.refused = []
    spoken, n_nobody = settle(rows, labels, carry=not has_voices)
    warnings = labels.warnings()
    if n_nobody:
        lines_are = in_number(n_nobody, "line is", "lines are")
        warnings.append(f"{n_nobody} {lines_are} marked as another speaker's without a name; nobody was assumed.")
    return [replace(cue, lines=lines) for cue, lines in zip(cues, spoken, strict=True)], warnings


def _voiced_by_identifier(cues: Sequence[Cue]) -> list[Cue]:
    """The cues with the speakers whom their identifiers name, where all of them do."""
    names = [cue.identifier and (name_in(cue.identifier) or cue.identifier) for cue in cues]
    is_named = (
        0 < len(set(names)) < len(names)
        and all(name and shape_of(name) >= Shape.WORD for name in names)
        and not any(line.speaker for cue in cues for line in cue.lines)
    )
    if not is_named:
        return list(cues)
    return [
        replace(cue, lines=[Voiced(name, line.text) for line in cue.lines])
        for cue, name in zip(cues, names, strict=True)
    ]


def _by_speaker(lines: Sequence[Voiced]) -> list[list[Voiced]]:
    groups: list[list[Voiced]] = []
    for line in lines:
        if groups and groups[-1][-1].speaker == line.speaker and not line.is_new:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups
