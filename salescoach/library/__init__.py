"""The call library: the truth about past calls, in SQLite. What is made from it can be thrown away.

``score_log`` does without SQLAlchemy, whose import takes longer than scoring a call; so the rest is imported on use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_MODULES = {
    "SCHEMA_VERSION": "tables",
    "AddReport": "merge",
    "CallSummary": "reader",
    "Library": "store",
    "Proposal": "reader",
    "added_id": "ids",
    "digest_of_calls": "reader",
    "look_at_library": "database",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
