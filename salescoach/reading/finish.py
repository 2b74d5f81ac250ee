"""A call as it was read -> a ``Transcript``: what is the same for every format once its turns are there."""

from collections.abc import Sequence
from dataclasses import replace

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.limits import check_call
from salescoach.reading.roles import UNKNOWN_SPEAKER, assign_roles, roles_from_labels
from salescoach.reading.texts import in_number
from salescoach.reading.times import check_times
from salescoach.types import Role, Transcript, Turn


def to_transcript(call: ReadCall, *, rep: str | Sequence[str] = (), call_id: str | None = None) -> Transcript:
    """The transcript of a call that was read: filled turns, rising times, a side for each speaker.

    Args:
        call: As a reader gave it; it stays as it is.
        rep: The speakers on our side, by name or unique first name. Without them sides are those that the file states,
            else those that labels such as "Rep" name.
        call_id: Kept in the transcript as it is.

    Raises:
        TranscriptError: Nobody says anything, or more than is allowed.
        InputError: One of ``rep`` is none of the speakers.
    """
    turns = [replace(turn) for turn in call.turns if turn.text]
    if not turns:
        raise TranscriptError(
            "There is no speech in this text, which is empty or holds only times or names; "
            "give lines such as “Rep: …” and “Customer: …”."
        )
    check_call(sum(len(turn.text) for turn in turns))
    warnings = [*call.warnings, *_left_out(len(call.turns) - len(turns)), *_nobody(turns), *check_times(turns)]
    transcript = Transcript(turns=tuple(map(_as_turn, turns)), call_id=call_id, warnings=tuple(warnings))
    return assign_roles(transcript, rep) if rep else roles_from_labels(transcript, _stated(turns))


def _left_out(n_empty: int) -> list[str]:
    if not n_empty:
        return []
    were = in_number(n_empty, "turn without any words was", "turns without any words were")
    return [f"{n_empty} {were} left out."]


def _nobody(turns: Sequence[ReadTurn]) -> list[str]:
    if any(turn.speaker for turn in turns):
        return []
    return ["The text names no speakers; each line was read as a turn of an unknown speaker."]


def _as_turn(turn: ReadTurn) -> Turn:
    return Turn(
        speaker=turn.speaker or UNKNOWN_SPEAKER,
        role="unknown",
        text=turn.text,
        start_s=turn.start_s,
        end_s=turn.end_s,
    )


def _stated(turns: Sequence[ReadTurn]) -> dict[str, Role]:
    """Speaker -> side, as far as the file states it and doesn't contradict itself."""
    sides: dict[str, set[Role]] = {}
    for turn in turns:
        if turn.speaker and turn.side:
            sides.setdefault(turn.speaker, set()).add(turn.side)
    return {speaker: next(iter(found)) for speaker, found in sides.items() if len(found) == 1}
