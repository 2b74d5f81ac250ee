"""What a past call shares with this one: its industry, its type, and concerns, with how they were met there."""

from collections.abc import Sequence
from typing import Final

from salescoach.moves.results import CallMoves
from salescoach.moves.taxonomy import Handled
from salescoach.types import LabelledCall, Precedent
from tools.parts import Parts, moves_of, reader_of

MAX_CONCERNS: Final = 2  # that are named
_HANDLED: Final[dict[Handled, str]] = {
    "well": "answered there",
    "partly": "partly answered there",
    "badly": "not settled there",
    "not": "not answered there",
}


def shared_with(parts: Parts, call: LabelledCall, precedents: Sequence[Precedent]) -> dict[str, tuple[str, ...]]:
    """For each past call what it shares with a call; nothing where they share nothing that is known.

    Args:
        parts: library and scorer, by whose reader concerns are compared.
        call: this call.
        precedents: moments of past calls.
    """
    reader, own, found = reader_of(parts), None, {}
    for past in precedents:
        shared = [
            f"same {name.replace('_', ' ').removeprefix('call ')}"
            for name in ("industry", "call_type")
            if call.metadata.get(name) and call.metadata.get(name) == past.metadata.get(name)
        ]
        theirs = parts.library.moves_of(past.call_id)
        if theirs is not None and theirs.objections and theirs.model_id == reader:
            own = own or moves_of(parts, call)  # only now, as it may have to be read
            shared += _concerns(own, theirs) if own is not None else []
        found[past.call_id] = tuple(shared)
    return found


def _concerns(own: CallMoves, theirs: CallMoves) -> list[str]:
    """Kinds of concerns that came up in both calls, in this one's order, with how the first was met in the other."""
    kinds = list(dict.fromkeys(concern.kind for concern in own.objections))
    met = {concern.kind: concern.handled for concern in reversed(theirs.objections)}
    return [f"{kind.replace('_', ' ')} objection, {_HANDLED[met[kind]]}" for kind in kinds if kind in met][
        :MAX_CONCERNS
    ]
