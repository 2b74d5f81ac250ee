"""What past calls are called where people read: who was on the line, the kind of call and how it ended, not an id.

A title is made of labels and metadata that are plain names; whatever else stands there could say anything.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from salescoach.reading.role_words import side_of
from salescoach.reading.spelling import is_personal
from salescoach.speech.readings import plain
from salescoach.types import LabelledCall

_PLAIN: Final = re.compile(r"[^\W\d_]\w{0,30}(?:[ &/.'’-]{1,3}[^\W\d_]\w{0,30}){0,3}")
_NAME: Final = re.compile(r"[^\W\d_]{1,30}(?:[ .'’-]{1,2}[^\W\d_]{1,30}){0,3}\.?")
_ENDED: Final[Mapping[str, str]] = {"converted": "won", "lost": "lost"}


def titles_of(calls: Sequence[LabelledCall]) -> dict[str, str]:
    """A title for each call, by its id; those that would be the same have their id in it, too."""
    titles = {call.call_id: title_of(call) for call in calls}
    shared = {title for title in titles.values() if [*titles.values()].count(title) > 1}
    return {one: f"{title} · {one}" if title in shared else title for one, title in titles.items()}


def title_of(call: LabelledCall) -> str:
    """The title of a call, such as "Dana · insurance renewal · won"; its id where nothing of it is known."""
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
    return " · ".join([*known, *([_ENDED[call.outcome]] if call.outcome is not None else [])])


def _customer(call: LabelledCall) -> str | None:
    """The first of the customer's people who is named, None where nobody is."""
    labels = (turn.speaker for turn in call.transcript.turns if turn.role == "customer")
    return next((one for one in labels if is_personal(one) and side_of(one) is None and _NAME.fullmatch(one)), None)
