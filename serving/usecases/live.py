"""A call that goes on: turns come in, the standing and now and then a cue come out, at the end the whole score.

``LiveCall`` is a state machine without a door: a WebSocket drives it (``serving.api.live``), and so does a replay
(``serving.usecases.live_replay``). The score after ``end`` is made by the very function that scores a file.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from salescoach.errors import InputError
from salescoach.model.abstention import is_english
from salescoach.model.running import RunningCall
from salescoach.model.scoring import CallScorer
from salescoach.moves.results import ReadMove
from salescoach.redact.our_words import Ours
from salescoach.types import Frozen, Score, Transcript, Turn
from serving.usecases.live_cues import CallNow, CuePace, LiveCue, Usual, candidates, share_of_rep
from serving.usecases.live_precedents import PastCallsOf
from serving.usecases.live_turns import LiveTurn, LiveTurns
from serving.usecases.score_log import Log

MAX_PLANNED_S: Final = 86_400.0


class TurnRead(Frozen):
    """What a turn does, as the turns before it now are. ``turn``: its number among the final ones, from 1."""

    turn_order: int
    turn: int
    moves: tuple[ReadMove, ...]


class LiveUpdate(Frozen):
    """How a call stands after the turn ``turn_order``, the newest that came.

    ``moves``: of that turn; ``read``: of all turns that were read since the last update, that one among them. Where
    turns come faster than they are read there is one update for several: the newest counts. ``talk_share``: the rep's
    words / words of both sides.
    """

    type: Literal["update"] = "update"
    turn_order: int
    probability: float | None
    interval: tuple[float, float] | None
    abstained: bool
    reasons: Ours[tuple[str, ...]]
    n_turns: int
    talk_share: float | None
    moves: tuple[ReadMove, ...]
    read: tuple[TurnRead, ...]
    cues: tuple[LiveCue, ...]


@dataclass(frozen=True)
class LiveParts:
    """What running calls share: the scorer and, where there is a library, what past calls say."""

    scorer: CallScorer
    past: PastCallsOf | None = None
    log: Log | None = None


def warm_up(parts: LiveParts) -> None:
    """Loads what the first turn of the first call would have to wait for: the move reader, the language identifier."""
    said = "Good morning, and thank you for taking the time to talk to us today."
    RunningCall(parts.scorer).follow([Turn(speaker="Rep", role="rep", text=said)])
    is_english(Transcript(turns=(Turn(speaker="Rep", role="rep", text=said),)))


class LiveCall:
    """One call from ``begin`` to ``end``. ``put`` may be called at any time; all else is for one thread at a time."""

    def __init__(
        self,
        parts: LiveParts,
        call_id: str,
        *,
        rep: Sequence[str] = (),
        planned_s: float | None = None,
        usual: Usual | None = None,
        clock: Callable[[], float],
    ) -> None:
        """A call that begins.

        Args:
            parts: what it is scored with.
            call_id: names it.
            rep: who is on our side, names or a saved ``Team``.
            planned_s: how long it is to last, where that is known.
            usual: how much reps speak in won calls, where that is known.
            clock: seconds that only go forward, such as ``time.monotonic``.

        Raises:
            ModelError: the move reader can't be loaded.
        """
        self.call_id = call_id
        self.score: Score | None = None
        self.turns = LiveTurns(rep)
        self.pace = CuePace()
        self.updates: list[LiveUpdate] = []
        self._parts = parts
        self._planned_s = planned_s
        self._clock = clock
        self._running = RunningCall(parts.scorer)
        self._usual = usual
        self._call_s: float | None = None
        self._newest: int | None = None  # the order of the final turn that came last
        self._n_changes = 0
        self._n_followed = 0
        self._is_ending = False
        self._lock = threading.Lock()

    def put(self, turn: LiveTurn) -> bool:
        """Takes a turn; says whether there is an update to make.

        Raises:
            InputError: the call has ended, or is full; the turn is left out.
        """
        with self._lock:
            if self.score is not None or self._is_ending:
                raise InputError("This call has ended; begin another one, with a call_id of its own.")
            changed = self.turns.put(turn)
            if changed and turn.final:
                self._newest = turn.turn_order
                self._n_changes += 1
            return changed and turn.final

    @property
    def is_behind(self) -> bool:
        """Whether something has come that no update tells of."""
        return self._n_followed != self._n_changes

    def update(self) -> LiveUpdate | None:
        """How the call stands now; None where no turn is final yet, or the call has ended.

        Raises:
            ModelError: a number came out that is not finite.
        """
        with self._lock:
            n_changes, newest = self._n_changes, self._newest
        if newest is None or self.score is not None:
            return None
        now = self.turns.now()
        read = self._running.follow(now.turns)
        standing = self._running.standing()
        self._call_s = _call_time(now.turns, read, self._call_s)
        given = self._cue()
        seen = tuple(
            TurnRead(turn_order=now.orders[row], turn=row + 1, moves=self._running.reading.moves(row)) for row in read
        )
        found = LiveUpdate(
            turn_order=newest,
            probability=standing.probability,
            interval=standing.interval,
            abstained=standing.probability is None,
            reasons=standing.reasons,
            n_turns=len(now.turns),
            talk_share=share_of_rep(self._running.reading.words),
            moves=next((one.moves for one in seen if one.turn_order == newest), ()),
            read=seen,
            cues=() if given is None else (given,),
        )
        self.updates.append(found)
        self._n_followed = n_changes
        return found

    def end(self) -> Score:
        """The score of the whole call, as that of a file with the same turns; the same one however often asked.

        Raises:
            TranscriptError: nobody has said anything; the call goes on.
            ModelError: a number came out that is not finite; the call goes on.
        """
        if self.score is None:
            with self._lock:
                self._is_ending = True
            try:
                transcript = self.turns.whole(self.call_id)
                self._running.follow(transcript.turns)
                score = self._parts.scorer.score(transcript, vectors=self._running.vectors, with_exchanges=True)
                if self._parts.log is not None:
                    self._parts.log([(transcript, score)])
                self.score = score
            finally:
                self._is_ending = False
        return self.score

    def _cue(self) -> LiveCue | None:
        past = self._parts.past
        moment = CallNow(
            call_id=self.call_id,
            reading=self._running.reading,
            call_s=self._call_s,
            planned_s=self._planned_s,
            usual=self._usual,
            find_answer=None if past is None else past.answer,
        )
        return self.pace.choose(candidates(moment), self._call_s, self._clock())


def _call_time(turns: Sequence[Turn], read: Sequence[int], before: float | None) -> float | None:
    """Seconds of the call so far by its newest turns; it never goes back."""
    times = [time for row in read for time in (turns[row].start_s, turns[row].end_s) if time is not None]
    if not times:
        return before
    return max([*times, *([] if before is None else [before])])
