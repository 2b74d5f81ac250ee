"""Parts of reading that several modules share, each in time that grows with the text and no faster."""

import html
import re
from collections.abc import Iterable
from typing import Final

# What stands between “ and ”, as part of a pattern. Where a quote isn't closed, the next one may be the opening of a
# quote that is, so the rest of the text would be looked through once for each: these are as many as one quote may hold.
QUOTED: Final = r"(?:[^”“]*+“){0,20}+[^”“]*+"

LINE_BREAK: Final = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")

_MAX_NAMED: Final = 8
_HUGE_REFERENCE: Final = re.compile(r"&#[0-9]{20,}+;?")  # Python refuses to read numbers of thousands of digits
_SURROGATE = re.compile("[\ud800-\udfff]")
# ZWJ and ZWNJ stay between two characters that they can join: emoji and scripts from Arabic on.
_JOINED = "[\u0600-\u1fff\u2070-\ud7ff\uf900-\ufdff\ufe0e\ufe0f\U00010000-\U000dffff]"
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
    f"|(?<!{_JOINED})[\u200c\u200d]|[\u200c\u200d](?!{_JOINED})"
    "|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]+"
)


def unescaped(text: str) -> str:
    """The text with its HTML entities read, as ``html.unescape`` reads them."""
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text))


def whole_characters(text: str) -> str:
    """The text without halves of characters, with which a text may end that was cut: they can't be written anywhere."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def clean(text: str) -> tuple[str, int]:
    """The text without what a reader can't see, and how many characters that were."""
    n_surrogates = 0
    if _SURROGATE.search(text):
        # Two halves that belong together become the character; a half alone can't be encoded by anything after us.
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
        n_surrogates = len(_SURROGATE.findall(text)) - 2 * (_n_astral(whole) - _n_astral(text))
        text = whole
    n_before = len(text)
    text = _HIDDEN.sub("", text)
    return text, n_before - len(text) + n_surrogates


def tidy(text: str) -> str:
    """What somebody says, as a turn holds it: on one line, without characters that a reader can't see."""
    return " ".join(clean(text)[0].split())


def listed(items: Iterable[object], limit: int = _MAX_NAMED) -> str:
    """``a, b and c``; a long list is cut and counted."""
    words = [str(item) for item in items]
    if len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def in_number(n: int, one: str, many: str) -> str:
    """What is said of one thing or of several, with noun and verb to match: ``one`` where ``n`` is 1, else ``many``."""
    return one if n == 1 else many


def phrases(text: str) -> frozenset[str]:
    """The entries of a list that is written with ``|`` or a line break between them."""
    return frozenset(phrase.strip() for line in text.split("\n") for phrase in line.split("|") if phrase.strip())


def _n_astral(text: str) -> int:
    return sum(char > "\uffff" for char in text)
