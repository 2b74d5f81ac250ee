"""A call as it was read -> a ``Transcript``: what is the same for every format once its turns are there."""

from collections.abc import Sequence
from copy import copy

from salescoach.errors import TranscriptError
from salescoach.reading.drafts import Participant, ReadCall, ReadTurn
from salescoach.reading.limits import check_call
from salescoach.reading.roles import UNKNOWN_SPEAKER, assign_roles, roles_from_labels
from salescoach.reading.spelling import addresses_in, folded, local_name, same_name
from salescoach.reading.texts import in_number
from salescoach.reading.times import check_times
from salescoach.types import Role, Transcript, Turn


def to_transcript(call: ReadCall, *, rep: str | Sequence[str] = (), call_id: str | None = None) -> Transcript:
    """The transcript of a call that was read: filled turns, rising times, a side for each speaker.

    Args:
        call: As a reader gave it; it stays as it is.
        rep: The speakers on our side: names as ``assign_roles`` takes them, or the saved ``Team``. Without them sides
            are those that the file states, else those that labels such as "Rep" name.
        call_id: Kept in the transcript as it is.

    Raises:
        TranscriptError: Nobody says anything, or more than is allowed.
        InputError: One of ``rep`` is none of the speakers.
    """
    turns = [_own(turn) for turn in call.turns if turn.text]
    if not turns:
        raise TranscriptError(
            "There is no speech in this text, which is empty or holds only times or names; "
            "give lines such as “Rep: …” and “Customer: …”."
        )
    check_call(sum(len(turn.text) for turn in turns))
    _spell_alike(turns)
    warnings = [*call.warnings, *_left_out(len(call.turns) - len(turns)), *_nobody(turns), *check_times(turns)]
    transcript = Transcript(turns=tuple(map(_as_turn, turns)), call_id=call_id, warnings=tuple(warnings))
    if not rep:
        return roles_from_labels(transcript, _stated(turns))
    return assign_roles(transcript, rep, _stated(turns), _addresses(turns, call.participants))


def _own(turn: ReadTurn) -> ReadTurn:
    """The turn, or a copy of one whose times may have to be dropped."""
    return turn if turn.start_s is None and turn.end_s is None and not turn.has_bad_time else copy(turn)


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


def _spell_alike(turns: Sequence[ReadTurn]) -> None:
    """Gives a name that is spelled in several cases or widths the first of its spellings: it is one person."""
    first: dict[str, str] = {}
    for turn in turns:
        if turn.speaker:
            turn.speaker = first.setdefault(same_name(turn.speaker), turn.speaker)


def _addresses(turns: Sequence[ReadTurn], participants: Sequence[Participant]) -> dict[str, set[str]]:
    """Speaker -> the addresses of the participants who have the speaker's name, and their domains."""
    found: dict[str, set[str]] = {}
    speakers = {folded(turn.speaker): turn.speaker for turn in turns if turn.speaker}
    for one in participants:
        if one.email:
            for name in {folded(one.name), local_name(one.email), folded(one.email)} & speakers.keys():
                found.setdefault(speakers[name], set()).update(addresses_in(one.email))
    return found


def _stated(turns: Sequence[ReadTurn]) -> dict[str, Role]:
    """Speaker -> side, as far as the file states it and doesn't contradict itself."""
    sides: dict[str, set[Role]] = {}
    for turn in turns:
        if turn.speaker and turn.side:
            sides.setdefault(turn.speaker, set()).add(turn.side)
    return {speaker: next(iter(found)) for speaker, found in sides.items() if len(found) == 1}
