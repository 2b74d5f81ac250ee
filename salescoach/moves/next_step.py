"""The next step of a call: the last thing to do that both know of, who does it, by when, and whether they agreed.

The reader finds the turn; days and times are found by pattern.
"""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from salescoach.moves.results import ReadNextStep
from salescoach.moves.taxonomy import MOVES
from salescoach.speech.spoken import DAY, NTH, appointments, days_and_times, is_question, sentences
from salescoach.types import Turn

_STEP, _COMMITMENT, _REFUSAL = (MOVES.index(move) for move in ("next_step", "commitment", "refusal"))
_NEAR = 3  # turns in which a step is settled
_FAR = 6  # turns from it on in which its day may change
END_SHARE, END_TURNS = 0.25, 8  # of a call, which say what becomes of a proposal; so many turns at least
_IS_DECLINED = 0.35  # the probability of a refusal there that more than doubts a step
_IS_COMMITTED = 0.6  # the probability of a commitment there that told agreed steps best from those let stand
_TOGETHER = re.compile(
    r"\b(?:meet|call|talk|speak|session|demo|visit|viewing|see you|come (?:by|over|out|round)|walk through|sit down"
    r"|get together|hop on)\b",
    re.I,
)
_DAY = re.compile(rf"\b(?:{DAY}|tomorrow|tonight|today|{NTH})\b", re.I)
_TIME = re.compile(r"(?:\b(?:at|by|from|before|after|around) |, ).+", re.I)
_I_DO = re.compile(r"\b(?:i|we)(?:['\u2019]ll| will| can| could|['\u2019]m going to| am going to)\b|\blet me\b", re.I)
_YOU_DO = re.compile(
    r"\b(?:can|could|will|would) you\b|\byou(?:['\u2019]ll| will| can| could)\b|\A(?:please )?send\b", re.I
)


def next_step(turns: Sequence[Turn], p: np.ndarray, above: np.ndarray) -> ReadNextStep | None:
    """The next step, None where there is none: nothing was proposed, or the customer will have none of it.

    Args:
        turns: of the call.
        p: the reader's probabilities, shape (n_turns, n_outputs).
        above: which of them are above their threshold, of the same shape, bool.
    """
    proposed = np.flatnonzero(above[:, _STEP] | above[:, _COMMITMENT])
    if not len(proposed):
        return None
    end = p[first_of_end(len(p)) :]
    commitment, refusal = end[:, _COMMITMENT].max(), end[:, _REFUSAL].max()
    if refusal > max(commitment, _IS_DECLINED):
        return None
    last = int(proposed[-1])
    committed = bool(commitment >= _IS_COMMITTED and commitment > refusal)
    place = _most_telling(turns, p, last)
    what = _sentence(turns[place].text)
    own = [] if is_question(what) else appointments(what)
    when = own[-1] if own else settled_time([turn.text for turn in turns[max(0, place - _NEAR) : place + _FAR]])
    return ReadNextStep(turn=place + 1, what=what, who=_who(turns[place], what), when=when, committed=committed)


def first_of_end(n_turns: int, share: float = END_SHARE) -> int:
    """The place, from 0, of the first turn of a call's end, which has ``END_TURNS`` turns at least."""
    return max(0, n_turns - max(END_TURNS, round(share * n_turns)))


def settled_time(texts: Sequence[str]) -> str | None:
    """The day that was named last, as the fullest mention of it has it; where none was, the time named last."""
    named = [one for text in texts for one in appointments(text)]
    if not named:
        times = [one for text in texts for one in days_and_times(text)]
        return times[-1] if times else None
    day, time = _DAY.search(named[-1]), _TIME.search(named[-1])
    if day is None:
        return named[-1]
    same = [one for one in reversed(named) if day[0].lower() in {found[0].lower() for found in _DAY.finditer(one)}]
    return max(
        (one for one in same if time is None or time[0].lower() in one.lower()), key=lambda one: len(one.split())
    )


def _most_telling(turns: Sequence[Turn], p: np.ndarray, last: int) -> int:
    """Of the turns in which the step is settled, the one that says what is to be done: "Fine by me" doesn't."""
    places = range(max(0, last - _NEAR), last + 1)
    strength = p[list(places)][:, [_STEP, _COMMITMENT]].max(axis=1)
    is_dated = np.array([bool(days_and_times(turns[place].text)) for place in places])
    return places[int(np.argmax(strength * (1 + is_dated)))]


def _sentence(text: str) -> str:
    """The sentence that names a day or something to do; else the longest."""
    found = sentences(text) or [text]
    names = (_I_DO, _YOU_DO, _TOGETHER)
    return max(found, key=lambda one: (bool(days_and_times(one)) + any(name.search(one) for name in names), len(one)))


def _who(turn: Turn, what: str) -> Literal["rep", "customer", "both"]:
    if _TOGETHER.search(what):
        return "both"
    if turn.role == "unknown":
        return "both"
    asks = _YOU_DO.search(what) is not None and _I_DO.search(what) is None
    return "rep" if (turn.role == "rep") != asks else "customer"
