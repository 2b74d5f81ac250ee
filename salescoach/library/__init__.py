"""The call library: the truth about past calls, in SQLite. What is made from it can be thrown away."""

from salescoach.library.database import look_at_library
from salescoach.library.ids import added_id
from salescoach.library.merge import AddReport
from salescoach.library.reader import CallSummary, Proposal, digest_of_calls
from salescoach.library.store import Library
from salescoach.library.tables import SCHEMA_VERSION

__all__ = [
    "SCHEMA_VERSION",
    "AddReport",
    "CallSummary",
    "Library",
    "Proposal",
    "added_id",
    "digest_of_calls",
    "look_at_library",
]
