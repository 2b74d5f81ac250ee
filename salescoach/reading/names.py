"""The shape of a label: whether the words before a colon look like a speaker, and how surely."""

import re
import unicodedata
from enum import IntEnum
from typing import Final

from salescoach.reading.common_words import has_common_word, is_phrase
from salescoach.reading.limits import MAX_LABEL_CHARS
from salescoach.reading.texts import phrases

# Words before a colon that head a note or a form, not a speech.
_NO_SPEAKER: Final = phrases(
    """
    note|notes|price|prices|pricing|subject|date|time|times|total|agenda|summary|action|actions|action item
    action items|next step|next steps|email|e-mail|mail|phone|tel|address|re|fw|fwd|cc|bcc|ps|p.s|question
    questions|answer|answers|example|examples|e.g|i.e|warning|error|disclaimer|duration|topic|topics|attendees
    participants|speakers|title|meeting|call|recording|transcript|call transcript|location|company|product
    products|industry|context|background|goal|goals|problem|problems|result|results|outcome|conclusion|key points
    key takeaways|takeaways|highlights|important|reminder|todo|to do|to-do|hint|tip|tips|update|status|budget
    deadline|timeline|cost|costs|discount|link|links|url|source|https|http|call id|id|language|description|details
    comment|comments|option a|option b|plan a|plan b|feedback|observation|request|task|instruction|instructions
    system|type|name|start time|end time|started|ended|recorded|recorded on|meeting id|call date|call time
    keywords|summary keywords|datum|uhrzeit|dauer|betreff|teilnehmer|thema|notiz|hinweis|durée|objet|sujet
    remarque|fecha|duración|asunto|participantes|tema|nota|data|duração|assunto|durata|oggetto|partecipanti|duur
    onderwerp|deelnemers
    """
)
_PARTICLES: Final = phrases(
    "de|da|del|der|den|di|van|von|la|le|el|al|bin|of|the|and|&|y|du|des|dos|das|do|e|et|und|en|ter|ten|te|zu|zum|zur|vom"
    "|ibn|ben|bint|los|las|della|degli|dalla|lo|af|av|i|from|at|with|for|aus|bei"
)
# Words that say that somebody speaks, not who.
_ANYBODY: Final = phrases(
    """
    speaker|guest|caller|visitor|user|participant|host|co-host|interviewer|interviewee|moderator|unknown
    unidentified|operator|manager|director|engineer|assistant|attendee|person|voice|channel|man|woman|male|female
    room|conference room|iphone|ipad|phone|agent|bot|presenter|panelist|receptionist|technician|support|sales
    buyer|owner|supervisor|sprecher|sprecherin|unbekannt|teilnehmer|gast|moderatorin|anrufer|locuteur|locutrice
    intervenant|invité|inconnu|hablante|orador|interlocutor|invitado|desconocido|falante|participante|convidado
    desconhecido|parlante|relatore|ospite|sconosciuto|spreker|deelnemer|onbekend|beller
    """
)
_NOISES: Final = phrases(
    """
    laughs|laughter|laughing|inaudible|unintelligible|crosstalk|music|applause|silence|pause|noise
    background noise|coughs|cough|sighs|sigh|beep|ringing|dial tone|phone ringing|indistinct|foreign language
    blank_audio|blank audio|no audio|speaker_turn|typing|chuckles|clears throat|redacted|pii|bleep|static|musik
    applaus|lachen|lacht|gelächter|unverständlich|stille|rires|rire|musique|applaudissements|risas|música|aplausos
    silencio|risos|inaudível|silêncio|risate|musica|applausi|incomprensibile|silenzio|gelach|muziek|onverstaanbaar
    stilte
    """
)

_ABBREVIATED = re.compile(
    r"\b(?:\w{1,2}|(?:\w\.){1,4}\w|inc|ltd|llc|llp|plc|corp|bros|jr|sr|esq|ph\.d|dept|assoc|intl|gmbh|pty|etc)\.$", re.I
)
_NOT_IN_A_LABEL = re.compile(r"://|[.,] (?:and|but|so|i|we|you)\b", re.I)
_ODD = re.compile(r"[?!;{}=]|[.,]\Z")
_ADDRESS = re.compile(r"[<(\[]?[^\s@<>()]{1,64}@[^\s@<>()]{1,64}[>)\]]?")
_NICKNAME = re.compile(r"[\"“”„«»](?=\S)[^\"“”„«»]{1,30}[\"“”«»](?:\s|\Z)")
_NUMBER = re.compile(r"[+(]?\+?[\d#*xX][\d#*xX ()./-]{0,30}")
_CODE = re.compile(r"(?=[^\d]{0,30}\d)[A-Za-z][\w-]{0,30}")
_HEADING_NUMBER = re.compile(r"(?<!\s)\s*+#?(?<!\d)\d++$")
_CLOSING: Final = {"[": "]", "(": ")"}
_IN_PARENTHESES = re.compile(r"\([^)]{0,64}+\)")  # a label isn't longer
_WORD = re.compile(r"[^\W\d_]+")
_MOST_WORDS: Final = 7
_MIN_PHONE_DIGITS: Final = 5


