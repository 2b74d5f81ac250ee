"""What is said to a rep while the call goes on: few things, each with its reason.

A cue is one of ``CUES``. There is at most one in ``PAUSE_S`` seconds, by the times of the turns or, where these have
none, by the clock; none is given twice. After a customer's refusal nothing is said any more that would have the rep
press on, unless the customer commits to something later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from salescoach.moves.heads import CONCERN
from salescoach.moves.objections import kind_of
from salescoach.moves.running import RunningReading
from salescoach.moves.taxonomy import MOVES, OBJECTIONS, ObjectionKind
from salescoach.redact.our_words import Ours
from salescoach.types import Frozen, Turn

CueKind = Literal["refusal", "concern", "open_concern", "next_step", "talk_share"]
PUSHES: Final[frozenset[CueKind]] = frozenset({"concern", "open_concern", "next_step"})

PAUSE_S: Final = 60.0
SURE: Final = 0.7  # of a concern or a refusal: calibrated, so that seven in ten or more are right
SURE_OF_KIND: Final = 0.4
FRESH_TURNS: Final = 3  # in which a concern is news
OPEN_AFTER: Final = 4  # turns after a concern, two of them the rep's, in which it may still be taken up
OPEN_WITHIN: Final = 16
TO_GO_S: Final = 240.0  # from when on a next step is missed,
TO_GO_SHARE: Final = 0.25  # in a short call later
LATE_S: Final = 1_200.0  # without a planned end, when a next step is missed
LATE_TURNS: Final = 80  # the same where turns have no times
RECENT_S: Final = 300.0
RECENT_TURNS: Final = 24  # where turns have no times
MIN_RECENT_WORDS: Final = 150
DRIFT: Final = 0.15  # above what is usual for won calls, else above what it was before
MIN_SHARE: Final = 0.65
_REFUSAL, _COMMITMENT = MOVES.index("refusal"), MOVES.index("commitment")
_CALLED: Final[dict[ObjectionKind, str]] = {
    "price": "price concern",
    "timing": "concern about the time",
    "need": "doubt about the need",
    "fit": "concern about the fit",
    "trust": "concern about trust",
    "authority": "concern about who decides",
    "competitor": "concern about another offer",
    "stall": "putting off",
}


class LiveCue(Frozen):
    """One thing said to the rep, and why.

    ``quote``: verbatim, from turn ``turn`` (from 1) of the call ``call_id``: a past call, or the one that goes on.
    """

    kind: CueKind
    text: Ours[str]
    quote: str | None = None
    call_id: str | None = None
    turn: int | None = None


class PastAnswer(Frozen):
    """What the rep of a won call answered to a concern of the same kind, at turn ``turn`` of it."""

    call_id: str
    turn: int
    quote: str


@dataclass(frozen=True)
class Usual:
    """The rep's share of words in the middle half of won calls, and whose calls they are, such as "the team's"."""

    low: float
    high: float
    whose: str


FindAnswer = Callable[[Sequence[Turn], int, ObjectionKind], PastAnswer | None]


@dataclass(frozen=True)
class CallNow:
    """What cues are made from: a call as it stands.

    ``call_s``: seconds of the call, None where the newest turn has no time; ``planned_s``: how long it is to last.
    """

    call_id: str
    reading: RunningReading
    call_s: float | None = None
    planned_s: float | None = None
    usual: Usual | None = None
    find_answer: FindAnswer | None = None

    @property
    def turns(self) -> Sequence[Turn]:
        return self.reading.turns


@dataclass(frozen=True)
class PossibleCue:
    """A cue that might be given. ``key``: what it is about, so that none is given twice; ``make`` looks up the rest."""

    kind: CueKind
    key: str
    make: Callable[[], LiveCue | None]


