"""Takes out of a text what a browser could fetch or run: images, links, HTML and addresses."""

import re

_IMAGE_OR_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")
_IMAGE_START = re.compile(r"!(?=\[)")
_REFERENCE = re.compile(r"^[ \t]*\[[^\]\n]+\]:[ \t]\S.*$", re.MULTILINE)
_TAG = re.compile(r"<[^>\n]*>")
_ADDRESS = re.compile(r"\b(?:https?|ftp|file|data|javascript)\s*:\s*/{0,2}\S+", re.IGNORECASE)
_UNSAFE = (_IMAGE_OR_LINK, _IMAGE_START, _REFERENCE, _TAG, _ADDRESS)


def sanitise(text: str) -> str:
    """The text without images, links, HTML and addresses."""
    text = _REFERENCE.sub("", text)
    text = _IMAGE_OR_LINK.sub(r"\1", text)
    text = _IMAGE_START.sub("", text)
    text = _TAG.sub("", text)
    return _ADDRESS.sub("(address removed)", text)


def unsafe_from(text: str) -> int:
    """Where the first thing begins that ``sanitise`` would take out; the length of the text where there is none."""
    return min((match.start() for pattern in _UNSAFE if (match := pattern.search(text))), default=len(text))
