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
from tools.shared import shared_with
from tools.spec import Arguments, CallId, Detail, ToolSpec, Value
from tools.titles import titles_of

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
        precedents = worth_comparing(parts, query, call)
    except UnavailableError as error:
        return SimilarResult(**facts, unavailable=without_paths(str(error)))
    shares = shared_with(parts, call, [found.call_id for found in precedents])
    titles = titles_of([parts.library.get(found.call_id) for found in precedents])
    return SimilarResult(
        **facts,
        results=tuple(
            ShownPrecedent(
                marker=call_marker(titles[found.call_id], found.turn_start, found.turn_end),
                title=titles[found.call_id],
                shares=shares[found.call_id],
                **found.model_dump(),
            )
            for found in precedents
        ),
    )


def worth_comparing(parts: Parts, query: PrecedentQuery, call: LabelledCall | None) -> list[Precedent]:
    """The ``k`` calls most like this one; of those about as alike, the ones of its kind with its concerns come first.

    Calls that are hardly alike, and share nothing that is known, are never shown.

    Args:
        parts: what tools read.
        query: what to look for.
        call: of the library, with what is known of it; None: likeness alone decides.
    """
    least = MIN_LIKENESS_OF_MOMENTS if query.by_moment else MIN_LIKENESS
    if call is None:
        return [one for one in parts.index.similar(query) if one.similarity >= least]
    wider = query.model_copy(update={"n_results": min(MAX_RESULTS, WIDER * query.n_results)})
    found = [one for one in parts.index.similar(wider) if one.similarity >= least]
    shares = shared_with(parts, call, [one.call_id for one in found])
    found = [one for one in found if shares[one.call_id] or one.similarity >= ALIKE]
    found.sort(key=lambda one: -(one.similarity + SHARED * min(len(shares[one.call_id]), MAX_SHARED)))
    return found[: query.n_results]


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
    kind = line(f"{_KINDS[result.outcome]} calls", _about([one for one in (result.industry, result.call_type) if one]))
    if result.unavailable is not None:
        return document(f"Similar calls are unavailable: {result.unavailable}")
    if not result.results:
        return document(line("There are no ", kind, " that are like this call."))
    title = line("**Similar ", kind, "**")
    if result.focus and result.focus_quote and detail == "full":
        focus = cite(result.call_id, result.focus, result.focus_quote)
        title = line(title, ", each at its moment most like ", focus, " of this call: ", quote(result.focus_quote))
    return document(listed(title, (_precedent(found, detail) for found in result.results)))


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
    """What was looked for, and how alike each past call is."""
    if result.unavailable is not None:
        return [result.unavailable]
    focus = f"Compared with turn {result.focus} of this call." if result.focus else ""
    found = [f"{one.title or one.call_id}: likeness {one.similarity:.2f}" for one in result.results]
    return [focus, *found] if found else ["The library holds no such calls."]


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
