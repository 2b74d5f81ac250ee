"""What only the user knows of a call: which row of a table it is, and who is on their side."""

from collections.abc import Awaitable, Callable
from typing import Final

from salescoach.errors import InputError
from salescoach.reading.team import NOBODY_SAVED, Team
from salescoach.reading.transcripts import assign_roles
from salescoach.types import Transcript
from serving.chat import view
from serving.chat.asking import OTHER, choose, typed
from serving.usecases.reader_process import Reader
from tools.phrases import count

MAX_OFFERED_ROWS: Final = 6
MAX_PROBLEMS: Final = 3
MAX_OFFERED_NAMES: Final = 8


async def choose_row(reader: Reader, content: bytes, name: str, team: Team = NOBODY_SAVED) -> Transcript | None:
    """The call of a table that the user chooses, None where it is none of them; a table of one call is that one.

    ``team`` is who is on the user's side.

    Raises:
        InputError: the table can't be read, or has no such call.
    """
    table = await reader.table(content, name, team)
    calls = table.calls
    if len(calls) == 1 and not table.problems:
        return _with_notes(calls[0].transcript, table.notes)
    left_out = f" Left out: {view.escape('; '.join(table.problems[:MAX_PROBLEMS]))}." if table.problems else ""
    row = await choose(
        f"**{view.escape(name)}** has {count(len(calls), 'call')}.{left_out} Which one?",
        {view.row_label(number, call): number for number, call in enumerate(calls[:MAX_OFFERED_ROWS], start=1)},
        other="Another one" if len(calls) > MAX_OFFERED_ROWS else "None of them",
    )
    if row == OTHER and len(calls) > MAX_OFFERED_ROWS:
        answer = await typed(f"Give its number, 1 to {len(calls)}, or its id.") or ""
        ids = {call.call_id: number for number, call in enumerate(calls, start=1)}
        row = ids.get(answer) or view.typed_number(answer)
        if not 1 <= row <= len(calls):
            raise InputError(f"{name} has no such call; upload it again and give a number from 1 to {len(calls)}.")
    return _with_notes(calls[row - 1].transcript, table.notes) if row is not None and row != OTHER else None


def _with_notes(transcript: Transcript, notes: tuple[str, ...]) -> Transcript:
    """The call with what was assumed of its table among its warnings."""
    return transcript.model_copy(update={"warnings": (*notes, *transcript.warnings)})


async def settle_roles(transcript: Transcript, remember: Callable[[list[str]], Awaitable[None]]) -> Transcript:
    """The call with those on the user's side whom the user names, where it doesn't say who is who.

    Args:
        transcript: the call.
        remember: keeps who was named, so that the next call needn't be asked about.
    """
    left = list(view.unclear_speakers(transcript))
    ours: list[str] = []
    while left and (not ours or len(left) > 1):
        chosen = await choose(
            "Who else is on your side?" if ours else "Who is on your side?",
            {name: number for number, name in enumerate(left[:MAX_OFFERED_NAMES])},
            other="Nobody else" if ours else "None of them",
        )
        if chosen in (None, OTHER):
            break
        ours.append(left.pop(chosen))
    if not ours:
        return transcript
    await remember(ours)
    known = [turn.speaker for turn in transcript.turns if turn.role == "rep"]
    return assign_roles(transcript, list(dict.fromkeys([*known, *ours])))
