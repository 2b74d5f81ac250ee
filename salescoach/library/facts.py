"""What a CRM says of a call, as it is entered into the library."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import Field
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from salescoach.library.tables import AccountRow, RepRow
from salescoach.types import Frozen, Outcome


class CrmFacts(Frozen):
    """What becomes known of a call.

    ``before`` is its outcome when that was looked at; without ``outcome`` it stays. ``account_id`` and ``rep_id`` are
    for a call that has none; ``metadata`` is written over what is there under the same names.
    """

    call_id: str
    before: Outcome | None
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    account_id: str | None = None
    rep_id: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


def add_names(session: Session, names: Iterable[tuple[type[AccountRow] | type[RepRow], str | None]]) -> None:
    """Adds accounts and reps that aren't there yet."""
    for table, name in names:
        if name is not None:
            column = "account_id" if table is AccountRow else "rep_id"
            session.execute(insert(table).on_conflict_do_nothing(), [{column: name}])
