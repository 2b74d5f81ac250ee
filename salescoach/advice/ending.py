"""How a call ended for sure: with the customer's no, with the deal made, or open as far as anybody can tell.

A no is told from what was read and from the customer's own words together, as a wrong one keeps a rep from a deal.
"""

import re
from typing import Final, Literal

from salescoach.advice.sure import SureCall
from salescoach.moves.next_step import first_of_end
from salescoach.types import Frozen

EndingKind = Literal["refused", "doubtful", "made", "open"]

END_SHARE: Final = 0.4  # of a call, in which it ends
REFUSED: Final = 0.5  # the least probability of a refusal that its own words bear out
EARLIEST: Final = 0.3  # of a call, before which a no is one to talking at all
CERTAIN: Final = 0.75  # the least probability of a no that counts before the end
TAKEN_BACK: Final = 0.3  # the least probability of a commitment that undoes what may have been a no
_NO: Final = re.compile(
    r"\b(?:no|nope|nah|naw|not|never|none|nothing|without|cannot)\b|n['\u2019]t\b"
    r"|\b(?:dont|wont|cant|isnt|wouldnt|couldnt|doesnt|leave (?:it|us|me)|rather you|pass on|stop|instead|let it)\b"
    r"|\b(?:signed|gone|going|go|stay|staying|stick|sticking) with\b|\bgoodbye\b",
    re.I,
)
# What a no to the deal, or to hearing more of it, sounds like; a no to a day or to one of several things is none.
_NO_TO_IT: Final = re.compile(
    r"\bnot (?:interested|for us|for me|going (?:to|ahead|any)|going with|buying|signing|doing (?:it|this"
    r"|that)|needed)\b"
    r"|\b(?:don|won|wouldn|needn)['\u2019]?t\b[^.?!]{0,24}\b(?:call|ring|phone|send|mail|email|write|come"
    r"|bother|visit|"
    r"bring|hold|put|set|book|buy|sign|need|want|be (?:signing|booking|buying|doing|going|ringing|sending))\b"
    r"|\bno need (?:to|for|of)\b|\bdo not (?:call|ring|send|contact|come|write)\b|\bplease do(?:n['\u2019]?t| not)\b"
    r"|\bleave (?:it|us|me|that|things)\b|\btake (?:me|us|my \w+|our \w+)[^.?!]{0,12} (?:off|out)\b"
    r"|\bi don['\u2019]?t think so\b|\bno,? thank(?:s| you)\b|\b(?:we|i)(?:['\u2019]ll| will|['\u2019]re|['\u2019]m)"
    r" (?:stay|staying|pass|passing|keep|sign(?:ing)? (?:theirs|with)|going with|go(?:ing)? with)\b"
    r"|\b(?:signed|gone|going) with (?:a|an|the|them|him|her|some|another|\w+[.!])|\bhas our signature\b"
    r"|\b(?:it['\u2019]?s|that['\u2019]?s|is) (?:a|my|our) no\b|\bthe answer is no\b"
    r"|\bdecided (?:against|not to)\b|\brather (?:you|i|we|not)[^.?!]{0,8}(?:did|had)?n['\u2019]?t\b"
    r"|\bno,? (?:don|leave|we|i)",
    re.I,
)
# A no to what there is today, or to waiting, is a yes.
_YES_TO_IT: Final = re.compile(
    r"\blet['\u2019]?s (?:change|do|go|start|get)\b|\bwe(?:['\u2019]re| are) going to (?:do|change|replace"
    r"|take|buy|sign)\b"
    r"|\bwait any longer\b|\bthe answer is yes\b|\bcount on us\b|\b(?:give up|part with|replace"
    r"|goodbye to) (?:the|our|it|what)\b"
    r"|\bdecided against them\b|\bno (?:question|doubt|problem)\b|\bnot a problem\b",
    re.I,
)
# To be let alone, or sent nothing; to doubt that a next step is welcome this is enough.
_NO_CONTACT: Final = re.compile(
    r"\b(?:do(?:n['\u2019]?t| not)|needn['\u2019]?t|nobody|no need to|stop|not|neither|nor"
    r"|quit)\b[^.?!]{0,30}\b(?:call(?:ing)?|ring(?:ing)?|"
    r"phone|phoning|send(?:ing)?|e?mail(?:ing)?|writ(?:e|ing)|text(?:ing)?|contact|com(?:e|ing)|bother|visit|trouble|"
    r"put (?:me|us|anything|nothing)|hold)\b|\bno (?:call|calls|sheet|email|emails|visit|letter|notes?|more)\b"
    r"|\A(?:no|nope),? thank|\bnot (?:even )?the \w+[.]|\bleave (?:it|us"
    r"|me) (?:be|alone|there|at that)\b",
    re.I,
)
# The same, asked for outright: it holds wherever it is said.
_LET_ALONE: Final = re.compile(
    r"(?<!\bi )(?<!\bwe )(?<!\byou )(?<!\bthey )\b(?:do(?:n['\u2019]?t| not)|never|stop|quit|no need to"
    r"|needn['\u2019]?t) (?:(?:ever|you|please|bother|even|keep|try|to) ){0,2}"
    r"(?:call|phon|ring|e?mail|messag|text|contact|bother|visit|writ|com|send)(?:e|ing)?\b(?: to)?"
    r"(?:[.!]|\Z| (?:me|us|back|again|any ?more)\b| anything[.!])"
    r"|\b(?:take|get|strike) (?:me|us|my \w+|our \w+|this \w+) off\b[^.?!]{0,20}\blists?\b"
    r"|\bleave (?:me|us) (?:alone|be)\b",
    re.I,
)
_BARE_NO: Final = re.compile(r"(?:no|nope|naw|nah)[.,!]?", re.I)
_ANYTHING_ELSE: Final = re.compile(
    r"\b(?:anything|something|any|other|more) (?:else|questions?)\b|\belse\b[^.?!]{0,20}\?", re.I
)
_BUT_THIS_WAY: Final = re.compile(r"(?:\A|[.!?;,] )(?:but |just )?(?:call|ring|send|text|e?mail|come|bring)\b", re.I)
_MADE: Final = re.compile(
    r"\b(?:i['\u2019]?ll|we['\u2019]?ll|i|we|i['\u2019]?ve|we['\u2019]?ve|let me) (?:\w+ )?"
    r"(?:sign(?:ed)?|take (?:it|them|both)|buy it|order it|bought it|ordered it)\b(?! off| to| home| up)"
    r"|\blet['\u2019]?s do it\b|\b(?:let['\u2019]?s|we can|i['\u2019]?ll|we['\u2019]?ll) (?:go ahead"
    r"|go with (?:it|you|that))\b"
    r"|\b(?:you['\u2019]?ve got|we have|you have) (?:a|yourself a) deal\b|\bgo ahead\b|\bdeal\b[.!]"
    r"|\bsend (?:me |us |over )?(?:the|your) (?:contract|agreement|paperwork)\b",
    re.I,
)
_IF: Final = re.compile(r"\b(?:if|unless|until|before (?:i|we)|maybe|might|would|could|think about|when)\b|\?", re.I)


