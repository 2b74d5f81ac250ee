"""Objections, competitors, promises and steps, told by their wording: for the cheap baseline only. English only.

The move reader finds far more of them; what a user sees rests on it.
"""

import re
from collections.abc import Iterable

from salescoach.speech.spoken import DAY, days_and_times, is_question, sentences

_ACTION = re.compile(
    r"\b(?:call|talk|speak|meet(?:ing)?|chat|send|e-?mail|follow(?:ing)?[- ]up|demo|schedule|book|calendar|invite"
    r"|catch up"
    r"|review|sign|visit|viewing|show you|check in|get back|reach out|see you|come (?:by|over|in)|stop by|appointment"
    r"|session|walkthrough|trial|start|deliver|install|ring|touch base|reconnect|connect)\b",
    re.I,
)
_NO_ACTION = re.compile(
    r"\b(?:don['\u2019]t|do not|never|no need to|not going to|won['\u2019]t|stop)\s+(?:\w+\s+)?\w+", re.I
)
_COMMITMENT = re.compile(
    r"\blet['\u2019]?s (?:do|try|book|schedule|sign|start|set|get started|go (?:ahead|with|for|forward)"
    r"|move (?:ahead|forward))\b"
    r"|\b(?:i|we)(?:['\u2019]ll| will| am going to|['\u2019]m going to|['\u2019]d like to|['\u2019]re going to) "
    r"(?:definitely |gladly |happily )?"
    r"(?:take (?!a |some |that back|it home)|(?:sign|buy|order|book|go with|go ahead|start|join|pay|donate|give you"
    r"|send|bring|introduce|set up|transfer|do it|do that|be there|block|forward|get you)\b)"
    r"|\bsign (?:me|us) up\b|\bcount (?:me|us) in\b|\b(?:i|we)(?:['\u2019]m| am|['\u2019]re| are) in\b(?=\s*[.!,]|\s*$)"
    r"|\bsend (?:me |us |it |over )?(?:over )?(?:the |a |that |your )?"
    r"(?:contract|agreement|paperwork|invoice|order form|docusign|calendar invite|invite|proposal|it over)\b"
    rf"|\b(?:that|this|it|noon|tomorrow|\d{{1,2}}(?::\d\d)?(?: ?[ap]m)?|next week|{DAY})"
    r"(?: (?:morning|afternoon|evening))?(?: at [\w:]+(?: ?[ap]m)?)? works\b"
    r"|\b(?:you have|you['\u2019]ve got|it['\u2019]s|we have|we['\u2019]ve got) a deal\b|\bwhere do (?:i|we) sign\b",
    re.I,
)
# "No problem, let's do it" is a yes: a bare "no" negates nothing here.
_NEGATION = re.compile(r"\b(?:not|never|cannot|\w+n['\u2019]t|if|unless|maybe|might)\b", re.I)
_COMPETITOR = re.compile(
    r"(?i:\b(?:competitors?|competition|incumbent|shopping around|shop around"
    r"|(?:another|other|different|second|cheaper|rival|competing|current|present|existing)"
    r" (?:vendor|provider|supplier|insurer|carrier|broker|agency|agent|firm|company|quote|offer|bid|estimate|tender)s?"
    r"|compar(?:e|ed|ing) (?:(?:a few|some|several|different|other) )?(?:quotes|offers|providers|vendors|suppliers)"
    r"|(?:somewhere|anywhere) else|(?:cheaper|better|less) elsewhere|someone else['\u2019]s)\b)"
    # A name after words that only a supplier fits: "we're looking at Nimbold", "a quote from Calder Shield".
    r"|\b(?i:(?:we|i)(?:['\u2019]re| are|['\u2019]m| am|['\u2019]ve| have| were(?:n['\u2019]t)?)?"
    r"(?: (?:also|already|currently|been|still))*"
    r" (?:use|using|looking at|evaluating|trialling|trialing|piloting|comparing you (?:with|to)|signed with|went with)"
    r"|(?:quote|offer|proposal|demo|bid) from|(?:switch|switching|switched|move|moving|moved)(?: over)? (?:from|to)"
    r"|compared (?:to|with)|(?:versus|vs\.?)|(?:you|it|that) against) "
    r"(?!I\b|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:January|February|March|April|May|June|July|August"
    r"|September|October|November|December)\b)[A-Z][\w&-]{1,40}"
    # ... or before them: "Nimbold quoted us less", "Calder Shield is on the list too".
    r"|\b[A-Z][\w&-]{1,40} (?i:(?:has |have |had )?(?:quoted|offered us|gave us|is (?:also )?(?:on the list|in the race"
    r"|cheaper|less expensive)|charges?))\b",
)
_OBJECTION = re.compile(
    # the price
    r"\b(?:(?:too|very|rather|pretty|quite|so|really|bit|way more) (?:expensive|pricey|steep|dear|costly)"
    r"|too much (?:money|for (?:us|me))|(?:is|that['\u2019]s|it['\u2019]s) (?:too much|steep|pricey|a lot of money)"
    r"|(?:can['\u2019]t|cannot|could(?:n['\u2019]t| not)|don['\u2019]t think (?:we|i) can) afford"
    r"|(?:over|above|beyond|outside|out of|not in|isn['\u2019]t in|no) (?:our |my |the |any )?(?:budget|price range)"
    r"|(?:more|higher|bigger)(?: \w+){0,3} than (?:we|i)(?:['\u2019]d| had)? ?(?:hoped|expected|planned|thought|had"
    r"|wanted|pay|budgeted|imagined)|hard to swallow|found (?:it |one )?cheaper|cheaper (?:elsewhere|somewhere))\b"
    # the need
    r"|\b(?:not (?:really |that |very )?interested|(?:don['\u2019]t|do not) (?:really )?(?:need|want"
    r"|see the (?:need|point|value|benefit))|no need for"
    r"|(?:happy|fine|good|satisfied) with (?:what (?:we|i)|our (?:current|existing)|the one)"
    r"|(?:we|i)(?:['\u2019]ve| have)? already (?:have|got|use|work with)"
    r"|works? (?:fine|well enough) (?:as it is|for us))\b"
    # the time
    r"|\b(?:(?:not|isn['\u2019]t) (?:a good|the right|the best) time|bad time|not (?:right now|at the moment|this year)"
    r"|too (?:busy|early|soon)|(?:don['\u2019]t|do not) have (?:the )?time|no time (?:for|right now)"
    r"|call (?:me )?(?:back )?(?:some other time|in a few months))\b"
    # who decides
    r"|\b(?:(?:have|need|want|got|like) to (?:ask|check with|talk (?:to|with|it over with)|speak (?:to|with)"
    r"|run (?:it|this) (?:by|past)|discuss (?:it|this) with) (?:my|our|the) (?:\w+ )?"
    r"(?:boss|manager|wife|husband|partner|team|board|director|cfo|ceo|owner|finance|legal|family|lawyer|accountant)"
    r"|not my (?:decision|call)"
    r"|(?:isn['\u2019]t|not) (?:up to me|mine to decide))\b"
    # putting off
    r"|\b(?:(?:have|need|want|like) to think (?:about|on|it|this)|think (?:it|this) over|sleep on (?:it|this)"
    r"|need (?:some |more )?time to (?:think|decide|consider)|(?:not|isn['\u2019]t) (?:so |quite |really |very )?"
    r"(?:sure|convinced|certain)(?! (?:what|how|when) (?:you|that))|get back to you)\b"
    # the risk
    r"|\b(?:(?:i['\u2019]m|we['\u2019]re|i am|we are|a bit|bit|pretty|really|get|gets)"
    r" (?:worried|nervous|concerned|afraid|hesitant|sceptical|skeptical)"
    r"|(?:my|our|the|one|main|only|biggest|a) (?:concern|worry|hesitation|objection|reservation)s?\b"
    r"|(?:scares?|worries|bothers|concerns) (?:me|us)|been burn(?:ed|t)|burn(?:ed|t) before"
    r"|don['\u2019]t trust|(?:sounds|looks|seems)(?: \w+)? (?:risky|too good)|too (?:risky|complicated|good to be true)"
    r"|under contract|locked in(?:to)?)\b",
    re.I,
)
_PROMISE = re.compile(
    r"\b(?:i|we)(?:['\u2019]ll| will|['\u2019]m going to| am going to|['\u2019]re going to| are going to"
    r"|['\u2019]d be (?:happy|glad) to| can)\b|\blet me\b",
    re.I,
)
# What somebody can take on besides an action that needs a date to be a step.
_TASK = re.compile(
    r"\b(?:accept|confirm|check|ask|prepare|forward|share|pass (?:it|this|that) on|put (?:it|this|that|you)|bring|write"
    r"|bring up|find out|have (?:it|that) ready|let you know by|take (?:it|this|that) to)\b",
    re.I,
)
_AGREEMENT = re.compile(
    r"\b(?:yes|yeah|yep|sure|okay|ok|works|perfect|great|fine|agreed|absolutely|definitely|deal|sounds good|good idea"
    r"|see you|talk (?:to you )?then|speak then|looking forward|let['\u2019]?s|please do|i['\u2019]ll be there"
    r"|put it in)\b",
    re.I,
)
_REFUSAL = re.compile(
    r"\b(?:no|not|never|cannot|\w+n['\u2019]t|rather not|maybe|might|perhaps|but)\b(?! problem)", re.I
)


