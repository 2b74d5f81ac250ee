"""What a rep missed in a call, each thing only where several signs agree: nothing is better than something wrong.

Signs are what was read of the turns, by floors of their own, and the words that were said. How often they are right is
measured by ``benchmarks/advice.py``.
"""

import re
from collections.abc import Callable
from typing import Final, Literal, get_args

from salescoach.advice.deciders import LeftOut, left_out
from salescoach.advice.ending import Ending, ending_of
from salescoach.advice.sure import FLOORS, SureCall
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
END_SHARE: Final = 0.25  # of a call, and so many turns at least, in which the next step is settled
END_TURNS: Final = 8
TELLING_WORDS: Final = 5  # of a customer's turn that is worth quoting
SETTLED_WITHIN: Final = 6  # turns between the step that was read and the customer's yes to it
INTERESTED: Final = 0.6  # the least probability that a question shows interest
HURTS: Final = 0.65  # the least probability of a problem that is worth a number
NUMBERED_WITHIN: Final = 5  # turns after a problem was told
PRICED_WITHIN: Final = 4  # of the rep's turns after a question about the price

_YES: Final = re.compile(
    r"\b(?:yes|yeah|yep|ya|aye|okay|ok|sure|fine|alright|all right|good|great|right|works|agreed|(?:i|we|he|she|they)['\u2019]?ll|i can|do that|put it in)\b",
    re.I,
)
# Whether anything near says when; wider than the days and times that are quoted.
_SOON: Final = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tonight|tomorrow|morning|afternoon|evening|noon|week|weekend|month"
    r"|(?:by|at|before|after|until|till) (?:the )?(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|lunch|"
    r"dinner)|january|february|march|april|june|july|august|september|october|november|december|\w+teenth|twent\w+|"
    r"(?:fir|seco|thi|four|fif|six|seven|eigh|nin|ten|eleven|twelf)(?:st|nd|rd|th))\b|\d",
    re.I,
)
_TAKES_AWAY: Final = re.compile(
    r"\b(?:i['\u2019]?ll|i will|i['\u2019]?d have to|i have to|i['\u2019]?d need to|let me|i can|i['\u2019]?m going to) (?:\w+ ){0,2}?"
    r"(?:check|find out|ask|look (?:it|that|this) up|look into|get back to you|confirm)\b(?! you\b| your\b)",
    re.I,
)
_PROMISES: Final = re.compile(
    r"\b(?:i['\u2019]?ll|i will|i['\u2019]?m going to) (?:\w+ ){0,2}?(?:send|email|mail|call|ring|text|bring|get you|write|put|ask|check|draft|"
    r"drop|post|book|talk to|speak to|find out|look into)\b|\bi['\u2019]?m (?:sending|calling|emailing|bringing|posting|booking)\b"
    r"|\byou['\u2019]?ll (?:have|get) (?:it|the|a|that|both|them|an)\b",
    re.I,
)
_LONG_WORD: Final = re.compile(r"[^\W\d_]{5,}")
_COMMON: Final = frozenset("about after again could going other right still thing think there these would where which".split())
_ASKS_PRICE: Final = re.compile(
    r"\bhow much\b[^?]{0,40}\b(?:is|are|does|do|would|will|it|cost|charge|a (?:month|year|seat))\b|\bwhat(?:['\u2019]s| is| are| does| do"
    r"| would)\b[^?]{0,40}\b(?:price|prices|pricing|cost|costs|fee|fees|charge|rate|premium)\b|\bwhat[^?]{0,20} cost",
    re.I,
)
_UNITS: Final = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|twice|double"
)
_NUMBER: Final = re.compile(rf"\d|\b(?:{_UNITS})(?:s|th)?\b", re.I)
# What something costs: sums, hours, shares, times; a date or a clock is none.
_MEASURED: Final = re.compile(
    rf"[$€£]\s?\d|\d\s?(?:%|k\b|h\b)|\b(?:\d[\d.,]*|{_UNITS}|half an?|couple of|few)[\w -]{{0,12}}?\b(?:hours?|days?|weeks?|months?|minutes?"
    r"|percent|per ?cent|dollars?|euros?|pounds?|quid|bucks|cents?|pence|grand|hundred|thousand|million|times|people|men|women|guys|"
    r"girls|calls|orders|tonnes?|pairs?|cases|units|claims|customers|staff|points?)\b|\bevery (?:day|night|week|time|month|morning)\b"
    r"|\ball (?:day|night|morning|afternoon|weekend)\b|\b(?:hundreds|thousands|dozens) of\b",
    re.I,
)
_ASKS_NUMBER: Final = re.compile(
    r"\bhow (?:much|many|often|long|big|far)\b|\bwhat (?:does|did|do|would) (?:it|that|this|one)\b[^?]{0,20}\bcost|\bwhat[^?]{0,12}\bcosts?\b",
    re.I,
)
_TOO_PRIVATE: Final = re.compile(
    r"\b(?:died?|dead|death|dying|funeral|hospital|cancer|ill|sick|stroke|surgery|operation|widow|buried|passed away|"
    r"divorce|accident|hurt|injur\w+|depress\w+|cry|crying|grave|pain|lost (?:my|his|her|our))\b",
    re.I,
)


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
    who: LeftOut | None = None
    when: str | None = None


