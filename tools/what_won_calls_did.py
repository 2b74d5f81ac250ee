"""The tool ``what_won_calls_did``: what reps said next at moments like one of this call's, in won and in lost calls."""

from salescoach.errors import UnavailableError
from salescoach.precedents import PrecedentQuery, Reply
from salescoach.types import OUTCOMES, EvidenceTurn, Outcome
from tools.find_similar_calls import ShownPrecedent, SimilarResult
from tools.parts import Parts, call_marker, numbered_turn

DEFAULT_REPLIES = 3
NO_CAUSE = (
    "These are replies that were given, beside how the calls ended. A call ends for many reasons: that a reply stands "
    "in a won call doesn't say that it won it."
)
NAME_A_TURN = "No turn of this call stands out by its effect; name the turn whose like is to be looked for."


class ShownReply(Reply, ShownPrecedent):
    """A past moment and the reply to it, with the marker that cites both."""


class RepliesResult(SimilarResult):
    """Moments like the one around ``focus`` and what the rep said next, or why there are none.

    ``results`` has the won calls first; ``n_won`` and ``n_lost`` count them, of which ``n_won_asked`` and
    ``n_lost_asked`` replied with a question.
    """

    results: tuple[ShownReply, ...] = ()
    n_won: int = 0
    n_won_asked: int = 0
    n_lost: int = 0
    n_lost_asked: int = 0
    reading: str = NO_CAUSE


def what_won_calls_did(parts: Parts, call_id: str, turn: int | None = None, k: int = DEFAULT_REPLIES) -> RepliesResult:
    """The ``k`` nearest moments of won and of lost calls each, with the replies that followed.

    Args:
        parts: what tools read.
        call_id: the call.
        turn: the turn whose like is looked for, from 1; default: what the customer said that lowered the score most.
        k: how many of each outcome.

    Raises:
        InputError: there is no such call, or it has no such turn.
    """
    call = parts.library.get(call_id)
    turns = call.transcript.turns
    if turn is not None:
        numbered_turn(call, turn)
    focus = turn or _said_against(parts.scorer.score(call.transcript).evidence)
    if focus is None:
        return RepliesResult(call_id=call_id, outcome="any", focus=None, unavailable=NAME_A_TURN)
    quote = turns[focus - 1].text
    try:
        found = {
            outcome: parts.index.replies(
                PrecedentQuery(
                    transcript=call.transcript,
                    account_id=call.account_id,
                    started_at=call.started_at,
                    outcome=outcome,
                    n_results=k,
                    focus=focus,
                )
            )
            for outcome in OUTCOMES
        }
    except UnavailableError as error:
        return RepliesResult(call_id=call_id, outcome="any", focus=focus, focus_quote=quote, unavailable=str(error))

    def asked(outcome: Outcome) -> int:
        return sum("?" in one.reply for one in found[outcome])

    return RepliesResult(
        call_id=call_id,
        outcome="any",
        focus=focus,
        focus_quote=quote,
        results=tuple(
            ShownReply(marker=call_marker(one.call_id, one.turn_start, one.turn_end), **one.model_dump())
            for outcome in OUTCOMES
            for one in found[outcome]
        ),
        n_won=len(found["converted"]),
        n_won_asked=asked("converted"),
        n_lost=len(found["lost"]),
        n_lost_asked=asked("lost"),
    )


def _said_against(evidence: tuple[EvidenceTurn, ...]) -> int | None:
    """The customer's turn that lowered the score most; else the customer's strongest; else the strongest."""
    customers = [one for one in evidence if one.role != "rep"]
    lowering = [one for one in customers if one.effect < 0]
    return next((one.turn for one in (*lowering, *customers, *evidence)), None)
