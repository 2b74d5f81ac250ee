"""What a past call shares with this one: industry, type, and kinds of concerns that surely came up in both."""

from typing import Final

from salescoach.advice.sure import SureCall
from salescoach.moves.results import CallMoves
from salescoach.moves.taxonomy import ObjectionKind
from salescoach.types import LabelledCall
from tools.parts import Parts, moves_of

MAX_CONCERNS: Final = 2  # that are named


def shared_with(parts: Parts, call: LabelledCall, past_ids: list[str]) -> dict[str, tuple[str, ...]]:
    """For each past call what it shares with a call; nothing where they share nothing that is known.

    Args:
        parts: library and scorer, by whose reader concerns are compared.
        call: this call.
        past_ids: of calls in the library.
    """
    own = moves_of(parts, call)
    kinds = [] if own is None else sure_kinds(call, own)
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
            both = {*kinds} & {*sure_kinds(past, theirs)}
            shared += [f"{kind.replace('_', ' ')} objection" for kind in kinds if kind in both][:MAX_CONCERNS]
        found[past_id] = tuple(shared)
    return found


def sure_kinds(call: LabelledCall, moves: CallMoves) -> list[ObjectionKind]:
    """The kinds of concerns that surely came up in a call, in order, each once."""
    sure = SureCall(call.transcript, moves)
    return list(dict.fromkeys(kind for one in sure.concerns if (kind := sure.sure_kind(one)) is not None))
