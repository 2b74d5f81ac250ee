"""A call with what was read of it, as the parts of a brief look at it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from salescoach.moves.results import CallMoves
from salescoach.types import Transcript, Turn

LONGEST: Final = 5_000  # characters of a turn that are looked at: five minutes of speech


@dataclass(frozen=True)
class ReadCall:
    """A call and its moves."""

    call: Transcript
    moves: CallMoves

    @classmethod
    def of(cls, call: Transcript, moves: CallMoves) -> Self:
        """Of longer turns, only the beginning."""
        turns = tuple(
            turn if len(turn.text) <= LONGEST else turn.model_copy(update={"text": turn.text[:LONGEST]})
            for turn in call.turns
        )
        return cls(call.model_copy(update={"turns": turns}), moves)

    @cached_property
    def _probability(self) -> list[dict[str, float]]:
        return [{move.name: move.probability for move in turn.moves} for turn in self.moves.turns]

    def turns(self, *roles: str) -> Iterator[tuple[int, Turn]]:
        """The turns of some sides with their numbers, from 1."""
        return ((number, turn) for number, turn in enumerate(self.call.turns, start=1) if turn.role in roles)

    def text(self, number: int) -> str:
        """What was said in a turn."""
        return self.call.turns[number - 1].text

    def p(self, number: int, *moves: str) -> float:
        """The highest probability of some moves in a turn, 0 where none of them is above its threshold."""
        return max((self._probability[number - 1].get(move, 0.0) for move in moves), default=0.0)

    def reply(self, number: int) -> tuple[int, Turn] | None:
        """The next turn of another side than that of a turn."""
        role = self.call.turns[number - 1].role
        return next((one for one in enumerate(self.call.turns[number:], start=number + 1) if one[1].role != role), None)