class CuePace:
    """Which cues of a call were given, and whether it is time for another."""

    def __init__(self) -> None:
        self.given: list[LiveCue] = []
        self._keys: set[tuple[CueKind, str]] = set()
        self._last: tuple[float | None, float] | None = None

    def choose(self, candidates: Sequence[PossibleCue], call_s: float | None, clock_s: float) -> LiveCue | None:
        """The first that may be given now, if any; it counts as given.

        Args:
            candidates: the most urgent first.
            call_s: seconds of the call by its turns, None where they have no times; never less than before.
            clock_s: seconds by a clock that only goes forward.
        """
        if self._last is not None and self._since(call_s, clock_s) < PAUSE_S:
            return None
        for one in candidates:
            if (one.kind, one.key) in self._keys or (cue := one.make()) is None or self._was_said(cue):
                continue
            self.given.append(cue)
            self._keys.add((one.kind, one.key))
            self._last = (call_s, clock_s)
            return cue
        return None

    def _since(self, call_s: float | None, clock_s: float) -> float:
        assert self._last is not None
        last_s, last_clock_s = self._last
        return clock_s - last_clock_s if call_s is None or last_s is None else call_s - last_s

    def _was_said(self, cue: LiveCue) -> bool:
        return any(one.text == cue.text or (cue.quote is not None and one.quote == cue.quote) for one in self.given)


def candidates(moment: CallNow) -> list[PossibleCue]:
    """What might be said now, the most urgent first."""
    if not len(moment.turns):
        return []
    refused_at = refused(moment.reading)
    if refused_at is not None:
        return [*_refusal(moment, refused_at), *_talk_share(moment)]
    return [*_concern(moment), *_open_concern(moment), *_next_step(moment), *_talk_share(moment)]


def refused(reading: RunningReading) -> int | None:
    """The turn, from 0, at which the customer refused; None where they did not, or committed to something later."""
    # At the reader's own threshold: where a refusal is but likely, it is better to say nothing than to press on.
    refusals, commitments = (np.flatnonzero(reading.above[:, move]) for move in (_REFUSAL, _COMMITMENT))
    if not len(refusals) or (len(commitments) and commitments[-1] > refusals[-1]):
        return None
    return int(refusals[-1])


def share_of_rep(words: np.ndarray) -> float | None:
    """The rep's words / words of both sides; None unless both have spoken.

    Args:
        words: of turns, as ``salescoach.moves.running`` counts them.
    """
    rep, customer = words.sum(axis=0).tolist() if len(words) else (0, 0)
    return rep / (rep + customer) if rep and customer else None


def _refusal(moment: CallNow, at: int) -> list[PossibleCue]:
    if moment.reading.p[at, _REFUSAL] < SURE:
        return []
    said = moment.turns[at].text

    def make() -> LiveCue:
        text = f"The customer said no at turn {at + 1}. Nothing that presses on is suggested any more."
        return LiveCue(kind="refusal", text=text, quote=said, call_id=moment.call_id, turn=at + 1)

    return [PossibleCue("refusal", "", make)]


def _concern(moment: CallNow) -> list[PossibleCue]:
    """A concern that was just raised: how won calls answered the like."""
    first = max(0, len(moment.turns) - FRESH_TURNS)
    return [_answered(moment, row) for row in reversed(_concerns_since(moment, first))]


def _answered(moment: CallNow, row: int) -> PossibleCue:
    kind = _kind(moment, row)

    def make() -> LiveCue:
        found = moment.find_answer(moment.turns, row, kind) if moment.find_answer and kind else None
        what = _upper(_CALLED[kind]) if kind else "A concern"
        if found is None:
            text = f"{what} at turn {row + 1}: take it up before you go on."
            return LiveCue(
                kind="concern", text=text, quote=moment.turns[row].text, call_id=moment.call_id, turn=row + 1
            )
        text = f"{what} at turn {row + 1}: a won call answered like this."
        return LiveCue(kind="concern", text=text, quote=found.quote, call_id=found.call_id, turn=found.turn)

    return PossibleCue("concern", kind or "", make)


def _open_concern(moment: CallNow) -> list[PossibleCue]:
    """A concern that the rep has spoken past."""
    n_turns = len(moment.turns)
    since, until = max(0, n_turns - OPEN_WITHIN), n_turns - OPEN_AFTER
    sure = [row for row in _concerns_since(moment, since) if row < until and _has_answered_since(moment, row)]
    if not sure:
        return []
    handled = {one.turn - 1: one.handled for one in moment.reading.concerns(since)}
    return [_still_open(moment, row) for row in sure if handled.get(row) == "not"]


