"""Finds the fact that says what a sentence says, so that code can put the fact in its place.

What is shown as checked is always the fact, never the sentence: a poor match shows something true that is beside the
point, and no match shows nothing false. A sentence is taken for a fact only where all its numbers, quotes and markers
are the fact's, where side, direction, outcome and negation agree, and where most of its words are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.evidence import Passage
from agent.numerals import GONE, folded, numerals, one_quote_sign
from agent.own_words import DOWN, LOST, MARKS, QUOTED, UP, WON
from salescoach.types import Citation
from tools.document import AnswerDocument, AnswerLine, Quote

MIN_COVERED = 0.7  # of a sentence's words, by weight
MIN_WEIGHT = 2.0  # of what a sentence has in common with a fact, its side aside
MIN_WEIGHT_OF_WORDS = 3.0  # the same where it has no number, quote or marker
MIN_QUOTED_WORDS = 5  # within a sentence; fewer may leave out the "if" before them
_WEIGHT_OF_NUMBER, _WEIGHT_OF_QUOTE, _WEIGHT_OF_MARKER, _WEIGHT_OF_ID = 2.0, 3.0, 1.0, 1.0

_WORD = re.compile(r"[^\W\d_]++(?:['’][^\W\d_]++)?(?:-[\w-]{0,40}\d[\w-]{0,40})?")
_CLAUSE = re.compile(r"[,;:()]\s|[.]\s|\s(?:against|than|while|whereas)\s")
_UNREADABLE = re.compile(r"[{}]|\b(?:call|deal|number|no\.)\s+(?:number\s+)?\d")
_PERCENT = r"(?:%|per[\s-]?cents?\b|pct\b)"
_RANGE = re.compile(
    rf"(?<![\d.])(\d{{1,9}}(?:\.\d{{1,9}})?)\s{{0,3}}(?:%\s{{0,3}})?(?:-|to|and)\s{{0,3}}(\d{{1,9}}(?:\.\d{{1,9}})?)\s{{0,3}}{_PERCENT}"
)
_IS_PERCENT = re.compile(rf"^\s*{_PERCENT}")
_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_MARKER = re.compile(r"\[[^\[\]\n]{0,500}\]")
_ID = re.compile(r"\b[A-Za-z]++-[\w-]{0,60}\d[\w-]{0,60}")
_IS_RATIO = re.compile(
    r"^\s*(?:in|out of|to|/|:)\s*(?:\d|one|two|three|four|five|six|seven|eight|nine|ten|\w+ty|every)\b"
)
_IS_TITLE = re.compile(r"\*\*[^*\d]{1,60}\*\*:?")
_NO_NUMBER = re.compile(r"[a-z]{1,12}days?|half .*|b2[bc]|(?:in|by|until|since|of|before|after|next|last|from|to)\s.*")
_SIDE = re.compile(r"\b(customer|client|buyer|prospect|rep|seller)\b")
_LOW = re.compile(r"\bpulled\b.{0,200}?\bdown\b|\bbelow\b|\blowest\b|\bworst\b")
_HIGH = re.compile(r"\bheld\b.{0,200}?\bup\b|\babove\b|\bhighest\b|\bbest\b")
_SUFFIX = re.compile(r"(?:ing|edly|ed|ies|es|s|ly|d)$")
_NEGATIONS = frozenset("no not never nobody none nothing neither without cannot".split())
_SAYS = frozenset(
    "say said says tell told reply replied answer answered ask asked put call called repeat repeated end ended want "
    "wanted wants mention mentioned suggest suggested propose proposed offer worry worried".split()
)
_STOPS = frozenset(
    """
    a an the this that these those it its he she they him her his their them you your we our us i me my who whom which
    what where when of in on at to from for by with as into than then so and or but if is are was were be been being
    has have had do does did will would can could may might shall should there here about over under up down out off
    more most much many very too only just even still now again also some any all both each own such like one once
    need take took stand stands come came give gave make made get got go went lie lies somewhere between against
    little bit half side time percent percentage cent pct
    """.split()
)
_SAME = {
    same: word
    for word, sames in {
        "customer": "client buyer prospect",
        "rep": "seller salesperson salesman",
        "speak": "talk talking talked spoke spoken speaking speaks talks",
        "likely": "chance chances likelihood probability probable odds",
        "lower": "hurt hurts pulled pull dragged dropped decreased reduced weakened damaged cost lowered fell lowest",
        "raise": "helped help helps lifted boosted improved pushed jumped rose increased raised held",
        "won": "win wins converted convert closed successful",
        "lost": "lose loses failed",
        "call": "calls deal deals conversation",
        "objection": "objections concern concerns doubt doubts",
        "library": "team",
        "similar": "alike like comparable",
        "share": "part ratio",
        "word": "words talking",
        "price": "premium pricing",
    }.items()
    for same in sames.split()
}
_UNITS = {
    name: value
    for value, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {
    name: 10 * value
    for value, name in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}


@dataclass(frozen=True)
class StatedFact:
    """A line of a tool's own words, and the title it stands under."""

    line: AnswerLine
    title: AnswerLine

    @property
    def may_replace(self) -> bool:
        """Whether it may take the place of other words: a title says nothing, and uncalibrated is no likelihood."""
        text = "".join(map(str, self.line.spans)).strip()
        return _IS_TITLE.fullmatch(text) is None and "uncalibrated" not in text


