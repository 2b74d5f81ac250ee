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
# In the shared definitions' words; docs/moves.md says what each is not.
MEANINGS: Final[dict[str, str]] = {
    "objection_price": "the customer says that it costs too much or is over budget, asks for less, or weighs cost",
    "objection_timing": "the customer puts it off for a reason of time",
    "objection_need": "the customer sees no need: the present way works, no problem, not a priority",
    "objection_fit": "the customer misses something in the offer: a feature, a cover, a room, a term",
    "objection_trust": "the customer doubts the firm, its claims, its security, its references; a bad experience",
    "authority": "someone else on the customer's side decides or must agree",
    "competitor": "the customer names or weighs another offer or supplier, or doing it themselves",
    "stall": "the customer puts off without a reason or commitment",
    "refusal": "the customer says no to the deal, or ends it",
    "hostility": "the customer insults, mocks, threatens, or is audibly annoyed with the rep",
    "pain": "the customer tells a problem, its cost, or a bad outcome of today's way",
    "goal": "the customer tells an aim that the purchase is to serve",
    "criteria": "the customer says what it will be judged by, what it must have or be",
    "decision_process": "the customer tells how and when it is decided",
    "buying_signal": "the customer shows interest in going ahead: asks on price, terms, start; pictures using it",
    "commitment": "the customer agrees to something concrete",
    "discovery": "the rep asks about the customer's situation, problem, wishes, how they decide",
    "pitch": "the rep explains or praises the offer",
    "proof": "the rep backs it by a reference, figure, case, guarantee, trial",
    "price_talk": "the rep names or explains price, discount, terms",
    "acknowledge": "the rep takes up a concern in the customer's terms",
    "explore_objection": "the rep asks back about a concern to understand it",
    "answer_objection": "the rep answers a concern with a reason, a way round, or an offer",
    "dismiss": "the rep brushes a concern aside, contradicts, pressures, talks over it",
    "next_step": "the rep proposes something concrete to do",
    "close": "the rep asks for the decision or the order",
    "rude": "the rep is impolite to the customer",
    "small_talk": "either side: weather, family, sport, how are you",
    "logistics": "either side: sound, screen, who is on the line, recording",
}
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
