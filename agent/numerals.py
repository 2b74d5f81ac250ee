"""Finds every number in a text, however it is written, and whatever a reader would take for one.

Digits of any script, words ("seventy-one percent", "one in five", "half", "twice"), ordinals, days, months, lengths of
time and tokens that mix letters and digits.
"""

import re
import unicodedata
from collections.abc import Iterator

from salescoach.types import Frozen

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
    """A number in a text; ``start`` is its place, ``after`` what follows on it."""

    text: str
    start: int
    after: str = ""


_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fourty fifty sixty seventy eighty ninety"
_LOW_ORDINALS = "first second third"
_ORDINALS = (
    "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth "
    "seventeenth eighteenth nineteenth twentieth thirtieth fortieth fiftieth hundredth"
)
_MULTIPLES = (
    "twice thrice double doubles doubled doubling triple triples tripled tripling quadruple quadruples quadrupled "
    "halved halves halving tenfold twofold threefold fivefold"
)


def _any(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


_WORD = _any(f"{_UNITS} {_TENS} hundred thousand million billion dozen")
_UNIT_OF_TIME = r"(?:hour|minute|week|month|year|fortnight)"
_FRACTION = rf"(?:half|third|quarter|{_any(_ORDINALS)})"
_NUMBERS = re.compile(
    "|".join(
        (
            r"(?:(?<![A-Za-z])[A-Za-z]{1,40}+)?+\d\w*+(?:[.,'’:/-](?=\w{0,40}\d)\w++)*+",  # anything with a digit in it
            rf"\b(?:a|an|{_WORD})[\s-]+{_FRACTION}s?\b(?=[\s-]*(?:of|the)\b|(?<=s))",  # "a third of", "two thirds"
            r"(?<!other )(?<!first )(?<!second )(?<!latter )(?<!better )\bhalf\s+(?:of|the|all|as|your|our|their)\b",
            rf"\bhalf an?\b|(?<!words )\ban?(?=\s{_UNIT_OF_TIME}\b)",
            rf"\b(?:{_any(_TENS)})[\s-](?:{_any(_LOW_ORDINALS)})\b",
            rf"\b(?:{_WORD})(?:[\s-]*(?:{_WORD})){{0,12}}\b",
            rf"\b(?:{_any(_ORDINALS)})\b",
            rf"\b(?:{_any(_MULTIPLES)})\b(?![\s-]*(?:check|down|click))",
            r"\b(?:twen|thir|for|fif|six|seven|eigh|nine)ties\b|\b(?:hundreds|thousands|millions|billions|dozens)\b",
            r"\b(?:fifty[\s-]fifty|coin[\s-](?:flip|toss)|even odds|toss-?up)\b",
            r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b",
            r"\b(?-i:January|February|April|June|July|August|September|October|November|December)\b",
            r"\b(?:in|by|until|since|of|before|after|next|last|from|to)\s+(?-i:March|May)\b",
            r"%|‰|\b(?:per[\s-]?cents?|percentage|pct|prozent|procent|pour cent|por ciento)\b",
        )
    ),
    re.IGNORECASE,
)
_AROUND = 40


def numerals(text: str) -> Iterator[Numeral]:
    """Every number of a folded text, in order."""
    for match in _NUMBERS.finditer(text):
        yield Numeral(text=match[0], start=match.start(), after=text[match.end() : match.end() + _AROUND])