def facts_of(documents: Sequence[AnswerDocument]) -> Iterator[StatedFact]:
    """Everything that documents state, in order."""
    nothing = AnswerLine(spans=())
    for document in documents:
        for block in document.blocks:
            if isinstance(block, AnswerLine):
                yield StatedFact(block, nothing)
                continue
            if block.title.spans:
                yield StatedFact(block.title, nothing)
            yield from (StatedFact(item, block.title) for item in block.items if item.spans)


class Recogniser:
    """Takes sentences for facts. ``passages``: what the facts' citations are, with whose words they are."""

    def __init__(self, facts: Sequence[StatedFact], passages: Sequence[Passage]) -> None:
        roles = {one.citation: one.role for one in passages}
        self._facts = [(fact, _Said.by_fact(fact, roles)) for fact in facts if fact.may_replace]

    def fact(self, sentence: str, cited: Sequence[Citation]) -> StatedFact | None:
        """The fact that says what a sentence says, None where there is none.

        Args:
            sentence: a sentence of a draft, folded, without its markers.
            cited: what its markers point to.
        """
        said = _Said.by_sentence(sentence, cited)
        if said is None:
            return None
        covered = [(_covered(said, known), fact) for fact, known in self._facts]
        best = max(covered, key=lambda one: one[0], default=(0.0, None))
        return best[1] if best[0] >= MIN_COVERED else None


@dataclass(frozen=True)
class _Clause:
    """A part of a sentence with numbers, and the words beside them."""

    words: frozenset[str]
    numbers: frozenset[tuple[float, bool]]


@dataclass(frozen=True)
class _Said:
    """What of a sentence or fact is compared. Numbers are pairs of a value and whether it is a percentage."""

    words: frozenset[str]
    negated: frozenset[str]
    numbers: frozenset[tuple[float, bool]]
    spoken_numbers: frozenset[tuple[float, bool]]
    places: frozenset[tuple[str, int, int]]
    sides_of_places: frozenset[tuple[tuple[str, int, int], str | None]]
    quotes: tuple[str, ...]
    sides: frozenset[str]
    ways: frozenset[str]
    clauses: "tuple[_Clause, ...]" = ()
    ranges: frozenset[tuple[float, float]] = frozenset()

    @classmethod
    def by_sentence(cls, sentence: str, cited: Sequence[Citation]) -> "_Said | None":
        quotes = tuple(_plain(match[0].strip(MARKS)) for match in QUOTED.finditer(sentence))
        own = QUOTED.sub(" ", sentence).replace(GONE, " ")
        numbers = None if _UNREADABLE.search(own) else _numbers(own)
        if numbers is None:
            return None
        words, negated = _words(own)
        places = frozenset(map(_place, cited))
        nothing: frozenset[Any] = frozenset()
        clauses, ranges = _clauses(own), _ranges(own)
        return cls(words, negated, numbers, nothing, places, nothing, quotes, _sides(own), _ways(own), clauses, ranges)

    @classmethod
    def by_fact(cls, fact: StatedFact, roles: dict[Citation, str | None]) -> "_Said":
        own = folded(_MARKER.sub(" ", " ".join(one for one in fact.line.spans if isinstance(one, str))))
        title = folded(" ".join(one for one in fact.title.spans if isinstance(one, str)))
        said = folded(" ".join(one.text for one in fact.line.spans if isinstance(one, Quote)))
        cited = [one for one in fact.line.spans if isinstance(one, Citation)]
        words, negated = _words(f"{own} . {said}")
        sides = frozenset(role for one in cited[:1] if (role := roles.get(one)) is not None) or _sides(own)
        ways = _ways(f"{own} {title}")
        known = words | _words(title)[0] | sides | {_stem(one.call_id.casefold()) for one in cited}
        return cls(
            words=known | ({_stem("score")} if ways & {"up", "down"} else set()) | ({"turn"} if cited else set()),
            negated=negated,
            numbers=_numbers(own, known_only=True) or frozenset(),
            spoken_numbers=_numbers(said, known_only=True) or frozenset(),
            places=frozenset(map(_place, cited)),
            sides_of_places=frozenset((_place(one), roles.get(one)) for one in cited),
            quotes=tuple(_plain(one.text) for one in fact.line.spans if isinstance(one, Quote)),
            sides=sides,
            ways=ways,
            clauses=_clauses(own),
            ranges=_ranges(own),
        )


