"""What a rep missed in a call, each thing only where several signs agree: nothing is better than something wrong.

Signs are what was read of the turns, by floors of their own, and the words that were said. How often they are right is
measured by ``benchmarks/advice.py``.
"""

from collections.abc import Callable
from typing import Final, Literal, get_args

from salescoach.advice.deciders import DeciderLeftOut, left_out
from salescoach.advice.ending import CallEnding, ending_of, has_an_end
from salescoach.advice.sure import FLOORS, SureCall
from salescoach.advice.words import (
    ASKS_NUMBER,
    ASKS_PRICE,
    COMMON,
    LONG_WORD,
    MEASURED,
    NUMBER,
    OTHERWISE,
    PROMISES,
    SOON,
    TAKES_AWAY,
    TOO_PRIVATE,
    YES,
)
from salescoach.moves.next_step import first_of_end
from salescoach.moves.results import ReadObjection
from salescoach.moves.taxonomy import ObjectionKind
from salescoach.speech.spoken import days_and_times, is_question, n_words, questions, sentences
from salescoach.types import Frozen

MissedKind = Literal[
    "step_agreed", "step_undated", "step_left_open", "stalled", "no_step", "concern_brushed_aside", "concern_open",
    "answer_owed", "decider_left_out", "question_unanswered", "pain_unmeasured",
    "promised",
]  # fmt: skip
MISSED_KINDS: Final[tuple[MissedKind, ...]] = get_args(MissedKind)

ADVISED: Final = 0.5  # the least probability of a concern that advice is given on
DOUBT: Final = 0.2  # the least probability of a concern that was surely pushed past
EARLY: Final = 0.3  # of a call; a concern raised there comes up again if it matters
ANSWERS: Final = 3  # of the rep's next turns, in which a concern is answered
REACH: Final = 10  # turns after a concern in which they come
BRUSHED: Final = 0.3  # the least probability that the rep's next turn brushes a concern aside
ANSWERING: Final = ("answer_objection", "acknowledge", "explore_objection", "proof")
TELLING_WORDS: Final = 5  # of a customer's turn that is worth quoting
SETTLED_WITHIN: Final = 6  # turns between the step that was read and the customer's yes to it
INTERESTED: Final = 0.6  # the least probability that a question shows interest
HURTS: Final = 0.65  # the least probability of a problem that is worth a number
NUMBERED_WITHIN: Final = 5  # turns after a problem was told
PRICED_WITHIN: Final = 4  # of the rep's turns after a question about the price


class Missed(Frozen):
    """Something to do, and the turns that it rests on.

    ``turn``: what is quoted first, the customer's but for a step that the rep proposed; ``at``: another turn to quote,
    as where the rep brushed a concern aside; ``about``: what a concern surely is about; ``who``: somebody who has a
    say; ``when``: the day of a step, verbatim.
    """

    kind: MissedKind
    turn: int
    at: int | None = None
    about: ObjectionKind | None = None
    who: DeciderLeftOut | None = None
    when: str | None = None


def missed_in(call: SureCall, ending: CallEnding) -> tuple[Missed, ...]:
    """What to do, the most urgent first.

    Nothing after a no, or what may have been one, or where the deal is made; nor where the end has no customer in it.
    """
    if ending.kind != "open" or not has_an_end(call):
        return ()
    found = (finder(call) for finder in _FINDERS)
    return tuple(one for one in found if one is not None)


def unsettled_concern(call: SureCall) -> int | None:
    """The turn of the concern that advice is given on; None where there is no such advice."""
    found = _concern(call) if ending_of(call).kind == "open" else None
    return None if found is None else found.turn


def is_unsettled(call: SureCall, concern: ReadObjection) -> bool:
    """Whether nothing said after a concern settled it: what was read of the handling and of the turns agree."""
    if concern.handled not in ("not", "badly") or concern.turn <= EARLY * len(call):
        return False
    near = _next_of_rep(call, concern.turn)
    answers = (*ANSWERING, "price_talk") if concern.kind in ("price", "competitor") else ANSWERING
    is_answered = any(call.p(one, move) > 0 for one in near for move in answers)
    return not is_answered or _brushed_at(call, concern.turn) is not None


def _brushed_at(call: SureCall, turn: int, least: float = BRUSHED) -> int | None:
    """The rep's turn right after a concern, where it brushes it aside; to say that one has to find out doesn't."""
    near = [one for one in _next_of_rep(call, turn)[:1] if not TAKES_AWAY.search(call.text(one))]
    return next((one for one in near if call.p(one, "dismiss") >= least), None)


def _next_of_rep(call: SureCall, turn: int) -> list[int]:
    return [one for one in call.said_by("rep", turn + 1, ANSWERS) if one <= turn + REACH]


def _step(call: SureCall) -> Missed | None:
    """What was agreed, to be confirmed; or that nothing was, where that is sure."""
    step = call.moves.next_step
    first = first_of_end(len(call)) + 1
    if step is not None and step.committed:
        agreed = call.surest("commitment", first)
        if agreed is None or abs(step.turn - agreed) > SETTLED_WITHIN:
            return None
        at, when = _dated(call, agreed, step.turn)
        is_dated = any(SOON.search(call.text(one)) for one in range(first, len(call) + 1))
        return Missed(kind="step_agreed" if is_dated else "step_undated", turn=at, when=when)
    others = call.said_by_others(first)
    if any(call.p(one, "commitment") > 0 or days_and_times(call.text(one)) for one in others):
        return None
    stalled = call.surest("stall", first)
    if stalled is not None:
        return Missed(kind="stalled", turn=stalled)
    proposed = call.surest("next_step", first)
    after = [call.text(one) for one in call.said_by_others(first if proposed is None else proposed + 1)]
    if any(map(YES.search, after)):
        return None
    if proposed is not None:
        return Missed(kind="step_left_open", turn=proposed)
    telling = [one for one in call.said_by("customer", first) if n_words(call.text(one)) >= TELLING_WORDS]
    return Missed(kind="no_step", turn=telling[-1]) if telling else None


