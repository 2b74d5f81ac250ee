"""The turns of a call as they come: revised, twice, late or out of order -> the transcript of what is final.

A turn is known by its ``turn_order``. A final turn takes the place of whatever had its order before; one that isn't
final is only shown, and never takes the place of a final one. The transcript is read exactly as that of a file with the
same turns (``salescoach.reading.finish``); a turn of a speaker who is known costs no reading of the others.
"""

import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from salescoach.errors import InputError
from salescoach.reading.drafts import ReadCall, ReadTurn
from salescoach.reading.finish import to_transcript
from salescoach.reading.limits import MAX_CALL_CHARS, MAX_LABEL_CHARS, MAX_TURN_CHARS, MAX_TURNS
from salescoach.reading.team import Team
from salescoach.reading.texts import clean, listed
from salescoach.types import Frozen, Role, Transcript, Turn

MAX_ORDER: Final = 1_000_000
MAX_SECONDS: Final = 86_400.0
MAX_SPEAKERS: Final = 100  # each new one has all sides told anew


class LiveTurn(Frozen):
    """What somebody says, as it is understood so far. Times are seconds from the start of the call."""

    turn_order: int = Field(ge=0, le=MAX_ORDER)
    speaker: str = Field(min_length=1, max_length=4 * MAX_LABEL_CHARS)
    role: Role | None = None
    text: str = Field(max_length=MAX_TURN_CHARS)
    start_s: float | None = Field(None, ge=0, le=MAX_SECONDS, allow_inf_nan=False)
    end_s: float | None = Field(None, ge=0, le=MAX_SECONDS, allow_inf_nan=False)
    final: bool


@dataclass(frozen=True)
class TurnsNow:
    """The final turns with words at one moment: their orders, rising, and the turns."""

    orders: Sequence[int]
    turns: Sequence[Turn]


