"""What to do next, as a sales manager would say it: at most three things, each resting on a quoted turn.

They come from what was missed in the call (``salescoach.advice``). After a no there is none, nor where there may have
been one, nor where the deal is made; where nothing is sure the answer says so.
"""

from collections.abc import Callable, Mapping
from typing import Final

from salescoach.advice.ending import EndingKind, ending_of
from salescoach.advice.missed import Missed, MissedKind, missed_in, promises
from salescoach.advice.sure import SureCall
from salescoach.moves.taxonomy import ObjectionKind
from salescoach.speech.spoken import questions
from salescoach.types import Frozen, LabelledCall
from tools.document import AnswerLine, Block, Part, Quote, line, listed
from tools.parts import QuotedTurn, quoted_turn
from tools.phrases import cite, quote
from tools.reasons import REPLY_WORDS, kind_in_words

MAX_ADVICE: Final = 3
NOTHING_SURE: Final = "**Next:** nothing in this call is clear enough for me to say what to do next."


class ShownAdvice(Frozen):
    """Something to do.

    ``turns``: what is quoted, what the advice is about first. ``about``: what a concern surely is about. ``who``:
    somebody who has a say, in the customer's word; ``way``: how to speak of them, as ``DeciderLeftOut`` has it.
    ``when``: the day of a step, in the words of the call.
    """

    kind: MissedKind
    turns: tuple[QuotedTurn, ...]
    about: ObjectionKind | None = None
    who: str | None = None
    way: str | None = None
    when: str | None = None


class Advice(Frozen):
    """What to do next, the most urgent first, and how the call ended. ``said_at``: where the customer said so."""

    ending: EndingKind = "open"
    said_at: QuotedTurn | None = None
    pieces: tuple[ShownAdvice, ...] = ()


def advice_on(call: LabelledCall, sure: SureCall) -> Advice:
    """What to do next about a call."""
    ending = ending_of(sure)
    return Advice(
        ending=ending.kind,
        said_at=None if ending.turn is None else quoted_turn(call, ending.turn),
        pieces=tuple(_shown(call, one) for one in missed_in(sure, ending)[:MAX_ADVICE]),
    )


def _shown(call: LabelledCall, one: Missed) -> ShownAdvice:
    return ShownAdvice(
        kind=one.kind,
        turns=tuple(quoted_turn(call, at) for at in (one.turn, one.at) if at is not None),
        about=one.about,
        who=None if one.who is None else one.who.who,
        way=None if one.who is None else one.who.way,
        when=one.when,
    )


def word_advice(call_id: str, advice: Advice, said: Mapping[int, AnswerLine] | None = None) -> Block:
    """What to do next; ``said``: what a rep said in a won call at such a moment, by the turn of this call."""
    if advice.said_at is not None:
        place = cite(call_id, advice.said_at.turn, advice.said_at.quote)
        spoken = quote(advice.said_at.quote, REPLY_WORDS)
        before, after = _ENDED[advice.ending]
        return line(f"**Next:** {before}", place, " ", spoken, after)
    pieces = [_worded(call_id, one, (said or {}).get(one.turns[0].turn)) for one in advice.pieces]
    return listed("**Next**", pieces, is_numbered=True) or line(NOTHING_SURE)


_ENDED: Final[Mapping[EndingKind, tuple[str, str]]] = {
    "refused": ("none. ", " is a no. Leave it there, unless they come back to you."),
    "doubtful": ("none from me. ", " may have been a no; read it before you get in touch again."),
    "made": ("none. ", " makes the deal; what is left is to do what was promised."),
}


def _worded(call_id: str, one: ShownAdvice, said: AnswerLine | None) -> AnswerLine:
    first, *more = one.turns
    told = next(reversed(promises(first.quote)), first.quote) if one.kind == "promised" else first.quote
    place: Part = line(cite(call_id, first.turn, first.quote), " ", quote(told))
    reply: Part = ""
    if more:
        at = cite(call_id, more[0].turn, more[0].quote)
        if one.kind == "answer_owed":  # what was asked may stand at the end of a long turn
            asked = next(reversed(questions(more[0].quote)), more[0].quote)
            reply = line(at, " ", quote(asked))
        else:
            reply = line(at, " ", quote(more[0].quote, REPLY_WORDS))
    after: tuple[Part, ...] = (" ", said) if said is not None else ()
    return line(*_sentence(one, place, reply), *after)


def _sentence(one: ShownAdvice, place: Part, reply: Part) -> tuple[Part, ...]:
    if one.kind in _WORDS:
        before, after = _WORDS[one.kind]
        return (before, place, after)
    return _OF_TWO[one.kind](one, place, reply)


# What is said before and after the turn that a piece of advice is about.
_WORDS: Final[Mapping[MissedKind, tuple[str, str]]] = {
    "step_agreed": ("Confirm in writing who does what and by when: ", " is agreed."),
    "step_undated": ("Get a date: ", " is agreed, and no day was named."),
    "step_left_open": ("Get a yes and a date: what you proposed at ", " got no clear answer."),
    "no_step": ("Agree on one next step with a day: the call ends without one, at ", "."),
    "stalled": ("Ask what has to happen before they decide, and by when: ", " puts it off without a day."),
    "pain_unmeasured": (
        "Ask what it costs them, in money or in hours: ",
        " tells what is wrong, and nobody put a number on it.",
    ),
    "promised": ("Do what you promised: ", ""),
}


def _concern(one: ShownAdvice) -> str:
    return "" if one.about in (None, "stall") else f", a concern{kind_in_words(one.about)},"


def _brushed_aside(one: ShownAdvice, place: Part, reply: Part) -> tuple[Part, ...]:
    return ("Go back to ", place, _concern(one), " and ask about it first: your reply at ", reply, " pushed past it.")


def _left_open(one: ShownAdvice, place: Part, reply: Part) -> tuple[Part, ...]:
    still = " and ask whether it still stands: nothing said after it settled it."
    return ("Go back to ", place, _concern(one), still)


def _owed(one: ShownAdvice, place: Part, reply: Part) -> tuple[Part, ...]:
    return ("Bring the answer that you owe to ", reply, ": you left it open at ", place, ".")


def _left_out(one: ShownAdvice, place: Part, reply: Part) -> tuple[Part, ...]:
    person = Quote(text=one.who or "") if one.way == "name" else f"{one.way} {(one.who or '').lower()}"
    told = " says that they have a say, and no later turn of yours speaks of bringing them in."
    return ("Ask for a talk with ", person, ": ", place, told)


def _unanswered(one: ShownAdvice, place: Part, reply: Part) -> tuple[Part, ...]:
    if one.about == "price":
        return ("Name the price that was asked for at ", place, ": your next turns don't.")
    return ("Answer what was asked at ", place, ": your reply at ", reply, " went past it.")


_OF_TWO: Final[Mapping[MissedKind, Callable[[ShownAdvice, Part, Part], tuple[Part, ...]]]] = {
    "concern_brushed_aside": _brushed_aside,
    "concern_open": _left_open,
    "answer_owed": _owed,
    "decider_left_out": _left_out,
    "question_unanswered": _unanswered,
}
