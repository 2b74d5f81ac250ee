"""How a call ends: the next step, who takes it on, and whether the customer commits to something."""

import math
from collections.abc import Sequence
from typing import Final

from salescoach.speech import spoken
from salescoach.types import NextStep, Role, Transcript, Turn

# "Near the end": the last fifth of the turns, and at least so many.
CLOSING_SHARE: Final = 0.2
MIN_CLOSING_TURNS: Final = 4


def find_next_step(transcript: Transcript) -> NextStep | None:
    """The last dated action near the end of a call: where, when, who takes it on, whether the customer agrees."""
    turns = transcript.turns
    first = len(turns) - len(_closing(turns))
    for last in range(len(turns) - 1, first - 1, -1):
        if spoken.is_dated_action([turns[last].text]):
            return _next_step(turns, last, last)
        pair = [turn.text for turn in turns[last - 1 : last + 1]]
        if last > first and not spoken.is_dated_action(pair[:1]) and spoken.is_dated_action(pair):
            return _next_step(turns, last - 1, last)
    return None


def has_commitment(turns: Sequence[Turn]) -> bool:
    """Whether the customer takes the offer, or promises an action, in the last turns."""
    return any(turn.role == "customer" and spoken.commits(turn.text) for turn in _closing(turns))


def _next_step(turns: Sequence[Turn], start: int, last: int) -> NextStep:
    """The step that is said in the turns ``start`` to ``last`` (from 0); the turn after may take it on or agree."""
    around = turns[start : last + 2]
    said = turns[start : last + 1]
    when = [found for turn in said for found in spoken.days_and_times(turn.text)]
    sides: tuple[Role, Role] = ("rep", "customer")
    return NextStep(
        turn_start=start + 1,
        turn_end=last + 1,
        quote=said[0].text,
        when=", ".join(dict.fromkeys(when)),
        taken_on_by=tuple(
            side for side in sides if any(turn.role == side and spoken.promises_action(turn.text) for turn in around)
        ),
        is_agreed=any(turn.role == "customer" and spoken.is_dated_action([turn.text]) for turn in said)
        or any(turn.role == "customer" and spoken.agrees(turn.text) for turn in around),
    )


def _closing(turns: Sequence[Turn]) -> Sequence[Turn]:
    return turns[-max(MIN_CLOSING_TURNS, math.ceil(CLOSING_SHARE * len(turns))) :]
