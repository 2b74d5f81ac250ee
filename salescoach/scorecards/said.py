"""What stands in the words of a turn: sums, percentages, days and times. English; what a turn does is the reader's."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from salescoach.scorecards.playbook import Pattern
from salescoach.speech.spoken import days_and_times

_NUMBERS: Final = frozenset(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand".split()
)
_MONEY: Final = re.compile(r"[$€£]\s?\d|\b\d[\d.,]{0,30}+\s?(?:k\b|[€£])", re.I)
_COUNTED: Final = re.compile(
    r"\b([\w.,-]{1,40}+) (?:hundred|thousand|million|grand|lakh|dollars?|euros?|pounds?|bucks|quid|francs?|kronor"
    r"|rupees|yen)\b",
    re.I,
)
_PERCENTAGE: Final = re.compile(r"\b([\w.,-]{1,40}+) ?(?:%|percent\b|per cent\b)", re.I)
_MONTH: Final = re.compile(
    r"\b(?:january|february|april|june|july|august|september|october|november|december|in (?:march|may)|spring|summer"
    r"|autumn|winter|easter|christmas)\b",
    re.I,
)


def has_sum(text: str) -> bool:
    """Whether an amount of money, or a round number such as "forty thousand", is said."""
    return bool(_MONEY.search(text)) or _has_number_before(_COUNTED, text)


def has_percentage(text: str) -> bool:
    """Whether a percentage is said."""
    return _has_number_before(_PERCENTAGE, text)


def has_date(text: str) -> bool:
    """Whether a day, a time, a month or a season is said."""
    return bool(days_and_times(text) or _MONTH.search(text))


HOLDS: Final[Mapping[Pattern, Callable[[str], bool]]] = {
    "sum": has_sum,
    "percentage": has_percentage,
    "date": has_date,
}


def _has_number_before(unit: re.Pattern[str], text: str) -> bool:
    return any(_is_number(found[1].lower()) for found in unit.finditer(text))


def _is_number(word: str) -> bool:
    return any(part[:1].isdigit() or part in _NUMBERS for part in word.split("-"))