def missed_in(call: SureCall, ending: Ending) -> tuple[Missed, ...]:
    """What to do, the most urgent first; nothing after a no, where there may have been one, or where the deal is made."""
    if ending.kind != "open":
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
    near = [one for one in _next_of_rep(call, turn)[:1] if not _TAKES_AWAY.search(call.text(one))]
    return next((one for one in near if call.p(one, "dismiss") >= least), None)


def _next_of_rep(call: SureCall, turn: int) -> list[int]:
    return [one for one in call.said_by("rep", turn + 1, ANSWERS) if one <= turn + REACH]


def _step(call: SureCall) -> Missed | None:
    """What was agreed, to be confirmed; or that nothing was, where that is sure."""
    step = call.moves.next_step
    first = max(1, len(call) + 1 - max(END_TURNS, round(END_SHARE * len(call))))
    if step is not None and step.committed:
        agreed = call.surest("commitment", first)
        if agreed is None or abs(step.turn - agreed) > SETTLED_WITHIN:
            return None
        at, when = _dated(call, agreed, step.turn)
        is_dated = any(_SOON.search(call.text(one)) for one in range(first, len(call) + 1))
        return Missed(kind="step_agreed" if is_dated else "step_undated", turn=at, when=when)
    customers = call.said_by("customer", first)
    if any(call.p(one, "commitment") > 0 or days_and_times(call.text(one)) for one in customers):
        return None
    stalled = call.surest("stall", first)
    if stalled is not None:
        return Missed(kind="stalled", turn=stalled)
    proposed = call.surest("next_step", first)
    after = [call.text(one) for one in call.said_by("customer", first if proposed is None else proposed + 1)]
    if any(map(_YES.search, after)):
        return None
    if proposed is not None:
        return Missed(kind="step_left_open", turn=proposed)
    telling = [one for one in customers if n_words(call.text(one)) >= TELLING_WORDS]
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

    That somebody else decides is for ``_decider``, unless it was brushed aside.
    """
    unsettled = [one for one in call.concerns if call.p_concern(one.turn) >= ADVISED and is_unsettled(call, one)]
    brushed = [one for one in unsettled if _brushed_at(call, one.turn) is not None]
    lying = [one for one in unsettled if one.kind != "authority"]
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
        if not _TAKES_AWAY.search(call.text(number)) or call.turn(before).role != "customer":
            continue
        asked = questions(call.text(before)) or ([call.text(before)] if call.p_concern(before) >= ADVISED else [])
        if asked and not _comes_back(call, number, asked[-1]):
            return Missed(kind="answer_owed", turn=number, at=before)
    return None


def _comes_back(call: SureCall, number: int, asked: str) -> bool:
    """Whether the rep, later on, uses one of the longer words that were asked with."""
    words = {word for word in _LONG_WORD.findall(asked.casefold()) if word not in _COMMON}
    return any(words & {*_LONG_WORD.findall(call.text(one).casefold())} for one in call.said_by("rep", number + 1))


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
        if near and any(map(_ASKS_PRICE.search, asked)) and not is_priced:
            is_named = any(_NUMBER.search(call.text(one)) for one in near)
            return None if is_named else Missed(kind="question_unanswered", turn=number, about="price")
    return None


def _pain(call: SureCall) -> Missed | None:
    """What surely hurts, where nobody in the call put a number on anything that does."""
    sure = call.surest("pain")
    if sure is None or call.p(sure, "pain") < HURTS or call.p_concern(sure) >= BRUSHED:
        return None
    if _TOO_PRIVATE.search(call.text(sure)):
        return None
    for one in range(max(1, sure - 1), min(len(call), sure + NUMBERED_WITHIN) + 1):
        text = call.text(one)
        if (call.turn(one).role == "customer" and _MEASURED.search(text)) or _ASKS_NUMBER.search(text):
            return None
    return Missed(kind="pain_unmeasured", turn=sure)


def _promised(call: SureCall) -> Missed | None:
    """The rep's last promise near the end, in their own words."""
    first = max(1, len(call) + 1 - max(END_TURNS, round(END_SHARE * len(call))))
    promised = [one for one in call.said_by("rep", first) if promises(call.text(one))]
    return Missed(kind="promised", turn=promised[-1]) if promised else None


def promises(text: str) -> list[str]:
    """The sentences in which somebody says what they are going to do for the other."""
    return [one for one in sentences(text) if _PROMISES.search(one) and not is_question(one)]


_FINDERS: Final[tuple[Callable[[SureCall], Missed | None], ...]] = (_step, _concern, _owed, _decider, _question, _pain, _promised)
