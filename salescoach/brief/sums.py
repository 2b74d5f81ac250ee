"""Sums of money and days, found in speech: "six ninety a month", "by the twenty-third of February"."""

import re
from typing import Final

from salescoach.brief.excerpts import Span

_ONES: Final = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen|nineteen"
)
_TENS: Final = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_BIG: Final = "hundred|thousand|million|grand"
_WORD: Final = rf"(?:{_ONES}|{_TENS}|{_BIG})"
_NUMBER: Final = (
    rf"(?:[$€£]\s?)?\d[\d.,]*(?<![.,])(?:k|m)?\b|\b(?:a (?={_BIG}))?{_WORD}(?:(?:[ -]| and (?:a )?){_WORD}){{0,12}}\b"
)
_UNIT: Final = (
    r"(?:an?|per|each|every|the|for the)\s+(?:\w+\s+)?(?:month|year|week|day|hour|quarter|user|seat|head|person"
    r"|term|visit"
    r"|employee|technician|pupil|site|home|truck|door|unit|room|member)\b"
)
_CURRENCY: Final = (
    r"(?:dollars?|euros?|pounds?|bucks|quid|usd|eur|gbp|shillings?|rand|rupees|naira|cents|pence|percent|per cent|%)"
)
_MONEY: Final = re.compile(
    rf"[$€£]\s?\d[\d.,]*(?<![.,])(?:k|m)?\b|(?:{_NUMBER})\s?{_CURRENCY}(?!\w)|(?:{_NUMBER})(?=\s+{_UNIT})"
    rf"|\b(?:a )?(?:{_WORD}[ -]){{0,12}}(?:{_BIG})(?:(?:[ -]| and (?:a )?){_WORD}){{0,12}}\b",
    re.I,
)
_MARKED: Final = re.compile(rf"[$€£]|(?:{_NUMBER})\s?{_CURRENCY}(?!\w)|(?:{_NUMBER})\s+{_UNIT}", re.I)
_LARGE: Final = re.compile(rf"\b(?:{_BIG})\b", re.I)
_ANY: Final = re.compile(_NUMBER, re.I)
_COUNTED: Final = re.compile(  # what a bare number counts where it isn't money
    r"\s*(?:-|to\s|or\s)?(?:days?|weeks?|months?|years?|minutes?|hours?|o['’]clock|times?|pages?|of (?:them|us"
    r"|those)|kilos?"
    r"|people|users?|sites?|homes?|men|more|other|thing|one|in ten|am|pm|a\.?m|p\.?m|lots?|weekends?|quarters?"
    r"|sessions?"
    r"|mornings?|words?|turns?|day|metres?|meters?|or|viewers|editors|lines?|emails?|techs?|guards|pupils|cards?"
    r"|invoices|orders)\b",
    re.I,
)
_NUMBERED: Final = re.compile(
    r"(?:\b(?:pages?|lines?|clause|number|version|step|item|room|unit|at least)|(?<=[a-z] )(?!I )[A-Z]\w+) \Z",
)
_NOT_A_SUM: Final = re.compile(r"\A(?:one|two|three|four|five|six|seven|eight|nine|ten|\d|(?:19|20)\d\d)\Z", re.I)

_DAY: Final = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH: Final = r"(?:january|february|april|june|july|august|september|october|november|december)"
_ANY_MONTH: Final = rf"(?:{_MONTH}|march|may)"
_NTH: Final = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth"
    r"|fifteenth"
    r"|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-?\s?(?:first|second|third|fourth|fifth|sixth"
    r"|seventh"
    r"|eighth|ninth)|thirtieth|thirty-?\s?first|\d{1,2}(?:st|nd|rd|th))"
)
_HOUR: Final = (
    rf"(?:\d{{1,2}}(?::\d\d)?|{_ONES})(?: (?:thirty|fifteen|forty-five|ten|twenty))?(?: ?[ap]\.?m\b| o['’]clock)?"
)
_DATE: Final = re.compile(
    rf"\b(?:(?:(?:by|before|until|till|after|on|from|this|next|end of|week of) )?(?:the )?"
    rf"(?:{_DAY}(?:,? the {_NTH})?(?: (?:of )?{_ANY_MONTH})?(?: (?:morning|afternoon|evening"
    rf"|night))?(?:,? (?:at )?{_HOUR}\b)?"
    rf"|{_NTH}(?: of)? {_ANY_MONTH}\b|{_ANY_MONTH}(?: the)? (?:{_NTH}|\d{{1,2}})\b|{_MONTH}\b"
    rf"|(?<=the ){_NTH}(?=$|[.,;!?]| (?:of|and|for|at|if|in)\b))"
    rf"|(?:in|by|until|till|before|from|since|of|for) (?:march|may)\b|mid-{_ANY_MONTH}\b"
    r"|tomorrow(?: (?:morning|afternoon))?|tonight|today|this (?:morning|afternoon|evening|week|month|quarter|year)"
    r"|next (?:week|month|quarter|year|season)|(?:end|beginning|start|middle) of (?:the|this|next) (?:week|month"
    r"|quarter|year)"
    r"|(?:after |before |over |until )?(?:christmas|easter|thanksgiving|new year)"
    r"|(?<=in )(?:the )?(?:spring|autumn|fall|winter|summer)|(?<=by )(?:the )?(?:spring|autumn|fall|winter|summer))",
    re.I,
)

NEAR: Final = 30  # characters before a number that say what it counts


def sums(text: str, *, any_number: bool = False) -> list[Span]:
    """Where sums are said.

    Args:
        text: of a turn.
        any_number: whether numbers without a currency or a unit are sums too, as where the price is talked about.
    """
    found = [match.span() for match in _MONEY.finditer(text)]
    if any_number:
        taken = [*found, *date_spans(text)]
        found += [
            match.span()
            for match in _ANY.finditer(text)
            if not _NOT_A_SUM.match(match[0])
            and not _NUMBERED.search(text[max(0, match.start() - NEAR) : match.start()])
            and not any(start < match.end() and match.start() < end for start, end in taken)
        ]
    return sorted(span for span in found if not _COUNTED.match(text, span[1]))


def is_large(text: str, span: Span) -> bool:
    """Whether a sum counts hundreds or thousands."""
    return _LARGE.search(text, *span) is not None


def is_marked(text: str, span: Span) -> bool:
    """Whether a sum has a currency, or is for a month, a head or the like."""
    return _MARKED.match(text, span[0]) is not None


def has_number(text: str) -> bool:
    """Whether a number is said, in digits or in words."""
    return _ANY.search(text) is not None


def dates(text: str) -> list[str]:
    """The days and times in a text, as they were said."""
    return [text[start:end] for start, end in date_spans(text)]


def date_spans(text: str) -> list[Span]:
    """Where days and times are said."""
    return [match.span() for match in _DATE.finditer(text)]
