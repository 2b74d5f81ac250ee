"""Ids of calls that come without one: 128 bits of a hash, so that nobody can make two calls of one id."""

import hashlib
from typing import Final

from salescoach.types import Transcript

_DIGITS: Final = 32


def pasted_id(transcript: Transcript, owner: str | None) -> str:
    """The id of a call that somebody pasted: another one for each owner, always the same for one."""
    of = transcript.content_hash if owner is None else f"{owner}\n{transcript.content_hash}"
    return f"pasted-{hashlib.sha256(of.encode()).hexdigest()[:_DIGITS]}"


def added_id(transcript: Transcript) -> str:
    """The id of a call of the team that came without one."""
    return f"call-{transcript.content_hash[:_DIGITS]}"
