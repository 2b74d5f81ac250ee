"""The scorecard of a call, by a bundled playbook or one's own."""

from salescoach.config import Settings
from salescoach.scorecards.desk import ScorecardDesk
from salescoach.scorecards.playbook import read_playbook
from salescoach.scorecards.results import Scorecard
from salescoach.types import Transcript
from serving.usecases.trackers import tracker_desk


def score_by_playbook(settings: Settings, call: Transcript, playbook: str) -> Scorecard:
    """Judges a call.

    Args:
        settings: name the reader's cache and the trackers.
        call: the call, which need not be in the library.
        playbook: the name of a bundled one, or a YAML file.

    Raises:
        InputError: there is no such playbook, something in its file can't be used, or a tracker it names isn't there.
        ModelError: the move reader is missing or damaged.
    """
    chosen = read_playbook(playbook)
    with tracker_desk(settings) as trackers:
        return ScorecardDesk.of(settings, trackers).score(call, chosen)
