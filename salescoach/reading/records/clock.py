"""When something is said: numbers of any unit, stamps, durations and dates become seconds from the call's start."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from salescoach.reading.records.fields import Fields
from salescoach.reading.records.names import END_UNITS, LENGTH_UNITS, START_UNITS
from salescoach.reading.times import seconds
from salescoach.reading.values import number_in, text_in

_STAMP = re.compile(r"\d{1,3}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,9})?")
_RANGE = re.compile(rf"({_STAMP.pattern})\s*+(?:-->|[-\u2013])\s*+({_STAMP.pattern})")
_DURATION = re.compile(r"(?:PT?)?(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?", re.I)
_TICKS: Final = 1e7
# A number above these is a date, as no call is that long: in seconds (since 2001), milliseconds or microseconds.
_EPOCHS: Final = ((1e14, 1e6), (1e11, 1e3), (1e9, 1.0))
# Nobody says more than 25 characters in a second, a twenty-fifth of one in a millisecond; and what takes 25 seconds for
# each character is no speech.
_CHARS: Final = 0.04
_LEAST_MS: Final = 1000  # of a call in milliseconds


@dataclass
class Span:
    """Start and end of a piece as the file has them, and in seconds once they are settled."""

    start: Any = None
    end: Any = None
    length: Any = None
    start_unit: float | None = None
    end_unit: float | None = None
    length_unit: float | None = None
    start_s: float | None = None
    end_s: float | None = None
    is_bad: bool = False


def span_in(fields: Fields) -> Span:
    """The times of a record, under whichever names."""
    start: Any
    start, start_unit = _first(fields, START_UNITS)
    end, end_unit = _first(fields, END_UNITS)
    length, length_unit = _first(fields, LENGTH_UNITS)
    if isinstance(start, list):  # of words, or of a start and an end
        start, end = (start[0], end if end is not None else start[-1]) if start else (None, end)
    elif isinstance(start, dict) and start.keys() & {"from", "start"}:
        start, end = start.get("from", start.get("start")), start.get("to", start.get("end"))
        end_unit = start_unit
    elif isinstance(start, str) and (both := _RANGE.fullmatch(start.strip())):
        start, end = both.groups()
    elif start is None and number_in(fields.get("from")) is not None:
        start, end = fields["from"], fields.get("to")
    return Span(start, end, length, start_unit, end_unit if end_unit else start_unit, length_unit or start_unit)


def settle_times(
    spans: Sequence[Span], n_chars: Sequence[int], per_second: float | None = None
) -> tuple[datetime | None, list[str]]:
    """Gives each span its seconds from the start of the call.

    Args:
        spans: in their order.
        n_chars: how many characters are said in each, which tells milliseconds from seconds.
        per_second: how many of the file's units make a second where names don't say it; None if that isn't known.

    Returns:
        When the first of them begins, where they are dates, and warnings of what was assumed.
    """
    starts = [_moment(span.start, span.start_unit) for span in spans]
    ends = [_moment(span.end, span.end_unit) for span in spans]
    lengths = [_moment(span.length, span.length_unit) for span in spans]
    is_ms = per_second is None and _are_milliseconds(starts, _ends(starts, ends, lengths), n_chars)
    unit = per_second or (1e3 if is_ms else 1.0)
    dates = [moment for moment in (*starts, *ends) if isinstance(moment, datetime)]
    first = min(dates) if dates else None
    for span, start, end, length in zip(spans, starts, ends, lengths, strict=True):
        span.start_s, span.end_s = _seconds(start, first, unit), _seconds(end, first, unit)
        if span.end_s is None and span.start_s is not None and isinstance(length, _Number | float):
            is_dated = isinstance(start, datetime) and isinstance(length, _Number)
            span.end_s = span.start_s + (_seconds(length, None, 1.0 if is_dated else unit) or 0.0)
        span.is_bad = any(
            bool(text_in(raw)) and settled is None for raw, settled in ((span.start, start), (span.end, end))
        )
    return first, ["The file doesn't say the unit of its times; milliseconds were assumed."] if is_ms else []


@dataclass(frozen=True)
class _Number:
    """A number whose unit is not known."""

    value: float


def _first(fields: Fields, units: Mapping[str, tuple[int, float | None]]) -> tuple[Any, float | None]:
    """The value under the surest of some names, and its unit."""
    named = [(units[name], value) for name, value in fields.items() if name in units and value not in (None, "")]
    if not named:
        return None, None
    (_, unit), value = min(named, key=lambda pair: pair[0][0])
    return value, unit


def _moment(value: Any, per_second: float | None) -> float | _Number | datetime | None:
    """Seconds, a number of unknown unit, or a date; None for no time."""
    if isinstance(value, dict) and ("relative" in value or "milliseconds" in value):
        number = number_in(value.get("relative", value.get("milliseconds")))
        return number if number is None or "relative" in value else number / 1e3
    if isinstance(value, dict):
        whole, nanos = number_in(value.get("seconds", 0)), number_in(value.get("nanos", 0))
        return None if whole is None or nanos is None or not value else whole + nanos / 1e9
    text = text_in(value)
    number = number_in(text)
    if number is None:
        return _of_text(text)
    if number < 0:
        return None
    unit = next((unit for least, unit in _EPOCHS if number >= least), None)
    if unit is not None and per_second != _TICKS:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number / unit) if number < 1e17 else None
    return _Number(number) if per_second is None else number / per_second


def _of_text(text: str) -> float | datetime | None:
    if _STAMP.fullmatch(text):
        return seconds(text)
    if (found := _DURATION.fullmatch(text)) and any(found.groups()):
        hours, minutes, rest = found.groups()
        return 3600.0 * int(hours or 0) + 60.0 * int(minutes or 0) + float(rest or 0)
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _seconds(moment: float | _Number | datetime | None, first: datetime | None, unit: float) -> float | None:
    if isinstance(moment, datetime):
        return None if first is None else (moment - first).total_seconds()
    return round(moment.value / unit, 6) if isinstance(moment, _Number) else moment


def _are_milliseconds(starts: Sequence[Any], ends: Sequence[Any], n_chars: Sequence[int]) -> bool:
    """Whether the numbers without a unit are so far apart, for what is said between them, that they are no seconds."""
    numbers = [moment.value for moment in (*starts, *ends) if isinstance(moment, _Number)]
    if not all(number.is_integer() for number in numbers):
        return False
    known = _gaps(starts, ends, n_chars)
    gaps = known or _gaps(starts, starts[1:], n_chars)  # with pauses in them
    is_long = bool(known) or max(numbers, default=0) >= _LEAST_MS
    return is_long and bool(gaps) and sum(n for _, n in gaps) < _CHARS * sum(length for length, _ in gaps)


def _ends(starts: Sequence[Any], ends: Sequence[Any], lengths: Sequence[Any]) -> list[Any]:
    """The ends, where there are none those that the lengths make."""
    return [
        _Number(start.value + length.value)
        if end is None and isinstance(start, _Number) and isinstance(length, _Number)
        else end
        for start, end, length in zip(starts, ends, lengths, strict=True)
    ]


def _gaps(starts: Sequence[Any], ends: Sequence[Any], n_chars: Sequence[int]) -> list[tuple[float, int]]:
    return [
        (end.value - start.value, n)
        for start, end, n in zip(starts, ends, n_chars, strict=False)
        if isinstance(start, _Number) and isinstance(end, _Number) and end.value > start.value
    ]
