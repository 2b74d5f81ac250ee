"""Parts of reading that several modules share, each in time that grows with the text and no faster."""

import html
import re
from typing import Final

# What stands between “ and ”, as part of a pattern. Where a quote isn't closed, the next one may be the opening of a
# quote that is, so the rest of the text would be looked through once for each: these are as many as one quote may hold.
QUOTED: Final = r"(?:[^”“]*+“){0,20}+[^”“]*+"

_HUGE_REFERENCE: Final = re.compile(r"&#[0-9]{20,}+;?")  # Python refuses to read numbers of thousands of digits


def unescaped(text: str) -> str:
    """The text with its HTML entities read, as ``html.unescape`` reads them."""
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text))


def whole_characters(text: str) -> str:
    """The text without halves of characters, with which a text may end that was cut: they can't be written anywhere."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
