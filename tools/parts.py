"""What tools are made of, and how numbers are put for people."""

from dataclasses import dataclass
from typing import Literal

from salescoach.advice.missed import unsettled_concern
from salescoach.advice.sure import SureCall
from salescoach.errors import InputError
from salescoach.library import Library
from salescoach.library.precedents import CallIndex
from salescoach.model.scoring import DIGITS, Scorer
from salescoach.moves.results import CallMoves
from salescoach.moves.trackers.desk import TrackerDesk
from salescoach.scorecards.desk import ScorecardDesk
from salescoach.types import Frozen, LabelledCall, Role, Turn

Direction = Literal["raised", "lowered", "did not move"]


@dataclass(frozen=True)
class Parts:
    """Everything a tool may read.

    ``rep_lookups``: whether numbers may be asked for by rep; ``trackers``, ``scorecards``: None where there are none.
    """

    library: Library
    scorer: Scorer
    index: CallIndex
    rep_lookups: bool = False
    trackers: TrackerDesk | None = None
    scorecards: ScorecardDesk | None = None


class QuotedTurn(Frozen):
    """A turn of the call that is talked about, with the marker that cites it."""

    marker: str
    turn: int
    speaker: str
    role: Role
    quote: str


def scored_by(scorer: Scorer) -> str | None:
    """By which method a number was made, as a sentence, where it isn't the model's own way; else None."""
    if scorer.method is None:
        return None
    return (
        f"Scored by likeness to won and lost calls ({scorer.method}), not by the model's default "
        f"({scorer.manifest.scorer}); don't compare the two."
    )


def quoted_turn(call: LabelledCall, turn: int) -> QuotedTurn:
    """Turn number ``turn`` of a call, from 1.

    Raises:
        InputError: the call has no such turn.
    """
    said = numbered_turn(call, turn)
    return QuotedTurn(marker=turn_marker(turn), turn=turn, speaker=said.speaker, role=said.role, quote=said.text)


def percent(share: float) -> int:
    """A share in [0, 1] as whole percent; 0 and 100 are kept for what is certain."""
    if 0 < share < 1:
        return min(max(round(100 * share), 1), 99)
    return round(100 * share)


def points(effect: float) -> float:
    """A difference of probabilities in percentage points, without its sign, with one decimal."""
    return round(100 * abs(round(effect, DIGITS)), 1)


def direction(effect: float) -> Direction:
    """Which way a difference of probabilities goes, as far as its points show it."""
    if points(effect) == 0:
        return "did not move"
    return "raised" if effect > 0 else "lowered"


def numbered_turn(call: LabelledCall, turn: int) -> Turn:
    """Turn number ``turn`` of a call, from 1.

    Raises:
        InputError: the call has no such turn.
    """
    turns = call.transcript.turns
    if not 1 <= turn <= len(turns):
        raise InputError(f"Call {call.call_id} has the turns 1 to {len(turns)}; there is no turn {turn}.")
    return turns[turn - 1]


def turn_marker(turn: int) -> str:
    """How an answer points to a turn of the call that is talked about."""
    return f"[T{turn}]"


def call_marker(call_id: str, turn_start: int, turn_end: int) -> str:
    """How an answer points to a moment of a past call."""
    turns = f"T{turn_start}" if turn_start == turn_end else f"T{turn_start}–{turn_end}"
    return f"[call {call_id}, {turns}]"


def moves_of(parts: Parts, call: LabelledCall) -> CallMoves | None:
    """What the scorer's reader makes of a call, read anew only where the library hasn't kept it; None without one."""
    reader = parts.scorer.reader
    if reader is None:
        return None
    kept = parts.library.moves_of(call.call_id)
    return kept if kept is not None and kept.model_id == reader.model_id else reader.read(call.transcript)


def reader_of(parts: Parts) -> str | None:
    """The id of the scorer's reader, by which the library's calls are compared; None without one."""
    return None if parts.scorer.reader is None else parts.scorer.reader.model_id


def objected(parts: Parts, call: LabelledCall) -> int | None:
    """The turn that stands for what the customer has against it, None where there is no such turn.

    It is the concern that advice is given on, else the one that, with its answer, lowered the score most, else the
    first that nobody took up. In a call without any of these it is the customer's turn that lowered the score most,
    else the one that moved it most, else any.
    """
    moves = moves_of(parts, call)
    concerns = () if moves is None else moves.objections
    unsettled = None if moves is None else unsettled_concern(SureCall(call.transcript, moves))
    if unsettled is not None:
        return unsettled
    score = parts.scorer.score(call.transcript, with_exchanges=bool(concerns))
    lowering = [one.turns for one in sorted(score.exchanges, key=lambda one: one.effect) if one.effect < 0]
    raised = [concern.turn for turns in lowering for concern in concerns if concern.turn in turns]
    still_open = [concern.turn for concern in concerns if concern.handled_at is None]
    customers = [one for one in score.evidence if one.role != "rep"]
    lowered = [one.turn for one in customers if one.effect < 0]
    moved = [one.turn for one in (*customers, *score.evidence)]
    return next(iter([*raised, *still_open, *lowered, *moved]), None)
