"""Deals of a library: its open accounts with what was read and scored of their calls. What has no score is scored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from salescoach.deals.board import DealBoard, deal_board, open_calls
from salescoach.deals.cadence import gaps
from salescoach.deals.calls import AccountCall
from salescoach.errors import InputError
from salescoach.library import Library, score_log
from salescoach.model.artifact import Manifest
from salescoach.progress import Progress, silent
from salescoach.types import Score, Transcript

REP_LOOKUPS_ARE_OFF: Final = (
    "Deals by rep are switched off, as the coach judges calls, not people; set COACH_REP_LOOKUPS=true where your team "
    "has agreed to them."
)

ScoreCall = Callable[[Transcript], Score]


@dataclass(frozen=True)
class DealFilter:
    """Which deals, on which day.

    ``rep``: only deals with a call of this rep; ``also_closed``: those that were won or lost, too.
    """

    today: date
    rep: str | None = None
    also_closed: bool = False


@dataclass(frozen=True)
class DealDesk:
    """What deals are looked up with.

    ``manifest``: of the model whose scores count; ``score``: scores a call by it; ``rep_lookups``: whether deals may be
    looked up by rep.
    """

    library: Library
    manifest: Manifest
    score: ScoreCall
    rep_lookups: bool = False

    def calls(self, wanted: DealFilter) -> dict[str, list[AccountCall]]:
        """The calls of each deal in order of time, without what was heard in them.

        The team's own, where there are any, else the example calls.

        Raises:
            InputError: a rep is asked for and that is switched off, or has no deal.
        """
        if wanted.rep is not None and not self.rep_lookups:
            raise InputError(REP_LOOKUPS_ARE_OFF)
        return self._chosen(self._until(wanted.today), wanted)

    def board(
        self, wanted: DealFilter, *, at_most: int | None = None, report: Progress = silent
    ) -> tuple[DealBoard, list[tuple[Transcript, Score]]]:
        """The deals, the most urgent first, and the scores that were made for it.

        Args:
            wanted: which deals, and the day to look at them from.
            at_most: calls that are scored anew, the latest ones; default: all that have no score yet.
            report: is told how far the scoring is.

        Raises:
            InputError: as ``calls``.
        """
        all_calls = self._until(wanted.today)
        deals = self._chosen(all_calls, wanted)
        heard = self.library.heard_in([call for own in deals.values() for call in own])
        deals = {
            account: known
            for account, own in deals.items()
            if (known := [heard[call.call_id] for call in own if call.call_id in heard])
        }
        probabilities = self._logged()
        missing = [call for own in deals.values() for call in own if call.content_hash not in probabilities]
        missing = sorted(missing, key=lambda call: (call.at, call.call_id), reverse=True)[:at_most]
        scored = []
        for done, call in enumerate(missing, start=1):
            transcript = self.library.get(call.call_id).transcript
            score = self.score(transcript)
            probabilities[call.content_hash] = score.probability
            scored.append((transcript, score))
            report("scoring calls", done, len(missing))
        return deal_board(deals, _gaps(all_calls), probabilities, self.library.texts_of, wanted.today), scored

    def _chosen(self, calls: Sequence[AccountCall], wanted: DealFilter) -> dict[str, list[AccountCall]]:
        if wanted.rep is not None and not self.rep_lookups:
            raise InputError(REP_LOOKUPS_ARE_OFF)
        deals = open_calls(calls, also_closed=wanted.also_closed)
        if wanted.rep is None:
            return deals
        theirs = {account: own for account, own in deals.items() if any(call.rep_id == wanted.rep for call in own)}
        if not theirs:
            known = sorted({call.rep_id for own in deals.values() for call in own if call.rep_id})
            raise InputError(
                f"No deal has a call of {wanted.rep!r}; there are deals of: {', '.join(known) or 'nobody'}."
            )
        return theirs

    def _until(self, today: date) -> list[AccountCall]:
        """The calls that count, as far as they had taken place on a day."""
        calls: Sequence[AccountCall] = self.library.account_calls()
        own = [call for call in calls if call.provenance != "sample"]
        return [call for call in own or calls if call.at.date() <= today]

    def _logged(self) -> dict[str, float | None]:
        """The newest probability of each call by content hash, as the model and its default arm gave it."""
        counts = (self.manifest.model_id, self.manifest.scorer)
        log = score_log.read(self.library.file)
        return {one.content_hash: one.probability for one in log if (one.model_id, one.scorer) == counts}


def _gaps(calls: Sequence[AccountCall]) -> list[float]:
    """Days between two calls, of all accounts."""
    times: dict[str, list[datetime]] = {}
    for call in calls:
        if call.is_dated:
            times.setdefault(call.account_id, []).append(call.at)
    return [gap for own in times.values() for gap in gaps(own)]
