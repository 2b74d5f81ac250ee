"""The day that somebody means who says "Thursday the sixth" or "in two weeks", from the day on which it was said.

English only. Where several days are named, the last one counts: only then is everything due.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from salescoach.speech.spoken import DAY

BOTH_WITHIN_DAYS: Final = 62  # "Thursday the sixth" is no day of next year
LONGEST_DAYS: Final = 400  # a day further ahead was misread, or isn't worth waiting for

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = tuple(name.lower() for name in calendar.month_name)
_UNITS: Final = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
)  # fmt: skip
_ORDINALS: Final = {
    **{name: number for number, name in enumerate(_UNITS) if number},
    "twentieth": 20,
    "thirtieth": 30,
    **{f"twenty{joint}{_UNITS[unit]}": 20 + unit for unit in range(1, 10) for joint in "- "},
    "thirty-first": 31,
    "thirty first": 31,
}
_NUMBERS: Final = {
    "a": 1, "an": 1, "one": 1, "two": 2, "a couple of": 2, "three": 3, "a few": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "ten": 10, "twelve": 12,
}  # fmt: skip

_MONTH = "|".join(_MONTHS[1:])
_NTH = r"(?:\d{1,2}(?:st|nd|rd|th)|" + "|".join(sorted(_ORDINALS, key=len, reverse=True)) + ")"
_OF_MONTH = re.compile(
    rf"\b(?P<month>{_MONTH}) (?:the )?(?P<day>{_NTH}|\d{{1,2}})\b(?! ?[ap]\.?m\b)"
    rf"|\b(?P<day_before>{_NTH}|\d{{1,2}}) (?:of )?(?P<month_after>{_MONTH})\b",
    re.I,
)
# "Thursday the sixth" and "the sixth"; not "the second one", "the first time", "the third of us".
_NTH_DAY = re.compile(
    rf"\b(?:(?P<weekday>{DAY}),? (?:the )?|the )(?P<day>{_NTH})\b"
    r"(?! (?:one|time|thing|of (?!the month)|half|floor|person|call|meeting|visit|week|quarter|option|page))",
    re.I,
)
_WEEKDAY = re.compile(rf"(?<!last )\b(?P<weekday>{DAY})\b(?P<later> week\b| after next\b)?", re.I)
_IN = re.compile(
    rf"\b(?:in|within) (?P<n>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))}|\d{{1,2}}) "
    r"(?P<unit>day|week|month)s?\b",
    re.I,
)
_NEXT_WEEK = re.compile(r"\bnext week\b", re.I)


def _end_of_week(on: date) -> date:
    """Friday, or Sunday where Friday is past."""
    return on + timedelta(days=(4 if on.weekday() <= 4 else 6) - on.weekday())


def _end_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


_RELATIVE: Final[tuple[tuple[re.Pattern[str], Callable[[date], date]], ...]] = (
    (re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b", re.I), lambda on: on),
    (re.compile(r"\btomorrow\b", re.I), lambda on: on + timedelta(days=1)),
    (re.compile(r"\b(?:(?:this|in the|end of the|end of this) week|later in the week)\b", re.I), _end_of_week),
    (
        re.compile(r"\b(?:at|over|on|by|this|after) (?:the )?weekend\b", re.I),
        lambda on: on + timedelta(days=6 - on.weekday()),
    ),
    (re.compile(r"\b(?:this month|end of (?:the|this) month)\b", re.I), _end_of_month),
    (re.compile(r"\bnext month\b", re.I), lambda on: _end_of_month(_end_of_month(on) + timedelta(days=1))),
)


def due_on(said: str, on: date) -> date | None:
    """The day by which something is due, None where no day is named.

    Args:
        said: what was said of it, in words of the call.
        on: the day of the call; what it names lies ahead of it.
    """
    named = [day for day in _days(said, on) if 0 <= (day - on).days <= LONGEST_DAYS]
    return max(named, default=None)


def _days(said: str, on: date) -> Iterator[date]:
    """Every day that is named. What a longer expression has taken isn't read again."""
    for found in _OF_MONTH.finditer(said):
        month = _MONTHS.index((found["month"] or found["month_after"]).lower())
        number = _number(found["day"] or found["day_before"])
        yield from _soonest(on, number, month=month)
    left = _OF_MONTH.sub(" ", said)
    for found in _NTH_DAY.finditer(left):
        yield from _nth_day(found, on)
    left = _NTH_DAY.sub(" ", left)
    is_next_week = _NEXT_WEEK.search(left) is not None
    weekdays = list(_WEEKDAY.finditer(left))
    for found in weekdays:
        yield _weekday(found["weekday"], on, is_later=is_next_week or found["later"] is not None)
    for found in _IN.finditer(left):
        n = _NUMBERS.get(found["n"].lower()) or int(found["n"])
        yield on + timedelta(days=n * {"day": 1, "week": 7, "month": 30}[found["unit"].lower()])
    if is_next_week and not weekdays:
        yield _end_of_week(on) + timedelta(days=7)
    yield from (day_of(on) for pattern, day_of in _RELATIVE if pattern.search(left))


def _nth_day(found: re.Match[str], on: date) -> Iterator[date]:
    """As in "Thursday the sixth": the next day that is both; where there is none soon, one of the two was misheard."""
    number = _number(found["day"])
    if not found["weekday"]:
        yield from _soonest(on, number)
        return
    both = list(_soonest(on, number, weekday=_WEEKDAYS.index(found["weekday"].lower()), within_days=BOTH_WITHIN_DAYS))
    yield from both or [_weekday(found["weekday"], on, is_later=False)]


def _soonest(
    on: date, number: int, *, month: int | None = None, weekday: int | None = None, within_days: int = LONGEST_DAYS
) -> Iterator[date]:
    """The first day of that number from a day on, in the month and on the weekday that are given, if there is one."""
    for ahead in range(within_days):
        day = on + timedelta(days=ahead)
        if day.day == number and month in (None, day.month) and weekday in (None, day.weekday()):
            yield day
            return


def _weekday(name: str, on: date, *, is_later: bool) -> date:
    """The next day of that name, after the day on which it is said; ``is_later``: in the week after this one."""
    wanted = _WEEKDAYS.index(name.lower())
    if is_later:
        return on + timedelta(days=7 - on.weekday() + wanted)
    return on + timedelta(days=(wanted - on.weekday() - 1) % 7 + 1)


def _number(ordinal: str) -> int:
    return _ORDINALS.get(ordinal.lower()) or int(ordinal.lower().rstrip("stndrh"))
