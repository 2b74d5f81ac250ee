"""What stands in the words of a turn: sums, percentages, days and times. English; what a turn does is the reader's."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from salescoach.scorecards.playbook import Pattern
from salescoach.speech.spoken import days_and_times

_NUMBER: Final = (
    r"(?:\d[\d.,]*|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -]\w+)?)"
)
_SUM: Final = re.compile(
    rf"[$€£]\s?\d|\b\d[\d.,]*\s?(?:k\b|[€£])|\b{_NUMBER}\s(?:hundred|thousand|million|grand|lakh|dollars?|euros?|pounds?"
    r"|bucks|quid|francs?|kronor|rupees|yen)\b",
    re.I,
)
_PERCENTAGE: Final = re.compile(rf"\b{_NUMBER}\s?(?:%|percent\b|per cent\b)", re.I)
_MONTH: Final = re.compile(
    r"\b(?:january|february|april|june|july|august|september|october|november|december|in (?:march|may)|spring|summer"
    r"|autumn|winter|easter|christmas)\b",
    re.I,
)
HOLDS: Final[Mapping[Pattern, Callable[[str], bool]]] = {
    "sum": lambda text: bool(_SUM.search(text)),
    "percentage": lambda text: bool(_PERCENTAGE.search(text)),
    "date": lambda text: bool(days_and_times(text) or _MONTH.search(text)),
}
