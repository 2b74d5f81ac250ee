"""What the pictures of a score show, in percent and turns, and the sentence for whoever can't see them.

Whoever paints one decides nothing but its looks: ``charts`` with Plotly on the page, ``svg`` in an export.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from salescoach.stats.splits import evenly
from tools.parts import percent
from tools.score_call import ScoreResult, ShownTurn

MAX_POINTS: Final = 400  # of a line; more than a screen has room for
LABEL_EVERY: Final = 0.16  # of the width: nearer to each other two labels would overlap
EDGE: Final = 12  # percent: nearer to an edge the number has room on one side only


@dataclass(frozen=True)
class Gauge:
    """How likely a call converts, in percent: the probability, its range, and the base rate. ``said``: in words."""

    value: int
    base: int
    interval: tuple[int, int] | None
    said: str

    @property
    def is_number_left(self) -> bool:
        """Whether the number ends at its place: on the side away from the base rate, whose line goes up past it."""
        return EDGE < self.value <= self.base or self.value > 100 - EDGE


@dataclass(frozen=True)
class Mark:
    """A turn that moved the score of the whole call; ``label`` is empty where it would lie on another one."""

    turn: int
    percent: int
    is_up: bool
    label: str


@dataclass(frozen=True)
class Trajectory:
    """The score after each turn, in percent. ``said``: in words.

    ``early`` and ``judged`` are the turns through which the line goes while too little was said to judge, and from then
    on; they have one turn in common.
    """

    percents: tuple[int, ...]
    base: int
    early: tuple[int, ...]
    judged: tuple[int, ...]
    marks: tuple[Mark, ...]
    said: str

    @property
    def n_turns(self) -> int:
        """Of the call."""
        return len(self.percents)


def gauge(score: ScoreResult) -> Gauge:
    """The gauge of a score.

    Raises:
        ValueError: the coach gives no probability for this call.
    """
    value, base, interval = score.probability_percent, score.base_rate_percent, score.interval_percent
    if value is None:
        raise ValueError("a call without a probability has no gauge")
    ranged = f", range {interval[0]} % to {interval[1]} %" if interval is not None else ""
    said = f"How likely this call converts: {value} %{ranged}; {base} % of the calls it learned from converted."
    return Gauge(value, base, interval, said)


def trajectory(score: ScoreResult, first_judged: int) -> Trajectory:
    """The line of a score.

    Args:
        score: of the call, with a probability.
        first_judged: the first turn up to which the call could be judged.

    Raises:
        ValueError: the coach gives no probability for this call.
    """
    if score.probability_percent is None:
        raise ValueError("a call without a probability has no trajectory")
    percents = tuple(percent(point.probability) for point in score.score.trajectory)
    moved, base = score.turns_that_moved_it, score.base_rate_percent
    first = min(first_judged, len(percents))
    drawn = sorted({*(evenly(len(percents), MAX_POINTS) + 1).tolist(), first, *(turn.turn for turn in moved)})
    labels = {
        turn: label
        for direction in ("raised", "lowered")
        for turn, label in _labels([one for one in moved if one.direction == direction], len(percents))
    }
    named = ", ".join(f"T{turn.turn} {turn.direction} it" for turn in moved)
    moved_most = f". Of the turns that moved it most, {named}." if named else "."
    return Trajectory(
        percents=percents,
        base=base,
        early=tuple(turn for turn in drawn if turn <= first),
        judged=tuple(turn for turn in drawn if turn >= first),
        marks=tuple(
            Mark(turn.turn, percents[turn.turn - 1], turn.direction == "raised", labels[turn.turn]) for turn in moved
        ),
        said=f"The score after each of {len(percents)} turns, at the end {score.probability_percent} %; "
        f"of the calls it learned from {base} % converted{moved_most}",
    )


def _labels(turns: Sequence[ShownTurn], n_turns: int) -> list[tuple[int, str]]:
    """The marks' labels, strongest first; one that would lie on another is left out."""
    labelled: list[int] = []
    for turn in turns:
        if all(abs(turn.turn - other) >= LABEL_EVERY * n_turns for other in labelled):
            labelled.append(turn.turn)
    return [(turn.turn, f"T{turn.turn}" if turn.turn in labelled else "") for turn in turns]
