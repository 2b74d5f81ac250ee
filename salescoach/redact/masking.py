"""Masks what tells who a past call was with: names of people, firms and places, sums of money, addresses.

Words of a won call are suggested to another rep, for another customer. Without a list of all names, a word with a
capital is a name unless it is known to be something else, so now and then an ordinary word is masked too: better so
than a customer's name let out.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from salescoach.types import Transcript

NAME, AMOUNT, CONTACT = "[name]", "[amount]", "[contact]"

_CALENDAR = """
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays
    sundays january february march april may june july august september october november december christmas easter
    english
"""
_ABBREVIATIONS = "ok tv pdf crm erp hr it id ceo cfo cto vp vat ai api faq asap roi po nda sla rfp qa pc am pm faqs ids"
# Words that sentences of a call often begin with, beside the stop words.
_STARTERS = """
    absolutely actually ah alright anybody anyone anything anyway apparently ask aye basically because bless
    brilliant bring bye call certainly cheers come congratulations cool correct could course definitely depends did
    didn't does doesn't don't done either else even everybody everyone everything exactly excellent exciting fair
    fantastic fine first fourth funny getting give given glad god going gonna good goodbye got gotcha great guess ha
    hang happy hard hardly haven't hear hello help here's hey hi hm hmm hold honest honestly hopefully how's hundred
    i'd i'll i'm i've imagine interesting isn't it'd it'll it's just keep kind know last lastly let let's like
    likely listen look looking looks lovely make makes maybe mean mhm mind mm morning my nah naturally neat never
    next nice no nobody noted nothing obviously oh okay one only ooh ouch pause perfect perhaps personally please
    pleasure point possibly pretty probably put question quick quite real really remember right roughly sadly say
    says second see send seriously shall she's short should show so some somebody someone something sometimes soon
    sorry sort sounds speaking still stop suppose sure take talk tell thank thanks that'd that'll that's then
    there's they'd they'll they're they've thing things think third though thought three till today tomorrow tonight
    too totally tricky true truth try two ugh uh uh-huh um understandable understood unfortunately usually very wait
    want wasn't watch we'd we'll we're we've well were weren't what's whatever when's where's which who's whoa why
    won't wonderful write would wouldn't wow wrong yeah yep yes yesterday you'd you'll you're you've
"""
_LABELS: Final = frozenset({"rep", "customer", "agent", "seller", "buyer", "client", "speaker", "unknown", "prospect"})

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")
_SENTENCE_END = re.compile(r"[.?!…:;]['\"”’)]*\s+$|^\W*$|[\"“(]$|[.?!…] - $")
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TENS = (
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|"
    "seventy|eighty|ninety"
)
_NUMBER_WORD = f"(?:zero|{_ONES}|{_TENS}|half)"
_ORDINARY: Final = ENGLISH_STOP_WORDS | frozenset(
    f"{_CALENDAR} {_ABBREVIATIONS} {_STARTERS} {_ONES} {_TENS} zero half".replace("|", " ").split()
)
_SCALE = "(?:hundred|thousand|million|billion|grand)"
_FIGURE = r"(?<!\d)\d++(?:[.,]\d++){0,8}+"
_WORDED = rf"\b(?:a\s++)?(?:{_NUMBER_WORD}[\s-]++){{0,6}}{_NUMBER_WORD}\b"
_UNIT = (
    r"(?:%|per\s?cent\b|percent\b|dollars?\b|euros?\b|pounds?\b|bucks\b|quid\b|cents?\b|pence\b|k\b|m\b|bn\b|"
    r"(?:a|per|each)\s+(?:month|year|week|day|quarter|head|seat|user|person|unit|licen[cs]e)\b|apiece\b|off\b)"
)
_AMOUNT = re.compile(
    rf"[$£€¥]\s?{_FIGURE}(?:\s?(?:k|m|bn|{_SCALE})\b)?(?:\s?{_UNIT})?"
    rf"|\b(?:a\s++|{_FIGURE}\s*+|(?:{_NUMBER_WORD}[\s-]++){{1,6}})?{_SCALE}\b"
    rf"(?:[\s-]++(?:and[\s-]++)?(?:{_NUMBER_WORD}|{_SCALE})\b)*(?:\s++{_UNIT})?"
    rf"|{_FIGURE}\s?{_UNIT}|{_WORDED}\s++{_UNIT}"
    rf"|\b(?:{_ONES}|{_TENS})(?:-(?:{_ONES}))?[\s-]++(?:{_TENS})(?:-(?:{_ONES}))?\b"  # "five forty-five" is a price
    r"|\b\d+(?:[.,]\d+)+\b|\b\d{3,}\b",
    re.IGNORECASE,
)
_CONTACT = re.compile(
    r"\b[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,255}\b|\b(?:https?://|www\.)\S+|\+?\d[\d\s().-]{6,}\d", re.IGNORECASE
)
_POSSESSIVE = re.compile(r"['’]s?$")
_RUN = re.compile(rf"{re.escape(NAME)}(?:[\s-]+(?:(?:and|of|&)\s+)?{re.escape(NAME)})+")


def mask(text: str, transcript: Transcript) -> str:
    """A turn of a call in which names stand as ``[name]``, sums as ``[amount]`` and addresses as ``[contact]``.

    Args:
        text: words of the call.
        transcript: the whole call, which tells names from words that merely begin a sentence.
    """
    return masker(transcript)(text)


def masker(transcript: Transcript) -> Callable[[str], str]:
    """``mask`` for many texts of one call, which is looked through once."""
    names, words = _names_of(transcript), _words_of(transcript)
    return lambda text: _mask(text, names, words)


def _mask(text: str, names: frozenset[str], words: frozenset[str]) -> str:
    text = _AMOUNT.sub(AMOUNT, _CONTACT.sub(CONTACT, text))
    pieces, end = [], 0
    for match in _WORD.finditer(text):
        if text[match.start() - 1 : match.start()] == "[":
            continue  # a mask
        starts_sentence = bool(_SENTENCE_END.search(text[: match.start()]))
        if _is_name(match.group(), names, words, starts_sentence=starts_sentence):
            bare = _POSSESSIVE.sub("", match.group())
            pieces += [text[end : match.start()], NAME]
            end = match.start() + len(bare)
    return _RUN.sub(NAME, "".join([*pieces, text[end:]]))


def _is_name(word: str, names: frozenset[str], words: frozenset[str], *, starts_sentence: bool) -> bool:
    bare = _bare(word)
    if bare in names:
        return True
    if not word[0].isupper() or bare in _ORDINARY or word.lower().replace("’", "'") in _ORDINARY:
        return False
    return not (starts_sentence and (bare in words or bare.endswith("ing")))


def _names_of(transcript: Transcript) -> frozenset[str]:
    """Names of the speakers, and words that have a capital wherever they stand in a sentence."""
    said = {part for turn in transcript.turns for part in _lower(_WORD.findall(turn.speaker))}
    return frozenset(said - _LABELS - _ORDINARY)


def _words_of(transcript: Transcript) -> frozenset[str]:
    """Words that the call has in small letters somewhere."""
    return frozenset(_bare(word) for turn in transcript.turns for word in _WORD.findall(turn.text) if word[0].islower())


def _lower(words: Sequence[str]) -> list[str]:
    return [_bare(word) for word in words]


def _bare(word: str) -> str:
    return _POSSESSIVE.sub("", word).lower()
