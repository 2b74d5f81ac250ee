"""What a past call shares with this one: industry, type, and kinds of concerns that surely came up in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from salescoach.advice.sure import SureCall
from salescoach.errors import InputError
from salescoach.moves.results import CallMoves
from salescoach.moves.taxonomy import ObjectionKind
from salescoach.types import LabelledCall
from tools.parts import Parts, moves_of

MAX_CONCERNS: Final = 2  # that are named


@dataclass(frozen=True)
class PastCall:
    """A past call, and what it shares with the one that is talked about, in words of ours."""

    call: LabelledCall
    shares: tuple[str, ...]


def shared_with(parts: Parts, call: LabelledCall, past_ids: Sequence[str]) -> dict[str, PastCall]:
    """For each past call what it shares with a call; calls that were deleted meanwhile are left out.

    Args:
        parts: library and scorer, by whose reader concerns are compared.
        call: this call.
        past_ids: of calls that were found in the library.
    """
    own = moves_of(parts, call)
    kinds = [] if own is None else sure_kinds(call, own)
    found = {}
    for past_id in past_ids:
        try:
            past, theirs = parts.library.get(past_id), parts.library.moves_of(past_id)
        except InputError:
            continue
        shared = [
            f"same {name.replace('_', ' ').removeprefix('call ')}"
            for name in ("industry", "call_type")
            if call.metadata.get(name) and call.metadata.get(name) == past.metadata.get(name)
        ]
        if own is not None and theirs is not None and theirs.model_id == own.model_id:
            both = {*kinds} & {*sure_kinds(past, theirs)}
            shared += [f"{kind.replace('_', ' ')} objection" for kind in kinds if kind in both][:MAX_CONCERNS]
        found[past_id] = PastCall(past, tuple(shared))
    return found


def sure_kinds(call: LabelledCall, moves: CallMoves) -> list[ObjectionKind]:
    """The kinds of concerns that surely came up in a call, in order, each once."""
    sure = SureCall(call.transcript, moves)
    return list(dict.fromkeys(kind for one in sure.concerns if (kind := sure.sure_kind(one)) is not None))
