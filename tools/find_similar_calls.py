"""The tool ``find_similar_calls``: past calls like this one, with the moment nearest to what moved its score."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import Field

from salescoach.errors import UnavailableError, without_paths
from salescoach.library.lookups import CallFilter, chosen
from salescoach.library.precedents import PrecedentQuery
from salescoach.redact.our_words import Ours
from salescoach.types import (
    DEFAULT_DIVERSITY,
    Frozen,
    LabelledCall,
    Outcome,
    OutcomeChoice,
    Precedent,
    Transcript,
)
from tools.document import AnswerDocument, AnswerLine, document, line, listed
from tools.parts import Parts, call_marker, numbered_turn, objected
from tools.phrases import MAX_QUOTED_WORDS, cite, cite_past, count, label, quote
from tools.shared import PastCall, shared_with
from tools.spec import Arguments, CallId, Detail, ToolSpec, Value
from tools.titles import title_of

DEFAULT_RESULTS = 3
MAX_RESULTS: Final = 20
WIDER: Final = 2  # times as many calls are looked at as are shown
# Below these likenesses a call or a moment is about something else; how far they lie apart depends on the encoder.
MIN_LIKENESS: Final = 0.1
ALIKE: Final = 0.18  # from here on a call is like this one although nothing is known that they share
MIN_LIKENESS_OF_MOMENTS: Final = 0.36
SHARED: Final = 0.04  # of likeness, that a call gains by its industry, its type or a concern, as far as it shares them
MAX_SHARED: Final = 4
QUOTED_WORDS: Final[Mapping[Detail, int]] = {"short": 14, "full": MAX_QUOTED_WORDS}  # of past calls
_KINDS: Final = {"converted": "won", "lost": "lost", "any": "past"}


class SimilarArguments(Arguments):
    """Which call, and what to look for."""

    call_id: CallId
    outcome: OutcomeChoice = Field("any", description="only calls that converted, or that were lost")
    k: int = Field(DEFAULT_RESULTS, ge=1, le=10, description="how many calls")
    diversity: float = Field(DEFAULT_DIVERSITY, ge=0, le=1, description="1 likeness only, 0 variety only")
    turn: int | None = Field(
        None, ge=1, le=100_000, description="turn whose like is looked for; default: calls like this one as a whole"
    )
    industry: Value | None = Field(None, description="only past calls of this industry")
    call_type: Value | None = Field(None, description="only past calls of this type")
    objection: bool = Field(False, description="look for the like of what this call's customer has against it")


class ShownPrecedent(Precedent):
    """A precedent with the marker that cites it, and what its call shares with this one, in words of ours.

    ``title``: what the call is called where people read, of ``tools/titles.py``; the marker has it in place of the id.
    """

    marker: str
    title: str = ""
    shares: Ours[tuple[str, ...]] = ()


class SimilarResult(Frozen):
    """Similar calls, or why there are none. ``focus`` is the turn of this call whose like was looked for.

    ``industry`` and ``call_type`` are those that the past calls were narrowed to, as the library writes them.
    """

    call_id: str
    outcome: OutcomeChoice
    focus: int | None
    focus_quote: str | None = None
    industry: str | None = None
    call_type: str | None = None
    unavailable: Ours[str | None] = None
    results: tuple[ShownPrecedent, ...] = ()


def find_similar_calls(
    parts: Parts,
    call_id: str,
    outcome: OutcomeChoice = "any",
    k: int = DEFAULT_RESULTS,
    diversity: float = DEFAULT_DIVERSITY,
    turn: int | None = None,
    industry: str | None = None,
    call_type: str | None = None,
    *,
    objection: bool = False,
) -> SimilarResult:
    """The ``k`` most similar past calls of an outcome, chosen by MMR with lambda ``diversity``.

    Args:
        parts: what tools read.
        call_id: the call.
        outcome: of the past calls.
        k: how many at most.
        diversity: 1 looks at likeness only, 0 at variety only.
        turn: the turn whose like is looked for, from 1: calls are chosen by their moment most like it. Default: calls
            like this one as a whole, each with its moment most like the turn that moved this call's score most.
        industry: only past calls of this industry; case and underscores don't matter.
        call_type: the same.
        objection: without a ``turn``, the like of what the customer has against it is looked for.

    Raises:
        InputError: there is no such call, it has no such turn, or no past call has such an industry or call type.
    """
    call = parts.library.get(call_id)
    query = make_query(parts, call.transcript, outcome, k, diversity, of=call)
    if turn is not None:
        numbered_turn(call, turn)
    focus = turn or (objected(parts, call) if objection else None)
    if focus is not None:
        query = query.model_copy(update={"focus": focus, "by_moment": True})
    wanted = CallFilter(industry=industry, call_type=call_type)
    spelt: dict[str, str] = {}
    if wanted != CallFilter():
        among = chosen(parts.library.summaries(), wanted)
        query = query.model_copy(update={"among": frozenset(past.call_id for past in among)})
        spelt = {name: among[0].metadata[name] for name in wanted.model_dump(exclude_none=True)}
    facts = {
        "call_id": call_id,
        "outcome": outcome,
        "focus": query.focus,
        "focus_quote": call.transcript.turns[query.focus - 1].text if query.focus else None,
        **spelt,
    }
    try:
        found = worth_comparing(parts, query, call)
    except UnavailableError as error:
        return SimilarResult(**facts, unavailable=without_paths(str(error)))
    return SimilarResult(**facts, results=tuple(_shown(one, past) for one, past in found))


def _shown(found: Precedent, past: PastCall) -> ShownPrecedent:
    title = title_of(past.call)
    marker = call_marker(title, found.turn_start, found.turn_end)
    return ShownPrecedent(marker=marker, title=title, shares=past.shares, **found.model_dump())


def alike(parts: Parts, query: PrecedentQuery) -> list[Precedent]:
    """The calls most like one, without those that are hardly alike; whoever names a kind of call gets what there is.

    Args:
        parts: what tools read.
        query: what to look for.
    """
    if query.among is not None:
        return parts.index.similar(query)
    least = MIN_LIKENESS_OF_MOMENTS if query.by_moment else MIN_LIKENESS
    return [one for one in parts.index.similar(query) if one.similarity >= least]


def worth_comparing(parts: Parts, query: PrecedentQuery, call: LabelledCall) -> list[tuple[Precedent, PastCall]]:
    """The ``k`` calls that MMR chooses first, without those that are hardly alike and share nothing that is known.

    Of those about as alike, the ones of this call's kind with its concerns come first.

    Args:
        parts: what tools read.
        query: what to look for.
        call: of the library, with what is known of it.
    """
    n_wider = min(MAX_RESULTS, WIDER * query.n_results)
    found = alike(parts, query.model_copy(update={"n_results": n_wider, "as_chosen": True}))
    past = shared_with(parts, call, [one.call_id for one in found])
    pairs = [(one, past[one.call_id]) for one in found if one.call_id in past]
    is_named = query.among is not None
    pairs = [(one, its) for one, its in pairs if is_named or its.shares or one.similarity >= ALIKE][: query.n_results]
    return sorted(pairs, key=lambda pair: -(pair[0].similarity + SHARED * min(len(pair[1].shares), MAX_SHARED)))


def make_query(
    parts: Parts,
    transcript: Transcript,
    outcome: OutcomeChoice,
    k: int,
    diversity: float,
    of: LabelledCall | None = None,
) -> PrecedentQuery:
    """A query that looks for the like of the turn that moved this call's score most; ``of`` is the call where known."""
    evidence = parts.scorer.score(transcript).evidence
    wanted: Outcome | None = None if outcome == "any" else outcome
    return PrecedentQuery(
        transcript=transcript,
        account_id=of.account_id if of else None,
        started_at=of.started_at if of else None,
        outcome=wanted,
        n_results=k,
        diversity=diversity,
        focus=evidence[0].turn if evidence else None,
    )