def competitor_mentions(text: str) -> list[int]:
    """Where in a text a competitor is spoken of: character offsets."""
    return [found.start() for found in _COMPETITOR.finditer(text)]


def is_objection(text: str) -> bool:
    """Whether a customer's turn raises an objection: price, need, time, who decides, putting off, risk."""
    return any(_OBJECTION.search(sentence) for sentence in sentences(text))


def is_dated_action(texts: Iterable[str]) -> bool:
    """Whether texts together name an action, such as a call or a visit, and a day or time to come."""
    said = " ".join(_NO_ACTION.sub(" ", text) for text in texts)
    return bool(_ACTION.search(said) and days_and_times(said))


def promises_action(text: str) -> bool:
    """Whether the speaker takes an action on: "I'll send you …", "we can meet …"."""
    return any(
        (promise := _PROMISE.search(sentence))
        and (_ACTION.search(sentence, promise.end()) or _TASK.search(sentence, promise.end()))
        and not _NEGATION.search(sentence)
        and not is_question(sentence)
        for sentence in sentences(text)
    )


def agrees(text: str) -> bool:
    """Whether a turn says yes, and nothing against it."""
    return bool(_AGREEMENT.search(text)) and not _REFUSAL.search(text)


def commits(text: str) -> bool:
    """Whether a customer's turn takes the offer, or promises an action of their own."""
    return any(
        _COMMITMENT.search(sentence) and not _NEGATION.search(sentence) and not is_question(sentence)
        for sentence in sentences(text)
    )
