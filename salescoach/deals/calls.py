"""What deals are made of: a call with its account, its date, who was heard of the customer, and what was read of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from salescoach.moves.taxonomy import Handled, MoveName, ObjectionKind
from salescoach.types import Outcome, Provenance

# The moves that deals are judged by; of ten thousand calls no others are looked at.
TELLING: Final[frozenset[MoveName]] = frozenset(
    {"authority", "competitor", "refusal", "commitment", "stall", "price_talk", "objection_price"}
)


@dataclass(frozen=True)
class HeardStep:
    """A next step; ``what`` and ``when`` in the words of the call."""

    turn: int
    what: str
    when: str | None
    committed: bool


@dataclass(frozen=True)
class HeardConcern:
    """A concern of the customer's at a turn."""

    turn: int
    kind: ObjectionKind
    handled: Handled
    quote: str


@dataclass(frozen=True)
class Heard:
    """What was read of a call, as far as deals are judged by it.

    ``turns``: for each telling move, the turns that make it, each with its probability.
    """

    n_turns: int
    turns: Mapping[MoveName, tuple[tuple[int, float], ...]]
    concerns: tuple[HeardConcern, ...]
    step: HeardStep | None

    @classmethod
    def of(cls, moves: Mapping[str, Any]) -> "Heard":
        """From what a reader read, as the library keeps it: the fields of ``CallMoves``."""
        turns: dict[MoveName, list[tuple[int, float]]] = {}
        for turn in moves["turns"]:
            for move in turn["moves"]:
                if move["name"] in TELLING:
                    turns.setdefault(move["name"], []).append((turn["turn"], move["probability"]))
        step = moves["next_step"]
        return cls(
            n_turns=len(moves["turns"]),
            turns={name: tuple(places) for name, places in turns.items()},
            concerns=tuple(
                HeardConcern(one["turn"], one["kind"], one["handled"], one["quote"]) for one in moves["objections"]
            ),
            step=None if step is None else HeardStep(step["turn"], step["what"], step["when"], step["committed"]),
        )

    def surest(self, name: MoveName) -> tuple[int, float] | None:
        """The turn that most surely makes a move, with its probability."""
        return max(self.turns.get(name, ()), key=lambda place: place[1], default=None)


@dataclass(frozen=True)
class AccountCall:
    """A call of the team's with an account.

    ``at``: when it took place, or, where ``is_dated`` isn't so, when it was added. ``customers``: the labels of those
    who spoke for the customer; ``has_unknown``: whether somebody's side isn't known. ``heard``: None where nothing was
    read yet.
    """

    call_id: str
    account_id: str
    content_hash: str
    at: datetime
    is_dated: bool = True
    rep_id: str | None = None
    outcome: Outcome | None = None
    provenance: Provenance = "own"
    customers: frozenset[str] = field(default_factory=frozenset)
    has_unknown: bool = False
    heard: Heard | None = None
