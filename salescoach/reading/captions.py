"""Caption cues -> turns: who speaks in them, and which words a rolling caption only shows again."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from salescoach.reading.cues import Cue, read_cues
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.labels import Line, choose_labels, settle, split_label, warnings_of_rejected
from salescoach.reading.source import Source

# Cues that follow each other within this time can be one rolling caption.
_ROLLING_GAP_S: Final = 0.25
_ROLLING_WORDS: Final = 3
_ROLLING_LINES: Final = 20  # more never stand on a screen
_ROLLING_SHARE: Final = 0.3


def read_captions(source: Source) -> ReadCall:
    """The call in captions of any dialect: with voice tags, with ``Name: text`` labels, or without any speaker.

    Raises:
        TranscriptError: no cue can be read, or a limit is exceeded.
    """
    cues, warnings = read_cues(source.lines)
    if any(after.start_s < before.start_s for before, after in pairwise(cues)):
        warnings.append("The cues were not in the order of their times and were sorted.")
        cues = sorted(cues, key=lambda cue: cue.start_s)
    has_voices = any(speaker for cue in cues for speaker, _ in cue.lines)
    if not has_voices:
        cues = _label_cues(cues, source.reps, warnings)
    segments = [
        Cue(cue.number, cue.start_s, cue.end_s, list(group)) for cue in cues for group in _by_speaker(cue.lines)
    ]
    call = ReadCall(warnings=warnings)
    for piece in _unroll(segments, warnings):
        call.add_piece(piece)
    return call


def _label_cues(cues: Sequence[Cue], reps: Sequence[str], warnings: list[str]) -> list[Cue]:
    """Read ``Name: text`` labels. A line without one goes on with the speaker before it."""
    parts = [[Line(text, None, rest=text) for _, text in cue.lines] for cue in cues]
    for part in [part for row in parts for part in row]:
        part.label, part.text = split_label(part.raw)
    accepted, rejected = choose_labels([part for row in parts for part in row], reps)
    warnings += warnings_of_rejected(rejected)
    speaker: str | None = None
    labelled: list[Cue] = []
    for cue, row in zip(cues, parts, strict=True):
        spoken: list[tuple[str | None, str]] = []
        for part in row:
            settled = settle(part, accepted)
            speaker = settled.label or speaker
            spoken.append((speaker, settled.text))
        labelled.append(replace(cue, lines=spoken))
    return labelled


def _by_speaker(lines: Sequence[tuple[str | None, str]]) -> list[list[tuple[str | None, str]]]:
    groups: list[list[tuple[str | None, str]]] = []
    for line in lines:
        if groups and groups[-1][-1][0] == line[0]:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _unroll(segments: Sequence[Cue], warnings: list[str]) -> list[ReadTurn]:
    """Take out the words that a rolling caption shows again.

    A repetition counts where it is long and the cues touch, or where so many cues repeat that it is the custom of the
    file; people do say "yes" twice.
    """
    n_repeats = sum(bool(_n_repeated(*pair)) for pair in pairwise(segments))
    is_custom = n_repeats > 1 and n_repeats >= _ROLLING_SHARE * (len(segments) - 1)
    spoken: list[ReadTurn] = []
    n_removed = 0
    for index, segment in enumerate(segments):
        words = " ".join(text for _, text in segment.lines).split()
        n_again = _n_repeated(segments[index - 1], segment) if index else 0
        before = segments[index - 1].end_s if index else None
        is_touching = before is not None and segment.start_s <= before + _ROLLING_GAP_S
        if n_again and (is_custom or (is_touching and n_again >= _ROLLING_WORDS)):
            n_removed += 1
            text = " ".join(words[n_again:])
        else:
            text = " ".join(text for _, text in segment.lines if text)
        spoken.append(ReadTurn(segment.lines[0][0], text, segment.start_s, segment.end_s))
    if n_removed:
        warnings.append(f"{n_removed} cue{'s' * (n_removed > 1)} repeated words of the cue before; they were joined.")
    return spoken


def _n_repeated(before: Cue, after: Cue) -> int:
    """How many first words of a cue repeat the cue before: all of that, or its last lines."""
    if before.lines[0][0] != after.lines[0][0]:
        return 0
    old, new = ([text for _, text in cue.lines] for cue in (before, after))
    for n_lines in range(min(len(old), len(new), _ROLLING_LINES), 0, -1):
        if old[-n_lines:] == new[:n_lines]:
            return len(" ".join(new[:n_lines]).split())
    old_words, new_words = " ".join(old).split(), " ".join(new).split()
    return len(old_words) if old_words == new_words[: len(old_words)] else 0
