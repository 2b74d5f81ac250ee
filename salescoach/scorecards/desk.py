"""Where scorecards are made: the reader and the trackers that playbooks rest on, loaded when they are first needed."""

from collections.abc import Callable
from functools import cached_property

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.moves.reader import EncoderReader
from salescoach.moves.trackers.desk import TrackerDesk
from salescoach.moves.trackers.fitted import FittedTracker, all_scores
from salescoach.scorecards.heads import bundled_heads
from salescoach.scorecards.judge import HeardCall, judge_call
from salescoach.scorecards.playbook import Playbook
from salescoach.scorecards.results import Scorecard
from salescoach.types import Transcript


class ScorecardDesk:
    """Makes scorecards. The same call by the same playbook gives the same card."""

    def __init__(self, load_reader: Callable[[], EncoderReader], trackers: TrackerDesk | None) -> None:
        """``trackers``: those that a playbook of one's own may rest on."""
        self._load_reader = load_reader
        self._trackers = trackers

    @classmethod
    def of(cls, settings: Settings, trackers: TrackerDesk | None) -> "ScorecardDesk":
        """With the reader that comes with the coach."""
        from salescoach.model.loading import load_reader  # it loads torch

        return cls(lambda: load_reader(settings), trackers)

    @cached_property
    def _reader(self) -> EncoderReader:
        return self._load_reader()

    def score(self, call: Transcript, playbook: Playbook) -> Scorecard:
        """The scorecard of a call.

        Raises:
            InputError: a tracker that the playbook names isn't there, or is for the other side.
            ModelError: the reader is missing or damaged.
        """
        ready = {one.tracker: self._fitted(one.name, one.tracker) for one in playbook.criteria if one.tracker}
        turns = call.turns
        sure = {
            name: (one, one.confidence(all_scores([one], self._reader.features(turns))[:, 0]))
            for name, one in ready.items()
        }
        heard = HeardCall(call, self._reader.probabilities(turns), self._reader.thresholds, sure)
        return judge_call(playbook, heard, bundled_heads())

    def _fitted(self, criterion: str, tracker: str) -> FittedTracker:
        if self._trackers is None:
            raise InputError(
                f"The criterion {criterion!r} rests on the tracker {tracker!r}, and there are no trackers."
            )
        try:
            return self._trackers.fitted(self._trackers.kept.get(tracker))
        except InputError as error:
            raise InputError(f"The criterion {criterion!r} can't be judged: {error}") from None
