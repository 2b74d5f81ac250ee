"""Past calls like a given one."""

from pydantic import ConfigDict, Field

from salescoach.types import DEFAULT_DIVERSITY, Frozen, OutcomeChoice, Precedent, Transcript
from serving.tracing import span
from tools.find_similar_calls import alike, make_query
from tools.parts import Parts


class SimilarQuery(Frozen):
    """What was looked for. ``focus``: the turn whose like is quoted; None where no turn moved the score."""

    model_config = ConfigDict(serialize_by_alias=True)

    call_id: str | None
    n_turns: int
    outcome: OutcomeChoice
    k: int
    diversity: float = Field(serialization_alias="lambda")
    focus: int | None


class SimilarCalls(Frozen):
    """What ``coach similar --json`` prints: the calls, most similar first."""

    query: SimilarQuery
    results: tuple[Precedent, ...]


def find_similar(
    parts: Parts,
    transcript: Transcript,
    outcome: OutcomeChoice = "any",
    k: int = 5,
    diversity: float = DEFAULT_DIVERSITY,
) -> SimilarCalls:
    """The past calls most like a call, which need not be in the library, each with a moment of it.

    Calls that are hardly like it are left out, so there may be fewer than ``k``.

    Args:
        parts: the scorer and the index.
        transcript: the call.
        outcome: only calls with this outcome.
        k: how many at most, 1 to 20.
        diversity: 1 looks at likeness only, 0 at variety only.

    Raises:
        UnavailableError: there is no usable index; says what to do.
    """
    with span("search") as traced:
        traced.note(n_turns=len(transcript), model_id=parts.scorer.manifest.model_id)
        query = make_query(parts, transcript, outcome, k, diversity)
        found = tuple(alike(parts, query))
        traced.note(n_calls=len(found))
    return SimilarCalls(
        query=SimilarQuery(
            call_id=transcript.call_id,
            n_turns=len(transcript),
            outcome=outcome,
            k=k,
            diversity=diversity,
            focus=query.focus,
        ),
        results=found,
    )
