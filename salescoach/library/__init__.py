"""The call library: the truth about past calls, in SQLite. What is made from it can be thrown away."""

from salescoach.library.store import AddReport, CallSummary, Library, digest_of_calls, look_at_library
from salescoach.library.tables import SCHEMA_VERSION

__all__ = ["SCHEMA_VERSION", "AddReport", "CallSummary", "Library", "digest_of_calls", "look_at_library"]
