"""What an audit says: findings, each with its figures and the calls that show it."""

from typing import Final, Literal

from pydantic import Field

from salescoach.types import Frozen

Severity = Literal["leak", "warning", "fine", "not checked"]

MAX_EXAMPLES: Final = 3
MAX_NOTE_CHARS: Final = 80


class FindingExample(Frozen):
    """Calls that show a finding; ``note`` has at most 80 characters."""

    call_ids: tuple[str, ...]
    note: str = ""


class Finding(Frozen):
    """What one check saw. ``figures`` has the numbers of the message; AUROCs and shares are in [0, 1]."""

    check: str
    severity: Severity
    message: str
    figures: dict[str, float] = Field(default_factory=dict)
    examples: tuple[FindingExample, ...] = ()
