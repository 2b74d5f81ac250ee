"""Reads a language model's draft once: facts that code puts in, and words of the model's own, which stand apart.

Numbers, quotes and names of calls are in the facts, as the tools' own words have them, so no true number can be said of
the wrong thing. A draft names them by their tag; a sentence that says what a fact says is replaced by it. What else the
model says is shown as its own reading, which nobody checked, and only where it points to a turn, gives advice or asks;
it may hold no number, no verdict on how the deal ends, and nothing about what a person is like or felt.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from langchain_core.messages import AnyMessage, ToolMessage
from pydantic import BaseModel

from agent.evidence import Passage, passages
from agent.numerals import GONE, folded
from agent.own_words import MAX_SHOWN, OwnWords
from agent.recognise import Recogniser, StatedFact, facts_of
from agent.statements import Sentence, kind_of, sentences
from salescoach.redact.sanitise import MAX_CHARACTERS
from salescoach.types import Citation
from tools.document import NOT_CHECKED, AnswerDocument, AnswerLine, Block, Listing, Remark, Span, shown
from tools.registry import spec_of

MAX_PROBLEMS = 50

_REFERENCE = re.compile(r"(\{F\d{1,4}\}|\[(?:T\d+(?:–\d+)?|call [^\]\n]{1,500}+)\])")


def facts_in(result: BaseModel) -> list[AnswerLine]:
    """What a result states: the lines of its own words, which a draft may name by their number."""
    return [fact.line for fact in _facts([result])]


def _facts(results: Sequence[BaseModel]) -> list[StatedFact]:
    return list(facts_of([spec_of(result).words(result, "full") for result in results]))


def tagged(work: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The work on a question as a language model sees it: each result as its facts, numbered through."""
    told: list[AnyMessage] = []
    n_facts = 0
    for message in work:
        if isinstance(message, ToolMessage) and isinstance(message.artifact, BaseModel):
            lines = ["".join(map(shown, one.spans)) for one in facts_in(message.artifact)]
            content = "\n".join(f"F{number}: {text}" for number, text in enumerate(lines, start=n_facts + 1))
            told.append(message.model_copy(update={"content": content}))
            n_facts += len(lines)
        else:
            told.append(message)
    return told


def read_draft(
    draft: str, results: Sequence[BaseModel], question: str, calls: Sequence[str]
) -> tuple[AnswerDocument, list[str]]:
    """The document that a sanitised draft stands for, and what is wrong with it, each as a short phrase.

    Args:
        draft: words with facts by their tag, ``{F3}``, and turns by their marker, ``[T14]``.
        results: what the tools returned for this question.
        question: the user's own words; what stands there may be repeated where the draft attributes it.
        calls: ids of the calls of this conversation, which may be named.
    """
    facts, known = _facts(results), list(passages(results))
    read = _Draft([fact.line for fact in facts], known)
    for piece in _REFERENCE.split(draft):
        read.add(piece)
    recogniser = cache(lambda: Recogniser(facts, known))  # most drafts need none
    sorted_out = _Sorted(read, recogniser, rests_on_results=bool(results), has_calls=bool(calls))
    answer = sorted_out.document()
    problems = [*read.problems]
    if max(len(answer.markdown()), read.n_characters) >= MAX_CHARACTERS:
        problems.append(f"the answer is longer than {MAX_CHARACTERS} characters")
    if not draft.strip():
        problems.append("the answer is empty")
    own = OwnWords(sorted_out.own_text, [(one.at, one.found) for one in read.places], results, question, calls)
    problems += own.problems()
    problems += sorted_out.problems
    if not answer.blocks and not problems:
        problems.append("the answer states nothing")
    return answer, list(dict.fromkeys(problems))[:MAX_PROBLEMS]


def problems_of(draft: str, results: Sequence[BaseModel], question: str, calls: Sequence[str]) -> list[str]:
    """What is wrong with a draft; empty where it may be shown."""
    return read_draft(draft, results, question, calls)[1]


@dataclass(frozen=True)
class _Place:
    """Where code puts something into a draft: a fact's line, or for a marker nothing but its citation."""

    at: int
    found: list[Passage]
    spans: Sequence[Span]
    is_fact: bool

    @property
    def citations(self) -> list[Citation]:
        return [span for span in self.spans if isinstance(span, Citation)]


@dataclass
class _Draft:
    """What has been read of a draft: ``text`` is the model's own, folded, with a sign at each of ``places``."""

    facts: Sequence[AnswerLine]
    passages: Sequence[Passage]
    text: str = ""
    places: list[_Place] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def n_characters(self) -> int:
        """How long the draft is with everything put in, each time that it stands there."""
        return len(self.text) + sum(len(shown(span)) for place in self.places for span in place.spans)

    def add(self, piece: str) -> None:
        """The next piece: the tag of a fact, a marker, or words."""
        if not _REFERENCE.fullmatch(piece):
            self.text += folded(piece)
        elif piece.startswith("["):
            self._add_marker(piece)
        elif 1 <= (number := int(piece[2:-1])) <= len(self.facts):
            spans = self.facts[number - 1].spans
            self._put_in(spans, [one for one in self.passages if one.citation in spans], is_fact=True)
        else:
            self.problems.append(f"there is no fact {piece}")

    def _add_marker(self, marker: str) -> None:
        found = [one for one in self.passages if one.citation.marker == marker]
        # A result may quote a turn whole and another one a part of it.
        if len({one.citation.call_id for one in found}) == 1:
            self._put_in((found[0].citation,), found, is_fact=False)
            return
        self.problems.append(f"the marker {marker} points to {'several places' if found else 'nothing'}")
        self.text += GONE

    def _put_in(self, spans: Sequence[Span], found: list[Passage], *, is_fact: bool) -> None:
        self.places.append(_Place(len(self.text), found, spans, is_fact))
        self.text += GONE


