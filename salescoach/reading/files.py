"""Everything that a file was read as: its calls, their turns and sides, and what is unsure of them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from salescoach.errors import InputError
from salescoach.reading.drafts import Participant, ReadCall
from salescoach.reading.finish import to_transcript
from salescoach.reading.labelled import read_table
from salescoach.reading.many_objects import many_objects_made
from salescoach.reading.roles import names_of
from salescoach.reading.tables.sheets import holds_table
from salescoach.reading.team import Team
from salescoach.reading.transcripts import read_calls_of
from salescoach.types import Frozen, LabelledCall, Outcome, Role, Transcript


class FileTurn(Frozen):
    """A turn, from 1; times in seconds from the start of the call."""

    turn: int
    speaker: str
    role: Role
    text: str
    start_s: float | None
    end_s: float | None


class FileParticipant(Frozen):
    """Somebody of whom the file says that they took part."""

    name: str
    side: Role | None
    email: str | None


class FileCall(Frozen):
    """A call of a file. ``metadata``: what has no field of its own, under the file's names."""

    call_id: str | None
    outcome: Outcome | None
    started_at: datetime | None
    title: str | None
    account: str | None
    participants: tuple[FileParticipant, ...]
    turns: tuple[FileTurn, ...]
    metadata: dict[str, str]
    warnings: tuple[str, ...]


class FileContent(Frozen):
    """The calls of a file, and what it was taken for."""

    format: str
    calls: tuple[FileCall, ...]
    warnings: tuple[str, ...]


def read_file(data: bytes, name: str = "", rep: str | Sequence[str] = ()) -> FileContent:
    """All calls in the bytes of a file.

    Args:
        data: the file's content.
        name: of the file.
        rep: the speakers on our side; in a file of several calls not all of them need speak in each.

    Raises:
        DataError: the file is a table that holds no call.
        TranscriptError: the file is no text, holds no speech, or more than is allowed.
        InputError: one of ``rep`` is none of the speakers.
    """
    if holds_table(data, name):
        table = read_table(data, Path(name).name, Team(names_of(rep)), max_calls=None)
        with many_objects_made():
            calls = tuple(map(_of_row, table.calls))
        return FileContent(format="table of calls", calls=calls, warnings=(*table.notes, *table.problems))
    read = read_calls_of(data, name, rep=rep)
    transcripts = [_transcript(call, rep, is_only=len(read) == 1) for call in read]
    return FileContent(format=read[0].format, calls=tuple(map(_of_call, read, transcripts)), warnings=())


def _transcript(call: ReadCall, rep: str | Sequence[str], *, is_only: bool) -> Transcript:
    """Of several calls not each need have everybody who is on our side."""
    try:
        return to_transcript(call, rep=rep)
    except InputError:
        if is_only:
            raise
        return to_transcript(call, rep=Team(names_of(rep)))


def _of_call(call: ReadCall, transcript: Transcript) -> FileCall:
    return FileCall(
        call_id=call.call_id,
        outcome=call.outcome,
        started_at=call.started_at,
        title=call.title,
        account=call.account,
        participants=tuple(map(_participant, call.participants)),
        turns=numbered_turns(transcript),
        metadata=call.metadata,
        warnings=transcript.warnings,
    )


def _of_row(row: LabelledCall) -> FileCall:
    return FileCall(
        call_id=row.call_id,
        outcome=row.outcome,
        started_at=row.started_at,
        title=None,
        account=row.account_id,
        participants=(),
        turns=numbered_turns(row.transcript),
        metadata=row.metadata,
        warnings=row.transcript.warnings,
    )


def _participant(one: Participant) -> FileParticipant:
    return FileParticipant(name=one.name, side=one.side, email=one.email)


def numbered_turns(transcript: Transcript) -> tuple[FileTurn, ...]:
    """The turns of a call, numbered."""
    return tuple(
        FileTurn(
            turn=number, speaker=turn.speaker, role=turn.role, text=turn.text, start_s=turn.start_s, end_s=turn.end_s
        )
        for number, turn in enumerate(transcript.turns, start=1)
    )
