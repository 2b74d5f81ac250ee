"""The check of what a language model adds in its own words: no number, quote, id or name, and no verdict.

What is recognised is taken out first, and what is left holds none of these.
"""

import re
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from agent.claims import wrong_claims
from agent.evidence import Passage, passages, texts
from agent.numerals import GONE, Numeral, folded, numerals, one_quote_sign
from agent.prompts import system_message
from salescoach.redact.sanitise import sanitise

MAX_SHOWN = 60  # characters of a quote in a message
MAX_QUOTES = 20
_LEAKED_WORDS = 9  # in a row, of what the language model is told

_BRACKET = re.compile(r"\[[^\]\n]{0,200}\]|\{[^}\n]{0,200}\}")
_LIST_NUMBER = re.compile(r"^[ \t>]*(?:[*-]\s+)?\d{1,2}[.)](?=\s)", re.MULTILINE)
SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
QUOTED = re.compile(
    r"“[^”]*+”?|„[^“”]*+[“”]?|«[^»]*+»?|»[^»«]*+«|‹[^›]*+›?|「[^」]*+」?|『[^』]*+』?|\"[^\"]*+\"?|`[^`]*+`"
    # An apostrophe inside of a word ends nothing.
    r"|(?<!\w)[‘'](?![’'\s])[^’'‘\n]*+(?:(?:‘|[’'](?=\w))[^’'‘\n]*+){0,40}+[’'](?!\w)|‚(?!\s)[^’‘‚\n]*+[’‘](?!\w)"
)
MARKS = "“”„«»‹›「」『』\"`‘’'‚"
_SAID = re.compile(
    r"\b(?:said|says|say|saying|told|tells|asked|asks|repl(?:y|ied|ies)|answer(?:s|ed)?|stat(?:es|ed)|mention(?:s|ed)|"
    r"wr(?:ote|ites)|quot(?:e|es|ed|ing)|exact words|in (?:his|her|their) words|verbatim|literally|put it|responded)\b",
    re.IGNORECASE,
)
_SPEECH = re.compile(
    r"^(?:[ \t>*-]*+(?:\d+[.)][^\S\n]++)?(?:customer|client|buyer|prospect|rep|seller|you|speaker \d+)\s*+:\s++"
    r"| {0,3}>+\s?)(?P<said>.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_ATTRIBUTION = re.compile(
    r"\b(?:you(?:'ve| have)?\s+(?:just\s+)?(?:said|say|ask(?:ed)?|mention(?:ed)?|wrote|name[ds]?|suggest(?:ed)?|mean"
    r"|meant|put|quoted?|"
    r"gave|told|propose[ds]?|want(?:ed)?|refer(?:red)?)|(?:in )?your (?:question|message|words|own number|figure)"
    r"|as you put it)\b",
    re.IGNORECASE,
)
LACK = re.compile(
    r"\b(?:no|not|nothing|none|never|cannot|can't|don't|doesn't|isn't|wasn't|without|unknown|only)\b", re.IGNORECASE
)
_FREE_THINGS = re.compile(
    r"^\s*(?:\w+\s+){0,1}(?:things?|steps?|ideas?|pieces?|points?|suggestions?|tips?|options?|ways?|moves?|parts?"
    r"|sides?|reasons?|"
    r"notes?|reads?|readings?|takeaways?|priorities|areas?|examples?|sentences?)\b",
    re.IGNORECASE,
)
_TERMS = frozenset({"b2b", "b2c"})
# What makes a share or a multiple of a number.
_SHARE = re.compile(
    r"^[\s-]*(?:%|‰|per[\s-]?cent|percentage|pct|points?\b|pts?\b|fold\b|times\b|x\b|×|[/:]\s?\d|to \w|out of|half"
    r"|in (?:every |each )?(?:\d|two|three|four|five|six|seven|eight|nine|ten|\w+ty\b|(?:a )?hundred|a dozen))",
    re.IGNORECASE,
)
_FEW = frozenset({"two", "three", "four", "five"})
_ENUMERATORS = frozenset({"fourth", "fifth"})
_ID = re.compile(r"(?<![\w-])(?:[A-Za-z_]+-)+(?:\d[\w-]*+|[0-9a-f]{8,}\b)|\b[0-9a-f]{8}-[0-9a-f-]{20,}\b")
_SPEAKER = re.compile(r"speaker[ _-]?\d{1,3}")
_NAME = re.compile(r"(?<=[a-z,;:] )(?:[A-Z][a-z]+(?:[A-Z][a-z]+)*|[A-Z]{3,})(?:[ -](?:[A-Z][a-z]+|[A-Z]{2,}|&))*")
_COMPANY = re.compile(
    r"\b(?:[A-Z]\w+[ -]){1,8}(?:Inc|Corp|Corporation|Ltd|LLC|GmbH|AG|PLC|Group|Holdings?|Industries)\b"
)
_ACTOR = re.compile(
    r"(?:^|(?<=[.!?] )|(?<=\n)|(?<=- )|(?<=\d\. ))(?P<name>[A-Z][a-z]{2,}(?: [A-Z][a-z]+)?)(?='s\b| (?:said|says"
    r"|signed|bought|"
    r"asked|told|agreed|replied|confirmed|promised|approved)\b)",
    re.MULTILINE,
)
_COMMON = frozenset(
    """
    i i'm i'd i'll i've rep reps customer customers client prospect buyer seller sales coach english markdown crm
    roi spin hello hi bant meddic ceo cfo cto coo it hr pdf faq nda sla api saas ai kpi usd eur gbp ok the this that
    they he she it we you someone nobody everyone everybody team call calls deal deals turn next what why where how
    when which whose did won lost converted score note and but so because both neither each one who won't csv asr
    utc discovery demo monday tuesday wednesday thursday friday saturday sunday january february march april may
    june july august september october november december
    """.split()
)
UP = re.compile(
    r"\b(?:raised|lifted|helped|increased|boosted|improved|in favou?r|(?:held|holds|pushed|pushes)\b.{0,20}\bup)\b",
    re.IGNORECASE,
)
DOWN = re.compile(
    r"\b(?:lowered|hurt|decreased|reduced|dropped|cost|dragged|weakened|(?:pulled|pulls)\b.{0,20}\bdown)\b",
    re.IGNORECASE,
)
WON = re.compile(r"\b(?:won|converted|closed|succeeded|successful|signed)\b", re.IGNORECASE)
LOST = re.compile(r"\b(?:lost|failed|unsuccessful|did(?:n't| not) (?:convert|close|sign))\b", re.IGNORECASE)
CUSTOMER_SAYS = re.compile(r"\b(?:customer|client|buyer|prospect)\b", re.IGNORECASE)
REP_SAYS = re.compile(r"\b(?:the rep|you|seller)\b", re.IGNORECASE)
_NOT_A_LINE_BREAK = re.compile(r"[^\n]")
_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[A-Za-z]+")
_HEADING = re.compile(r"^[ \t>#*-]*(?:\d+[.)]\s)?[^.\n]{0,60}:?$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")


