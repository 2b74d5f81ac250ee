"""What is read of a call surely enough to be told to somebody: moves with a probability above a floor of their own.

The floors were chosen so that of ten such readings eight or more agree with the labels, on calls by writers who teach,
read as if they were unseen (``benchmarks/advice.py``; ``docs/experiments.md`` has what they come to on other writers).
A move that never gets there has no floor, and is never told.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from salescoach.moves.results import CallMoves, ReadObjection
from salescoach.moves.taxonomy import OBJECTIONS, MoveName, ObjectionKind
from salescoach.types import Transcript, Turn

FLOORS: Final[Mapping[str, float]] = {
    "objection_price": 0.7, "objection_timing": 0.6, "objection_trust": 0.5, "authority": 0.6, "stall": 0.6,
    "refusal": 0.65, "pain": 0.55, "criteria": 0.5, "decision_process": 0.4, "buying_signal": 0.75, "commitment": 0.6,
    "discovery": 0.8, "pitch": 0.7, "proof": 0.6, "price_talk": 0.5, "acknowledge": 0.55, "answer_objection": 0.6,
    "dismiss": 0.65, "next_step": 0.55, "close": 0.45,
}  # fmt: skip
CONCERN: Final = 0.4  # the least probability that a turn raises a concern of any kind
CHAT: Final[frozenset[str]] = frozenset({"small_talk", "logistics"})
# What is said in place of agreeing, and reads like it.
_NOT_YET: Final = re.compile(
    r"\bno good\b|\bwe(?:['\u2019]?ve| have) (?:got to|to|gotta) talk\b|\b(?:i|we)(?:['\u2019]ll"
    r"| will) (?:text|call|ring|let) you\b(?! (?:to|on|at)\b)"
    r"|\bwe['\u2019]?ll see\b|\bthink about (?:it|that)\b|\bi guess\b",
    re.I,
)
_MOVE_OF: Final[Mapping[str, str]] = {kind: move for move, kind in OBJECTIONS.items()}


@dataclass(frozen=True)
class SureCall:
    """A call with what was read of it. Turns count from 1."""

    transcript: Transcript
    moves: CallMoves

    @cached_property
    def _read(self) -> dict[int, dict[str, float]]:
        return {one.turn: {move.name: move.probability for move in one.moves} for one in self.moves.turns}

    def __len__(self) -> int:
        return len(self.transcript.turns)

    def turn(self, number: int) -> Turn:
        """A turn."""
        return self.transcript.turns[number - 1]

    def text(self, number: int) -> str:
        """What was said in a turn."""
        return self.turn(number).text

    def p(self, number: int, move: str) -> float:
        """How likely a turn makes a move; 0 below the reader's own threshold."""
        return self._read.get(number, {}).get(move, 0.0)

    def is_sure(self, number: int, move: str) -> bool:
        """Whether a turn surely makes a move."""
        if move == "commitment" and _NOT_YET.search(self.text(number)):
            return False
        return move in FLOORS and self.p(number, move) >= FLOORS[move]

    def sure_moves(self, number: int) -> tuple[MoveName, ...]:
        """The moves that a turn surely makes, strongest first."""
        read = next((one.moves for one in self.moves.turns if one.turn == number), ())
        return tuple(move.name for move in read if self.is_sure(number, move.name))

    def is_chat(self, number: int) -> bool:
        """Whether nothing was read of a turn but small talk and logistics."""
        return set(self._read.get(number, {})) <= CHAT

    def p_concern(self, number: int) -> float:
        """How likely a turn raises a concern of any kind, as its kinds say together."""
        return 1 - math.prod(1 - self.p(number, move) for move in OBJECTIONS)

    @cached_property
    def concerns(self) -> tuple[ReadObjection, ...]:
        """Concerns that were surely raised, in order; a turn that rather tells of a problem raises none."""
        raised = (one for one in self.moves.objections if self.p_concern(one.turn) >= CONCERN)
        return tuple(one for one in raised if self.p(one.turn, "pain") <= self.p_concern(one.turn))

    def sure_kind(self, concern: ReadObjection) -> ObjectionKind | None:
        """What a concern is surely about; None where that isn't sure."""
        return concern.kind if self.is_sure(concern.turn, _MOVE_OF[concern.kind]) else None

    def said_by(self, role: str, start: int = 1, n: int | None = None) -> list[int]:
        """Numbers of a side's turns from ``start`` on, in order: the first ``n``, or all."""
        found = [number for number in range(max(start, 1), len(self) + 1) if self.turn(number).role == role]
        return found if n is None else found[:n]

    def said_by_others(self, start: int = 1) -> list[int]:
        """Numbers of the turns from ``start`` on that aren't surely the rep's, in order."""
        return [number for number in range(max(start, 1), len(self) + 1) if self.turn(number).role != "rep"]

    def surest(self, move: str, start: int = 1) -> int | None:
        """The turn from ``start`` on that most surely makes a move, the last of equals; None where none surely does."""
        sure = [number for number in range(start, len(self) + 1) if self.is_sure(number, move)]
        return max(sure, key=lambda number: (self.p(number, move), number), default=None)
