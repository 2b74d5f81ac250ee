"""Takes out of a text what a browser or terminal could fetch, run or hide, and what looks like a secret or a contact.

Every rule is local and leaves nothing that another rule could make whole again, so that a quote and the answer around
it come out the same: ``sanitise(sanitise(text)) == sanitise(text)``.
"""

import re
import unicodedata
from collections.abc import Callable

from salescoach.reading.texts import unescaped

MAX_CHARACTERS = 20_000  # of an answer; the longest honest ones have about a third
_MAX_ROUNDS = 8  # of unwrapping what is hidden in escapes of escapes

_TERMINAL = re.compile(
    r"\x1b\][^\x07\x1b]{0,500}(?:\x07|\x1b\\)?"  # titles and links (OSC)
    r"|\x1b[PX^_][^\x1b]{0,500}(?:\x1b\\)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours and cursor (CSI)
    r"|\x1b[ -/]*[0-~]?"
)
_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Characters without a shape: besides controls and formats (found by category), fillers and variation selectors.
_SHAPELESS = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_MARK_RUN = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_AMPERSANDS = re.compile(r"&(?:(?:amp|#0*38|#x0*26);?)+", re.IGNORECASE)
_ESCAPES = re.compile(r"(?<!\\)\\++(?=[!-/:-@\[\]-`{-~])")

_TAG = re.compile(r"<!--.{0,500}?-->|</?[a-z!?][^<>“”]{0,500}>", re.IGNORECASE | re.DOTALL)
_TAG_START = re.compile(r"<(?=[a-z/!?])", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\((?:[^()\n]|\n(?!\s*\n)|\([^()\n]{0,200}\)){0,1000}\)")
_LINK_START = re.compile(r"(?<=\])(?=\()")
_IMAGE_START = re.compile(r"(?<!!)!++(?=\[)")
_DEFINITION = re.compile(r"^([ \t>*+\d.)-]*\[[^\]\n]{1,999}\]):", re.MULTILINE)
_SCHEMES = (
    r"https?|wss?|ftps?|sftp|ssh|git|file|blob|about|chrome|view-source|ms-[a-z]+|intent|market|tel|sms|xmpp|mailto"
)
_ADDRESS = re.compile(
    rf"\b(?:(?:{_SCHEMES})\s*:\s*/+\S*"
    r"|(?:mailto|tel|sms|xmpp|blob|about|view-source|intent):\S+"
    r"|(?:javascript|vbscript)\s*:\s*\S+"
    r"|data:\s*[a-z]+/[a-z0-9.+-]+\S*|data:[;,]\S+"
    r"|www\d?\.[\w-]+\.\S+)"
    r"|(?<![\w:/])//(?:[\w-]+\.)+[a-z]{2,}\S*",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_LONG_NUMBER = re.compile(r"(?<![\w.,-])\+?\(?\d(?:[ ().-]{0,2}\d){8,18}(?![\w-]|[.,]\d)")
_NO_DIGIT = re.compile(r"\D+")
_PHONE = re.compile(
    r"\+?\(?\d{1,4}\)?(?:[ .-]?\(?\d{2,5}\)?){2,5}"  # groups of digits, as phone numbers are written
)
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]{3,40}-----(?:[^-]++|-(?!----END [A-Z ]{3,40}-----)){0,200}+(?:-----END [A-Z ]{3,40}-----|\Z)"
    r"|\b(?:sk|pk|rk)[-_](?:[A-Za-z0-9]{1,12}[-_]){0,3}[A-Za-z0-9]{8}[\w-]*+"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|AKIA|ASIA|AIza)[\w-]{10,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"
    r"|\bBearer\s+[\w.~+/-]{16,}=*"
    r"|\b[A-Z][A-Z0-9_]*(?:API_?KEY|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIALS?)\s*[=:]\s*[\"'`]?[^\s\"'`]+",
    re.DOTALL,
)


def sanitise(text: str) -> str:
    """The text without images, links, HTML, addresses, hidden characters, secrets and contact details."""
    text = text[: 2 * MAX_CHARACTERS]
    for _ in range(_MAX_ROUNDS):
        cleaned = _round(text)
        if cleaned == text:
            break
        text = cleaned
    return text[:MAX_CHARACTERS]


def unsafe_from(text: str) -> int:
    """Where the first thing begins that ``sanitise`` would take out; the length of the text where there is none."""
    end = len(text)
    while (cleaned := sanitise(text[:end])) != text[:end]:
        same = next((at for at, (old, new) in enumerate(zip(text, cleaned, strict=False)) if old != new), len(cleaned))
        end = min(same, end - 1)
    return end


def visible(text: str) -> str:
    """The text without characters that have no shape of their own: controls, bidi, zero-width, tags, fillers."""
    text = _LINE_BREAK.sub("\n", _TERMINAL.sub("", text))
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _INVISIBLE)
    return _MARK_RUN.sub(r"\1", _SHAPELESS.sub("", text))


def _round(text: str) -> str:
    text = _ESCAPES.sub("", unescaped(_AMPERSANDS.sub("&", visible(text))))
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def _without_contact(match: re.Match[str]) -> str:
    """Card and phone numbers go; other long numbers, such as a run of turns, stay."""
    digits = _NO_DIGIT.sub("", match[0])
    if len(digits) >= 13 and _is_card(digits):
        return "(card number removed)"
    if len(digits) <= 15 and _PHONE.fullmatch(match[0].strip()):
        return "(phone number removed)"
    return match[0]


def _is_card(digits: str) -> bool:
    """Luhn's check digit."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_SECRET, "(secret removed)"),
    (_LINK, r"\1"),
    (_IMAGE_START, ""),
    (_DEFINITION, r"\1 :"),
    (_LINK_START, " "),
    (_TAG, ""),
    (_TAG_START, "‹"),
    (_ADDRESS, "(address removed)"),
    (_EMAIL, "(e-mail removed)"),
    (_LONG_NUMBER, _without_contact),
)
