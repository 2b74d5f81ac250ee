"""The queue "is this right?" about moves: the calls of the team, read one after another for what is unsure in them."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.labels.answers import LabelQuestion
from salescoach.labels.queue import most_unsure, move_questions
from salescoach.library import CallSummary, Library, label_log
from salescoach.library.lookups import whose_calls
from salescoach.model.loading import BundledReader
from salescoach.types import Frozen
from serving.usecases.lost_library import check_library

N_CALLS: Final = 200  # that are looked through for the queue, the latest ones


class LabelQueue(Frozen):
    """Questions, the one that the coach is least sure of first."""

    questions: tuple[LabelQuestion, ...]


class QueueReading:
    """The queue about moves while calls are read for it, a few at a time: another's work can come between.

    Reading a call for the first time takes about a second. What was read is kept, so that the next time takes little.
    """

    def __init__(self, settings: Settings, rater: str, reader: BundledReader | None = None) -> None:
        """Looks which calls there are.

        Args:
            settings: name library and reader.
            rater: who is asked.
            reader: of a process that has one; default: the settings' own.

        Raises:
            CoachError: there is no library.
        """
        check_library(settings, must_exist=True)
        self._settings = settings
        self._rater = rater
        self._reader = reader or BundledReader(settings)
        with Library(settings.library_file, create=False) as library:
            self._left = [one.call_id for one in latest_calls(library)]
        self._questions: list[LabelQuestion] = []
        self.n_calls = len(self._left)

    @property
    def n_left(self) -> int:
        """How many calls are still to be read."""
        return len(self._left)

    def read(self, n_calls: int) -> None:
        """Reads the next calls; one that was deleted meanwhile is left out.

        Raises:
            ModelError: the move reader is missing or damaged.
        """
        reader, now_read = self._reader.loaded, self._left[:n_calls]
        with Library(self._settings.library_file, create=False) as library:
            for call_id in now_read:
                with suppress(InputError):
                    call = library.get(call_id)
                    p = reader.probabilities(call.transcript.turns)
                    self._questions += move_questions(call, p, reader.thresholds, reader.model_id)
        del self._left[:n_calls]

    def queue(self, n: int, besides: Iterable[LabelQuestion] = ()) -> LabelQueue:
        """What to ask next, of the calls that were read: nothing that the person has answered by now.

        Args:
            n: how many questions, at most.
            besides: questions that aren't asked again, such as those that were skipped.
        """
        known = answered_by(self._settings, self._rater)
        known += [(one.content_hash, one.turn, one.subject) for one in besides]
        return LabelQueue(questions=most_unsure(self._questions, n, answered=known))


def answered_by(settings: Settings, rater: str) -> list[tuple[str, int, str]]:
    """What a person has answered: content hash, turn and subject."""
    given = label_log.all_labels(settings.library_file)
    return [(one.content_hash, one.turn, one.subject) for one in given if one.rater == rater]


def latest_calls(library: Library, n: int = N_CALLS) -> list[CallSummary]:
    """The team's own calls, or the example calls where there are none: the latest ``n``, the last one first."""
    _, calls = whose_calls(library.team_calls())
    dated = sorted(calls, key=lambda call: (call.started_at is not None, call.started_at, call.call_id), reverse=True)
    return dated[:n]
