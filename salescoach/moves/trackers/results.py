"""What is said about trackers: the JSON of ``coach tracker``."""

from typing import Final

from salescoach.library.lookups import Group
from salescoach.moves.trackers.background import BackgroundName
from salescoach.moves.trackers.tracker import Side, Tracker
from salescoach.redact.our_words import Ours
from salescoach.speech.readings import Whose
from salescoach.types import Frozen, Role

ESTIMATE: Final = (
    "These are estimates, from leaving out one example at a time and from what is usually said; hits that you judge "
    "with `coach tracker thumbs` make them, and the tracker, better."
)

Interval = tuple[float, float]


class TrackerEstimate(Frozen):
    """How well a tracker is likely to find, at its threshold. Shares are in [0, 1], intervals of 90 %.

    ``precision``: of its hits, those that are right; ``recall``: of what it should find, what it finds. ``per_1000``:
    turns of its side, among a thousand of the background, that it hits. ``is_reached``: whether hits as right as
    wanted were to be had; where not, the threshold is the one of the best precision. ``n_examples`` and ``n_counters``
    were learned from, beside ``n_background`` turns.
    """

    precision: float
    precision_interval: Interval
    recall: float
    recall_interval: Interval
    per_1000: float
    is_reached: bool
    n_examples: int
    n_counters: int
    n_background: int
    background: BackgroundName
    reading: Ours[str] = ESTIMATE


class TrackerReport(Frozen):
    """A tracker and how well it is likely to find."""

    name: str
    side: Side
    examples: tuple[str, ...]
    counters: tuple[str, ...]
    wanted_precision: float
    estimate: TrackerEstimate

    @classmethod
    def of(cls, tracker: Tracker, estimate: TrackerEstimate) -> "TrackerReport":
        """Puts the two together."""
        return cls(
            name=tracker.name,
            side=tracker.side,
            examples=tuple(one.text for one in tracker.examples),
            counters=tuple(one.text for one in tracker.counters),
            wanted_precision=tracker.precision,
            estimate=estimate,
        )


class TrackerList(Frozen):
    """Every tracker, by name."""

    trackers: tuple[TrackerReport, ...]


class TrackerHit(Frozen):
    """A turn that a tracker finds. ``confidence``: the estimated probability, in [0, 1], that it is right."""

    turn: int
    speaker: str
    role: Role
    quote: str
    confidence: float


class TrackerInCall(Frozen):
    """The hits of a tracker in a call, in its order."""

    tracker: TrackerReport
    hits: tuple[TrackerHit, ...]


class HeardGroup(Frozen):
    """Calls of a group by whether a tracker hits in them. ``n_hits``: turns, over all of its calls."""

    name: str
    n_hits: int
    heard: Group
    not_heard: Group


class TrackerInLibrary(Frozen):
    """How often a tracker hits in the team's calls, and how those calls ended.

    ``whose``: whether they are the team's own or the sample's; ``whole``: all of them.
    """

    tracker: TrackerReport
    whose: Whose
    n_calls: int
    whole: HeardGroup
    by_industry: tuple[HeardGroup, ...]
    by_month: tuple[HeardGroup, ...]
    reading: Ours[str]
