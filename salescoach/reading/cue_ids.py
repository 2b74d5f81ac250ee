"""The identifiers of caption cues: which of the lines above a time are none of the speech."""

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[0-9]{1,9}")
_DIGITS = re.compile(r"\d++")
_MARK = re.compile(r"\A[^\s\d]*+\d\S*+")  # one word with a digit in it: "3f2a-11/14-0", "cue_7"
_HEADER = re.compile(r"\A(?:[\w-]++[:=].*|WEBVTT\b.*)")
_SEATED = re.compile(r'\A\d++\s++"(?P<name>[^"]{1,200})"(?:\s*+\(\d++\))?')  # 12 "Anna Weber" (16778240)


def identifiers(lines: Sequence[str], starts: Sequence[int]) -> set[int]:
    """The indexes of the lines that are identifiers of cues.

    An identifier stands right above the time of its cue, but so may the last words of the cue before. Nothing is said
    above the first cue, so that shows whether the file has identifiers, and of which form.

    Args:
        lines: of the file, blank ones too.
        starts: the indexes of the lines that hold the times of cues, in order.
    """
    times = set(starts)
    above = {order: at - 1 for order, at in enumerate(starts) if at and lines[at - 1] and at - 1 not in times}
    if 0 in above and _HEADER.fullmatch(lines[above[0]]):
        del above[0]
    parted = {order for order, index in above.items() if not order or not lines[index - 1]}
    numbers = {order: int(lines[index]) for order, index in above.items() if _NUMBER.fullmatch(lines[index])}
    counted = {order for order, number in numbers.items() if _counts(number, order, numbers.get(order - 1))}
    if 0 in numbers or (len(counted) > 2 and 2 * len(counted) >= len(starts)):
        is_tight = len(numbers) == len(starts) > 2 and len(parted) == 1
        chosen = {order for order in numbers if is_tight or order in parted or order in counted}
        ids = {above[order] for order in chosen}
        return ids | _last_one(lines, starts, numbers[max(chosen)])
    return {above[order] for order in _of_one_form(lines, above, parted, len(starts))}


def name_in(identifier: str) -> str | None:
    """The speaker whom an identifier names beside its number: ``12 "Anna Weber" (16778240)``."""
    found = _SEATED.fullmatch(identifier)
    return found["name"].strip() if found else None


def _of_one_form(lines: Sequence[str], above: dict[int, int], parted: set[int], n_cues: int) -> set[int]:
    """Which of the lines above the cues have the form of the first cue's, or of a mark that most cues have."""
    if len(parted) == n_cues:
        return parted
    marks = {order for order, index in above.items() if _MARK.fullmatch(lines[index])}
    if 0 not in above:
        return marks if 2 * len(marks & parted) >= n_cues else set()
    if 0 in marks:
        return marks if 2 * len(marks) >= n_cues else marks & parted
    form = _form(lines[above[0]])
    return {order for order, index in above.items() if _form(lines[index]) == form and order in parted}


def _form(line: str) -> str:
    return "seated" if _SEATED.fullmatch(line) else _DIGITS.sub("0", line.casefold())


def _counts(number: int, order: int, before: int | None) -> bool:
    """Whether a number goes on counting: by the cues of the file, or from the number before, which it may repeat."""
    return number in (order, order + 1) or (before is not None and number in (before, before + 1))


def _last_one(lines: Sequence[str], starts: Sequence[int], last: int) -> set[int]:
    """The number of a cue that was cut off at the end of the file."""
    filled = [index for index in range(starts[-1] + 1, len(lines)) if lines[index]]
    is_one = bool(filled) and lines[filled[-1]] == str(last + 1) and not lines[filled[-1] - 1]
    return {filled[-1]} if is_one else set()
