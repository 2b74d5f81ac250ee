"""Cuts a call into moments: something the customer says, with what led up to it. A moment is searched as one.

What is said next is no part of a moment, so that two moments are alike for their situation and not for how it was
handled. The choices below were measured on simulated calls (docs/experiments.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.types import Turn

MIN_WORDS = 5  # a turn of fewer words is a back-channel, such as "Right, I see."
MAX_TURNS = 6
LEAD_WEIGHT = 0.5  # of the turn that led up to the anchor, whose own weight is 1


@dataclass(frozen=True)
class Moment:
    """A run of turns, ``start`` to ``end`` (from 1, inclusive): 2 to 6, or 1 in a call of one turn.

    ``anchor`` is the turn that the moment is about; ``lead`` the one that led up to it, ``reply`` the rep's next words,
    each None where there is none.
    """

    start: int
    end: int
    anchor: int
    lead: int | None
    reply: int | None


def moments_of(turns: Sequence[Turn]) -> list[Moment]:
    """The moments of a call, at least one, in order of their anchors; no two have the same anchor.

    Anchors are the turns of at least five words that aren't the rep's. A call without such turns is cut at whatever
    there is.
    """
    telling = substantial(turns)
    anchors = [number for number in telling if turns[number - 1].role != "rep"] or telling
    return [_moment(turns, anchor, telling) for anchor in anchors]


def substantial(turns: Sequence[Turn]) -> list[int]:
    """Numbers, from 1, of the turns that are no back-channel; of all turns where there is nothing else."""
    everything = range(1, len(turns) + 1)
    return [number for number in everything if len(turns[number - 1].text.split()) >= MIN_WORDS] or list(everything)


def moment_around(moments: Sequence[Moment], turn: int) -> Moment:
    """The moment that a turn is best seen in: the one it is in, with the nearest anchor; else the nearest one."""
    return min(
        moments,
        key=lambda one: (not one.start <= turn <= one.end, one.anchor < turn, abs(one.anchor - turn), one.anchor),
    )


def moment_vectors(turn_vectors: np.ndarray, moments: Sequence[Moment], mean_turn: np.ndarray) -> np.ndarray:
    """What each moment is about, as its difference from the average turn.

    Args:
        turn_vectors: of the whole call, shape (n_turns, dimension), float32.
        moments: of that call.
        mean_turn: shape (dimension,).

    Returns:
        Shape (n_moments, dimension), float32, unit length.
    """
    centred = turn_vectors - mean_turn
    pooled = centred[[one.anchor - 1 for one in moments]]
    led = [row for row, one in enumerate(moments) if one.lead is not None]
    pooled[led] += LEAD_WEIGHT * centred[[one.lead - 1 for one in moments if one.lead is not None]]
    norms = np.linalg.norm(pooled, axis=1, keepdims=True)
    return np.asarray(pooled / np.maximum(norms, 1e-12), dtype=np.float32)


def _moment(turns: Sequence[Turn], anchor: int, telling: Sequence[int]) -> Moment:
    before = [number for number in telling if anchor - MAX_TURNS < number < anchor]
    lead = before[-1] if before else None
    start = lead or max(anchor - 1, 1)
    end = anchor if start < anchor else min(anchor + 1, len(turns))
    return Moment(start, end, anchor, lead, _reply(turns, anchor, telling))


def _reply(turns: Sequence[Turn], anchor: int, telling: Sequence[int]) -> int | None:
    """The next substantial turn, where it is the rep's."""
    following = next((number for number in telling if number > anchor), None)
    return following if following is not None and turns[following - 1].role == "rep" else None
