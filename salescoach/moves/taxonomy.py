"""The moves: what a turn can do, by the side that does it. The names are fixed (``docs/moves.md`` defines them)."""

from typing import Final, Literal, get_args

from salescoach.types import Role

CustomerMove = Literal[
    "objection_price", "objection_timing", "objection_need", "objection_fit", "objection_trust", "authority",
    "competitor", "stall", "refusal", "hostility", "pain", "goal", "criteria", "decision_process", "buying_signal",
    "commitment",
]  # fmt: skip
RepMove = Literal[
    "discovery", "pitch", "proof", "price_talk", "acknowledge", "explore_objection", "answer_objection", "dismiss",
    "next_step", "close", "rude",
]  # fmt: skip
SharedMove = Literal["small_talk", "logistics"]
MoveName = CustomerMove | RepMove | SharedMove
ObjectionKind = Literal["price", "timing", "need", "fit", "trust", "authority", "competitor", "stall"]
Handled = Literal["well", "partly", "badly", "not"]

CUSTOMER_MOVES: Final[tuple[str, ...]] = get_args(CustomerMove)
REP_MOVES: Final[tuple[str, ...]] = get_args(RepMove)
SHARED_MOVES: Final[tuple[str, ...]] = get_args(SharedMove)
MOVES: Final = (*CUSTOMER_MOVES, *REP_MOVES, *SHARED_MOVES)
HANDLED: Final[tuple[Handled, ...]] = get_args(Handled)

# The move that a concern of each kind shows as; ``competitor`` is one only where it is weighed against the offer.
OBJECTIONS: Final[dict[str, ObjectionKind]] = {
    "objection_price": "price",
    "objection_timing": "timing",
    "objection_need": "need",
    "objection_fit": "fit",
    "objection_trust": "trust",
    "authority": "authority",
    "competitor": "competitor",
    "stall": "stall",
}


def moves_of(role: Role) -> tuple[str, ...]:
    """The moves that a side can make."""
    if role == "unknown":
        return SHARED_MOVES
    return (*(REP_MOVES if role == "rep" else CUSTOMER_MOVES), *SHARED_MOVES)
