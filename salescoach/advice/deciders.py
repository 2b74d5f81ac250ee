"""Somebody else who has a say, as the customer names them, and whether the rep spoke of them afterwards."""

import re
from typing import Final, Literal

from salescoach.advice.sure import SureCall
from salescoach.types import Frozen

MIN_P: Final = 0.35  # of the move "authority"; the words and the silence afterwards make it sure
NEAR: Final = 5  # of the rep's next turns, in which "she" or "them" is taken for the person

_ROLE: Final = (
    r"wife|husband|partner|spouse|boss|manager|director|cfo|ceo|coo|cio|cto|owner|board|committee|council|trustees"
    r"|accountant|treasurer|lawyer|solicitor|landlord|mother|father|mum|mom|dad|brother|sister|son|daughter|foreman"
    r"|controller|purchasing|procurement|finance|head office|co-?owner|chairman|chairwoman|principal|vestry|deacons"
)
_MINE: Final = re.compile(rf"\b(?:my|our) ((?:business )?(?:{_ROLE}))\b", re.I)
_THE: Final = re.compile(rf"\bthe ({_ROLE})\b", re.I)
_NAME: Final = re.compile(
    r"(?<![.!?…] )(?<!^)(?<![“\"'\w])(?<!\bin )(?<!\bat )(?<!\bfrom )\b((?:(?:Mr\.?|Mrs\.?|Ms\.?|Dr\.?"
    r"|Miss) )?[A-Z][^\W\d_]{2,}(?: [A-Z][^\W\d_]+)?)(?!['’\w])"
)
_HAS_A_SAY: Final = re.compile(
    r"\b(?:decides?|decision|signs?|sign off|approves?|approval|agrees?|say(?:s)? (?:yes|no|so)|a say|"
    r"ask|asks|talk to|speak to|check with|run it (?:by|past)|clear it|convince|say to|holds the (?:purse"
    r"|money)|go(?:es)? (?:to|past|through|for it|with it)|answer to|"
    r"up to|his call|her call|their call|live with|yes from|ok from|okay from|both of us|see (?:it|this)"
    r"|wants? to (?:hear|see|know|look)|hear about|have a look|in charge|final word|last word|permission"
    r"|allowed|let me)\b",
    re.I,
)
_ALONE: Final = re.compile(r"n['’]?t (?:have to|need to) (?:ask|check)|\bask (?:no ?body|anybody)\b", re.I)
_NO_NAMES: Final = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August "
    "September October November December Christmas Easter English God Lord Jesus And But The You She They".split()
)
_BRING_IN: Final = re.compile(
    r"\b(?:bring|invite|include|join|along|come too|both of you|loop|all of you|the two of you|together"
    r"|with (?:her|him|"
    r"them) |who else|anybody else|anyone else)\b",
    re.I,
)
_THIRD: Final = re.compile(r"\b(?:she|her|he|him|his|they|them|their)\b", re.I)


class DeciderLeftOut(Frozen):
    """Somebody who has a say and whom the rep never spoke of again.

    ``turn``: where the customer said so; ``who``: their words for the person, verbatim; ``way``: how to speak of them:
    "their" of "my wife", "the" of "the board", "name" of a name.
    """

    turn: int
    who: str
    way: Literal["their", "the", "name"]


def left_out(call: SureCall) -> DeciderLeftOut | None:
    """The last person named who has a say and whom nobody took up; None where that isn't sure."""
    for number in reversed(call.said_by("customer")):
        if call.p(number, "authority") < MIN_P or not _has_a_say(call.text(number)):
            continue
        found = _named(call, number)
        if found is not None and not _is_taken_up(call, found):
            return found
    return None


def _named(call: SureCall, number: int) -> DeciderLeftOut | None:
    text = call.text(number)
    heard = {turn.speaker.casefold() for turn in call.transcript.turns}
    if found := _MINE.search(text):
        return DeciderLeftOut(turn=number, who=found[1], way="their")
    for found in _NAME.finditer(text):
        name = found[1]
        known = any({*name.casefold().split()} & {*one.split()} for one in heard)
        if name.split()[0].removesuffix("s") not in _NO_NAMES and not known and _is_a_name(call, name):
            return DeciderLeftOut(turn=number, who=name, way="name")
    if found := _THE.search(text):
        return DeciderLeftOut(turn=number, who=found[1], way="the")
    return None


def _has_a_say(text: str) -> bool:
    return _HAS_A_SAY.search(text) is not None and _ALONE.search(text) is None


def _is_a_name(call: SureCall, name: str) -> bool:
    """Whether a word with a capital isn't an ordinary word of this call."""
    word = re.compile(rf"\b{re.escape(name.lower())}\b")
    return not any(word.search(turn.text) for turn in call.transcript.turns)


def _is_taken_up(call: SureCall, person: DeciderLeftOut) -> bool:
    """Whether the rep speaks of the person after that, or of bringing anybody in."""
    said = re.compile(rf"\b{re.escape(person.who.split()[-1])}", re.I)
    after = call.said_by("rep", person.turn + 1)
    before = call.said_by("rep")[: -len(after)] if after else call.said_by("rep")
    if any(said.search(call.text(one)) or _BRING_IN.search(call.text(one)) for one in after):
        return True
    if any(_THIRD.search(call.text(one)) for one in after[:NEAR]):
        return True
    return any(said.search(call.text(one)) and _BRING_IN.search(call.text(one)) for one in before)
