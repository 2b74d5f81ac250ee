"""The times of a whole call in plain text: seconds from its start, whether they count from there or are a clock's."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from salescoach.reading.drafts import ReadCall
from salescoach.reading.stamps import StampedTime, moment

_DAY_S: Final = 86_400.0
_NUMBER = re.compile(r"\d+")
_LETTERS = re.compile(r"[^\W\d_]{3,}")
_MONTHS: Final = (
    "jan ene gen|feb fév fev|mar mär mrt|apr avr abr|may mai mei mag|jun jui giu|jul lug|aug ago aoû|sep set"
    "|oct okt ott out|nov|dec dez déc dic"
)
_MONTH_OF: Final = {name: n for n, names in enumerate(_MONTHS.split("|"), 1) for name in names.split()}
_SOME_YEAR: Final = 2000  # for dates without one, which is a leap year

Stamps = tuple[str | None, str | None]


@dataclass
class Timeline:
    """The stamps of a call's turns, start and end, in the order of its turns.

    ``by_clock``: whether times without a date or a half of the day are a clock's too.
    """

    stamps: list[Stamps] = field(default_factory=list)
    by_clock: bool = False

    def add(self, start: str | None, end: str | None = None) -> None:
        """Adds the stamps of the next turn, as they stand there."""
        self.stamps.append((start, end))

    def settle(self, call: ReadCall) -> None:
        """Gives the turns of a call, as many as there are stamps, their times; times of a clock count from the first.

        Says in the call's warnings what was assumed, and sets its start where dates state it beyond doubt.
        """
        read = [tuple(moment(stamp) if stamp else None for stamp in pair) for pair in self.stamps]
        known = [one for pair in read for one in pair if one]
        is_clock = self.by_clock or any(one.is_clock for one in known)
        days = _days(one.day for one in known if one.day)
        place = _Clock(days) if is_clock else _plain
        for turn, pair, stamps in zip(call.turns, read, self.stamps, strict=True):
            turn.start_s, turn.end_s = (None if one is None else place(one) for one in pair)
            turn.has_bad_time = any(stamp and one is None for stamp, one in zip(stamps, pair, strict=True))
        if any(one.has_frames for one in known):
            call.warnings.append("The frames in the times were left out, as nothing says how many make a second.")
        if is_clock and known:
            call.warnings.append("The times are those of a clock; they were counted from the first.")
            first = known[0]
            if first.day and (day := days.get(first.day)) and day.year != _SOME_YEAR and _is_sure(first.day, days):
                call.started_at = datetime.combine(day, datetime.min.time()) + timedelta(seconds=first.at_s)


def _plain(one: StampedTime) -> float:
    return one.at_s


class _Clock:
    """Places one time after the other; without dates, one that is long before the last is past midnight."""

    def __init__(self, days: dict[str, date]) -> None:
        self._days = days
        self._zero: float | None = None
        self._last = self._midnight = 0.0

    def __call__(self, one: StampedTime) -> float:
        day = self._days.get(one.day) if one.day else None
        if day:
            self._midnight = day.toordinal() * _DAY_S
        elif self._midnight + one.at_s < self._last - _DAY_S / 2:
            self._midnight += _DAY_S
        self._last = self._midnight + one.at_s
        self._zero = self._last if self._zero is None else self._zero
        return self._last - self._zero


def _days(stamps: Iterable[str]) -> dict[str, date]:
    """The dates, by how they stand there: day before month or month before day, as all of them can be and run on."""
    written = list(dict.fromkeys(stamps))
    orders = [found for day_first in (True, False) if (found := _in_order(written, day_first))]
    return min(orders, key=_span, default={})


def _span(days: dict[str, date]) -> tuple[bool, int]:
    """How well an order of day and month fits: dates that run on, and within a short time."""
    dates = list(days.values())
    return dates != sorted(dates), (max(dates) - min(dates)).days


def _is_sure(written: str, days: dict[str, date]) -> bool:
    """Whether the other order of day and month would be another date, or none at all."""
    numbers = _NUMBER.findall(written)
    if _LETTERS.search(written) or len(numbers[0]) == 4:
        return True
    other = _in_order(list(days), day_first=False), _in_order(list(days), day_first=True)
    return any(not one for one in other) or "." in written


def _in_order(written: Sequence[str], day_first: bool) -> dict[str, date] | None:
    found = {stamp: _date(stamp, day_first) for stamp in written}
    return {stamp: day for stamp, day in found.items() if day} if all(found.values()) else None


def _date(written: str, day_first: bool) -> date | None:
    numbers = [int(number) for number in _NUMBER.findall(written)]
    months = [month for word in _LETTERS.findall(written) if (month := _MONTH_OF.get(word[:3].casefold()))]
    if months and len(numbers) == 2:
        day, year = numbers
        month = months[0]
    elif len(numbers) == 2:
        year = _SOME_YEAR
        day, month = numbers if day_first else reversed(numbers)
    elif len(_NUMBER.findall(written)[0]) == 4:
        year, month, day = numbers
    else:
        first, second, year = numbers
        day, month = (first, second) if day_first or "." in written else (second, first)
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None
