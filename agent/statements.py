"""Splits a draft into sentences, and tells which state nothing about a call, a person, a deal or a number.

Whatever isn't known to state nothing is taken for a statement.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from agent.numerals import GONE
from agent.own_words import QUOTED

# A sentence ends at its mark, with what closes a quote behind it.
_ENDS = re.compile(rf"(?<=[.!?;])\s+|(?<=[.!?;][\"”’'»)])\s+(?=[A-Z“‘\"{GONE}])|\n+")
_BULLET = re.compile(r"^[ \t>#]*(?:[*-]\s+|\d{1,2}[.)]\s+|•\s*)?")
_LIST_NUMBER = re.compile(r"[ \t>*-]{0,20}\d{1,2}[.)]")
_MARKERS_BEHIND = re.compile(rf"(?:{GONE}\s{{0,3}}){{1,20}}(?=[A-Z])")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ONLY_MARKS = re.compile(rf"[\s{GONE}.,;:()–-]*")

# Words of a sentence that only leads over: there is nothing in them that could be so or not.
_LEADING_OVER = frozenset(
    """
    a an and also answer as at because but by far finally first for from furthermore happened here idea ideas in is it
    its keep less mind moved more most next note now of on one other overall point points reason reasons remember
    result results second see so step steps still summary the then these thing things third this three to try turn turns
    two what where which why you your brief short
    """.split()
)
_NO_LEAD = re.compile(r"\b(?:it|this) is\b|\byou\b", re.IGNORECASE)
_COURTESY = re.compile(
    r"(?:hello|hi|hey|thanks|thank you|you're welcome|you are welcome|my pleasure|glad to help|happy to help"
    r"|good luck|sure|of course|sorry)(?: there| again| for asking)?[.!]*",
    re.IGNORECASE,
)
_OF_THE_ANSWER = re.compile(
    r"^(?:(?:about|for|on|at|of)\s[^:,]{1,30}[:,]\s)?(?:i (?:(?:can(?:'t|not)?"
    r"|could(?:n't| not)?) (?:say|tell|know|see|find|look|only|score)"
    r"|don't (?:know|have)|do not (?:know|have)|have (?:no|only|nothing)|only have)\b"
    r"|(?:that|this|it|they) (?:can't|cannot|could not|couldn't) be (?:compared|scored|found|looked up|answered)\b"
    r"|(?:that|this|it|the (?:score|number|range|figure|percentage))"
    r"(?: is|'s) (?:(?:only|just|no|not|an?|the|merely) ){0,3}(?:worth \w+ing|estimates?|associations?|causes?|verdict"
    r"|promise|guarantee|lean|forecast)\b)",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"^(?:(?:so|then|next|first|second|third|finally|instead|also|next time|and|or|before that|after that)[,:]?\s+)*"
    rf"(?:(?:at|around|on|after|before|for)\s+{GONE}[,:]?\s+)?"
    r"(?:you (?:could|might|may|should|can)\s+|i(?:'d| would)\s+|try (?:to )?|please\s+|don't\s+|do not\s+)?"
    r"(?P<verb>acknowledge|add|address|agree|aim|arrange|ask|avoid|book|bring|call|check|clarify|come|compare|confirm"
    r"|connect|cover|decide|describe|explain|explore|find|fix|focus|follow|get|give|go|handle|hold|include|invite|keep"
    r"|leave|let|link|listen|look|make|mention|name|offer|open|pause|pick|plan|point|prepare|present|propose|put|quote"
    r"|raise|read|remind|repeat|replay|restate|return|review|revisit|schedule|send|set|share|show|slow|speak|start|state"
    r"|stop|suggest|summari[sz]e|take|talk|tell|test|tie|try|turn|use|wait|work|write)\b(?!(?:\s+\S+){0,2}?\s+(?:is|was|were|are|has|had|have|will|won|lost)\b)"
    # What is only added to it, as in “… the call, which is won”, is no advice.
    r"(?!.*,\s(?:which|who)\s(?:is|was|were|are|has|had|have|will|won|lost|did|does)\b)",
    re.IGNORECASE,
)
# Words that ask the user for something, as all words of a sentence that begins with one of the first.
_ASKS = re.compile(r"^(?:please\s+)?(?:paste|upload|drop|ask me|tell me|give me|let me know)\b", re.IGNORECASE)
_ASKING = frozenset(
    """
    a about again an another anything ask call calls can compare drop file first for give help here how i if in is it
    its know let like me more number one or paste please question questions sales tell text the them there this to
    transcript turn upload what which with would you your
    """.split()
)

Kind = Literal["nothing", "courtesy", "question", "of the answer", "advice", "statement"]


class Sentence(NamedTuple):
    """A sentence of a draft: its place in the text, and whether it is the item of a list."""

    start: int
    end: int
    is_item: bool


def sentences(text: str, markers: frozenset[int]) -> Iterator[Sentence]:
    """The sentences of a folded draft. Markers behind a full stop belong to the sentence before it.

    Args:
        text: the draft, with ``GONE`` where code puts something in.
        markers: where in it a marker stands, and no fact.
    """
    found: list[Sentence] = []
    start = 0
    is_new_line = True
    is_item = False
    quoted = [match.span() for match in QUOTED.finditer(text)]
    ends = [match for match in _ENDS.finditer(text) if "\n" in match[0] or _is_end(text, match.start(), quoted)]
    for match in [*ends, None]:
        end = match.start() if match else len(text)
        if is_new_line:
            head = _BULLET.match(text[start:end])
            is_item = head is not None and bool(head[0].strip(" \t>#"))
            start += head.end() if head else 0
        # “It came up. [T14] A won call …”: the marker is the first sentence's.
        behind = _MARKERS_BEHIND.match(text[start:end]) if found and not is_new_line and start in markers else None
        if behind is not None and markers.isdisjoint(range(*found[-1][:2])):
            found[-1] = found[-1]._replace(end=start + behind.end())
            start += behind.end()
        piece = text[start:end]
        at = [start + place for place, sign in enumerate(piece) if sign == GONE]
        if found and not is_new_line and at and markers.issuperset(at) and _ONLY_MARKS.fullmatch(piece):
            found[-1] = found[-1]._replace(end=end)
        elif piece.strip():
            found.append(Sentence(start, end, is_item))
        if match is not None:
            start, is_new_line = match.end(), "\n" in match[0]
    yield from found


def _is_end(text: str, at: int, quoted: Sequence[tuple[int, int]]) -> bool:
    """Whether a full stop ends a sentence: not within a quote, and not behind the number of a list's item."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return not any(start < at < end for start, end in quoted) and _LIST_NUMBER.fullmatch(line) is None


def kind_of(sentence: str) -> Kind:
    """What a sentence of a language model's own does; ``GONE`` stands for what code puts in."""
    said = sentence.strip()
    words = [word.casefold() for word in _LETTERS.findall(said)]
    plain = said.replace(GONE, " ").strip(' .,:;()–-*"“”')
    if not plain:
        return "nothing"
    if words and len(words) <= 8 and all(w in _LEADING_OVER for w in words) and not _NO_LEAD.search(said):
        return "nothing"
    if _COURTESY.fullmatch(plain) or (_ASKS.match(plain) and all(word in _ASKING for word in words)):
        return "courtesy"
    if QUOTED.sub("", said).rstrip(f" {GONE})").endswith("?"):
        return "question"
    if _OF_THE_ANSWER.match(said):
        return "of the answer"
    return "advice" if _ADVICE.match(said) else "statement"
