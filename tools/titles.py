"""What past calls are called where people read: who was on the line, the kind of call and how it ended, not an id.

A title is made of labels and metadata that are plain names; whatever else stands there could say anything. It ends
in a short form of the call's id, so that no two calls of an answer share one, whichever tools found them.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from salescoach.reading.role_words import side_of
from salescoach.reading.spelling import is_personal
from salescoach.speech.readings import plain
from salescoach.types import LabelledCall

_PLAIN: Final = re.compile(r"[^\W\d_]\w{0,30}(?:[ &/.'’-]{1,3}[^\W\d_]\w{0,30}){0,3}")
_NAME: Final = re.compile(r"[^\W\d_]{1,30}(?:[ .'’-]{1,2}[^\W\d_]{1,30}){0,3}\.?")
_SHORT: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,14}[A-Za-z0-9])?")
N_DIGITS: Final = 8
_ENDED: Final[Mapping[str, str]] = {"converted": "won", "lost": "lost"}


def title_of(call: LabelledCall) -> str:
    """The title of a call, such as "Dana · insurance renewal · won · ex-04"; its id where nothing of it is known."""
    about = " ".join(
        plain(value)
        for name in ("industry", "call_type")
        if (value := call.metadata.get(name)) and _PLAIN.fullmatch(plain(value))
    )
    who = _customer(call)
    when = f"{call.started_at:%Y-%m-%d}" if call.started_at is not None and who is None else None
    known = [part for part in (who, about, when) if part]
    if not known:
        return call.call_id
    return " · ".join([*known, *([_ENDED[call.outcome]] if call.outcome is not None else []), _short(call.call_id)])


def _short(call_id: str) -> str:
    """A call's id where it is short and plain, else a digest of it, which no other call's short form equals."""
    return call_id if _SHORT.fullmatch(call_id) else f"#{sha256(call_id.encode()).hexdigest()[:N_DIGITS]}"


def _customer(call: LabelledCall) -> str | None:
    """The first of the customer's people who is named, None where nobody is."""
    labels = (turn.speaker for turn in call.transcript.turns if turn.role == "customer")
    return next((one for one in labels if is_personal(one) and side_of(one) is None and _NAME.fullmatch(one)), None)
