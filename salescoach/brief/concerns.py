"""The customer's concerns, what happened to each, and what stayed open."""

import re
from collections.abc import Mapping
from typing import Final

from salescoach.brief.excerpts import Span, excerpt, sentence_spans
from salescoach.brief.reading import ReadCall
from salescoach.brief.results import Concern, Item
from salescoach.moves.results import ReadObjection
from salescoach.moves.taxonomy import OBJECTIONS, ObjectionKind
from salescoach.speech.spoken import n_words

MAX_CONCERNS: Final = 4
MAX_OPEN: Final = 3
ENOUGH: Final = 0.55  # of the reader's probability and what the words add
NEAR: Final = 2  # turns within which a concern of the same kind is the same concern
MIN_WORDS: Final = 4
LIKELY: Final = 0.55
CONCERN_WORDS: Final = 14

_MOVE_OF: Final = {kind: move for move, kind in OBJECTIONS.items()}
# Words that show of which kind a concern is: the reader tells them apart poorly.
_WORDS_OF: Final[dict[ObjectionKind, re.Pattern[str]]] = {
    "price": re.compile(
        r"\b(?:too (?:much|high|dear|expensive)|(?:it|that)['’]?s a lot\b(?! (?:better|easier|more|like"
        r"|of (?!money)))|expensive|dearer|more than|afford|budget"
        r"|not paying|two lots|pension|why are you more"
        r"|hidden|paid for that thing|the price)\b",
        re.I,
    ),
    "timing": re.compile(
        r"\b(?:too late|too busy|never a week|not before|till (?:after|i know)|after christmas|first let"
        r"|let (?:her|people) (?:resume|settle)|not now|stocktake|(?:be|until|till|wait for) (?:the )?(?:spring"
        r"|summer"
        r"|autumn|winter|christmas)|enough to be going on with|not this year|can['’]?t (?:\w+ ){1,6}before"
        r"|before [^.]{0,25}n['’]t|nothing till)\b",
        re.I,
    ),
    "authority": re.compile(
        r"\b(?:can['’]?t say yes|(?:has|have|got) to be (?:him|her|\w+ too|\w+ that)|she decides|he decides"
        r"|it['’]?s her (?:that|who|decides?|decision|call|she['’]?s)"
        r"|(?:my|the) (?:father|boss|landlord|board|council|co-?director)\b"
        r"|(?:my|the) (?:wife|husband|partner|aunt|uncle|mother)"
        r" (?:has|wants|will|would|must|needs|decides|signs|and i)|with my (?:wife|husband|partner)"
        r"|without the|he signs|she signs"
        r"|did we discuss|stamp|final word|last word|holds the|in (?:his|her) name|has to say yes"
        r"|not (?:just )?up to me"
        r"|have to ask (?:him|her|my|the)|councilwoman)\b",
        re.I,
    ),
    "competitor": re.compile(
        r"\b(?:another (?:lot|quotation|quote|firm)|the other quote|somebody in|to stop us doing|next to nothing)\b",
        re.I,
    ),
    "trust": re.compile(
        r"\b(?:don['’]?t (?:know you|trust)|trust any|not comfortable|you believe|collected deposit"
        r"|wasn['’]?t the number|a disaster|bought by|a recording|burn(?:ed|t)|lad from|i paid for that thing"
        r"|who is it that comes)\b",
        re.I,
    ),
    "need": re.compile(
        r"\b(?:don['’]?t need|gets? done|it['’]s fine|works? fine|mostly they just|no need|never (?:once|been)"
        r"|stood since|not on the list|happy with)\b",
        re.I,
    ),
    "fit": re.compile(
        r"\b(?:wouldn['’]?t work|won['’]?t work|can['’]?t do that|doesn['’]?t (?:do|have)|not the way)\b",
        re.I,
    ),
    "stall": re.compile(r"\b(?:hold off|let a thing sit|think about it|we['’]ll see|i['’]ll see about)\b", re.I),
}
_OBJECTS: Final = re.compile(
    r"\b(?:(?:too|very|rather|pretty|quite|so) (?:expensive|pricey|steep|dear|costly)|over (?:our |my |the )?budget"
    r"|cheaper|don['’]?t (?:really )?(?:need|want|trust)|no need for|already (?:have|got|use)|too (?:busy|early"
    r"|soon|risky"
    r"|complicated)|have to (?:ask|check with|talk to)|sleep on (?:it|this)|(?:not|isn['’]?t) (?:sure|convinced)"
    r"|worried|nervous|concerned|my (?:concern|worry)|under contract|locked in)\b",
    re.I,
)
_AGAINST: Final = re.compile(r"\b(?:not|no|never|nobody|but|only|too|still|though|\w+n['’]?t)\b", re.I)
_TO_CHECK: Final = re.compile(
    r"\b(?:i['’]d have to (?:look|ask|check)|i can ask|i believe|let me (?:check|find out)|i['’]ll (?:confirm"
    r"|find out|check(?! in)|ask)|i don['’]?t know|not sure)\b",
    re.I,
)
_UNDECIDED: Final = re.compile(
    r"\b(?:we['’]ll see|i['’]ll see about|not saying (?:that|yes)|(?:haven['’]?t|not) decided|have to (?:see|think"
    r"|ask)|(?:i['’]ll|i['’]d|let me|need to|have to|want to|going to) think (?:about it|it over|on it)"
    r"|can['’]?t promise|i['’]d better see|let (?:a thing|it) sit)\b",
    re.I,
)