def _dated(call: SureCall, agreed: int, step: int) -> tuple[int, str | None]:
    """Where an agreement is quoted from: where it names its day or time, if it does, else where it was made."""
    near = {agreed, step, agreed - 1, agreed + 1} & {*range(1, len(call) + 1)}
    for one in sorted(near, key=lambda one: (abs(one - agreed), one)):
        named = days_and_times(call.text(one))
        if named:
            return one, ", ".join(dict.fromkeys(named))
    return agreed, None


def _concern(call: SureCall) -> Missed | None:
    """The concern that is most surely unsettled, one that was brushed aside before others.

    That somebody else decides is for ``_decider``, and a stall for ``_step``, unless they were brushed aside.
    """
    unsettled = [one for one in call.concerns if call.p_concern(one.turn) >= ADVISED and is_unsettled(call, one)]
    brushed = [one for one in unsettled if _brushed_at(call, one.turn) is not None]
    lying = [one for one in unsettled if one.kind not in ("authority", "stall")]
    if brushed or lying:
        one = max(brushed or lying, key=lambda one: (call.p_concern(one.turn), one.turn))
        at = _brushed_at(call, one.turn)
        kind: MissedKind = "concern_open" if at is None else "concern_brushed_aside"
        return Missed(kind=kind, turn=one.turn, at=at, about=call.sure_kind(one))
    return _plainly_brushed_aside(call)


def _plainly_brushed_aside(call: SureCall) -> Missed | None:
    """What may be a concern, and was surely pushed past: the surest of them."""
    doubts = [one for one in call.said_by("customer") if one > EARLY * len(call) and call.p_concern(one) >= DOUBT]
    found = [(one, at) for one in doubts if (at := _brushed_at(call, one, FLOORS["dismiss"])) is not None]
    if not found:
        return None
    turn, at = max(found, key=lambda pair: (call.p(pair[1], "dismiss"), pair[0]))
    return Missed(kind="concern_brushed_aside", turn=turn, at=at)


def _owed(call: SureCall) -> Missed | None:
    """The customer's last question or concern that the rep took away to find out, and never came back to."""
    for number in reversed(call.said_by("rep", 2)):
        before = number - 1
        if not TAKES_AWAY.search(call.text(number)) or call.turn(before).role != "customer":
            continue
        asked = questions(call.text(before)) or ([call.text(before)] if call.p_concern(before) >= ADVISED else [])
        if asked and not _comes_back(call, number, asked[-1]):
            return Missed(kind="answer_owed", turn=number, at=before)
    return None


def _comes_back(call: SureCall, number: int, asked: str) -> bool:
    """Whether the rep, later on, uses one of the longer words that were asked with."""
    words = {word for word in LONG_WORD.findall(asked.casefold()) if word not in COMMON}
    return any(words & {*LONG_WORD.findall(call.text(one).casefold())} for one in call.said_by("rep", number + 1))


def _decider(call: SureCall) -> Missed | None:
    person = left_out(call)
    return None if person is None else Missed(kind="decider_left_out", turn=person.turn, who=person)


def _question(call: SureCall) -> Missed | None:
    """The customer's last question of interest that was surely answered past: brushed aside, or a price never named."""
    for number in reversed(call.said_by("customer")):
        asked = questions(call.text(number))
        if not asked or call.p(number, "buying_signal") < INTERESTED:
            continue
        near = call.said_by("rep", number + 1, PRICED_WITHIN)
        if near and call.p(near[0], "dismiss") >= BRUSHED:
            return Missed(kind="question_unanswered", turn=number, at=near[0])
        is_priced = any(call.p(one, "price_talk") > 0 for one in call.said_by("rep"))
        if near and any(map(ASKS_PRICE.search, asked)) and not is_priced:
            is_named = any(NUMBER.search(call.text(one)) for one in near)
            return None if is_named else Missed(kind="question_unanswered", turn=number, about="price")
    return None


def _pain(call: SureCall) -> Missed | None:
    """What surely hurts, where nobody in the call put a number on anything that does."""
    sure = call.surest("pain")
    if sure is None or call.p(sure, "pain") < HURTS or call.p_concern(sure) >= BRUSHED:
        return None
    if TOO_PRIVATE.search(call.text(sure)):
        return None
    for one in range(max(1, sure - 1), min(len(call), sure + NUMBERED_WITHIN) + 1):
        text = call.text(one)
        if (call.turn(one).role == "customer" and MEASURED.search(text)) or ASKS_NUMBER.search(text):
            return None
    return Missed(kind="pain_unmeasured", turn=sure)


def _promised(call: SureCall) -> Missed | None:
    """The rep's last promise near the end, in their own words, unless the customer wanted it otherwise."""
    first = first_of_end(len(call)) + 1
    promised = [one for one in call.said_by("rep", first) if promises(call.text(one))]
    if not promised or any(OTHERWISE.search(call.text(one)) for one in call.said_by_others(promised[-1] + 1)):
        return None
    return Missed(kind="promised", turn=promised[-1])


def promises(text: str) -> list[str]:
    """The sentences in which somebody says what they are going to do for the other."""
    return [one for one in sentences(text) if PROMISES.search(one) and not is_question(one)]


_FINDERS: Final[tuple[Callable[[SureCall], Missed | None], ...]] = (
    _step,
    _concern,
    _owed,
    _decider,
    _question,
    _pain,
    _promised,
)
