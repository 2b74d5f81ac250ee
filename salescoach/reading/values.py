"""Values in a JSON export, which may be of any type whatever its documentation says."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from salescoach.reading.times import STAMP, seconds

_WHOLE_STAMP = re.compile(STAMP)
_MILLISECONDS: Final = 1e11  # a date as a number is in milliseconds above this, else in seconds (until the year 5138)


def text_in(value: Any) -> str:
    """A text or number as text, anything else as none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def seconds_in(value: Any, per_second: float = 1.0) -> float | None:
    """Seconds of a number, of the text of one, or of ``[h:]mm:ss``; None if it is no time.

    ``per_second`` is how many of a number's units make a second: 1000 for milliseconds.
    """
    text = text_in(value)
    if _WHOLE_STAMP.fullmatch(text):
        return seconds(text)
    number = number_in(text)
    return None if number is None or number < 0 else number / per_second


def date_in(value: Any) -> datetime | None:
    """The date of an ISO text or of seconds or milliseconds since 1970, which is in UTC; None if it is no date."""
    text = text_in(value)
    number = number_in(text)
    try:
        if number is None:
            return datetime.fromisoformat(text)
        return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def simple_values(record: Mapping[str, Any], *, without: frozenset[str]) -> dict[str, str]:
    """What a record says in one text or number each, apart from some names."""
    return {name: text for name, value in record.items() if name not in without and (text := text_in(value))}


def number_in(value: Any) -> float | None:
    """The finite number that a value is or spells; None if it is none."""
    try:
        number = float(text_in(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