class Shape(IntEnum):
    """How much a label looks like somebody's."""

    NOBODY = 0  # a phrase, a heading
    ODD = 1  # small letters, one digit: it may be a name where the file says so
    WORD = 2  # one word with a capital
    NAME = 3


def shape_of(label: str) -> Shape:
    """What a tidy label looks like."""
    if is_heading_label(label):
        return Shape.NOBODY
    if _CODE.fullmatch(label):
        return Shape.NAME
    if is_phrase(label):
        return Shape.NOBODY
    if _ADDRESS.search(label) or is_dial_in(label):
        return Shape.NAME
    words = label.replace("_", " ").split()
    letters = [word for word in _WORD.findall(label.replace("_", " ").casefold())]
    if any(word in _ANYBODY for word in letters) and len(words) < 5:
        return Shape.NAME
    if not is_name(label):
        return Shape.ODD
    return Shape.NAME if len(words) > 1 else Shape.WORD


def is_name(label: str) -> bool:
    """Whether a label has the shape of a name: some capitalised words, nicknames and addresses apart."""
    plain = _IN_PARENTHESES.sub("", _ADDRESS.sub("", label)).replace("_", " ")
    words = [word.strip("\"“”„«»'") for word in plain.split()]
    words = [word for word in words if word]
    if not words:
        return bool(_ADDRESS.search(label))
    is_odd = not _is_usual(label)
    has_letter = any(char.isalpha() for char in plain)
    capitals = (word.casefold() in _PARTICLES or not word[0].islower() for word in words)
    return has_letter and not is_odd and len(words) <= _MOST_WORDS and all(capitals) and not words[0].islower()


def is_dial_in(label: str) -> bool:
    """Whether a label is a telephone number, whole or masked: ``+44 7700 900123``, ``1212***0147``, ``####``."""
    if not _NUMBER.fullmatch(label):
        return False
    return sum(char.isdigit() or char in "#*xX" for char in label) >= (_MIN_PHONE_DIGITS if label.isdigit() else 4)


def is_noise(words: str) -> bool:
    """Whether words in brackets say what was heard, not who speaks: "laughs", "inaudible 00:12"."""
    plain = _HEADING_NUMBER.sub("", words.casefold()).strip()
    return plain in _NOISES or plain.partition(" ")[0] in _NOISES or plain.rpartition(" ")[2] in _NOISES


def is_heading_label(label: str) -> bool:
    """Whether a label heads a note or a form: "Note", "Price 2"."""
    return _HEADING_NUMBER.sub("", label.casefold()).rstrip(".") in _NO_SPEAKER


def is_common(label: str) -> bool:
    """Whether a label holds a word of a phrase, so that its odd shape is no name's."""
    return has_common_word(label)


def key_of(label: str) -> str:
    """What two spellings of one label have in common: neither case nor how its accents are encoded."""
    return unicodedata.normalize("NFC", label).casefold()


def tidy_label(label: str, *, may_be_odd: bool = False) -> str | None:
    """The label if it could be somebody's, else None; ``may_be_odd``: even with signs that names don't have."""
    label = " ".join(_without_emphasis(label.strip()).split())
    if label and _CLOSING.get(label[0]) == label[-1] and not any(char in "[]()" for char in label[1:-1]):
        label = label[1:-1].strip()
    if not label or len(label) > MAX_LABEL_CHARS:
        return None
    if not any(char.isalpha() for char in label) and not (_NUMBER.fullmatch(label)):
        return None
    if not may_be_odd and not _is_usual(label):
        return None
    if any(char in label for char in '"“”„«»') and not any(map(str.isalpha, _quoted_apart(label))):
        return None
    if any(char in label for char in "<>") and not _ADDRESS.search(label):
        return None
    return None if _NOT_IN_A_LABEL.search(_ADDRESS.sub("", label)) else label


def _is_usual(label: str) -> bool:
    """Whether a label has no sign that names don't have, and no end of a sentence."""
    found = _ODD.search(_ADDRESS.sub("", label))
    return found is None or (found[0] == "." and _ABBREVIATED.search(label) is not None)


def _quoted_apart(label: str) -> str:
    """What a label holds beside one nickname in quotes; nothing if its quotes hold none."""
    apart = _NICKNAME.sub(" ", label, count=1)
    return "" if apart == label or any(char in apart for char in '"“”„«»') else apart


def _without_emphasis(label: str) -> str:
    """Without the marks of Markdown around it; the asterisks of a masked number stay."""
    for mark in ("**", "__", "*", "_"):
        if label.startswith(mark) and label.endswith(mark) and len(label) > 2 * len(mark):
            label = label[len(mark) : -len(mark)].strip()
            break
    return label if is_dial_in(label) else label.strip(" \t*")
