"""What is said in a turn, found by wording: questions, fillers, prices, competitors, objections, steps. English only.

Simple patterns that a person can check, not a language model: an unusual wording is missed. ``docs/call-metrics.md``
says in words what each one finds, and how much of it.
"""

import re
from collections.abc import Iterable
from typing import Final

BACK_CHANNEL_WORDS: Final = 2

_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")

# What may stand before a question without changing it.
_LEAD_IN = re.compile(
    r"\A(?:(?:so|and|but|or|okay|ok|well|now|alright|right|great|sure|yeah|yes|no|then|um+|uh+|hi|hello|hey|sorry|thanks"
    r"|perfect|got it|i see|just curious|out of curiosity|by the way|first|also|actually|just|\w+(?=,))\b[\s,.:;-]*)+",
    re.I,
)
_SUBJECT = r"(?:i|you|we|they|he|she|it|there|that|this|these|those|your|our|their|his|her|my|the|any|anyone|anybody)\b"
_AUX = r"(?:is|are|was|were|do|does|did|can|could|would|will|shall|should|has|have|had|may|might)(?:n['\u2019]?t)?"
_INTERROGATIVE = re.compile(
    # "What do you ...", "how much does the ...", "what's your ..."; not "what matters is the price", "which is why".
    r"(?:what|who|whose|where|when|why|how)(?:\s+(?:else|kind of \w+|(?:much|many)(?: \w+)?|long|often|soon|big))?"
    rf"\s+{_AUX}\s+{_SUBJECT}"
    rf"|which \w+\s+{_AUX}\s+{_SUBJECT}"
    r"|(?:what|who|where|when|how)['\u2019]s\s+(?:your|the|that|this|it|his|her)\b"
    r"|(?:what|how) about\b|how come\b|why not\b"
    # "Do you ...", "can I ..."; not "do it now", "have it ready", "should you need".
    r"|(?:do|did|don['\u2019]t|didn['\u2019]t)\s+(?:you|we|they|i)\b"
    r"|(?:does|doesn['\u2019]t|is|isn['\u2019]t|was|wasn['\u2019]t|has|hasn['\u2019]t)\s+"
    r"(?:it|that|this|there|he|she|your|the|anyone|anybody)\b"
    r"|(?:are|aren['\u2019]t|were|have|haven['\u2019]t)\s+(?:you|we|they|there|your|these|those)\b"
    r"|(?:can|can['\u2019]t|could|couldn['\u2019]t|would|wouldn['\u2019]t|will|won['\u2019]t)\s+"
    r"(?:you|we|they|i|it|that|this|he|she|your|the)\b"
    r"|(?:may|shall)\s+(?:i|we)\b",
    re.I,
)
_INVITATION = re.compile(
    r"(?:please\s+)?(?:tell (?:me|us)|walk (?:me|us) through|talk (?:me|us) through|describe"
    r"|help (?:me|us) understand)\b",
    re.I,
)
_OPEN = re.compile(
    r"(?:what|how|why)\b(?!\s+(?:much|many|long|often|soon|big|old|large|far|time|day|date|year|percentage)\b)", re.I
)
_FILLER = re.compile(
    r"\b(?:u+m+|u+h+|e+r+m*|a+h+|h+m+)\b(?!-)|(?:(?<=,\s)|^)(?:like|you know|i mean)(?=,)"
    r"|(?<!what )(?<!which )(?<!this )(?<!that )(?<!some )(?<!any )(?<!\ba )(?<!the )\b(?:sort|kind) of\b",
    re.I,
)
_PRICE = re.compile(
    r"[$€£]\s?\d[\d.,]{0,30}k?\b|\b\d[\d.,]{0,30}+\s?[€£]|\b\d[\d.,]{0,30}+k?\s?(?:dollars?|euros?|pounds?|bucks|usd|eur|gbp)\b"
    r"|\b(?:prices?|priced|pricey|pricing|costs?|costing|costly|fees?|discount(?:s|ed)?|budgets?|budgeted|expensive"
    r"|cheap(?:er|est)?|affordable)\b",
    re.I,
)
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
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_WHEN = re.compile(
    rf"(?<!last )\b{_DAY}s?\b|\btomorrow\b|\btonight\b|\bthis (?:afternoon|evening|week|month)\b"
    r"|\bnext (?:week|month|quarter|year)\b"
    r"|\b(?:end|beginning|start|middle) of (?:the|this|next) (?:week|month|quarter)\b"
    r"|\bin (?:a|an|one|two|three|four|five|six|\d{1,2}|a couple of|a few) (?:minutes?|hours?|days?|weeks?|months?)\b"
    rf"|\b{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b"
    r"|\bthe (?:[1-9]|[12]\d|3[01])(?:st|nd|rd|th)\b"
    r"|\b(?:1[0-2]|[1-9])(?::[0-5]\d)? ?[ap]\.?m\b|\b(?:[01]?\d|2[0-3]):[0-5]\d\b|\bat noon\b|\bo['\u2019]clock\b",
    re.I,
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
    rf"|\b(?:that|this|it|noon|tomorrow|\d{{1,2}}(?::\d\d)?(?: ?[ap]m)?|next week|{_DAY})"
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


def n_words(text: str) -> int:
    """Words of a text: runs of letters and digits, with apostrophes and hyphens inside."""
    return len(_WORD.findall(text))


def is_back_channel(text: str) -> bool:
    """Whether a turn is no more than a nod, such as "mm hm"."""
    return n_words(text) <= BACK_CHANNEL_WORDS


def sentences(text: str) -> list[str]:
    """The sentences of a text, cut at their end marks."""
    return _SENTENCE_END.split(text)


def questions(text: str) -> list[str]:
    """The sentences that ask something."""
    return [sentence for sentence in sentences(text) if _is_question(sentence)]


def is_open(question: str) -> bool:
    """Whether a question can't be answered by yes, no or a number."""
    core = _without_lead_in(question)
    return bool(_OPEN.match(core) or _INVITATION.match(core))


def n_fillers(text: str) -> int:
    """How many fillers, such as "um"."""
    return len(_FILLER.findall(text))


def price_mentions(text: str) -> list[int]:
    """Where in a text the price is spoken of: character offsets."""
    return [found.start() for found in _PRICE.finditer(text)]


def competitor_mentions(text: str) -> list[int]:
    """Where in a text a competitor is spoken of: character offsets."""
    return [found.start() for found in _COMPETITOR.finditer(text)]


def is_objection(text: str) -> bool:
    """Whether a customer's turn raises an objection: price, need, time, who decides, putting off, risk."""
    return any(_OBJECTION.search(sentence) for sentence in sentences(text))


def is_dated_action(texts: Iterable[str]) -> bool:
    """Whether texts together name an action, such as a call or a visit, and a day or time to come."""
    said = " ".join(_NO_ACTION.sub(" ", text) for text in texts)
    return bool(_ACTION.search(said) and _WHEN.search(said))


def days_and_times(text: str) -> list[str]:
    """The days and times in a text, as they were said."""
    return [found[0] for found in _WHEN.finditer(text)]


def promises_action(text: str) -> bool:
    """Whether the speaker takes an action on: "I'll send you …", "we can meet …"."""
    return any(
        (promise := _PROMISE.search(sentence))
        and (_ACTION.search(sentence, promise.end()) or _TASK.search(sentence, promise.end()))
        and not _NEGATION.search(sentence)
        and not _is_question(sentence)
        for sentence in sentences(text)
    )


def agrees(text: str) -> bool:
    """Whether a turn says yes, and nothing against it."""
    return bool(_AGREEMENT.search(text)) and not _REFUSAL.search(text)


def commits(text: str) -> bool:
    """Whether a customer's turn takes the offer, or promises an action of their own."""
    return any(
        _COMMITMENT.search(sentence) and not _NEGATION.search(sentence) and not _is_question(sentence)
        for sentence in sentences(text)
    )


def _is_question(sentence: str) -> bool:
    """A sentence with a question mark, or one that asks without it; an echo such as “Really?” is none."""
    bare = sentence.strip().rstrip("\"'”)")
    if bare.endswith("?"):
        return n_words(bare) > BACK_CHANNEL_WORDS or bool(_OPEN.match(_without_lead_in(bare)))
    core = _without_lead_in(bare)
    return not bare.endswith("!") and bool(_INTERROGATIVE.match(core) or _INVITATION.match(core))


def _without_lead_in(sentence: str) -> str:
    bare = sentence.strip().lstrip("\"'“(")
    found = _LEAD_IN.match(bare)
    return bare[found.end() :] if found else bare
