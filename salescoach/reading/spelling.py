"""Names of speakers: which spellings are one name, what somebody may be called by, and which names are nobody's."""

import re
import unicodedata
from typing import Final

from salescoach.reading.texts import phrases

# Letters that Unicode doesn't take apart into a plain one and its accent.
_PLAIN: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "’": "'", "ʼ": "'"})
_ACCENTS = re.compile("[\u0300-\u036f]+")
_PARTS = re.compile(r"[()\[\]<>,;/|\u2013\u2014]|\s-\s")
_ADDRESS = re.compile(r"[\w.+%-]{1,64}+@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_DOMAIN = re.compile(r"@?[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_NUMBERED = re.compile(
    r"(?P<what>channel|ch|chan|kanal|canal|canale|kanaal|track|speaker|spk|sprecher|locuteur|hablante|participant)?"
    r"[\s_#-]{0,3}(?P<number>[0-9]{1,3})"
)
_CHANNELS: Final = phrases("channel|ch|chan|kanal|canal|canale|kanaal|track")
_UNKNOWN_NUMBERED = re.compile(r"unknown (?:speaker|participant|caller) [0-9]{1,9}")
_IN_AN_ADDRESS = re.compile(r"[._+-]")
_NO_LETTER = re.compile(r"[\W\d_]*")
_NOBODY: Final = phrases(
    """
    unknown|unknown speaker|unidentified speaker|unidentified|speaker unknown|unknown participant|unknown user|none|null
    undefined|nan|n/a|nobody|no speaker|speaker none|unbekannt|unbekannter sprecher|sprecher unbekannt|niemand|inconnu
    locuteur inconnu|intervenant inconnu|desconocido|hablante desconocido|desconhecido|orador desconhecido|sconosciuto
    relatore sconosciuto|onbekend|onbekende spreker
    """
)
_ANYBODY: Final = phrases(
    "you|me|i|host|guest|user|speaker|participant|meeting room|conference room|ich|moi|yo|eu|io|ik"
)


def one_spelling(name: str) -> str:
    """The name as Unicode composes it, with single spaces: it looks the same, and is the same however it was typed."""
    return " ".join((name if name.isascii() else unicodedata.normalize("NFC", name)).split())


def same_name(name: str) -> str:
    """What is equal for two spellings of a name that differ in case, width or composition, but not in accents."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def folded(name: str) -> str:
    """What is equal for spellings of a name that differ in accents as well: "Zoë BRÛLÉ" is "zoe brule"."""
    if name.isascii():
        return " ".join(name.lower().split())
    apart = unicodedata.normalize("NFKD", name.casefold()).casefold()
    return " ".join(unicodedata.normalize("NFC", _ACCENTS.sub("", apart)).translate(_PLAIN).split())


def parts_of(label: str) -> list[str]:
    """A label's parts, folded: "Kim Lee (Hexa)" has "kim lee" and "hexa"."""
    return [part for one in _PARTS.split(label) if (part := folded(one))]


def full_names(label: str) -> frozenset[str]:
    """What a label says as a whole or as one of its parts, folded; "Lee, Kim" is "kim lee" too."""
    last, _, first = label.partition("(")[0].partition(",")
    return frozenset({folded(label), *parts_of(label), folded(f"{first} {last}")})


def called(label: str) -> frozenset[str]:
    """Everything by which somebody may call a speaker, folded: full names, first names, addresses and their domains."""
    return full_names(label) | {part.split()[0] for part in parts_of(label)} | addresses_in(label)


def addresses_in(text: str) -> frozenset[str]:
    """The e-mail addresses in a text and their domains, each with the domains above it."""
    found: set[str] = set()
    for address in _ADDRESS.finditer(folded(text)):
        found |= {address[0], *_and_above(address[1])}
    return frozenset(found)


def local_name(address: str) -> str:
    """The name that an address spells, folded: "kim.lee@hexa.example" is "kim lee"."""
    return " ".join(_IN_AN_ADDRESS.split(folded(address).partition("@")[0]))


def as_domain(name: str) -> str | None:
    """The domain or address that is meant by "@hexa.example", "hexa.example" or "kim@hexa.example", else None."""
    plain = folded(name)
    return plain.removeprefix("@") if _DOMAIN.fullmatch(plain) or _ADDRESS.fullmatch(plain) else None


def numbered(name: str) -> tuple[str, int] | None:
    """What is counted and its number: "Channel 1" and "ch_1" are channel 1, "SPEAKER_01" speaker 1, "1" just 1."""
    found = _NUMBERED.fullmatch(folded(name))
    if found is None:
        return None
    what = found["what"] or ""
    return ("channel" if what in _CHANNELS else "speaker" if what else ""), int(found["number"])


def is_nobody(name: str) -> bool:
    """Whether a name only says that nobody knows who speaks, such as "Unknown" or "None"; "Unknown 2" is somebody."""
    return folded(name.strip("()[]<>*-. ")) in _NOBODY


def is_personal(name: str) -> bool:
    """Whether a name is somebody's in other calls as well, unlike "Speaker 1", a number, "You" or "Unknown"."""
    plain = folded(name)
    is_counted = numbered(name) is not None or _UNKNOWN_NUMBERED.fullmatch(plain)
    return not (is_nobody(name) or is_counted or plain in _ANYBODY or _NO_LETTER.fullmatch(plain))


def _and_above(domain: str) -> set[str]:
    """A domain with those that it is part of, but for the last, which is a country's or the like."""
    labels = domain.split(".")
    return {".".join(labels[start:]) for start in range(len(labels) - 1)}