class LiveTurns:
    """The turns of one call. ``put`` may be called while another thread makes a transcript."""

    def __init__(self, rep: Sequence[str] = ()) -> None:
        """``rep``: who is on our side, names or a saved ``Team``; they need not have spoken yet."""
        self._rep = rep
        self._lock = threading.Lock()
        self._final: dict[int, LiveTurn] = {}
        self._open: dict[int, LiveTurn] = {}
        self._orders: list[int] = []  # of the final ones with words, rising
        self._n_chars = 0
        self._speakers: set[str] = set()
        self._made: dict[int, tuple[LiveTurn, Turn]] = {}
        self._sides: dict[tuple[str, Role | None], tuple[str, Role]] = {}
        self._has_new_voices = False

    def put(self, turn: LiveTurn) -> bool:
        """Takes a turn; says whether anything has changed by it.

        Raises:
            InputError: the call is full; the turn is left out.
        """
        turn = turn.model_copy(update={"text": clean(turn.text)[0].strip(), "speaker": clean(turn.speaker)[0].strip()})
        order = turn.turn_order
        with self._lock:
            before = self._final.get(order)
            if before == turn or (before is not None and not turn.final) or self._open.get(order) == turn:
                return False
            self._check(turn, before)
            self._speakers.add(turn.speaker)
            if not turn.final:
                self._open[order] = turn
                return True
            self._open.pop(order, None)
            self._final[order] = turn
            # Whoever is taken out of a call may change on which side the others are, as a new speaker may.
            self._has_new_voices |= before is not None and (_voice(before) != _voice(turn) or not turn.text)
            self._n_chars += len(turn.text) - len(before.text if before else "")
            at = bisect_left(self._orders, order)
            is_there = at < len(self._orders) and self._orders[at] == order
            if is_there and not turn.text:
                del self._orders[at]
            elif turn.text and not is_there:
                self._orders.insert(at, order)
            return True

    @property
    def last_order(self) -> int | None:
        """The highest that is final; None before there is one."""
        with self._lock:
            return max(self._final, default=None)

    def latest(self, order: int) -> LiveTurn | None:
        """What is known of a turn, final or not."""
        with self._lock:
            return self._final.get(order) or self._open.get(order)

    def all(self) -> list[LiveTurn]:
        """Everything that is known, in order, final or not."""
        with self._lock:
            known = {**self._open, **self._final}
        return [known[order] for order in sorted(known)]

    def now(self) -> TurnsNow:
        """The final turns as they are. Not for several threads at a time."""
        with self._lock:
            orders = list(self._orders)
            said = [self._final[order] for order in orders]
            is_stale, self._has_new_voices = self._has_new_voices, False
        new = [turn for turn in said if self._kept(turn) is None]
        if is_stale or any(_voice(turn) not in self._sides for turn in new):
            self._make_all(said)
        else:
            for turn in new:
                speaker, role = self._sides[_voice(turn)]
                self._made[turn.turn_order] = (turn, _turn(turn, speaker, role))
        return TurnsNow(orders, [self._made[order][1] for order in orders])

    def whole(self, call_id: str | None) -> Transcript:
        """The call as it is read from a file with the same turns, with what there is to warn of.

        Raises:
            TranscriptError: nobody has said anything.
        """
        with self._lock:
            said = [self._final[order] for order in self._orders]
        ours = self._who_speaks(said)
        call = to_transcript(_read(said), rep=ours, call_id=call_id)
        missing = [name for name in self._rep if name not in ours]
        if not missing:
            return call
        told = f"Roles: {listed(f'“{name}”' for name in missing)} can't be told from the speakers of this call."
        return call.model_copy(update={"warnings": (*call.warnings, told)})

    def _kept(self, turn: LiveTurn) -> Turn | None:
        found = self._made.get(turn.turn_order)
        return found[1] if found is not None and found[0] is turn else None

    def _make_all(self, said: Sequence[LiveTurn]) -> None:
        """All turns anew, as a new speaker may change on which side the others are."""
        if not said:
            self._sides, self._made = {}, {}
            return
        turns = to_transcript(_read(said), rep=self._who_speaks(said)).turns
        self._sides = {_voice(one): (turn.speaker, turn.role) for one, turn in zip(said, turns, strict=True)}
        self._made = {one.turn_order: (one, turn) for one, turn in zip(said, turns, strict=True)}

    def _who_speaks(self, said: Sequence[LiveTurn]) -> Sequence[str]:
        """Who of our side can be told by now; names are strict with a file, of which everything is there."""
        if isinstance(self._rep, Team) or not self._rep:
            return self._rep
        first = {one.speaker: one for one in reversed(said)}
        return [name for name in self._rep if _is_meant(name, list(first.values()))]

    def _check(self, turn: LiveTurn, before: LiveTurn | None) -> None:
        if before is None and len(self._final) + len(self._open) >= 2 * MAX_TURNS:
            raise InputError(f"This call has {2 * MAX_TURNS:,} turns already; end it, and begin another one.")
        if turn.text and turn.final and (before is None or not before.text) and len(self._orders) >= MAX_TURNS:
            raise InputError(f"A call has at most {MAX_TURNS:,} turns; end this one, and begin another one.")
        if self._n_chars + len(turn.text) - len(before.text if before else "") > MAX_CALL_CHARS:
            raise InputError(f"A call has at most {MAX_CALL_CHARS:,} characters; end this one, and begin another one.")
        if not turn.speaker:
            raise InputError("A turn needs a speaker with a name that can be seen.")
        if turn.speaker not in self._speakers and len(self._speakers) >= MAX_SPEAKERS:
            raise InputError(f"A call has at most {MAX_SPEAKERS} speakers; give each one the same name all along.")


def _voice(turn: LiveTurn) -> tuple[str, Role | None]:
    return turn.speaker, turn.role


def _read(said: Sequence[LiveTurn]) -> ReadCall:
    return ReadCall(turns=[ReadTurn(one.speaker, one.text, one.start_s, one.end_s, one.role) for one in said])


def _turn(said: LiveTurn, speaker: str, role: Role) -> Turn:
    read = ReadTurn(speaker, said.text)
    return Turn(speaker=speaker, role=role, text=read.text, start_s=said.start_s, end_s=said.end_s)


def _is_meant(name: str, said: Sequence[LiveTurn]) -> bool:
    """Whether a name means somebody who has spoken."""
    if not said:
        return False
    try:
        to_transcript(_read([one.model_copy(update={"text": "…"}) for one in said]), rep=[name])
    except InputError:
        return False
    return True
