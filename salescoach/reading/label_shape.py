"""What the words before a colon in a caption look like: somebody's name, a stand-in for one, or a phrase."""

import re
from typing import Final, Literal

from salescoach.reading.limits import MAX_LABEL_CHARS
from salescoach.reading.roles import side_of
from salescoach.reading.texts import phrases

# "stand-in": Speaker 1, Agent, 12125550147; "digits": 2; "lower": juan perez; "phrase": none, or more than a name.
Shape = Literal["name", "stand-in", "digits", "lower", "phrase"]

MAX_NAME_WORDS: Final = 7

_STAND_IN = re.compile(
    r"(?:(?:unknown|unidentified|unbekannt\w{0,3}|male|female)\s++)?+"
    r"(?:speaker|spkr?|participant|person|guest|host|user|caller|voice|attendee|interviewer|interviewee|moderator"
    r"|panelist|audience|operator|man|woman|male|female|sprecher|sprecherin|teilnehmer|locuteur|orateur|hablante"
    r"|interlocutor|orador|falante|relatore|spreker)(?:\s*+[_#-]?\s*+(?:\d{1,4}|[a-z]|one|two|three|four|five|six))?"
    r"|(?:unknown|unidentified|s\d{1,3}|ch(?:annel)?[\s_]?\d)",
    re.I,
)
_DIALLED = re.compile(r"(?=(?:[^\d*]{0,4}[\d*x]){5})\+?[\d*x#().\s/-]{5,30}|[#*]{2,20}", re.I)
_ABBREVIATION = re.compile(r"(?:\w{1,3}|\w(?:\.\w)+|Prof|Corp|Gmbh|Univ|Dept|Intl|Capt|Rev|Hon)\.", re.I)
_ASIDE = re.compile(r"\([^()]{0,64}\)|\[[^\[\]]{0,64}\]|<[^<>\s]{1,64}@[^<>\s]{1,64}>")
_NICKNAME = re.compile(r"[\"“”„]([^\"“”„]{1,24})[\"“”]|['‘’](\w{1,24})['‘’](?!\w)")
_NEVER = re.compile(r"[?!;{}=<>\"“”„\t]|://")
# Small words that stand in names: "Ana de la Cruz", "Anna from Lumo", "Marks iPhone", "juan's iPad (2)".
_JOINTS: Final = phrases(
    "de|da|do|dos|das|del|della|di|der|den|dem|van|von|vom|zu|zum|zur|la|le|el|al|bin|ibn|ben|of|and|&|y|e|et|und|af|av"
    "|ter|ten|te|op|st|from|at|bei|chez|iphone|ipad|phone|laptop|macbook|mobile|handy|dos|du|des|bint|san|mc||-|/|\\|"
)
_OPENERS: Final = phrases(
    """
    look|listen|remember|honestly|basically|first|second|third|firstly|secondly|thirdly|finally|lastly|also|plus|again
    then|now|so|well|and|but|or|because|however|anyway|actually|obviously|clearly|frankly|seriously|meaning|meanwhile
    yes|no|okay|ok|right|sure|thanks|hello|hi|hey|sorry|please|wait|true|false|correct|exactly|great|good|perfect|wow
    this|that|these|those|here|there|what|why|how|when|where|who|which|today|tomorrow|yesterday|tonight|monday|tuesday
    wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november
    december|one|two|three|four|five|overall|bonus|spoiler|quote|unquote|alternatively|ideally|realistically
    specifically|namely|e.g|i.e|bottomline|fyi|btw|imagine|consider|think|see|guess|pros|cons|pro|con|also|next|last
    """
)
# Words with which phrases end, or that make a phrase of what stands around them, in small letters or large.
_NOUNS: Final = phrases(
    """
    question|questions|line|thing|things|point|points|fact|facts|story|note|notes|idea|ideas|concern|concerns|example
    examples|reason|reasons|answer|caveat|option|options|step|steps|part|problem|problems|issue|issues|deal|picture
    news|number|numbers|price|prices|cost|costs|summary|recap|update|reminder|detail|details|check|takeaway|takeaways
    rule|rules|case|scenario|plan|goal|goals|priority|priorities|result|results|choice|thought|thoughts|version|round
    phase|slide|chapter|item|items|topic|topics|agenda|disclaimer|warning|tip|word|words|truth|suggestion|request
    is|are|was|were|am|be|i|we|you|it|that|this|my|our|your|their|what|why|how|if|to|not|with
    """
)


def shape_of(label: str) -> Shape:
    """What a label looks like, whatever stands around it."""
    if not label or len(label) > MAX_LABEL_CHARS:
        return "phrase"
    if side_of(label) or _STAND_IN.fullmatch(label) or _DIALLED.fullmatch(label):
        return "stand-in"
    if label.isdecimal():
        return "digits"
    plain = _NICKNAME.sub(" ", _ASIDE.sub(" ", label))
    words = plain.replace("_", " ").split()
    if not 0 < len(words) <= MAX_NAME_WORDS or _NEVER.search(plain) or not any(map(str.isalpha, plain)):
        return "phrase"
    if any(_ends_a_sentence(word) for word in words) or words[-1].endswith(","):
        return "phrase"
    folded = [word.casefold().strip(".,") for word in words]
    if folded[0] in _OPENERS or (len(words) > 1 and any(word in _NOUNS for word in folded)) or folded[-1] in _NOUNS:
        return "phrase"
    main = [word for word, small in zip(words, folded, strict=True) if small not in _JOINTS]
    if not main:
        return "phrase"
    if all(word[0].islower() for word in main):
        return "lower"
    return "phrase" if any(_is_small(word) for word in main) else "name"


def _ends_a_sentence(word: str) -> bool:
    return word.endswith((".", ":")) and not _ABBREVIATION.fullmatch(word)


def _is_small(word: str) -> bool:
    """Whether a word is written small throughout; "d'Arcy" and "iPad" aren't."""
    return word[0].islower() and not any(map(str.isupper, word))