class OwnWords:
    """The check of what a language model adds: what is recognised is taken out, and what is left holds no number."""

    def __init__(
        self,
        text: str,
        places: Sequence[tuple[int, list[Passage]]],
        results: Sequence[BaseModel],
        question: str,
        calls: Sequence[str],
    ) -> None:
        self._text = text
        self._places = places
        self._question = comparable(question)
        known = [comparable(text) for text in texts(results)]
        self._known_words = {word for text in known for word in _WORD.findall(text)}
        named = [*calls, *(one.citation.call_id for one in passages(results))]
        self._ids = {name for name in map(comparable, named) if "-" in name}
        self._ids |= {text for text in known if _ID.fullmatch(text) or _SPEAKER.fullmatch(text)}

    def problems(self) -> Iterator[str]:
        yield from self._leaks()
        yield from self._speech()
        yield from self._quotes()
        yield from self._brackets()
        yield from self._identifiers()
        yield from self._numbers()
        yield from self._claims()
        yield from self._names()

    def _take_out(self, start: int, end: int) -> None:
        gone = _NOT_A_LINE_BREAK.sub(GONE, self._text[start:end])
        self._text = self._text[:start] + gone + self._text[end:]

    def _leaks(self) -> Iterator[str]:
        told = _WORD.findall(comparable(system_message([]).text))
        said = " ".join(_WORD.findall(comparable(self._text)))
        rows = (" ".join(told[at : at + _LEAKED_WORDS]) for at in range(len(told) - _LEAKED_WORDS + 1))
        if any(row in said for row in rows):
            yield "the answer repeats the coach's own instructions"

    def _speech(self) -> Iterator[str]:
        """Block quotes and lines such as "Customer: …" are quotes without marks."""
        for match in _SPEECH.finditer(self._text):
            if GONE not in match["said"] and len(_WORD.findall(match["said"])) > 1:
                yield f"“{match['said'][:MAX_SHOWN]}” reads as a quote; put in the fact that has it"

    def _quotes(self) -> Iterator[str]:
        found = list(QUOTED.finditer(self._text))
        if len(found) > MAX_QUOTES:
            yield f"there are more than {MAX_QUOTES} quotes in the answer"
            return
        for match in found:
            said = comparable(match[0].strip(MARKS)).rstrip(",.")
            before = self._text[max(0, match.start() - 80) : match.start()].rsplit("\n", 1)[-1]
            n_words, is_code = len(said.split()), match[0].startswith("`")
            if n_words == 0 or (is_code and not _SAID.search(before) and not self._is_beside_a_place(match)):
                continue  # code, such as the name of a setting: its numbers are read with the text
            has_number = next(numerals(folded(said)), None) is not None
            if n_words > 1 or has_number or _SAID.search(before):
                sentence = self._sentence(match.start())
                if not (said in self._question and _ATTRIBUTION.search(sentence)):
                    yield f"“{match[0].strip(MARKS)[:MAX_SHOWN]}” is a quote of your own; put in the fact that has it"
            self._take_out(match.start(), match.end())

    def _is_beside_a_place(self, match: re.Match[str]) -> bool:
        start, end = self._text.rfind("\n", 0, match.start()) + 1, self._text.find("\n", match.end())
        return any(start <= at < (len(self._text) if end < 0 else end) for at, _ in self._places)

    def _brackets(self) -> Iterator[str]:
        for match in _BRACKET.finditer(self._text):
            if any(c.isdigit() for c in match[0]):
                yield f"the marker {match[0]} points to nothing"
                self._take_out(match.start(), match.end())

    def _identifiers(self) -> Iterator[str]:
        for name in sorted(self._ids, key=len, reverse=True):
            for match in list(re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self._text, re.IGNORECASE)):
                self._take_out(match.start(), match.end())
        for match in list(_ID.finditer(self._text)):
            if not _is_known(match[0].casefold(), self._question):
                yield f"the id {match[0]} is not among the results"
            self._take_out(match.start(), match.end())
        for match in list(_LIST_NUMBER.finditer(self._text)):
            self._take_out(match.start(), match.end())

    def _numbers(self) -> Iterator[str]:
        for found in numerals(self._text):
            if not (self._is_free(found) or self._is_asked(found)):
                yield f"{found.text} is a number of your own; put in the fact that has it"

    def _is_free(self, found: Numeral) -> bool:
        """Whether it counts nothing that was found: “one of them”, “two things”, “Fourth, …”."""
        word = found.text.casefold()
        if word == "one":
            return _SHARE.search(found.after) is None
        return (
            word in _TERMS
            or (word in _ENUMERATORS and found.after.startswith(","))
            or (word in _FEW and _FREE_THINGS.search(found.after) is not None)
        )

    def _is_asked(self, found: Numeral) -> bool:
        """Whether the user said it, and the draft says that, or that there is nothing about it."""
        if not _is_known(found.text.casefold(), self._question):
            return False
        sentence = self._sentence(found.start)
        if _ATTRIBUTION.search(sentence):
            return True
        return bool(LACK.search(sentence)) and _SHARE.search(found.after) is None

    def _claims(self) -> Iterator[str]:
        start = 0
        for match in [*SENTENCE_END.finditer(self._text), None]:
            end = match.start() if match else len(self._text)
            found = [(at, one) for at, passages in self._places if start <= at < end for one in passages]
            yield from _wrong_of_places(self._text[start:end], start, found)
            start = match.end() if match else end

    def _names(self) -> Iterator[str]:
        text = _CODE.sub(lambda match: GONE * len(match[0]), self._text)
        for pattern in (_NAME, _COMPANY, _ACTOR):
            for match in pattern.finditer(text):
                name = match["name"] if "name" in pattern.groupindex else match[0]
                words = [word.casefold() for word in _LETTERS.findall(name)]
                unknown = [word for word in words if word not in self._known_words and word not in _COMMON]
                line = text[text.rfind("\n", 0, match.start()) + 1 :].split("\n", 1)[0]
                is_heading = pattern is _NAME and bool(_HEADING.fullmatch(line)) and line[:1] in "#"
                if unknown and not is_heading and not all(_is_known(word, self._question) for word in unknown):
                    yield f"the name {name} is not among the results"

    def _sentence(self, at: int) -> str:
        starts = [match.end() for match in SENTENCE_END.finditer(self._text, max(0, at - 600), at)]
        start = starts[-1] if starts else max(0, at - 600)
        end = SENTENCE_END.search(self._text, at)
        return self._text[start : end.start() if end else len(self._text)][:1200].replace(GONE, " ").strip()