def _covered(said: _Said, known: _Said) -> float:
    """The share of what is said that a fact says too; 0 where one says what the other doesn't."""
    if not (_numbers_agree(said, known) and _speakers_agree(said, known) and _directions_agree(said, known)):
        return 0.0
    fixed = (
        _WEIGHT_OF_NUMBER * len(said.numbers)
        + _WEIGHT_OF_QUOTE * len(said.quotes)
        + _WEIGHT_OF_MARKER * len(said.places)
        + _WEIGHT_OF_ID * len([word for word in said.words & known.words if "-" in word])
    )
    shared = fixed + len((said.words & known.words) - {"customer", "rep"})
    if shared < (MIN_WEIGHT if fixed else MIN_WEIGHT_OF_WORDS):
        return 0.0
    return (fixed + len(said.words & known.words)) / (fixed + len(said.words))


def _numbers_agree(said: _Said, known: _Said) -> bool:
    if (said.places or said.quotes) and said.numbers <= known.spoken_numbers:
        return True  # it may be about what was said there
    numbers = set(known.numbers)
    if "turn" in said.words:
        numbers |= {(float(start), False) for _, start, _ in known.places}
    return said.numbers <= numbers and (not said.numbers or _counts_the_same(said, known))


def _speakers_agree(said: _Said, known: _Said) -> bool:
    """Whether the fact has the places and quotes, and the side that says them or does it."""
    if not said.places <= known.places:
        return False
    if not all(len(quote.split()) > 2 and any(_holds(one, quote) for one in known.quotes) for quote in said.quotes):
        return False
    if not said.sides or not (known.sides or said.quotes) or said.sides & known.sides:
        return True
    # It may point to the other side's turn itself, as to that of an answer.
    return any((place, side) in known.sides_of_places for place in said.places for side in said.sides)


def _directions_agree(said: _Said, known: _Said) -> bool:
    if not said.ways <= known.ways or not said.negated <= known.words:
        return False
    return not any((word in said.negated) != (word in known.negated) for word in said.words & known.words)


def _counts_the_same(said: _Said, known: _Said) -> bool:
    """Whether each number is the one of its clause: of what the fact says with the same words, no other number is."""
    if said.ranges:
        return said.ranges <= known.ranges
    n_found = 0
    for part in said.clauses:
        if not part.numbers:
            continue
        if not part.words:
            continue  # as in “24 %, against 48 % of past calls”; another one must be found
        is_percent = {unit for _, unit in part.numbers}
        best: list[tuple[int, bool]] = [
            (len(part.words & one.words), part.numbers <= one.numbers)
            for one in known.clauses
            if {unit for _, unit in one.numbers} & is_percent
        ]
        if "turn" in part.words:
            best.append((1, True))
        most = max((n for n, _ in best), default=0)
        if most == 0 or not any(n == most and is_it for n, is_it in best):
            return False
        n_found += 1
    return n_found > 0


