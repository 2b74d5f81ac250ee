"""Finds every number in a text, however it is written, with what it counts.

Digits of any script, words ("seventy-one percent", "one in five", "half", "twice"), ranges, durations, clock times,
dates, money, turns and tokens that mix letters and digits. What looks like a number but can't be read is found too,
without a value: a reader would take it for one.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from salescoach.types import Frozen

Kind = Literal[
    "percent", "range", "points", "ratio", "multiple", "duration", "clock", "money", "date", "turn", "token", "count"
]
GONE = "\ue000"  # stands for what was taken out of a text, so that nothing on its two sides grows together

# Letters of other scripts that look like Latin ones: enough to read what a reader would read.
_LOOK_ALIKES = str.maketrans(
    "аеорсухіјѕԁһӏкмтвнАЕОРСХІЈЅКМТВНУαονιρκτΑΕΟΡΧΙΚΜΤΒΗΝΥΖ", "aeopcyxijsdhlkmtbhAEOPCXIJSKMTBHYaoviрktAEOPXIKMTBHNYZ"
)
_SIGNS = str.maketrans(
    {c: "-" for c in "‐‑‒–—―−﹘﹣"} | {c: "%" for c in "٪﹪"} | {"⁄": "/", "∕": "/", "【": "[", "】": "]", "·": " "}
)
_QUOTE_SIGNS = str.maketrans(
    {c: '"' for c in "“”„‟«»‹›″〝〞「」『』"} | {c: "'" for c in "‘’‚‛′´"}  # backticks stay: they are code
)


_BACKTICKS = re.compile(r"(?<!`)``(?!`)")
_UNDERLINES = re.compile(r"(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])")
_STARS = re.compile(r"\*+|~~+")
_SPACES = re.compile(r"[^\S\n]+")


def folded(text: str) -> str:
    """A text as it is compared: one form for characters that look or mean the same, and no emphasis."""
    text = _BACKTICKS.sub("“", "".join(_digit(c) for c in text)).replace("''", "”")
    text = unicodedata.normalize("NFKC", text).translate(_LOOK_ALIKES).translate(_SIGNS)
    return _SPACES.sub(" ", _UNDERLINES.sub("", _STARS.sub("", text)))


def one_quote_sign(text: str) -> str:
    """The text with every quotation mark as a straight one."""
    return text.translate(_QUOTE_SIGNS)


def _digit(character: str) -> str:
    if character.isascii() or not character.isnumeric():
        return character
    value = unicodedata.numeric(character)
    if value == int(value):
        return str(int(value))
    numerator, _, denominator = unicodedata.normalize("NFKC", character).partition("⁄")
    return f" {numerator}/{denominator}" if denominator else f" {value:g}"


class Numeral(Frozen):
    """A number in a text. ``values`` holds one, the two ends of a range, or none where it can't be read.

    Durations are in seconds. ``before`` and ``after`` are the text around it, ``start`` its place.
    """

    kind: Kind
    text: str
    values: tuple[float, ...] | None
    start: int
    before: str = ""
    after: str = ""


_UNITS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * tens
    for tens, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
} | {"fourty": 40}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
        "seventeenth eighteenth nineteenth twentieth".split(),
        start=4,
    )
} | {"thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100}
_LOW_ORDINALS = {"first": 1, "second": 2, "third": 3}
_WORD_VALUES = _UNITS | _TENS | _SCALES | {"dozen": 12}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_WORD = _any(_WORD_VALUES)
# "and" joins only after a hundred: "two and three" are two numbers.
_WORDS = (
    rf"(?>\b(?:{_WORD})(?:[\s-]*+(?:{_WORD})|(?:(?<=hundred)|(?<=thousand)|(?<=million))\s++and\s++(?:{_WORD})){{0,12}}"
    rf"(?:\s++point(?:[\s-]++(?:{_any(_UNITS)}))+)?\b)"
)
_DIGITS = r"(?<![\w.,])(?>\d+(?:[.,'’]\d+){0,12})(?!\w)"
_NUMBER = rf"(?:{_DIGITS}|{_WORDS})(?:\s++(?:{_any(_SCALES)}|k|bn|mn)\b)?"
_PERCENT = (
    r"\s*+-?\s*+(?:%|per[\s-]?cents?\b(?!\s++points?)|percentage(?!\s++points?)\b|pct\b|prozent\b|pour\s?cent\b"
    r"|por\s?ciento\b|procent\b)"
)
_POINTS = r"\s*+-?\s*+(?:(?:%|percent(?:age)?)[\s-]*+points?\b|points?\b|pts?\b|ppt?s?\b|basis points\b)"
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|"
    "sept?|oct|nov|dec"
)
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_SECONDS = {
    r"(?:ms|milliseconds?)": 0.001,
    r"(?:s|secs?|seconds?)": 1,
    r"(?:min|mins|minutes?|minutos?)": 60,
    r"(?:h|hrs?|hours?)": 3600,
    r"(?:days?|business days?|working days?)": 86_400,
    r"(?:weeks?|wks?|fortnights?)": 604_800,
    r"(?:months?|mos?)": 2_592_000,
    r"(?:years?|yrs?)": 31_536_000,
}
_TIME_UNIT = "|".join(_SECONDS)
_FRACTION = {"half": 2, "halves": 2, "third": 3, "quarter": 4} | {
    word: value for word, value in _ORDINALS.items() if value <= 20
}
_SUFFIX = re.compile(
    r"(?<![\w.,])(\d+(?:[.,]\d+)*)(?=(?:%|percent|pct|points?|pts?|pp|ms|s|sec|secs|min|mins|minutes?|h|hrs?|hours?"
    r"|d|days?|"
    r"k|m|mn|bn|x|am|pm|st|nd|rd|th|fold)\b)"
    r"(?=[A-Za-z])",
    re.IGNORECASE,
)
_FLAGS = re.IGNORECASE
_SIZES = tuple((re.compile(form, _FLAGS), size) for form, size in _SECONDS.items())
_WRITTEN = re.compile(r"[\d.,'’]+")
_APOSTROPHE = re.compile(r"['’]")
_IN_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?")
_AND = re.compile(r"\band\b")
_WORD_IN_IT = re.compile(_WORD)
_UNIT_IN_IT = re.compile(_any(_UNITS))
_NO_DIGIT = re.compile(r"\D")


def value_of(text: str) -> float | None:
    """What a number says, written in digits or words; None where it says nothing that one could be sure of."""
    text = text.strip().lower()
    digits = _WRITTEN.match(text)
    if digits:
        value = _value_of_digits(digits[0])
        scale = {"k": 1000, "mn": 1_000_000, "bn": 1_000_000_000} | _SCALES
        rest = text[digits.end() :].strip()
        return None if value is None else value * scale.get(rest, 1)
    return _value_of_words(text)


def _value_of_digits(text: str) -> float | None:
    text = _APOSTROPHE.sub("", text.strip(".,"))
    if _IN_THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    if _PLAIN.fullmatch(text):
        return float(text.replace(",", "."))
    return None


def _value_of_words(text: str) -> float | None:
    whole, _, decimals = _AND.sub(" ", text).partition(" point ")
    words = _WORD_IN_IT.findall(whole)
    total, group, last = 0.0, 0.0, "start"
    for word in words:
        value = _WORD_VALUES[word]
        kind = "scale" if word in _SCALES or word == "dozen" else "tens" if word in _TENS else "unit"
        if kind == "scale":
            total, group = (total, (group or 1) * value) if value <= 100 else (total + (group or 1) * value, 0.0)
        elif (last == "unit") or (last == "tens" and (kind == "tens" or not 1 <= value <= 9)):
            return None  # "nine nine" is no number, though a reader may take it for one
        else:
            group += value
        last = kind
    places = "".join(str(_UNITS[word]) for word in _UNIT_IN_IT.findall(decimals))
    return float(f"{total + group:.0f}.{places}") if places else total + group


_Reader = Callable[[re.Match[str]], tuple[float, ...] | None]


def _one(match: re.Match[str]) -> tuple[float, ...] | None:
    value = value_of(match["a"])
    return None if value is None else (value,)


def _two(match: re.Match[str]) -> tuple[float, ...] | None:
    low, high = value_of(match["a"]), value_of(match["b"])
    return None if low is None or high is None else (low, high)


def _nothing(match: re.Match[str]) -> None:
    return None


def _fraction(match: re.Match[str]) -> tuple[float, ...] | None:
    above = 1.0 if match["a"].strip().lower() in {"a", "an"} else value_of(match["a"])
    below = match["b"].lower()
    parts = _FRACTION.get(below) or _FRACTION.get(below.removesuffix("s"))
    return None if above is None or parts is None else (above, float(parts))


def _seconds(match: re.Match[str]) -> tuple[float, ...] | None:
    amount = match["a"].strip().lower()
    value = {"a": 1.0, "an": 1.0, "half an": 0.5, "half a": 0.5}.get(amount)
    value = value_of(amount) if value is None else value
    if value is None:
        return None
    unit = next(size for form, size in _SIZES if form.fullmatch(match["u"]))
    return (value * unit,)


def _clock(match: re.Match[str]) -> tuple[float, ...] | None:
    parts = [int(part) for part in match[0].split(":")]
    return (float(sum(part * 60**place for place, part in enumerate(reversed(parts)))),)


def _ordinal(match: re.Match[str]) -> tuple[float, ...] | None:
    word = match["a"].lower()
    if word[0].isdigit():
        return (float(_NO_DIGIT.sub("", word)),)
    tens, _, unit = word.replace(" ", "-").rpartition("-")
    value = (_ORDINALS | _LOW_ORDINALS)[unit] + (_TENS.get(tens, 0) if tens else 0)
    return (float(value),)


_ORDINAL = (
    rf"(?:(?<!\d)\d++\s?(?:st|nd|rd|th)\b|\b(?:(?:{_any(_TENS)})[\s-](?:{_any(_LOW_ORDINALS)}|{_any(_ORDINALS)})"
    rf"|(?:{_any(_ORDINALS)}))\b)"
)
# In this order: each takes its match out of the text before the next one looks.
_FORMS: tuple[tuple[Kind, str, _Reader], ...] = (
    ("date", r"\b(?:\d{4}-\d{2}(?:-\d{2})?|\d{1,2}[./]\d{1,2}[./]\d{2,4})\b", _nothing),
    ("date", rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s++(?:of\s++)?(?:{_MONTHS})\b\.?(?:,?\s++\d{{4}})?", _nothing),
    (
        "date",
        rf"\b(?:(?:{_MONTHS})\b\.?|may)\s++(?:the\s++)?\d{{1,4}}(?:st|nd|rd|th)?\b(?!\s*+(?:%|:))(?:,?\s++\d{{4}})?",
        _nothing,
    ),
    ("date", rf"\b(?:{_DAYS})s?\b", _nothing),
    ("date", r"\b(?:(?-i:January|February|April|June|July|August|September|October|November|December)\b"
             r"|(?:in|by|until|since|of|before|after|next|last|from|to)\s++(?-i:March|May)\b)", _nothing),
    ("clock", r"\b\d{1,3}:\d{2}(?::\d{2})?\b", _clock),
    ("date", rf"(?:{_NUMBER})\s*+(?:[ap]\.?m\b\.?|o'?clock\b)", _nothing),
    ("turn", rf"\b(?:turns?|lines?)\s*+(?:numbers?|no\.?|#)?\s*+(?P<a>{_NUMBER})\s*+(?:-|to|and|or|,|&"
        rf"|through)\s*+(?P<b>{_NUMBER})(?!\s*+(?:%|per|points?))", _two),
    ("turn", rf"\b(?:turns?|lines?)\s*+(?:numbers?|no\.?|#)?\s*+(?P<a>{_NUMBER})", _one),
    ("turn", r"(?<![A-Za-z0-9-])T\s?(?P<a>\d+)\s*+-\s*+T?(?P<b>\d+)\b", _two),
    ("turn", r"(?<![A-Za-z0-9-])T\s?(?P<a>\d+)\b", _one),
    ("turn", rf"(?P<a>{_ORDINAL})\s++(?:turn|line)\b", _ordinal),
    ("multiple", r"\b(?:fifty[\s-]fifty|50[/-]50|coin[\s-](?:flip|toss)|even odds|toss-?up)\b", _nothing),
    ("money", rf"(?:[$€£¥]|\b(?:usd|eur|gbp|chf)\b)\s*+(?P<a>{_NUMBER})(?:\s*+m\b)?", _one),
    ("money", rf"(?P<a>{_NUMBER})(?:\s*+m\b)?\s*+-?\s*+(?:[$€£¥]|(?:dollars?|euros?|pounds|bucks|cents|usd|eur|gbp"
        rf"|chf)\b)", _one),
    ("range", rf"(?P<a>{_NUMBER})(?:{_PERCENT})?\s*+(?:-|to|and|through|up to|\.\.+|…|till"
        rf"|until)\s*+(?P<b>{_NUMBER}){_PERCENT}", _two),
    ("points", rf"(?P<a>{_NUMBER}){_POINTS}", _one),
    ("percent", rf"(?P<a>{_NUMBER}){_PERCENT}", _one),
    ("ratio", rf"(?P<a>{_NUMBER})\s*+(?:out\s++of|in|of|/|:|-?to-)\s*+"
        rf"(?:every\s++|each\s++|the\s++)?(?P<b>{_NUMBER})", _two),
    ("multiple", rf"(?P<a>{_NUMBER})(?:\s*+-?\s*+fold\b|\s*+[x×]\b|\s*+times\s++(?:as|more|less|the|higher|lower"
        rf"|likelier|better|greater|larger|faster)\b)", _one),
    ("multiple", r"\b(?:twice|thrice)\s++(?:as|the|more|their|your|its)\b|\b(?:double[ds]?|doubling|triple[ds]?"
        r"|tripling|"
                 r"quadruple[ds]?|halved|halves|halving|tenfold|twofold|threefold|fivefold)\b(?![\s-]*+(?:check|down"
                 r"|click))", _nothing),
    ("duration", rf"(?P<a>{_NUMBER}|\bhalf an?\b|(?<!words )\ban?\b(?=\s(?:hour|minute|week|month|year"
        rf"|fortnight)))[\s-]*+(?P<u>{_TIME_UNIT})(?:\s++and\s++a\s++half)?\b", _seconds),
    ("ratio", rf"(?P<a>\ban?\b|{_WORDS})[\s-]++(?P<b>(?:{_any(_FRACTION)})s?)\b(?=[\s-]*+(?:of|the)\b"
        rf"|(?<=s))", _fraction),
    ("ratio", r"(?<!other )(?<!first )(?<!second )(?<!latter )(?<!better )\b(?P<a>)(?P<b>half)\s++(?:of|the|all|as"
        r"|your|our|their)\b", lambda m: (1.0, 2.0)),
    ("token", r"\b(?:(?:twen|thir|for|fif|six|seven|eigh|nine)ties|hundreds|thousands|millions|billions"
        r"|dozens)\b", _nothing),
    ("count", rf"(?P<a>{_ORDINAL})", _ordinal),
    ("count", rf"(?P<a>{_NUMBER})(?!\s*+(?:{_TIME_UNIT})\b)", _one),
    ("count", r"\b(?P<a>twice|thrice)\b", lambda m: (2.0,) if m["a"].lower() == "twice" else (3.0,)),
    ("token", r"(?<![A-Za-z0-9])(?=[A-Za-z0-9]*(?:\d[A-Za-z]|[A-Za-z]\d))"
        r"[A-Za-z0-9]++(?:[-._][A-Za-z0-9]++)*+", _nothing),
    ("count", r"\d+(?:[.,]\d+)*", lambda m: None if value_of(m[0]) is None else (float(value_of(m[0]) or 0.0),)),
    ("token", r"%|‰|\b(?:per[\s-]cent|percent|prozent|procent|pour cent|por ciento)\b", _nothing),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(form, _FLAGS), read) for kind, form, read in _FORMS)
_AROUND = 40


def numerals(text: str) -> Iterator[Numeral]:
    """Every number of a folded text, by kind and then by place."""
    left = text = _SUFFIX.sub(r"\1 ", text)
    for kind, pattern, read in _COMPILED:
        found = list(pattern.finditer(left))
        for match in found:
            yield Numeral(
                kind=kind,
                text=match[0].strip(),
                values=read(match),
                start=match.start(),
                before=text[max(0, match.start() - _AROUND) : match.start()],
                after=text[match.end() : match.end() + _AROUND],
            )
        left = pattern.sub(lambda match: GONE * len(match[0]), left)