class _Sorted:
    """A draft sorted into what code states and what the model says itself.

    ``own_text``: the draft with what code has replaced taken out.
    """

    def __init__(
        self, read: _Draft, recogniser: Callable[[], Recogniser], *, rests_on_results: bool, has_calls: bool
    ) -> None:
        self._read = read
        self._recogniser = recogniser
        self._allowed = {"question", "of the answer"}
        if rests_on_results or not has_calls:
            self._allowed |= {"advice"}
        self._rests_on_results = rests_on_results
        self._checked: list[tuple[AnswerLine, bool]] = []
        self._own: list[AnswerLine] = []
        self.own_text = read.text
        self.problems: list[str] = []
        markers = frozenset(place.at for place in read.places if not place.is_fact)
        for sentence in sentences(read.text, markers):
            self._sort(sentence)

    def document(self) -> AnswerDocument:
        """What code states first, then, under its title, what the model says itself."""
        own = Listing(title=AnswerLine(spans=(f"**{NOT_CHECKED}**",)), items=tuple(self._own), is_checked=False)
        return AnswerDocument(blocks=(*_blocks(self._checked), *([own] if self._own else [])))

    def _sort(self, sentence: Sentence) -> None:
        text = self._read.text[sentence.start : sentence.end]
        places = [one for one in self._read.places if sentence.start <= one.at < sentence.end]
        cited = [citation for one in places for citation in one.citations]
        kind = kind_of(text)
        facts = [AnswerLine(spans=tuple(one.spans)) for one in places if one.is_fact]
        if not facts and kind in ("statement", "of the answer"):
            fact = self._recogniser().fact(text.replace(GONE, " "), cited)
            if fact is not None:
                self._take_out(sentence)
                facts, kind = [fact.line], "nothing"
        for fact_line in facts:
            if fact_line not in [line for line, _ in self._checked]:
                self._checked.append((fact_line, sentence.is_item))
        if kind == "courtesy" and not places:
            self._checked.append((AnswerLine(spans=(Remark(text=text.strip()),)), sentence.is_item))
            return
        if kind == "nothing" or (kind != "question" and self._leads_to_a_fact(text, sentence, places)):
            return
        if kind not in self._allowed and not cited:
            on = "nothing that a tool found" if not self._rests_on_results else "no turn; put in the fact that says it"
            self.problems.append(f"“{_short(text)}” rests on {on}, or give the marker of the turn it is about")
            return
        self._own.append(AnswerLine(spans=_trimmed(_own_spans(text, sentence.start, places))))

    def _leads_to_a_fact(self, text: str, sentence: Sentence, places: Sequence[_Place]) -> bool:
        """Whether it ends in a colon right before a fact. The fact says it all."""
        if not text.rstrip(f" {GONE}").endswith(":"):
            return False
        after = self._read.text[sentence.end :].lstrip(" \n\t-*>#.)1234567890")
        following = len(self._read.text) - len(after)
        ends = {one.at for one in places if one.is_fact}
        return bool(ends) or any(one.is_fact and one.at == following for one in self._read.places)

    def _take_out(self, sentence: Sentence) -> None:
        gone = "".join(sign if sign == "\n" else GONE for sign in self.own_text[sentence.start : sentence.end])
        self.own_text = self.own_text[: sentence.start] + gone + self.own_text[sentence.end :]


def _blocks(lines: Sequence[tuple[AnswerLine, bool]]) -> Iterator[Block]:
    """Paragraphs, and lists of what stood in a list."""
    items: list[AnswerLine] = []
    for line, is_item in [*lines, (AnswerLine(spans=()), False)]:
        if is_item:
            items.append(line)
            continue
        if items:
            yield Listing(title=AnswerLine(spans=()), items=tuple(items))
        items = []
        if line.spans:
            yield line


def _own_spans(text: str, start: int, places: Sequence[_Place]) -> Iterator[Span]:
    """A sentence of the model's own, its markers in their places, those of its facts at its end."""
    behind: list[Citation] = []
    words = ""
    end = 0
    for one in places:
        words += text[end : one.at - start]
        end = one.at - start + 1
        if one.is_fact:
            behind += one.citations
            continue
        yield Remark(text=words)
        words = ""
        yield from one.citations
    words = (words + text[end:]).rstrip()
    yield Remark(text=words.removesuffix(":") if behind else words)
    for citation in dict.fromkeys(behind):
        yield " "
        yield citation


def _trimmed(spans: Iterator[Span]) -> tuple[Span, ...]:
    found = list(spans)
    if found and isinstance(found[0], Remark):
        found[0] = Remark(text=found[0].text.lstrip())
    return tuple(span for span in found if str(span))


def _short(text: str) -> str:
    return " ".join(text.replace(GONE, " ").split())[:MAX_SHOWN]