def _holds(text: str, quote: str) -> bool:
    """Whether a quote stands in what was said: five words of it at least, or from the beginning of a sentence on."""
    begins = "" if len(quote.split()) >= MIN_QUOTED_WORDS else r"(?:^|(?<=[.?!]\s))"
    return re.search(rf"{begins}(?<!\w){re.escape(quote)}(?!\w)", text) is not None


def _clauses(text: str) -> tuple[_Clause, ...]:
    parts = [one for one in _CLAUSE.split(text) if one.strip()]
    return tuple(
        _Clause(_words(one)[0] - {"customer", "rep"}, _numbers(one, known_only=True) or frozenset()) for one in parts
    )


def _ranges(text: str) -> frozenset[tuple[float, float]]:
    return frozenset((float(one[1]), float(one[2])) for one in _RANGE.finditer(text))


def _words(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The stems of a text's words, and of those among them that are denied."""
    words, negated = [], []
    denies = False
    for match in _WORD.finditer(one_quote_sign(text).casefold()):
        word = match[0]
        if word in _NEGATIONS or word.endswith("n't"):
            denies = True
            continue
        word = word.removesuffix("'s").split("'")[0]
        if word in _UNITS or word in _TENS:
            continue
        is_said = word in _SAYS
        if word in _STOPS or (is_said and not denies):
            continue
        stem = _stem(_SAME.get(word, word))
        words.append(stem)
        if denies:
            negated.append(stem)
            denies = False
    return frozenset(words), frozenset(negated)


def _stem(word: str) -> str:
    word = _SAME.get(word, word)
    if word in ("customer", "rep"):
        return word
    short = _SUFFIX.sub("", word) if len(word) > 4 else word.removesuffix("s") if len(word) > 3 else word
    short = short if len(short) >= 3 else word
    return _SAME.get(short, short).rstrip("e")


def _numbers(text: str, *, known_only: bool = False) -> frozenset[tuple[float, bool]] | None:
    """The numbers of a folded text. None where one can't be read, unless only those that can are wanted."""
    found: set[tuple[float, bool]] = set()
    text = _ID.sub(" ", text)
    for match in _RANGE.finditer(text):
        found |= {(float(match[1]), True), (float(match[2]), True)}
    text = _RANGE.sub(" ", text)
    for one in numerals(text):
        word = one.text.casefold()
        if word == "one" or re.fullmatch(_PERCENT, word) or not _is_read_as_number(word):
            continue
        value = None if _IS_RATIO.match(one.after) else _value(word)
        if value is None:
            if known_only:
                found |= {(float(part), bool(_IS_PERCENT.match(one.after))) for part in _DIGITS.findall(word)}
                continue
            return None
        found.add((value, bool(_IS_PERCENT.match(one.after))))
    return frozenset(found)


def _is_read_as_number(word: str) -> bool:
    """Days and months are words like others, and so are ids that begin with letters."""
    return not _NO_NUMBER.fullmatch(word)


def _value(word: str) -> float | None:
    if _DIGITS.fullmatch(word):
        return float(word)
    parts = word.replace("-", " ").split()
    if len(parts) == 1:
        return _UNITS.get(parts[0], _TENS.get(parts[0]))
    if len(parts) == 2 and parts[0] in _TENS and 0 < _UNITS.get(parts[1], 0) < 10:
        return float(_TENS[parts[0]] + _UNITS[parts[1]])
    return None


def _place(cited: Citation) -> tuple[str, int, int]:
    return cited.call_id, cited.turn_start, cited.turn_end


def _sides(text: str) -> frozenset[str]:
    """Whose doing a text is: the side that it names first."""
    named = _SIDE.findall(text.casefold())
    return frozenset([_SAME.get(named[0], named[0])] if named else [])


def _ways(text: str) -> frozenset[str]:
    """Directions and outcomes that a text speaks of."""
    ways = {"up": UP, "down": DOWN, "won": WON, "lost": LOST}
    found = {name for name, pattern in ways.items() if pattern.search(text)}
    if _LOW.search(text):
        found.add("down")
    if _HIGH.search(text):
        found.add("up")
    return frozenset(found)


def _plain(text: str) -> str:
    return " ".join(one_quote_sign(folded(text)).casefold().split()).rstrip(",.")
