"""Where trackers are at work: how well each is likely to find, its hits in a call, and how often it hits in all."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np

from salescoach.config import Settings
from salescoach.library import CallSummary, Library
from salescoach.library.lookups import By, Group, grouped, whose_calls
from salescoach.moves.trackers.background import Background, FeatureReader, background
from salescoach.moves.trackers.fitted import FittedTracker, all_scores, fit
from salescoach.moves.trackers.kept import KeptTrackers
from salescoach.moves.trackers.results import HeardGroup, TrackerInCall, TrackerInLibrary
from salescoach.moves.trackers.tracker import Side, Tracker
from salescoach.progress import Progress, silent
from salescoach.types import Transcript

READING: Final = "Reading calls"
SAMPLE: Final = "These are machine-written example calls, so nothing here says anything about your market."
NO_CAUSE: Final = "Calls in which it comes up may differ in much else; the rates don't say that it made the difference."


class TrackerDesk:
    """Trackers with what they need to find. What is loaded or computed once is kept."""

    def __init__(self, kept: KeptTrackers, load_reader: Callable[[], FeatureReader], library: Library | None) -> None:
        """``library``: gives the background where it has enough of the team's own calls, and the calls to count in."""
        self.kept = kept
        self._load_reader = load_reader
        self._library = library
        self._usual: dict[Side, Background] = {}
        self._fitted: dict[Tracker, FittedTracker] = {}

    @classmethod
    def of(cls, settings: Settings, library: Library | None) -> "TrackerDesk":
        """The trackers of a home; the reader is loaded when it is first needed."""
        from salescoach.model.loading import load_reader  # it loads torch

        return cls(KeptTrackers(settings.trackers_file), lambda: load_reader(settings), library)

    @cached_property
    def _reader(self) -> FeatureReader:
        return self._load_reader()

    def fitted(self, tracker: Tracker) -> FittedTracker:
        """A tracker, ready to find."""
        if tracker not in self._fitted:
            if tracker.side not in self._usual:
                self._usual[tracker.side] = background(self._reader, tracker.side, self._library)
            self._fitted[tracker] = fit(tracker, self._reader, self._usual[tracker.side])
        return self._fitted[tracker]

    def in_call(self, call: Transcript, trackers: Sequence[Tracker]) -> list[TrackerInCall]:
        """The hits of each tracker in a call."""
        if not trackers:
            return []
        ready = [self.fitted(one) for one in trackers]
        z = all_scores(ready, self._reader.features(call.turns))
        return [
            TrackerInCall(tracker=one.report, hits=one.hits(call.turns, z[:, column]))
            for column, one in enumerate(ready)
        ]

    def in_library(self, trackers: Sequence[Tracker], report: Progress = silent) -> list[TrackerInLibrary]:
        """How often each tracker hits in the team's own calls or, where there are none, in the example calls.

        Calls whose vectors aren't cached yet are read, which takes a second for a few; what was read is kept.
        """
        if self._library is None or not trackers:
            return []
        ready = [self.fitted(one) for one in trackers]
        whose, calls = whose_calls(self._library.team_calls())
        n_hits = dict(self._counted(ready, [call.call_id for call in calls], report))
        return [
            TrackerInLibrary(
                tracker=one.report,
                whose=whose,
                n_calls=len(calls),
                whole=_whole(calls, found),
                by_industry=_by("industry", calls, found),
                by_month=_by("month", calls, found),
                reading=f"{SAMPLE} {NO_CAUSE}" if whose == "sample" else NO_CAUSE,
            )
            for column, one in enumerate(ready)
            for found in [{call_id: int(n[column]) for call_id, n in n_hits.items()}]
        ]

    def _counted(
        self, ready: Sequence[FittedTracker], call_ids: Sequence[str], report: Progress
    ) -> list[tuple[str, np.ndarray]]:
        """Hits of each tracker in each call: ids with shape (n_trackers,), int."""
        assert self._library is not None
        counted = []
        for number, (call_id, turns) in enumerate(self._library.turns_of(call_ids), start=1):
            z = all_scores(ready, self._reader.features(turns))
            counted.append((call_id, np.array([one.found(turns, z[:, k]).sum() for k, one in enumerate(ready)])))
            report(READING, number, len(call_ids))
        return counted


def _whole(calls: Sequence[CallSummary], n_hits: Mapping[str, int]) -> HeardGroup:
    return next(iter(_by("nothing", calls, n_hits)), HeardGroup(name="all", n_hits=0, heard=_none(), not_heard=_none()))


def _by(by: By, calls: Sequence[CallSummary], n_hits: Mapping[str, int]) -> tuple[HeardGroup, ...]:
    """Groups of calls, in the order of their names, each in two: with a hit and without one."""
    heard, not_heard = (
        {group.name: group for group in grouped([call for call in calls if bool(n_hits[call.call_id]) is has], by)}
        for has in (True, False)
    )
    hits: dict[str, int] = {}
    for call in calls:
        for group in grouped([call], by):
            hits[group.name] = hits.get(group.name, 0) + n_hits[call.call_id]
    return tuple(
        HeardGroup(
            name=name, n_hits=hits[name], heard=heard.get(name, _none(name)), not_heard=not_heard.get(name, _none(name))
        )
        for name in sorted(hits)
    )


def _none(name: str = "all") -> Group:
    return Group(name=name, n_calls=0, n_won=0, n_lost=0, n_open=0, n_accounts=0)
