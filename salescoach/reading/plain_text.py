"""A text as plain lines, as several readers look at it: without what a recorder wrote, with its headers found once."""

from collections.abc import Sequence
from functools import cached_property

from salescoach.reading.boilerplate import without_boilerplate
from salescoach.reading.headers import Header, headers_of


class PlainText:
    """Lines of a text, and what is said of those left out.

    Attributes:
        lines: at most one blank one in succession.
        numbers: of each line in the text, from 1.
        warnings: what is said of lines that were left out.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        kept = [index for index, line in enumerate(lines) if line or (index and lines[index - 1])]
        self.numbers = [index + 1 for index in kept]
        self.lines, self.warnings = without_boilerplate([lines[index] for index in kept])

    @cached_property
    def headers(self) -> dict[int, Header]:
        """Index of a line -> the header of a block that begins there."""
        return headers_of(self.lines)

    @cached_property
    def beside_blank(self) -> tuple[set[int], set[int]]:
        """The numbers of the filled lines with a blank one, or none, before them; and of those with one behind."""
        last = len(self.lines) - 1
        filled = [(index, number) for index, number in enumerate(self.numbers) if self.lines[index]]
        before = {number for index, number in filled if index == 0 or not self.lines[index - 1]}
        return before, {number for index, number in filled if index == last or not self.lines[index + 1]}
