"""What is said in a turn that a pattern finds well: questions, fillers, sums and prices, days and times. English only.

What a turn does in the conversation, such as raising an objection, is for the move reader. ``docs/call-metrics.md``
says in words what each pattern finds.
"""

import re
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
DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_WHEN = re.compile(
    rf"(?<!last )\b{DAY}s?\b|\btomorrow\b|\btonight\b|\bthis (?:afternoon|evening|week|month)\b"
    r"|\bnext (?:week|month|quarter|year)\b"
    r"|\b(?:end|beginning|start|middle) of (?:the|this|next) (?:week|month|quarter)\b"
    r"|\bin (?:a|an|one|two|three|four|five|six|\d{1,2}|a couple of|a few) (?:minutes?|hours?|days?|weeks?|months?)\b"
    rf"|\b{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b"
    r"|\bthe (?:[1-9]|[12]\d|3[01])(?:st|nd|rd|th)\b"
    r"|\b(?:1[0-2]|[1-9])(?::[0-5]\d)? ?[ap]\.?m\b|\b(?:[01]?\d|2[0-3]):[0-5]\d\b|\bat noon\b|\bo['\u2019]clock\b",
    re.I,
)

NTH = (
    r"(?:\d{1,2}(?:st|nd|rd|th)|(?:(?:twenty|thirty)[- ])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth"
    r"|ninth)|tenth|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|twentieth|thirtieth)"
)
_LATE_NTH = (
    r"(?:(?:twenty|thirty)[- ](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|(?:thir|four|fif|six|seven"
    r"|eigh|nine)teenth|tenth|eleventh|twelfth|twentieth|thirtieth)"
)  # such as are hardly said of anything but days
_HOUR = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|midday|[01]?\d|2[0-3])"
_TIME = (
    rf"(?:half (?:past )?{_HOUR}|(?:a )?quarter (?:past|to) {_HOUR}"
    rf"|{_HOUR}(?:[: ]?(?:[0-5]\d|fifteen|thirty|forty[- ]five|o ?['\u2019]?clock))?(?: ?[ap]\.?m\b)?)"
)
_PART = r"(?:morning|afternoon|evening|night)"
_APPOINTMENT = re.compile(
    rf"(?:(?<!last )\b(?:next )?{DAY}|\btomorrow|\btonight|\btoday|\bthis (?:{_PART}|week|month)|\bnext (?:week|month)"
    rf"|(?:(?<=\bon )|(?<=\bby )|(?<=\buntil )|(?<=\bbefore )|(?<=\btill ))the {NTH}\b"
    rf"|\bthe (?:\d{{1,2}}(?:st|nd|rd|th)|{_LATE_NTH})\b(?! (?:one|time|thing|floor))"
    rf"|\b{_MONTH} (?:the )?(?:{NTH}|\d{{1,2}}))\b"
    rf"(?: {_PART}\b)?(?:,? the {NTH}\b)?(?: (?:of )?{_MONTH}\b)?"
    rf"(?:,? (?:at|by|from|before|after|around) {_TIME}\b(?! (?:of|people|days|weeks|months|or|thing))"
    rf"|, {_TIME}\b(?! (?:of|people|days|weeks|months|or|thing)))?"
    rf"(?: in the {_PART}\b)?",
    re.I,
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
    return [sentence for sentence in sentences(text) if is_question(sentence)]


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


def days_and_times(text: str) -> list[str]:
    """The days and times in a text, as they were said."""
    return [found[0] for found in _WHEN.finditer(text)]


def appointments(text: str) -> list[str]:
    """The days in a text as they were said, each with its date and time, as in "Friday the 6th at eight"."""
    return [found[0] for found in _APPOINTMENT.finditer(text)]


def is_question(sentence: str) -> bool:
    """Whether a sentence asks, with a question mark or without it; an echo such as “Really?” doesn't."""
    bare = sentence.strip().rstrip("\"'”)")
    if bare.endswith("?"):
        return n_words(bare) > BACK_CHANNEL_WORDS or bool(_OPEN.match(_without_lead_in(bare)))
    core = _without_lead_in(bare)
    return not bare.endswith("!") and bool(_INTERROGATIVE.match(core) or _INVITATION.match(core))


def _without_lead_in(sentence: str) -> str:
    bare = sentence.strip().lstrip("\"'“(")
    found = _LEAD_IN.match(bare)
    return bare[found.end() :] if found else bare
