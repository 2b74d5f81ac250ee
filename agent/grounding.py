"""Checks a draft against what the tools returned, by code: numbers, quotes, citations, ids, names and verdicts.

A percentage must be one that a tool gave as a percentage, points as points, a turn as a turn; any other number must
stand in a result, or in the user's question where the draft says so. A quote must be verbatim and stand where its
marker points. Nothing is said about how the deal ends but the probability, and in no words that go beyond it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel

from agent.claims import LIKELY_WORDS, wrong_claims
from agent.facts import Passage, comparable, facts_of, passages_of
from agent.numerals import GONE, Numeral, folded, numerals, one_quote_sign
from agent.prompts import system_message
from salescoach.redact.sanitise import MAX_CHARACTERS
from salescoach.types import Citation, Frozen

ProblemKind = Literal["number", "quote", "citation", "name", "claim", "leak", "length"]

MAX_SHOWN = 60  # characters of a quote in a message
MAX_PROBLEMS = 50
MAX_QUOTES = 200
_MAX_CLOSINGS = 12  # candidates for the end of a quote
_MAX_QUOTE = 4000  # characters
_LEAKED_WORDS = 9  # in a row, of what the language model is told

_MARKER = re.compile(r"\[(?:T\d+(?:[–-]\d+)?|call [^\]\n]{1,500}+)\]")
_BRACKET = re.compile(r"\[[^\]\n]{0,200}\]")
_LIST_NUMBER = re.compile(r"^[ \t>]*(?:[*-]\s+)?\d{1,2}[.)](?=\s)", re.MULTILINE)
_LIST_ITEM = re.compile(r"^[ \t>]*(?:[-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_OPENING = {
    "“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›", "「": "」", "『": "』", "‘": "’", "‚": "‘’", '"': '"', "'": "'",
    "`": "`",
}  # fmt: skip
_SINGLE = "'‘‚"
_SAID = re.compile(
    r"\b(?:said|says|say|saying|told|tells|asked|asks|repl(?:y|ied|ies)|answer(?:s|ed)?|stat(?:es|ed)|mention(?:s|ed)|"
    r"wr(?:ote|ites)|quot(?:e|es|ed|ing)|exact words|in (?:his|her|their) words|verbatim|literally|put it|responded)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^[ \t>*-]*+(?:\d+[.)][^\S\n]++)?\ue000*+[^\S\n]*+(?P<who>customer|client|buyer|prospect|rep|seller|you"
    r"|speaker \d+)\s*+:\s++(?P<said>.+)$",
    re.IGNORECASE | re.MULTILINE,
)
_BLOCK_QUOTE = re.compile(r"^ {0,3}>+\s?(?P<said>.*)$", re.MULTILINE)
_NEGATION = re.compile(r"(?:\b(?:not|never|no|nor|neither|without|hardly|cannot|nobody)|n't)\b", re.IGNORECASE)
_CONDITION = re.compile(r"\W{0,2}\b(?:if|unless|but|only if|provided|once|until|except)\b", re.IGNORECASE)
_IF = re.compile(r"\b(?:if|unless|whether|suppose)\b", re.IGNORECASE)
_ATTRIBUTION = re.compile(
    r"\b(?:you(?:'ve| have)?\s+(?:just\s+)?(?:said|say|ask(?:ed)?|mention(?:ed)?|wrote|name[ds]?|suggest(?:ed)?|mean"
    r"|meant|put|quoted?|"
    r"gave|told|propose[ds]?|want(?:ed)?|refer(?:red)?)|(?:in )?your (?:question|message|words|own number|figure)"
    r"|as you put it)\b",
    re.IGNORECASE,
)
_LACK = re.compile(
    r"\b(?:no|not|nothing|none|never|cannot|can't|don't|doesn't|isn't|wasn't|without|unknown|only)\b", re.IGNORECASE
)
_FREE_THINGS = re.compile(
    r"^\s*(?:\w+\s+){0,1}(?:things?|steps?|ideas?|pieces?|points?|suggestions?|tips?|options?|ways?|moves?|parts?"
    r"|sides?|reasons?|"
    r"notes?|reads?|readings?|takeaways?|priorities|areas?|examples?|sentences?|of)\b",
    re.IGNORECASE,
)
_ID_NOUN = re.compile(
    r"\b(?:call|deal|account|opportunity|customer|client|lead|ticket|case)\s*+(?:no\.?|number|id|nr\.?|#)?\s*+[:#]?\s*+$",
    re.IGNORECASE,
)
_COUNT_NOUN = re.compile(
    r"^[\s-]*(?:\w+\s+){0,3}?(?:calls?|deals?|accounts?|reps?|customers?|questions?|words?|times|wins?|losses"
    r"|moments?|turns?)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:at|after|before|around|and|to|in|from|by|since|,|turns? [\d, -]+)\s*$", re.IGNORECASE)
_OF_SCORE = re.compile(
    r"\b(?:score[ds]?|probability|chances?|likelihood|odds|confidence|rating|prediction)\b(?:\W+\w+){0,4}?\W*$",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"(?<![A-Za-z])[A-Za-z]++[ _-]?\d{1,3}")
_ID = re.compile(r"(?<![\w-])(?:[A-Za-z_]+-)+(?:\d[\w-]*+|[0-9a-f]{8,}\b)|\b[0-9a-f]{8}-[0-9a-f-]{20,}\b")
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
_HYPOTHETICAL = re.compile(
    r"\b(?:if|instead|had said|would|replac|insert|add(?:ed|ing)?|edit|hypothe|suppose|in its place)\w*\b",
    re.IGNORECASE,
)
_LIKELIHOOD = re.compile(LIKELY_WORDS, re.IGNORECASE)
_UNCALIBRATED = re.compile(r"\b(?:uncalibrated|not calibrated)\b", re.IGNORECASE)
_PROMISE = re.compile(r"\b(?:likel\w+|probab\w+|chances?|odds|certain\w*)\b", re.IGNORECASE)
_HEADLINE_AFTER = re.compile(
    r"^\s*(?:\w+\s+)?(?:likely|likelihood|probab\w+|chances?|odds|certain|sure|to (?:convert|close|sign|buy|win))\b",
    re.IGNORECASE,
)
_HEADLINE_BEFORE = re.compile(
    r"\b(?:probability|likelihood|chances?|odds|score)\b(?: of (?:converting|closing|conversion|success|winning))?"
    r"(?: (?:is|are|was|at|of|to|stands at|comes to|now))*[ :=]*(?:about|around|roughly|only|just|still)? ?$",
    re.IGNORECASE,
)
_GENERAL = re.compile(
    r"\b(?:calls|deals|average|general|base rate|usual\w*|typical\w*|overall|others?)\b", re.IGNORECASE
)
_THIS_CALL = re.compile(
    r"\b(?:this|your|the) (?:call|deal|one|conversation|customer)\b|^\s*(?:it|so|overall)\b", re.IGNORECASE
)
_SPEECH_METRIC = re.compile(
    r"\b(?:spoke|spoken|talk(?:ed|ing|s)?|words|speaking|listen(?:ed|ing)?|silence|monologues?)\b", re.IGNORECASE
)
_UP = re.compile(
    r"\b(?:raised|lifted|helped|increased|boosted|improved|held it up|pushed it up|in favou?r)\b", re.IGNORECASE
)
_DOWN = re.compile(
    r"\b(?:lowered|hurt|pulled it down|decreased|reduced|dropped|cost|dragged|weakened)\b", re.IGNORECASE
)
_WON = re.compile(r"\b(?:won|converted|closed|succeeded|successful|signed)\b", re.IGNORECASE)
_LOST = re.compile(r"\b(?:lost|failed|unsuccessful|did(?:n't| not) (?:convert|close|sign))\b", re.IGNORECASE)
_CUSTOMER_SAYS = re.compile(r"\b(?:customer|client|buyer|prospect)\b[^.“\"\n]{0,40}$", re.IGNORECASE)
_REP_SAYS = re.compile(r"\b(?:the rep|you|seller)\b[^.“\"\n]{0,40}$", re.IGNORECASE)


_NOT_A_LINE_BREAK = re.compile(r"[^\n]")
_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[A-Za-z]+")
_TURNS = re.compile(r"\[(?:turns?|T) ?\d+(?:(?:,| and|, T|-) ?\d+)*\]", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_HYPHEN_OF_TURNS = re.compile(r"(?<=\d)-(?=T?\d+\])")
_DOTS_AFTER = re.compile(r"\s?(?:…|\.\.\.)")
_DOTS_AROUND = re.compile(r"^(?:…|\.\.\.)\s*+|(?<!\s)\s*+(?:…|\.\.\.)$")
_NOT_A_NAME = re.compile(r"[%\n]|per ?cent|point|likel")
_BETWEEN = re.compile(r"\bbetween\s*$", re.IGNORECASE)
_OF_HOW_MANY = re.compile(r"\b(?:by|of|about)\s*$")
_HEADING = re.compile(r"^[ \t>#*-]*(?:\d+[.)]\s)?[^.\n]{0,60}:?$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_CLAUSE_END = re.compile(r"[.!?;:]\s")
_PERCENT_SIGN = re.compile(r"(?<!\s)\s*+-?\s*+(?:%|per[\s-]?cents?|pct|percentage)$", re.IGNORECASE)


class Problem(Frozen):
    """Something in a draft that no tool result stands behind."""

    kind: ProblemKind
    text: str

    def __str__(self) -> str:
        return self.text


class Grounding(Frozen):
    """What a draft was found to hold: how many statements were checked, and what is wrong with it."""

    n_numbers: int
    n_quotes: int
    n_citations: int
    problems: tuple[Problem, ...]

    @property
    def is_grounded(self) -> bool:
        """Whether everything that could be checked stands in the results."""
        return not self.problems


def check(draft: str, results: Sequence[BaseModel], question: str, calls: Sequence[str]) -> Grounding:
    """Checks a sanitised draft.

    Args:
        draft: the answer that somebody wants to give.
        results: what the tools returned for this question.
        question: the user's own words; what stands there may be repeated where the draft attributes it.
        calls: ids of the calls of this conversation, which may be named.
    """
    return _Check(draft, results, question, calls).run()


def problems_of(draft: str, results: Sequence[BaseModel], question: str, calls: Sequence[str]) -> list[str]:
    """What in a draft no tool result stands behind, each as a short phrase; empty where all of it is grounded."""
    return [str(problem) for problem in check(draft, results, question, calls).problems]


def citations_of(answer: str, results: Sequence[BaseModel]) -> list[Citation]:
    """What the markers of a verified answer point to, each once, in order of appearance.

    Two calls may have the same marker; then it is the one whose quote stands on its line.
    """
    targets = [citation for result in results for citation in passages_of(result)]
    chosen: dict[str, Citation] = {}
    for line in answer.splitlines():
        said = comparable(line)
        for marker in _MARKER.findall(line):
            found = [one for one in targets if one.marker == marker]
            if found and marker not in chosen:
                chosen[marker] = next((one for one in found if comparable(one.quote)[:MAX_SHOWN] in said), found[-1])
    return list(chosen.values())


class _Quoted(Frozen):
    start: int
    end: int
    said: str
    mark: str


class _Check:
    """One check: everything that is recognised is taken out of the text, and what is left must hold no number."""

    def __init__(self, draft: str, results: Sequence[BaseModel], question: str, calls: Sequence[str]) -> None:
        self._facts = facts_of(results)
        self._question = comparable(question)
        self._asked = list(numerals(folded(question)))
        self._calls = list(calls)
        self._is_long = len(draft) >= MAX_CHARACTERS
        self._text = self._whole = folded(draft)
        self._problems: list[Problem] = []
        self._markers: list[tuple[int, list[Passage]]] = []
        self._counted = {"number": 0, "quote": 0, "citation": 0}

    def run(self) -> Grounding:
        self._leaks()
        self._take_out_our_words()
        self._citations()
        self._quotes()
        self._unmarked_speech()
        self._take_out_names()
        self._numbers()
        self._sentences()
        self._names()
        return Grounding(
            n_numbers=self._counted["number"],
            n_quotes=self._counted["quote"],
            n_citations=self._counted["citation"],
            problems=tuple(self._problems[:MAX_PROBLEMS]),
        )

    def _wrong(self, kind: ProblemKind, text: str) -> None:
        problem = Problem(kind=kind, text=text)
        if problem not in self._problems:
            self._problems.append(problem)

    def _take_out(self, start: int, end: int) -> None:
        gone = _NOT_A_LINE_BREAK.sub(GONE, self._text[start:end])
        self._text = self._text[:start] + gone + self._text[end:]

    def _leaks(self) -> None:
        if not self._whole.strip():
            self._wrong("length", "the answer is empty")
        if self._is_long:
            self._wrong("length", f"the answer is longer than {MAX_CHARACTERS} characters")
        told = _WORD.findall(comparable(system_message([]).text))
        said = " ".join(_WORD.findall(comparable(self._whole)))
        rows = (" ".join(told[at : at + _LEAKED_WORDS]) for at in range(len(told) - _LEAKED_WORDS + 1))
        if any(row in said for row in rows):
            self._wrong("leak", "the answer repeats the coach's own instructions")

    def _take_out_our_words(self) -> None:
        for ours in sorted({text for text in self._facts.ours if len(text) > 3}, key=len, reverse=True):
            at = self._text.find(ours)
            while at >= 0:
                self._take_out(at, at + len(ours))
                at = self._text.find(ours, at + len(ours))

    def _citations(self) -> None:
        for match in _BRACKET.finditer(self._text):
            if not (any(c.isdigit() for c in match[0]) or _MARKER.fullmatch(match[0])):
                continue
            self._counted["citation"] += 1
            passages = self._facts.named(match[0])
            if not passages and _TURNS.fullmatch(match[0]):
                turns = [int(turn) for turn in _DIGITS.findall(match[0])]
                passages = [one for turn in turns for one in self._facts.at(turn)]
                if any(not self._facts.at(turn) for turn in turns):
                    passages = []
            if not passages:
                shown = _HYPHEN_OF_TURNS.sub("–", match[0])
                self._wrong("citation", f"the marker {shown} points to nothing")
            self._markers.append((match.start(), passages))
            self._take_out(match.start(), match.end())

    def _quotes(self) -> None:
        for quoted in self._find_quotes():
            said = _bare(quoted.said)
            n_words = len(said.split())
            before = self._text[max(0, quoted.start - 80) : quoted.start].rsplit("\n", 1)[-1]
            has_number = next(numerals(folded(said)), None) is not None
            if quoted.mark == "`" and not (_SAID.search(before) or self._near(quoted)):
                continue  # code, such as the name of a setting: its numbers are read with the text
            if n_words == 0 or (n_words == 1 and not has_number and not _SAID.search(before)):
                self._blank(quoted)
                continue
            self._counted["quote"] += 1
            self._check_quote(quoted, said, before)
            self._blank(quoted)

    def _blank(self, quoted: _Quoted) -> None:
        self._take_out(quoted.start, quoted.end)

    def _check_quote(self, quoted: _Quoted, said: str, before: str) -> None:
        shown = quoted.said[:MAX_SHOWN]
        is_cut = bool(_DOTS_AFTER.match(self._text[quoted.end : quoted.end + 4]))
        if self._from_question(said, quoted) or any(said in comparable(text) for text in self._facts.ours):
            return
        if _HYPOTHETICAL.search(self._sentence(quoted.start)) and any(said in one for one in self._facts.hypothetical):
            return
        if not any(_stands_in(said, text) for text in self._facts.texts):
            self._wrong("quote", f"the quote “{shown}” is nowhere in the results")
        elif not is_cut and not any(_keeps_meaning(said, text, quoted.said) for text in self._facts.texts):
            self._wrong("quote", f"the quote “{shown}” leaves out words beside it that change what it says")
        else:
            near = self._near(quoted)
            if near and not any(_stands_in(said, text) for one in near for text in one.texts):
                self._wrong("quote", f"the quote “{shown}” doesn't stand where its marker points")
            self._check_speaker(said, before, shown)

    def _check_speaker(self, said: str, before: str, shown: str) -> None:
        roles = {one.role for one in self._facts.passages if any(_stands_in(said, text) for text in one.texts)}
        roles -= {None, "unknown"}
        if (_CUSTOMER_SAYS.search(before) and _SAID.search(before) and roles == {"rep"}) or (
            _REP_SAYS.search(before)
            and _SAID.search(before)
            and "customer" not in before.lower()
            and roles == {"customer"}
        ):
            self._wrong("quote", f"the quote “{shown}” was said by the other side")

    def _from_question(self, said: str, quoted: _Quoted) -> bool:
        return said in self._question and bool(_ATTRIBUTION.search(self._sentence(quoted.start)))

    def _near(self, quoted: _Quoted) -> list[Passage]:
        """What the markers before and after a quote on its line point to."""
        start = self._text.rfind("\n", 0, quoted.start) + 1
        end = self._text.find("\n", quoted.end)
        end = len(self._text) if end < 0 else end
        before = [passages for at, passages in self._markers if start <= at < quoted.start][-1:]
        after = [passages for at, passages in self._markers if quoted.end <= at < end][:1]
        return [one for passages in (*before, *after) for one in passages]

    def _find_quotes(self) -> list[_Quoted]:
        found: list[_Quoted] = []
        at, text = 0, self._text
        while at < len(text) and len(found) < MAX_QUOTES:
            quoted = self._quote_at(at) if text[at] in _OPENING else None
            if quoted is not None:
                found.append(quoted)
            at = quoted.end if quoted is not None else at + 1
        if len(found) == MAX_QUOTES:
            self._wrong("length", f"there are more than {MAX_QUOTES} quotes in the answer")
        return found

    def _quote_at(self, at: int) -> _Quoted | None:
        text, mark = self._text, self._text[at]
        is_single = mark in _SINGLE
        if is_single and ((at and (text[at - 1].isalnum())) or at + 1 >= len(text) or text[at + 1].isspace()):
            return None
        limit = text.find("\n\n", at)
        limit = min(len(text) if limit < 0 else limit, at + _MAX_QUOTE)
        closings: list[int] = []
        for place in range(at + 1, limit):
            if text[place] in _OPENING[mark] and not (
                is_single and (text[place - 1].isspace() or text[place + 1 : place + 2].isalnum())
            ):
                closings.append(place)
                if len(closings) == _MAX_CLOSINGS:
                    break
        if not closings:
            if mark in "'‘‚`":
                return None
            end = text.find("\n", at)
            closings = [limit if end < 0 else min(end, limit)]
        verbatim = [
            place
            for place in closings
            if any(_stands_in(_bare(text[at + 1 : place]), known) for known in self._facts.texts)
        ]
        end = max(verbatim, default=closings[0])
        return _Quoted(start=at, end=min(end + 1, len(text)), said=text[at + 1 : end], mark=mark)

    def _unmarked_speech(self) -> None:
        """Block quotes and lines such as "Customer: …" are quotes without marks."""
        for pattern in (_BLOCK_QUOTE, _LABEL):
            for match in list(pattern.finditer(self._text)):
                said = _bare(match["said"].replace(GONE, ""))
                is_speech = pattern is _BLOCK_QUOTE or len(said.split()) > 1
                if GONE in match["said"] or not is_speech or len(said.split()) < 2:
                    continue
                self._counted["quote"] += 1
                if any(_stands_in(said, text) for text in self._facts.texts):
                    self._take_out(match.start("said"), match.end("said"))
                else:
                    self._wrong("quote", f"the quote “{match['said'][:MAX_SHOWN]}” is nowhere in the results")

    def _take_out_names(self) -> None:
        """Ids and names of the results, and of the calls of the conversation, hold no numbers of their own."""
        known = {
            name for name in self._facts.names if any(c.isdigit() for c in name) and not name.replace(".", "").isdigit()
        }
        known = {name for name in known if len(name) > 2 and not _NOT_A_NAME.search(name)}
        known = {name for name in known if "-" in name or "_" in name or _SPEAKER.fullmatch(name)}
        for name in sorted({*known, *(comparable(call) for call in self._calls)}, key=len, reverse=True):
            for match in list(re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self._text, re.IGNORECASE)):
                self._take_out(match.start(), match.end())
        for match in list(_LIST_NUMBER.finditer(self._text)):
            self._take_out(match.start(), match.end())
        for match in list(_ID.finditer(self._text)):
            if not any(_is_known(match[0].casefold(), text) for text in (*self._facts.names, self._question)):
                self._wrong("name", f"the id {match[0]} is not among the results")
            self._take_out(match.start(), match.end())

    def _numbers(self) -> None:
        for found in numerals(self._text):
            self._counted["number"] += 1
            if not (self._is_known(found) or self._is_asked(found)):
                self._wrong("number", f"{_shown(found)} is not among the results")

    def _is_asked(self, found: Numeral) -> bool:
        """Whether the user said it, and the draft says that, or that there is nothing about it."""
        if found.text.casefold() not in self._question and not any(
            found.kind == one.kind and found.values == one.values for one in self._asked
        ):
            return False
        sentence = self._sentence(found.start)
        if found.kind in {"percent", "range", "ratio", "multiple", "points"}:
            return bool(_ATTRIBUTION.search(sentence))
        return bool(_ATTRIBUTION.search(sentence) or _LACK.search(sentence))

    def _is_known(self, found: Numeral) -> bool:  # noqa: C901
        facts, values = self._facts, found.values
        if found.kind in {"date", "token"}:
            return self._is_named(found.text)
        if found.kind == "multiple" or (found.kind == "ratio" and (values is None or not self._is_plain_ratio(found))):
            if self._is_worded(found):
                return True
            if found.kind == "ratio" and values is not None and len(values) == 2 and values[1]:
                share = round(100 * values[0] / values[1], 6)
                return self._is_known_percent(share, found)
            return False
        if values is None:
            return False
        if found.kind == "range":
            return self._is_known_range(found, values)
        if found.kind == "percent":
            return self._is_known_percent(values[0], found)
        if found.kind == "points":
            return values[0] in facts.points or (
                self._looks_like_a_count(found) and values[0] in facts.counts | self._own_lists()
            )
        if found.kind == "turn":
            return all(value in facts.turns for value in values)
        if found.kind in {"duration", "clock"}:
            return values[0] in facts.durations or self._is_named(found.text)
        if found.kind == "money":
            return any(one.kind == "money" and one.values == values for one in facts.worded)
        return found.kind == "ratio" or self._is_known_count(found, values[0])

    def _is_worded(self, found: Numeral) -> bool:
        """Whether a reading words it so, and the draft gives the number that it belongs to ("half of them: 2–5")."""
        same = any(
            one.kind == found.kind and one.text.casefold() == found.text.casefold() for one in self._facts.worded
        )
        others = (
            one
            for one in numerals(self._sentence(found.start))
            if one.kind in {"range", "percent", "count", "duration"}
        )
        return same and any(one.values and one.text != "one" for one in others)

    def _is_plain_ratio(self, found: Numeral) -> bool:
        """Such as "37 of 60", as a reading gives it."""
        return found.text[0].isdigit() and found.values in self._facts.ratios

    def _is_known_range(self, found: Numeral, values: tuple[float, ...]) -> bool:
        if " and " in found.text and not _BETWEEN.search(found.before):
            return all(self._is_known_percent(value, found) for value in values)
        return any(set(values) <= group for group in self._facts.groups)

    def _is_known_percent(self, value: float, found: Numeral) -> bool:
        """A percentage that a tool gave; beside words of likelihood, one that is a likelihood, of the right thing."""
        facts = self._facts
        sentence = self._sentence(found.start)
        if value in facts.uncalibrated and _UNCALIBRATED.search(sentence) and not _PROMISE.search(sentence):
            return True
        if value not in facts.percents:
            return False
        if _HEADLINE_AFTER.search(found.after) or _HEADLINE_BEFORE.search(found.before):
            about_all = value in facts.base_rates and _GENERAL.search(sentence) and not _THIS_CALL.search(sentence)
            return value in facts.headlines or bool(about_all)
        is_measured = value in facts.measured
        is_elsewhere = _SPEECH_METRIC.search(sentence) and not is_measured and not _LIKELIHOOD.search(sentence)
        return not is_elsewhere

    def _looks_like_a_count(self, found: Numeral) -> bool:
        return not _DIGITS.match(found.text) and not _OF_HOW_MANY.search(found.before)

    def _own_lists(self) -> set[float]:
        n_items = len(_LIST_ITEM.findall(self._whole))
        return {float(n) for n in range(1, n_items + 1)}

    def _is_known_count(self, found: Numeral, value: float) -> bool:
        facts, sentence = self._facts, self._sentence(found.start)
        is_word = not found.text[0].isdigit()
        if is_word and value == 1:
            return True  # "one of them", "this one"
        if _ID_NOUN.search(found.before) and not _COUNT_NOUN.search(found.after):
            known = (str(int(value)) if value == int(value) else "", found.text.casefold())
            return 1 <= value <= len(self._calls) or any(
                _is_known(one, name) for one in known for name in facts.names if one
            )
        if _OF_SCORE.search(found.before) and not _COUNT_NOUN.search(found.after):
            return value in facts.headlines or value in facts.probabilities
        if 0 < value < 1 and _LIKELIHOOD.search(sentence):
            return value in facts.probabilities
        if is_word and value <= 5 and _FREE_THINGS.search(found.after):
            return True
        if value in facts.counts or (value in facts.probabilities and value < 1):
            return True
        is_place = _PLACE.search(found.before) and not _COUNT_NOUN.search(found.after)
        return value in facts.turns and bool(is_place)

    def _is_named(self, text: str) -> bool:
        said = comparable(text)
        return any(_is_known(said, name) for name in self._facts.names) or said in _TERMS

    def _sentences(self) -> None:
        start = 0
        for match in [*_SENTENCE_END.finditer(self._text), None]:
            end = match.start() if match else len(self._text)
            self._sentence_claims(self._text[start:end], start, end)
            start = match.end() if match else end

    def _sentence_claims(self, sentence: str, start: int, end: int) -> None:
        passages = [one for at, found in self._markers if start <= at < end for one in found]
        past = [one for one in passages if one.outcome]
        score = self._facts.scores[-1] if len(set(self._facts.scores)) == 1 else None
        for wrong in wrong_claims(sentence.replace(GONE, " "), score, about_past_call=bool(past)):
            self._wrong("claim", wrong)
        directions = {one.direction for one in passages} - {None}
        says_up, says_down = bool(_UP.search(sentence)), bool(_DOWN.search(sentence))
        if (directions == {"lowered"} and says_up and not says_down) or (
            directions == {"raised"} and says_down and not says_up
        ):
            self._wrong("claim", f"“{sentence.strip(GONE + ' ')[:MAX_SHOWN]}” says the opposite of the direction found")
        outcomes = {one.outcome for one in past}
        if (outcomes == {"lost"} and _WON.search(sentence) and not _LOST.search(sentence)) or (
            outcomes == {"converted"} and _LOST.search(sentence) and not _WON.search(sentence)
        ):
            self._wrong("claim", f"“{sentence.strip(GONE + ' ')[:MAX_SHOWN]}” says the opposite of how the call ended")
        known = set().union(*(one.points for one in passages)) if passages else set()
        for found in numerals(sentence):
            if found.kind == "points" and known and found.values and found.values[0] in self._facts.points - known:
                self._wrong("number", f"{found.text} belong to another turn")

    def _names(self) -> None:
        text = _CODE.sub(lambda match: GONE * len(match[0]), self._text)
        for pattern in (_NAME, _COMPANY, _ACTOR):
            for match in pattern.finditer(text):
                name = match["name"] if "name" in pattern.groupindex else match[0]
                words = [word.casefold() for word in _LETTERS.findall(name)]
                unknown = [word for word in words if word not in self._facts.words and word not in _COMMON]
                line = text[text.rfind("\n", 0, match.start()) + 1 :].split("\n", 1)[0]
                is_heading = pattern is _NAME and bool(_HEADING.fullmatch(line)) and line[:1] in "#"
                if unknown and not is_heading and not all(_is_known(word, self._question) for word in unknown):
                    self._wrong("name", f"the name {name} is not among the results")

    def _sentence(self, at: int) -> str:
        starts = [match.end() for match in _SENTENCE_END.finditer(self._text, max(0, at - 600), at)]
        start = starts[-1] if starts else max(0, at - 600)
        end = _SENTENCE_END.search(self._text, at)
        return self._text[start : end.start() if end else len(self._text)][:1200].replace(GONE, " ").strip()


_TERMS = frozenset({"b2b", "b2c", "%", "percent"} - {"%", "percent"})


def _bare(said: str) -> str:
    """A quote as it is compared: without the punctuation that belongs to the sentence around it."""
    said = " ".join(one_quote_sign(said).casefold().split())
    said = _DOTS_AROUND.sub("", said)
    return said.strip().rstrip(",.").rstrip()


def _stands_in(said: str, text: str) -> bool:
    """Whether a quote stands in a text, between the bounds of words."""
    return bool(said) and next(_places(said, text), None) is not None


def _places(said: str, text: str) -> Iterator[int]:
    at = text.find(said)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(said) : at + len(said) + 1]
        if not (before.isalnum() and said[0].isalnum()) and not (after.isalnum() and said[-1].isalnum()):
            yield at
        at = text.find(said, at + 1)


def _keeps_meaning(said: str, text: str, as_written: str) -> bool:
    """Whether at some place of a text the words beside a quote don't turn it: "not" before, "if" or "?" after."""
    for at in _places(said, text):
        lead = _CLAUSE_END.split(text[:at])[-1]
        tail = text[at + len(said) :]
        is_negated = _NEGATION.search(" ".join(lead.split()[-3:]))
        turned = is_negated or _IF.search(lead) or _CONDITION.match(tail)
        if not turned and not (tail.startswith("?") and not as_written.rstrip().endswith("?")):
            return True
    return False


def _is_known(token: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(token)}(?![\w-])", text) is not None


def _shown(found: Numeral) -> str:
    if found.kind == "percent":
        number = _PERCENT_SIGN.sub("", found.text)
        return f"{number} %" if number[0].isdigit() else f"“{number} percent”"
    return found.text
