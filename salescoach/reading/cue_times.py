"""The times of caption cues: how each kind of caption file writes them, and what their fractions mean."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

_STAMP: Final = r"(?:\d{1,3}:)?\d{1,2}:\d{1,2}(?:[.,:;]\d{1,9})?"
_LONG_STAMP: Final = r"\d{1,3}:\d{1,2}:\d{1,2}(?:[.,]\d{1,9})?"
# 00:00:01,000 --> 00:00:04,000 as WebVTT and SubRip have it, settings may follow; also with the arrows of translators.
ARROW: Final = re.compile(rf"(?P<start>{_STAMP})\s*+(?:-{{1,2}}>|[\u2013\u2014]>|\u2192)\s*+(?P<end>{_STAMP})(?:\s.*)?")
# 0:00:01.000,0:00:04.000 as SBV and SubViewer have it.
COMMA: Final = re.compile(rf"(?P<start>{_LONG_STAMP})[,;](?P<end>{_LONG_STAMP})")

_PARTS = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:([.,:;])(\d{1,9}))?")
_FRAME_RATES: Final = (25, 30, 60, 10**9)


class Clock:
    """Reads the stamps of one file, whose fractions all mean the same.

    Attributes:
        warnings: what had to be assumed to read them.
    """

    def __init__(self, times: Sequence[tuple[str, str]]) -> None:
        """Looks at the (start, end) stamps of all cues, in the file's order."""
        self.warnings: list[str] = []
        stamps = [parts for pair in times for stamp in pair if (parts := _PARTS.fullmatch(stamp))]
        frames = [int(parts[5]) for parts in stamps if parts[4] and parts[4] in ":;"]
        self._rate = next(rate for rate in _FRAME_RATES if max(frames, default=0) < rate)
        self._has_bare_milliseconds = False
        decimals = [parts for parts in stamps if parts[4] and parts[4] in ".,"]
        lengths = {len(parts[5]) for parts in decimals}
        if lengths and min(lengths) < 3:
            self._has_bare_milliseconds = self._are_bare(times, decimals)
            short = min(decimals, key=lambda parts: (len(parts[5]) > 2, not int(parts[5])))
            if self._has_bare_milliseconds:
                as_what = f"{int(short[5])} ms after the second"
                self.warnings.append(f"Milliseconds have no leading zeros: “{short[0]}” was read as {as_what}.")
            elif len(lengths) > 1 and not any(parts[5][0] == "0" for parts in decimals):
                as_what = "a decimal fraction of the second"
                self.warnings.append(f"Times have fractions of several lengths: “{short[0]}” was read as {as_what}.")
        if frames:
            rate = f"{self._rate} a second were assumed"
            self.warnings.append(f"The times end in frames, whose rate the file does not give; {rate}.")

    def seconds(self, stamp: str) -> float | None:
        """Seconds of a stamp, or None if it is no time."""
        return self._seconds(stamp, bare=self._has_bare_milliseconds)

    def _seconds(self, stamp: str, *, bare: bool) -> float | None:
        parts = _PARTS.fullmatch(stamp)
        if parts is None:
            return None
        hours, minutes, whole, mark, fraction = parts.groups("")
        if int(whole) >= 60 or (hours and int(minutes) >= 60):
            return None
        start = 3600 * int(hours or 0) + 60 * int(minutes) + int(whole)
        if not mark:
            return float(start)
        if mark in ":;":
            return start + min(int(fraction) / self._rate, 0.999)
        return start + (int(fraction) / 1000 if bare and len(fraction) < 4 else float(f"0.{fraction}"))

    def _are_bare(self, times: Sequence[tuple[str, str]], stamps: Sequence[re.Match[str]]) -> bool:
        """Whether ``5.18`` is 5 seconds and 18 milliseconds, as Microsoft Graph writes it, not 5.18 seconds.

        A fraction that begins with a zero is none of these, and where zeros at the end are kept, decimals would have
        been as long as each other. Else that counts in which the times are in order, and last whether the whole stamp
        is written without leading zeros, ``0:0:5.18``.
        """
        fractions = [parts[5] for parts in stamps]
        if any(len(fraction) > 1 and fraction[0] == "0" for fraction in fractions):
            return False
        if len({len(fraction) for fraction in fractions}) > 1 and any(
            len(fraction) > 1 and fraction[-1] == "0" for fraction in fractions
        ):
            return True
        n_bare, n_decimal = (self._n_disordered(times, bare=bare) for bare in (True, False))
        if n_bare != n_decimal:
            return n_bare < n_decimal
        return any((parts[1] and len(parts[2]) == 1) or len(parts[3]) == 1 for parts in stamps)

    def _n_disordered(self, times: Sequence[tuple[str, str]], *, bare: bool) -> int:
        """How many cues would end before they start, or start before the one above."""
        read = [tuple(self._seconds(stamp, bare=bare) for stamp in pair) for pair in times]
        n_ends = sum(start is not None and end is not None and end < start for start, end in read)
        starts = [start for start, _ in read if start is not None]
        return n_ends + sum(after < before for before, after in pairwise(starts))