def _words(result: SimilarResult, detail: Detail) -> AnswerDocument:
    if result.unavailable is not None:
        return document(f"Similar calls are unavailable: {result.unavailable}")
    if not result.results:
        return document(_none(result))
    title = line("**Similar ", _kind(result), "**")
    if result.focus and result.focus_quote and detail == "full":
        focus = cite(result.call_id, result.focus, result.focus_quote)
        title = line(title, ", each at its moment most like ", focus, " of this call: ", quote(result.focus_quote))
    return document(listed(title, (_precedent(found, detail) for found in result.results)))


def _kind(result: SimilarResult) -> AnswerLine:
    return line(f"{_KINDS[result.outcome]} calls", _about([one for one in (result.industry, result.call_type) if one]))


def _none(result: SimilarResult) -> AnswerLine:
    return line("There are no ", _kind(result), " that are like this call.")


def _precedent(found: ShownPrecedent, detail: Detail) -> AnswerLine:
    is_told = found.title not in ("", found.call_id)  # by the title, which has industry and type
    known = [] if is_told else [found.metadata[name] for name in ("industry", "call_type") if name in found.metadata]
    about = _about(known)
    outcome = "converted" if found.outcome == "converted" else "lost"
    shares = f"; in common: {'; '.join(found.shares)}" if found.shares and detail == "full" else ""
    return line(cite_past(found), f" {outcome}", about, shares, ": ", quote(found.quote, QUOTED_WORDS[detail]))


def _about(values: Sequence[str]) -> AnswerLine:
    """What calls are about, in brackets; empty where nothing is known."""
    named = [part for value in values for part in (", ", label(value))][1:]
    return line(" (", *named, ")") if named else line()


def _found(result: SimilarResult) -> str:
    if result.unavailable is not None:
        return "Similar calls are unavailable"
    return f"Found {count(len(result.results), f'similar {_KINDS[result.outcome]} call')}".replace(
        "Found 0", "Found no"
    )


def details(result: SimilarResult) -> list[str]:
    """What was looked for, and how alike each past call is, by its id: a title may name somebody."""
    if result.unavailable is not None:
        return [result.unavailable]
    focus = f"Compared with turn {result.focus} of this call." if result.focus else ""
    found = [f"{one.call_id}: likeness {one.similarity:.2f}" for one in result.results]
    return [focus, *found] if found else [document(_none(result)).markdown()]


SPEC = ToolSpec(
    function=find_similar_calls,
    result=SimilarResult,
    arguments=SimilarArguments,
    description=(
        "Similar past calls, converted or lost, also by industry, call type or turn, each with a quoted moment."
    ),
    intents={
        "similar_won": "Which won calls are like this one?",
        "similar_lost": "Which lost calls are like this one?",
        "similar_any": "Which past calls are like this one?",
    },
    words=_words,
    doing="Looking for similar calls",
    found=_found,
    details=details,
)
