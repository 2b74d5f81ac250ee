"""A call of the library, as it is kept."""

from datetime import datetime

from salescoach.library import Library
from salescoach.reading.files import FileTurn, numbered_turns
from salescoach.types import Frozen, Outcome, Provenance


class KeptCall(Frozen):
    """A call of the library with what is known about it; ``turns`` count from 1, times are seconds from its start."""

    call_id: str
    outcome: Outcome | None
    outcome_at: datetime | None
    started_at: datetime | None
    account_id: str | None
    rep_id: str | None
    provenance: Provenance
    turns: tuple[FileTurn, ...]
    metadata: dict[str, str]
    warnings: tuple[str, ...]


def kept_call(library: Library, call_id: str) -> KeptCall:
    """A call by its id, or by the id that it had while it was pasted.

    Raises:
        NoSuchCallError: there is no such call.
    """
    call = library.get(call_id)
    return KeptCall(
        call_id=call.call_id,
        outcome=call.outcome,
        outcome_at=call.outcome_at,
        started_at=call.started_at,
        account_id=call.account_id,
        rep_id=call.rep_id,
        provenance=call.provenance,
        turns=numbered_turns(call.transcript),
        metadata=call.metadata,
        warnings=call.transcript.warnings,
    )
