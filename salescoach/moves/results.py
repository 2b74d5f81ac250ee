"""What a reader made of a call: the JSON of ``coach moves``."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field

from salescoach.moves.taxonomy import Handled, MoveName, ObjectionKind
from salescoach.redact.our_words import OURS, Ours
from salescoach.types import Frozen, Role, Turn


class ReadMove(Frozen):
    """A move above its threshold, with its calibrated probability in [0, 1]."""

    name: Annotated[MoveName, OURS]
    probability: float = Field(ge=0, le=1)


class TurnMoves(Frozen):
    """What a turn does, strongest first; most turns do little."""

    turn: int
    role: Role
    moves: tuple[ReadMove, ...]


class ReadObjection(Frozen):
    """A concern of the customer's.

    ``handled_at``: the rep's turn that took it up, None where none did; ``answer``: what was said there.
    """

    turn: int
    kind: Annotated[ObjectionKind, OURS]
    quote: str
    handled_at: int | None
    handled: Annotated[Handled, OURS]
    answer: str | None

    @classmethod
    def of(
        cls, turns: Sequence[Turn], turn: int, kind: ObjectionKind, handled_at: int | None, handled: Handled
    ) -> Self:
        """A concern at a turn of a call, from 1, in the call's own words."""
        return cls(
            turn=turn,
            kind=kind,
            quote=turns[turn - 1].text,
            handled_at=handled_at,
            handled=handled,
            answer=None if handled_at is None else turns[handled_at - 1].text,
        )


class ReadNextStep(Frozen):
    """The last thing to do that both know of. ``when``: in the words of the call, None where nothing was said."""

    turn: int
    what: str
    who: Literal["rep", "customer", "both"]
    when: str | None
    committed: bool


class CallMoves(Frozen):
    """Everything that was read of a call. ``reader``: who read; ``model_id``: with which weights."""

    turns: tuple[TurnMoves, ...]
    objections: tuple[ReadObjection, ...]
    next_step: ReadNextStep | None
    reader: Ours[str]
    model_id: Ours[str]
