"""Pieces of speech in the order of a file -> the turns of a call, whatever tells the speakers apart in it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.labels import Line, choose_labels, settle, split_label
from salescoach.reading.records.cast import Cast, is_voice
from salescoach.reading.records.clock import Span, settle_times
from salescoach.reading.records.names import ASKERS, ASSISTANTS
from salescoach.reading.texts import in_number, listed
from salescoach.types import Role

_SLIPS: Final = 0.1  # of the times: so few that run backwards are slips, more are pieces out of order


@dataclass
class Piece:
    """What one speaker says at once. ``channel`` is that of the recording, by its number or name."""

    text: str
    speaker: str | None = None
    side: Role | None = None
    channel: str | None = None
    span: Span = field(default_factory=Span)


def add_pieces(
    call: ReadCall, pieces: Sequence[Piece], cast: Cast, per_second: float | None = None, *, is_sorted: bool = True
) -> None:
    """Adds all pieces to a call as turns, in the order of their times.

    Args:
        call: gets the turns, the warnings, and its beginning where the times are dates.
        pieces: in the order of the file.
        cast: who is known to speak on which channel.
        per_second: as in ``settle_times``.
        is_sorted: whether the pieces should be in the order of their times, unless they are of several channels.

    Raises:
        TranscriptError: a limit is exceeded.
    """
    first, warnings = settle_times([one.span for one in pieces], [len(one.text) for one in pieces], per_second)
    call.started_at = call.started_at or first
    call.warnings += warnings
    has_channels = _settle_channels(pieces, cast)
    pieces = _in_order(pieces, call, is_usual=has_channels or not is_sorted)
    if not any(one.speaker for one in pieces):
        pieces = _with_labels_of_texts(pieces)
    call.warnings += [*_settle_chat(pieces), *_settle_sides(pieces)]
    for one in pieces:
        span = one.span
        call.add_piece(ReadTurn(one.speaker, one.text, span.start_s, span.end_s, one.side, span.is_bad))


def _settle_channels(pieces: Sequence[Piece], cast: Cast) -> bool:
    """Makes the channels speakers where there are several and nobody has a name; says whether it did."""
    voices: dict[str, set[str]] = defaultdict(set)
    for one in pieces:
        if one.channel is not None:
            voices[one.channel] |= {one.speaker} if one.speaker else set()
    if len(voices) < 2 or not all(one.speaker is None or is_voice(one.speaker) for one in pieces):
        return len(voices) > 1
    for one in pieces:
        if one.channel is None:
            continue
        person = cast.on_channel(one.channel)
        label = person.label if person and person.label else None
        label = label or (f"Channel {one.channel}" if one.channel.isdigit() else one.channel)
        if len(voices[one.channel]) > 1:
            one.speaker = f"{label}, {one.speaker}" if one.speaker else None
        else:
            one.speaker = label
        one.side = one.side or (person.side if person else None)
    return True


def _in_order(pieces: Sequence[Piece], call: ReadCall, *, is_usual: bool) -> list[Piece]:
    """Sorted by time where they aren't. A piece without a time stays behind the one before it."""
    at = 0.0
    keys: list[float] = []
    n_back = 0
    for one in pieces:
        start_s = one.span.start_s
        if start_s == 0 and at > 0 and not one.span.end_s:  # a zero for a time that isn't known
            one.span = replace(one.span, start_s=None, end_s=None, is_bad=True)
        elif start_s is not None:
            n_back += start_s < at
            at = start_s
        keys.append(at)
    if not n_back or (not is_usual and n_back < _SLIPS * len(pieces)):
        return list(pieces)
    if not is_usual:
        call.warnings.append("What is said was not in the order of its times and was sorted.")
    return [one for _, one in sorted(zip(keys, pieces, strict=True), key=lambda pair: pair[0])]


def _with_labels_of_texts(pieces: Sequence[Piece]) -> list[Piece]:
    """Takes the speakers from the texts, "Rep: hello", where the records have none."""
    parts = [Line(text, rest=text) for text in (" ".join(one.text.split()) for one in pieces)]
    for part in parts:
        part.label, part.text = split_label(part.raw)
    accepted, _ = choose_labels(parts, ())
    if not accepted:
        return list(pieces)
    speaker: str | None = None
    labelled: list[Piece] = []
    for one, part in zip(pieces, parts, strict=True):
        settled = settle(part, accepted)
        speaker = settled.label or speaker
        labelled.append(replace(one, text=settled.text, speaker=speaker))
    return labelled


def _settle_chat(pieces: Sequence[Piece]) -> list[str]:
    """Takes the assistant of a chat as our side and its user as the customer, and says so."""
    unsettled = {one.speaker.casefold(): one.speaker for one in pieces if one.speaker and not one.side}
    ours, theirs = ({label for label in unsettled if label in words} for words in (ASSISTANTS, ASKERS))
    if not theirs or not (ours or any(one.side == "rep" for one in pieces)):
        return []
    for one in pieces:
        label = (one.speaker or "").casefold()
        if not one.side and label in ours | theirs:
            one.side = "rep" if label in ours else "customer"
    said = [
        f"“{name}” was taken as {'our side' if label in ours else 'the customer'}"
        for label, name in unsettled.items()
        if label in ours | theirs
    ]
    return [f"{' and '.join(said)}; if that is wrong, say who is on your side (on the command line: --rep NAME)."]


def _settle_sides(pieces: Sequence[Piece]) -> list[str]:
    """Gives everybody the one side that some of their pieces have; none where the file says both, which is said."""
    sides: dict[str, set[Role]] = defaultdict(set)
    for one in pieces:
        if one.speaker and one.side:
            sides[one.speaker].add(one.side)
    both = [name for name, found in sides.items() if len(found) > 1]
    for one in pieces:
        found = sides.get(one.speaker or "", set())
        one.side = next(iter(found)) if len(found) == 1 else None
    are = in_number(len(both), "is", "are")
    return [f"The file says that {listed(both)} {are} on both sides, so neither was taken."] if both else []


def left_out(n: int, one: str, several: str) -> list[str]:
    """The warning about records that hold no speech, in the words for one and for several; none for none."""
    return [f"{n} {in_number(n, f'{one} was', f'{several} were')} left out."] if n else []