def _still_open(moment: CallNow, row: int) -> PossibleCue:
    kind = _kind(moment, row)

    def make() -> LiveCue:
        what = _CALLED[kind] if kind else "concern"
        text = f"The {what} of turn {row + 1} has not been taken up yet."
        return LiveCue(
            kind="open_concern", text=text, quote=moment.turns[row].text, call_id=moment.call_id, turn=row + 1
        )

    return PossibleCue("open_concern", kind or "", make)


def _next_step(moment: CallNow) -> list[PossibleCue]:
    if moment.reading.next_step() is not None:
        return []
    if moment.planned_s is not None and moment.call_s is not None:
        to_go = moment.planned_s - moment.call_s
        if to_go > min(TO_GO_S, moment.planned_s * TO_GO_SHARE):
            return []
        minutes = max(1, round(to_go / 60))
        left = f"{minutes} {'minute' if minutes == 1 else 'minutes'} to go" if to_go > 0 else "and the time is up"
        text = f"No next step yet, {left}."
    elif moment.call_s is not None and moment.call_s >= LATE_S:
        text = f"No next step yet, {round(moment.call_s / 60)} minutes into the call."
    elif moment.call_s is None and len(moment.turns) >= LATE_TURNS:
        text = f"No next step yet, after {len(moment.turns)} turns."
    else:
        return []
    return [PossibleCue("next_step", "", lambda: LiveCue(kind="next_step", text=text))]


def _talk_share(moment: CallNow) -> list[PossibleCue]:
    """The rep speaks more and more: more than is usual in won calls or, where that isn't known, more than before."""
    n_recent = _n_recent(moment)
    earlier, recent = moment.reading.words[:-n_recent], moment.reading.words[-n_recent:]
    if not len(earlier) or recent.sum() < MIN_RECENT_WORDS:
        return []
    now, before = share_of_rep(recent), share_of_rep(earlier)
    usual = moment.usual
    bound = usual.high if usual is not None else before
    if now is None or bound is None or now < max(bound + DRIFT, MIN_SHARE):
        return []
    over = f"the last {round(RECENT_S / 60)} minutes" if moment.call_s is not None else f"the last {n_recent} turns"
    if usual is not None:
        beside = (
            f"in half of {usual.whose} won calls it was {_percent(usual.low)} to {_percent(usual.high)} % of all words"
        )
    else:
        beside = f"before that it was {_percent(bound)} %"
    text = f"You spoke {_percent(now)} % of the words in {over}; {beside}. Ask, and let the customer tell."
    return [PossibleCue("talk_share", "", lambda: LiveCue(kind="talk_share", text=text))]


def _n_recent(moment: CallNow) -> int:
    """How many of the last turns are recent."""
    if moment.call_s is None:
        return RECENT_TURNS
    since, n = moment.call_s - RECENT_S, 0
    for turn in reversed(moment.turns):
        if turn.start_s is not None and turn.start_s < since:
            break
        n += 1
    return max(n, 1)


def _concerns_since(moment: CallNow, first: int) -> list[int]:
    """Turns, from 0, that surely raise a concern."""
    above, p = moment.reading.above[first:, CONCERN], moment.reading.p[first:, CONCERN]
    return [first + int(row) for row in np.flatnonzero(above & (p >= SURE))]


def _kind(moment: CallNow, row: int) -> ObjectionKind | None:
    """Of a concern, where that is sure enough to name it."""
    p = moment.reading.p[row]
    kind = kind_of(p)
    move = next(move for move, of in OBJECTIONS.items() if of == kind)
    return kind if p[MOVES.index(move)] >= SURE_OF_KIND else None


def _has_answered_since(moment: CallNow, row: int) -> bool:
    return sum(turn.role == "rep" for turn in moment.turns[row + 1 :]) >= 2


def _percent(share: float) -> int:
    return round(100 * share)


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
