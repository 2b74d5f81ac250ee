"""The pictures of a score as the export's template draws them: places in units of a drawing 400 wide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from serving.chat.pictures import Gauge, Trajectory

WIDTH: Final = 400


@dataclass(frozen=True)
class SvgGauge:
    """A gauge on a track from ``left`` on, ``width`` wide."""

    shown: Gauge
    left: int = 8
    width: int = WIDTH - 16

    def x(self, share: float) -> float:
        """Where a percentage lies."""
        return round(self.left + self.width * share / 100, 1)

    def anchor(self, share: float) -> str:
        """How a text there is anchored so that it stays in the picture."""
        return "start" if share < 30 else "end" if share > 70 else "middle"


@dataclass(frozen=True)
class SvgLine:
    """A trajectory of at least two turns."""

    shown: Trajectory
    left: int = 44
    right: int = WIDTH - 12
    top: int = 18
    bottom: int = 172
    height: int = 218

    def x(self, turn: int) -> float:
        """Where a turn lies."""
        return round(self.left + (self.right - self.left) * (turn - 1) / (self.shown.n_turns - 1), 1)

    def y(self, value: int) -> float:
        """Where a percentage lies."""
        return round(self.bottom - (self.bottom - self.top) * value / 100, 1)

    def points(self, turns: Sequence[int]) -> str:
        """The line through turns."""
        return " ".join(f"{self.x(turn)},{self.y(self.shown.percents[turn - 1])}" for turn in turns)