class CallEnding(Frozen):
    """How a call ended; ``turn``: where the customer said so, None where it is open.

    "doubtful": it may have been a no, which isn't sure enough to say so, and too likely to go after the customer; said
    by whoever isn't surely the rep.
    """

    kind: EndingKind
    turn: int | None = None


OPEN: Final = CallEnding(kind="open")


def ending_of(call: SureCall) -> CallEnding:
    """How a call ended for sure."""
    first = _first_of_the_end(call)
    agreed = max((number for number in range(first, len(call) + 1) if call.is_sure(number, "commitment")), default=0)
    refused = refusal_at(call, max(first, agreed + 1)) or _early_no(call, agreed + 1)
    if refused is not None:
        return CallEnding(kind="refused", turn=refused)
    settled = max((number for number in range(1, first) if call.is_sure(number, "commitment")), default=agreed)
    doubted = [
        one
        for one in call.said_by_others(max(settled, agreed) + 1)
        if _is_plain_no(call, one) or (one >= first and _may_be_a_no(call, one) and not _is_taken_back(call, one))
    ]
    if doubted:
        return CallEnding(kind="doubtful", turn=doubted[-1])
    made = next((number for number in reversed(call.said_by("customer", first)) if _is_made(call, number)), None)
    return OPEN if made is None else CallEnding(kind="made", turn=made)


def refusal_at(call: SureCall, start: int) -> int | None:
    """The customer's turn from ``start`` on that most surely says no, by what was read and by its own words."""
    customers = call.said_by("customer", start)
    said = [one for one in customers if call.p(one, "refusal") >= REFUSED and says_no(call.text(one))]
    return max(said, key=lambda number: call.p(number, "refusal"), default=None)


def has_an_end(call: SureCall) -> bool:
    """Whether the customer is heard where a call ends; of one that is cut off nobody knows how it ended."""
    return bool(call.said_by("customer", _first_of_the_end(call)))


def _first_of_the_end(call: SureCall) -> int:
    return first_of_end(len(call), END_SHARE) + 1


def _is_plain_no(call: SureCall, number: int) -> bool:
    """Whether somebody asks to be let alone, or most likely says no in so many words."""
    text = call.text(number)
    if _LET_ALONE.search(text) and not _BUT_THIS_WAY.search(text):
        return True
    return call.p(number, "refusal") >= REFUSED and says_no(text)


def _may_be_a_no(call: SureCall, number: int) -> bool:
    if _BARE_NO.fullmatch(call.text(number)) and not (number > 1 and _ANYTHING_ELSE.search(call.text(number - 1))):
        return True
    if _NO_CONTACT.search(call.text(number)) and not _BUT_THIS_WAY.search(call.text(number)):
        return True
    return call.p(number, "refusal") > 0 and not _YES_TO_IT.search(call.text(number))


def _is_taken_back(call: SureCall, number: int) -> bool:
    """Whether the customer, later on, more likely agrees to something than they said no there."""
    least = max(TAKEN_BACK, call.p(number, "refusal"))
    return any(call.p(one, "commitment") > least for one in call.said_by("customer", number + 1))


def _early_no(call: SureCall, start: int) -> int | None:
    """A no that is all but certain, well before the end, as where the customer has signed with somebody else."""
    said = refusal_at(call, max(start, round(EARLIEST * len(call))))
    return said if said is not None and call.p(said, "refusal") >= CERTAIN else None


def says_no(text: str) -> bool:
    """Whether words say no to a deal, or to hearing more of it."""
    return bool(_NO.search(text) and _NO_TO_IT.search(text)) and not _YES_TO_IT.search(text)


def _is_made(call: SureCall, number: int) -> bool:
    text = call.text(number)
    return (
        call.is_sure(number, "commitment")
        and call.p(number, "commitment") > call.p_concern(number)
        and _MADE.search(text) is not None
        and _IF.search(text) is None
    )
