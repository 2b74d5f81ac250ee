"""The call library: the truth about past calls, in SQLite. What is made from it can be thrown away.

``score_log`` does without SQLAlchemy, whose import takes longer than scoring a call; so the rest is imported on use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salescoach.library.ids import added_id
    from salescoach.library.shelf import AddReport
    from salescoach.library.store import CallSummary, Library, Proposal, digest_of_calls, look_at_library
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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = {"added_id": "ids", "AddReport": "shelf", "SCHEMA_VERSION": "tables"}.get(name, "store")
    return getattr(import_module(f"{__name__}.{module}"), name)
