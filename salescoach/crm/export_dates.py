"""Dates of an export, whose day may come first or second, and which may have no time."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final, Literal

from salescoach.dates import naive_utc
from salescoach.errors import InputError
from salescoach.reading.values import date_in
from salescoach.types import Frozen

DateOrder = Literal["day-first", "month-first"]

_LOCAL: Final = re.compile(
    r"(?P<a>\d{1,2})(?P<mark>[/.-])\s?(?P<b>\d{1,2})(?P=mark)\s?(?P<year>\d{4}|\d{2})"
    r"(?:,?[ T]{1,2}(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.]\d{2})?\s?(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER: Final = re.compile(r"\d{9,14}")


class ExportDate(Frozen):
    """A time in UTC without a zone, or only a day, which then is its first moment."""

    at: datetime
    is_day: bool

    def is_before(self, call: datetime) -> bool:
        """Whether it had surely passed when a call began: of the call's own day, a day alone doesn't say."""
        return self.at.date() < call.date() if self.is_day else self.at < call

    def days_after(self, day: date) -> int:
        """Whole days from a day to it."""
        return (self.at.date() - day).days


def order_of(texts: Iterable[str], given: DateOrder | None) -> DateOrder:
    """Whether the day or the month comes first in the dates of one export.

    Raises:
        InputError: they don't show it, or contradict each other, and nobody has said it.
    """
    if given is not None:
        return given
    found = [match for text in texts if (match := _LOCAL.fullmatch(text)) and match["mark"] != "."]
    if not found:
        return "day-first"
    is_day_first = any(int(one["a"]) > 12 for one in found)
    is_month_first = any(int(one["b"]) > 12 for one in found)
    if is_day_first == is_month_first:
        raise InputError(
            f"Dates such as {found[0][0]} don't show whether the day or the month comes first; say it by "
            "--dates day-first or --dates month-first, or export dates as 2026-03-31."
        )
    return "day-first" if is_day_first else "month-first"


def moment_in(text: str, order: DateOrder) -> ExportDate | None:
    """The date in a cell, None where there is none that can be read."""
    try:
        if found := _LOCAL.fullmatch(text):
            return _local(found, "day-first" if found["mark"] == "." else order)
        if _DAY.fullmatch(text):
            return ExportDate(at=datetime.fromisoformat(text), is_day=True)
        if text.isdigit() and not _NUMBER.fullmatch(text):
            return None
        when = date_in(text)
        return None if when is None else ExportDate(at=naive_utc(when), is_day=False)
    except (ValueError, InputError):
        return None


def today() -> date:
    """This day in UTC."""
    return datetime.now(UTC).date()


def _local(found: re.Match[str], order: DateOrder) -> ExportDate:
    day, month = (found["a"], found["b"]) if order == "day-first" else (found["b"], found["a"])
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    hour = int(found["hour"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    at = datetime(year, int(month), int(day), hour, int(found["minute"] or 0))
    return ExportDate(at=at, is_day=found["hour"] is None)