def concerns_of(read: ReadCall) -> list[Concern]:
    """The concerns that are surest to be some, strongest first; a mere putting off comes last."""
    found: list[tuple[float, Concern]] = []
    for one in read.moves.objections:
        score, item = _concern(read, one)
        if score >= ENOUGH:
            found.append((score, item))
    chosen: list[tuple[float, Concern]] = []
    for score, item in sorted(found, key=lambda one: -one[0]):
        is_same = any(item.kind == other.kind and abs(item.turn - other.turn) <= NEAR for _, other in chosen)
        if not is_same and len(chosen) < MAX_CONCERNS:
            chosen.append((score, item))
    return [item for _, item in sorted(chosen, key=lambda one: (one[1].kind == "stall", -one[0]))]


def open_points_of(read: ReadCall, names: Mapping[str, str]) -> list[Item]:
    """What the rep still has to find out, what the customer left undecided, and concerns without an answer."""
    to_check, undecided = [], []
    for number, turn in read.turns("rep", "customer"):
        if turn.role == "rep" and (found := _TO_CHECK.search(turn.text)):
            to_check.append(
                Item(
                    text=f"{names[turn.speaker]} to check",
                    quote=excerpt(turn.text, found.span(), joined_words=0),
                    turn=number,
                )
            )
        if turn.role == "customer" and 2 * number > len(read.call) and (found := _UNDECIDED.search(turn.text)):
            undecided.append(
                Item(text="undecided", quote=excerpt(turn.text, found.span(), joined_words=0), turn=number)
            )
    return [*undecided[-1:], *to_check[-2:]][:MAX_OPEN]


def what_happened(concern: Concern) -> str | None:
    """What became of a concern, without a verdict: the reader tells how it was met in two of three."""
    return None if concern.handled_at is None else f"reply T{concern.handled_at}"


def _concern(read: ReadCall, one: ReadObjection) -> tuple[float, Concern]:
    text = read.text(one.turn)
    p = {kind: read.p(one.turn, move) for kind, move in _MOVE_OF.items()}
    said: dict[ObjectionKind, Span] = {kind: m.span() for kind, words in _WORDS_OF.items() if (m := words.search(text))}
    kind = max(said, key=lambda one: p[one]) if said else one.kind
    focus = said[kind] if said else _against(text)
    is_objecting = _OBJECTS.search(text) is not None
    likeliest = max(p.values())
    score = likeliest + 0.45 * bool(said) + 0.15 * is_objecting - 0.2 * (n_words(text) < MIN_WORDS)
    score -= 0.25 * (read.p(one.turn, "buying_signal") > likeliest)
    is_read = likeliest >= LIKELY and read.p(one.turn, "refusal") < LIKELY and _AGAINST.search(text) is not None
    if not (said or is_objecting or is_read):
        score = 0.0
    name = kind if said or p[kind] >= 0.4 else "concern"
    item = Concern(
        text=name,
        quote=excerpt(text, focus, CONCERN_WORDS),
        turn=one.turn,
        kind=kind,
        handled=one.handled,
        handled_at=one.handled_at,
    )
    return score, item


def _against(text: str) -> Span:
    """The longest sentence that says something against; else the longest."""
    spans = sentence_spans(text)
    against = [span for span in spans if _AGAINST.search(text, *span)]
    return max(against or spans, key=lambda span: span[1] - span[0], default=(0, len(text)))
