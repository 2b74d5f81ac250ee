"""What a past call shares with this one: its industry, its type, and concerns, with how they were met there."""

from typing import Final

from salescoach.moves.results import CallMoves
from salescoach.moves.taxonomy import Handled
from salescoach.types import LabelledCall
from tools.parts import Parts, moves_of

MAX_CONCERNS: Final = 2  # that are named
_HANDLED: Final[dict[Handled, str]] = {
    "well": "answered there",
    "partly": "partly answered there",
    "badly": "not settled there",
    "not": "not answered there",
}


def shared_with(parts: Parts, call: LabelledCall, past_ids: list[str]) -> dict[str, tuple[str, ...]]:
    """For each past call what it shares with a call; nothing where they share nothing that is known.

    Args:
        parts: library and scorer, by whose reader concerns are compared.
        call: this call.
        past_ids: of calls in the library.
    """
    own = moves_of(parts, call)
    found = {}
    for past_id in past_ids:
        past = parts.library.get(past_id)
        shared = [
            f"same {name.replace('_', ' ').removeprefix('call ')}"
            for name in ("industry", "call_type")
            if call.metadata.get(name) and call.metadata.get(name) == past.metadata.get(name)
        ]
        theirs = parts.library.moves_of(past_id)
        if own is not None and theirs is not None and theirs.model_id == own.model_id:
            shared += _concerns(own, theirs)
        found[past_id] = tuple(shared)
    return found


def _concerns(own: CallMoves, theirs: CallMoves) -> list[str]:
    """Kinds of concerns that came up in both calls, in this one's order, with how the first was met in the other."""
    kinds = list(dict.fromkeys(concern.kind for concern in own.objections))
    met = {concern.kind: concern.handled for concern in reversed(theirs.objections)}
    return [f"{kind.replace('_', ' ')} objection, {_HANDLED[met[kind]]}" for kind in kinds if kind in met][
        :MAX_CONCERNS
    ]
