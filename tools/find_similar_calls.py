"""The tool ``find_similar_calls``: past calls like this one, with the moment nearest to what moved its score."""

from typing import Literal

from salescoach.errors import UnavailableError, without_paths
from salescoach.lookups import CallFilter, chosen
from salescoach.precedents import PrecedentQuery
from salescoach.types import Frozen, LabelledCall, Outcome, Precedent, Transcript
from tools.parts import Parts, call_marker, numbered_turn, objected

OutcomeChoice = Literal["converted", "lost", "any"]
DEFAULT_RESULTS = 3
DEFAULT_DIVERSITY = 0.5


class ShownPrecedent(Precedent):
    """A precedent with the marker that cites it and the call's own turn that it was compared with."""

    marker: str


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
    unavailable: str | None = None
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
        precedents = parts.index.similar(query)
    except UnavailableError as error:
        return SimilarResult(**facts, unavailable=without_paths(str(error)))
    return SimilarResult(
        **facts,
        results=tuple(
            ShownPrecedent(marker=call_marker(found.call_id, found.turn_start, found.turn_end), **found.model_dump())
            for found in precedents
        ),
    )


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
