"""A tracker that is ready to find: its threshold, how sure each hit is, and how well it is likely to find."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betaincinv  # not scipy.stats: its import takes half a second

from salescoach.moves.trackers.background import Background, FeatureReader, places
from salescoach.moves.trackers.learning import LearnedTracker, learn, odds_of_hits, scores
from salescoach.moves.trackers.results import Interval, TrackerEstimate, TrackerHit, TrackerReport
from salescoach.moves.trackers.tracker import Side, Tracker, TrackerExample
from salescoach.types import Turn

PRIOR_HITS: Final = 6.0  # judged hits that the estimated precision is worth; from how far it was off on authored calls
LEVEL: Final = 0.9  # of the intervals
DIGITS: Final = 4


@dataclass(frozen=True)
class FittedTracker:
    """``usual``: the background of its side; ``threshold``: the least confidence of a hit."""

    tracker: Tracker
    learned: LearnedTracker
    usual: Background
    threshold: float
    estimate: TrackerEstimate

    @property
    def report(self) -> TrackerReport:
        """The tracker and how well it is likely to find."""
        return TrackerReport.of(self.tracker, self.estimate)

    def confidence(self, z: np.ndarray) -> np.ndarray:
        """The estimated probability, of scores, that a hit is right: of the shape of ``z``, float64."""
        return odds_of_hits().confidence(z, self.learned.m)

    def found(self, turns: Sequence[Turn], z: np.ndarray) -> np.ndarray:
        """Which turns are hits: shape (n_turns,), bool. ``z``: score of each turn."""
        of_side = np.array([turn.role == self.tracker.side for turn in turns], dtype=bool)
        return np.asarray(of_side & (self.confidence(z) >= self.threshold))

    def hits(self, turns: Sequence[Turn], z: np.ndarray) -> tuple[TrackerHit, ...]:
        """The hits among the turns of a call, in its order."""
        sure = self.confidence(z)
        return tuple(
            TrackerHit(
                turn=place + 1,
                speaker=turns[place].speaker,
                role=turns[place].role,
                quote=turns[place].text,
                confidence=round(float(sure[place]), DIGITS),
            )
            for place in np.flatnonzero(self.found(turns, z)).tolist()
        )


def all_scores(ready: Sequence[FittedTracker], features: np.ndarray) -> np.ndarray:
    """The z of turns for each tracker: shape (n_turns, n_trackers), float64. What the other side said has one too."""
    z = np.empty((len(features), len(ready)))
    for side in {one.tracker.side for one in ready}:
        columns = [column for column, one in enumerate(ready) if one.tracker.side == side]
        z[:, columns] = scores([ready[column].learned for column in columns], ready[columns[0]].usual, features)
    return z


def fit(tracker: Tracker, reader: FeatureReader, usual: Background) -> FittedTracker:
    """Learns a tracker from its examples.

    Args:
        tracker: with one example or more.
        reader: gives the feature vectors.
        usual: the background of its side.
    """
    examples, counters = (rows_of(tracker.side, some, reader, usual) for some in (tracker.examples, tracker.counters))
    learned = learn(examples, counters, usual)
    odds = odds_of_hits()
    of_examples, of_counters, of_usual = (
        odds.confidence(z, learned.m) for z in (learned.of_examples, learned.of_counters, learned.of_background)
    )
    threshold, is_reached = threshold_of(of_examples, of_usual, tracker.precision)
    hits = of_usual[of_usual >= threshold]
    expected = float(hits.mean()) if len(hits) else threshold
    judged = [
        sum(sure >= threshold for sure, one in zip(some, said, strict=True) if one.turn is not None)
        for some, said in ((of_examples, tracker.examples), (of_counters, tracker.counters))
    ]
    precision, precision_interval = _share(PRIOR_HITS * expected + judged[0], PRIOR_HITS * (1 - expected) + judged[1])
    n_found = int(np.sum(of_examples >= threshold))
    recall, recall_interval = _share(0.5 + n_found, 0.5 + len(examples) - n_found)
    estimate = TrackerEstimate(
        precision=precision,
        precision_interval=precision_interval,
        recall=recall,
        recall_interval=recall_interval,
        per_1000=round(1000 * len(hits) / len(of_usual), 1),
        is_reached=is_reached,
        n_examples=len(examples),
        n_counters=len(counters),
        n_background=len(of_usual),
        background=usual.name,
    )
    return FittedTracker(tracker, learned, usual, threshold, estimate)


def rows_of(side: Side, said: Sequence[TrackerExample], reader: FeatureReader, usual: Background) -> np.ndarray:
    """What is learned of examples, each read as a turn at some places of calls: shape (n_examples, dimension)."""
    before = places(side)
    rows = np.zeros((len(said), usual.features.shape[1]))
    for row, one in enumerate(said):
        turn = Turn(speaker=side, role=side, text=one.text)
        rows[row] = usual.scaled(np.stack([reader.features([*turns, turn])[-1] for turns in before])).mean(axis=0)
    return rows


def threshold_of(of_examples: np.ndarray, of_usual: np.ndarray, wanted: float) -> tuple[float, bool]:
    """The least confidence at which hits among what is usually said are as right, on average, as wanted.

    Where no example would be found so, the threshold is what the surest of them has, and the precision isn't reached.
    """
    falling = np.sort(of_usual)[::-1]
    means = np.cumsum(falling) / np.arange(1, len(falling) + 1)  # of falling values, so they fall as well
    is_last = np.append(falling[1:] < falling[:-1], True)  # of equal values: a threshold takes all of them
    enough = np.flatnonzero(is_last & (means >= wanted))
    threshold = float(min(falling[enough[-1]], wanted)) if len(enough) else wanted
    surest = float(of_examples.max())
    return (threshold, True) if surest >= threshold else (surest, False)


def _share(n_yes: float, n_no: float) -> tuple[float, Interval]:
    """Mean and interval of a beta distribution."""
    low, high = betaincinv(n_yes, n_no, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return round(n_yes / (n_yes + n_no), DIGITS), (round(float(low), DIGITS), round(float(high), DIGITS))