def comparable(text: str) -> str:
    """A text as it is compared: what the sanitiser leaves of it, without regard to case and quotation marks."""
    return " ".join(one_quote_sign(folded(sanitise(text))).casefold().split())


def _wrong_of_places(sentence: str, start: int, found: Sequence[tuple[int, Passage]]) -> Iterator[str]:
    """What a sentence says of the passages that it points to, and of how the deal ends, that isn't so."""
    outcomes = {one.outcome for _, one in found} - {None}
    directions = {one.direction for _, one in found} - {None}
    shown_sentence = sentence.replace(GONE, " ").strip()
    yield from wrong_claims(sentence.replace(GONE, " "), about_past_call=bool(outcomes))
    says_up, says_down = bool(UP.search(sentence)), bool(DOWN.search(sentence))
    says_won, says_lost = bool(WON.search(sentence)), bool(LOST.search(sentence))
    if (directions == {"lowered"} and says_up and not says_down) or (
        directions == {"raised"} and says_down and not says_up
    ):
        yield f"“{shown_sentence[:MAX_SHOWN]}” says the opposite of the direction found"
    if (outcomes == {"lost"} and says_won and not says_lost) or (
        outcomes == {"converted"} and says_lost and not says_won
    ):
        yield f"“{shown_sentence[:MAX_SHOWN]}” says the opposite of how the call ended"
    for at, one in found:
        before = sentence[: at - start]
        by_customer, by_rep = CUSTOMER_SAYS.search(before), REP_SAYS.search(before)
        if _SAID.search(before) and (
            (one.role == "rep" and by_customer and not by_rep)
            or (one.role == "customer" and by_rep and not by_customer)
        ):
            yield f"“{shown_sentence[:MAX_SHOWN]}” has {one.citation.marker} said by the other side"


def _is_known(token: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(token)}(?![\w-])", text) is not None
