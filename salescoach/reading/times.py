"""Times in a call: stamps such as ``1:02:03.5`` and what is wrong with their order."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from salescoach.reading.drafts import ReadTurn
from salescoach.reading.texts import in_number, listed

STAMP: Final = r"\d{1,3}:\d{1,2}(?::\d{1,2})?(?:[.,]\d{1,3})?"  # as part of a pattern


def seconds(stamp: str) -> float | None:
    """Seconds of ``[h:]mm:ss[.mmm]``, or None if it is no time."""
    *hours, minutes, last = stamp.replace(",", ".").split(":")
    if float(last) >= 60 or (hours and int(minutes) >= 60):
        return None
    return 3600.0 * int(hours[0] if hours else 0) + 60.0 * int(minutes) + float(last)


def check_times(turns: Sequence[ReadTurn]) -> list[str]:
    """Drop the times that run backwards: as few as possible, so that one slip doesn't cost all that follow.

    Changes the turns in place; returns the warnings.
    """
    warnings: list[str] = []
    unreadable = [number for number, turn in enumerate(turns, 1) if turn.has_bad_time]
    if unreadable:
        warnings.append(_times_dropped(unreadable, "is no time", "are no times"))
    timed = [(index, turn.start_s) for index, turn in enumerate(turns) if turn.start_s is not None]
    keep = _longest_rising([start_s for _, start_s in timed])
    backwards = [index for position, (index, _) in enumerate(timed) if position not in keep]
    for index in backwards:
        turns[index].start_s = turns[index].end_s = None
    if backwards:
        warnings.append(_times_dropped([index + 1 for index in backwards], "runs backwards", "run backwards"))
    ends: list[int] = []
    for number, turn in enumerate(turns, 1):
        if turn.end_s is not None and (turn.start_s is None or turn.end_s < turn.start_s):
            turn.end_s = None
            ends.append(number)
    if ends:
        warnings.append(ends_dropped("turn", ends))
    return warnings


def ends_dropped(what: str, numbers: Sequence[int]) -> str:
    """The warning about turns or cues (``what``) that end before they start."""
    one = f"{what.title()} {listed(numbers)} ends before it starts; the end was dropped."
    many = f"{what.title()}s {listed(numbers)} end before they start; the ends were dropped."
    return in_number(len(numbers), one, many)


def _times_dropped(turns: Sequence[int], is_wrong: str, are_wrong: str) -> str:
    one = f"The time of turn {listed(turns)} {is_wrong} and was dropped."
    many = f"The times of turns {listed(turns)} {are_wrong} and were dropped."
    return in_number(len(turns), one, many)


def _longest_rising(values: Sequence[float]) -> set[int]:
    """Positions of a longest subsequence that never falls; of equally long ones, that which drops the later values."""
    tails: list[float] = []
    at: list[int] = []
    previous: list[int] = []
    # From the end and negated: this makes an early value win over a late one.
    for position, value in enumerate(reversed(values)):
        length = bisect_right(tails, -value)
        previous.append(at[length - 1] if length else -1)
        tails[length : length + 1] = [-value]
        at[length : length + 1] = [position]
    kept: set[int] = set()
    position = at[-1] if at else -1
    while position >= 0:
        kept.add(len(values) - 1 - position)
        position = previous[position]
    return kept
