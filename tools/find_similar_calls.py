"""The tool ``find_similar_calls``: past calls like this one, with the moment nearest to what moved its score."""

from typing import Literal

from salescoach.errors import UnavailableError
from salescoach.precedents import PrecedentQuery
from salescoach.types import Frozen, LabelledCall, Outcome, Precedent, Transcript
from tools.parts import Parts, call_marker

OutcomeChoice = Literal["converted", "lost", "any"]
DEFAULT_RESULTS = 3
DEFAULT_DIVERSITY = 0.5


class ShownPrecedent(Precedent):
    """A precedent with the marker that cites it and the call's own turn that it was compared with."""

    marker: str


class SimilarResult(Frozen):
    """Similar calls, or why there are none. ``focus`` is the turn of this call whose like was looked for."""

    call_id: str
    outcome: OutcomeChoice
    focus: int | None
    focus_quote: str | None = None
    unavailable: str | None = None
    results: tuple[ShownPrecedent, ...] = ()


def find_similar_calls(
    parts: Parts,
    call_id: str,
    outcome: OutcomeChoice = "any",
    k: int = DEFAULT_RESULTS,
    diversity: float = DEFAULT_DIVERSITY,
) -> SimilarResult:
    """The ``k`` most similar past calls of an outcome, chosen by MMR with lambda ``diversity``.

    Raises:
        InputError: there is no such call.
    """
    call = parts.library.get(call_id)
    query = make_query(parts, call.transcript, outcome, k, diversity, of=call)
    focus = query.focus
    focus_quote = call.transcript.turns[focus - 1].text if focus else None
    try:
        precedents = parts.index.similar(query)
    except UnavailableError as error:
        return SimilarResult(
            call_id=call_id, outcome=outcome, focus=focus, focus_quote=focus_quote, unavailable=str(error)
        )
    return SimilarResult(
        call_id=call_id,
        outcome=outcome,
        focus=focus,
        focus_quote=focus_quote,
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
