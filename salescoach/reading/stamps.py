"""Times as plain text writes them: ``0:12``, ``11:58 AM``, ``12/03/2026, 14:05``, with frames, as seconds, in words."""

import re
from dataclasses import dataclass
from typing import Final

from salescoach.reading.times import seconds

_MONTH: Final = (
    "(?:jan|ene|gen|feb|f\u00e9v|fev|mar|m\u00e4r|mrt|apr|avr|abr|may|mai|mei|mag|jun|juin|giu|jul|juil|lug|aug|ago"
    "|ao\u00fb|sep|set|oct|okt|ott|out|nov|dec|dez|d\u00e9c|dic)[a-z\u00e0-\u00ff]{0,7}\\.?"
)
_DATE: Final = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?(?:\d{4}|\d{2})(?!\d)\.?|\d{1,2}/\d{1,2}(?=[ ,])"
    rf"|(?i:(?:[a-z]{{2,9}}\.?,?\s)?(?:{_MONTH}\s\d{{1,2}},?\s\d{{4}}|\d{{1,2}}\.?\s{_MONTH},?\s\d{{4}})))"
)
_CLOCK: Final = r"\d{1,3}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,9}|[:;]\d{1,3})?"
_DOTTED_CLOCK: Final = r"\d{1,2}\.\d\d(?:\.\d\d)?(?![\d:])"
_HALF: Final = r"\s?(?:[AP]M|[ap]m|[AaPp]\.\s?[Mm]\.)(?![\w.])"
_ZONE: Final = r"\s?(?:Z|UTC|GMT|CES?T|[ECMP][SD]T|[+-]\d\d:?\d\d)(?!\w)"
_AT: Final = r"(?:[,T]\s?|\s|,?\s(?:at|um|\u00e0s?|alle|om|klo|[-\u2013|])\s)"
_UNIT: Final = (
    r"(?:h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?|stunden?|minuten?|sekunden?|heures?|secondes?|horas?"
    r"|minutos?|segundos?|or[ae]|minut[oi]|second[oi]|uur|uren|minuut|seconden?)"
)

# Parts of patterns, without groups.
DATED: Final = rf"(?:{_DATE}{_AT}(?:{_DOTTED_CLOCK}|{_CLOCK})(?:{_HALF})?(?:{_ZONE})?)"
MOMENT: Final = rf"(?:{DATED}|{_CLOCK}(?:{_HALF})?)"
IN_UNITS: Final = (
    rf"(?i:\d{{1,4}}(?:\.\d{{1,3}})?\s?{_UNIT}(?:,?\s?(?:(?:and|und|et|y|e|en)\s)?\d{{1,2}}\s?{_UNIT}){{0,2}})"
)
IN_BRACKETS: Final = rf"(?:{MOMENT}|{IN_UNITS}(?![\w.])|\d{{1,6}}\.\d{{1,3}})"  # where it can be nothing else
TO: Final = r"\s{0,9}(?:-{1,2}>|[-\u2013\u2014\u2192])\s{0,9}"

_PARTS = re.compile(
    rf"(?:(?P<date>{_DATE}){_AT})?(?P<clock>\d{{1,4}}(?:[:.]\d{{1,2}}){{1,2}}(?:[.,]\d{{1,9}})?)"
    rf"(?P<frames>[:;]\d{{1,3}})?(?P<half>{_HALF})?(?:{_ZONE})?"
)
_IN_PART = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s?([a-z]{0,9})", re.I)
_HALF_DAY_S: Final = 43_200.0
_SECONDS_OF: Final = {"h": 3600, "u": 3600, "o": 3600, "st": 3600, "m": 60}


@dataclass(frozen=True)
class StampedTime:
    """A time that was read: seconds from the start of the call, or of the day if it is a clock's.

    ``day`` is its date as it stands there, and ``has_frames`` says that a count of frames was there.
    """

    at_s: float
    is_clock: bool = False
    day: str | None = None
    has_frames: bool = False


def moment(stamp: str) -> StampedTime | None:
    """The time that a stamp names; None if it is none, such as ``0:75``."""
    found = _PARTS.fullmatch(stamp)
    if found is None or (":" not in found["clock"] and not found["date"]):
        return _in_units(stamp)
    clock, frames = found["clock"], found["frames"]
    if ":" not in clock:
        clock = clock.replace(".", ":")
    if frames and clock.count(":") == 1:  # three numbers, the last after a semicolon
        clock, frames = f"{clock}:{frames[1:]}", None
    is_clock = bool(found["date"] or found["half"])
    if is_clock and clock.count(":") == 1:
        clock += ":00"
    at_s = seconds(clock)
    if at_s is not None and found["half"]:
        is_afternoon = found["half"].strip()[0] in "Pp"
        at_s = at_s % _HALF_DAY_S + _HALF_DAY_S * is_afternoon
    return None if at_s is None else StampedTime(at_s, is_clock, found["date"], bool(frames))


def _in_units(stamp: str) -> StampedTime | None:
    """Of ``12.5s``, ``1m 3s`` and ``1 hour 2 minutes``; a number without a unit is seconds."""
    parts = _IN_PART.findall(stamp)
    units = [unit.casefold() for _, unit in parts]
    sizes = [_SECONDS_OF.get(unit[:2]) or _SECONDS_OF.get(unit[:1]) or 1 for unit in units]
    return (
        StampedTime(sum(float(number) * size for (number, _), size in zip(parts, sizes, strict=True)))
        if parts
        else None
    )
