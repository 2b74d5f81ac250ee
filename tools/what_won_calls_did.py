"""The tool ``what_won_calls_did``: what reps said next at moments like one of this call's, in won and in lost calls.

An objection's reply is the turn that took it up, where the move reader found one; of other moments it is what the rep
said next, which is often about something else. So of the nearest moments those are shown whose reply, by deletion,
raised the score of its own call most; of lost calls, for contrast, those whose reply lowered it most. Moments with the
same kind of objection come first.
"""

from collections.abc import Sequence

from pydantic import Field

from salescoach.advice.sure import SureCall
from salescoach.errors import InputError, UnavailableError, without_paths
from salescoach.library.precedents import PrecedentQuery, Reply
from salescoach.moves.results import CallMoves, ReadObjection
from salescoach.moves.taxonomy import ObjectionKind
from salescoach.redact.our_words import Ours
from salescoach.types import OUTCOMES, LabelledCall, Outcome
from tools.document import AnswerDocument, AnswerLine, document, line, listed
from tools.find_similar_calls import MIN_LIKENESS_OF_MOMENTS, ShownPrecedent, SimilarResult, details
from tools.parts import (
    Direction,
    Parts,
    call_marker,
    direction,
    moves_of,
    numbered_turn,
    objected,
    points,
    reader_of,
    scored_by,
)
from tools.phrases import caveat, cite, cite_past, count, quote, say
from tools.spec import Arguments, CallId, Detail, ToolSpec
from tools.titles import title_of

DEFAULT_REPLIES = 3
N_NEAREST = 10  # moments of each outcome that replies are chosen from, or more where more are asked for
MIN_SIMILARITY = MIN_LIKENESS_OF_MOMENTS
MIN_FITTING = 0.5  # likeness from which on a reply to the same kind of concern may be suggested
MIN_FITTING_ANYWHERE = 0.6  # the same where this call's industry isn't known
NO_CAUSE = (
    "Of the moments most like this one, these are the won ones whose reply raised the score of its call most, and the "
    "lost ones whose reply lowered it most. A call ends for many reasons: that a reply stands in a won call doesn't "
    "say that it won it."
)
NO_MOMENT = "There are no past calls with a moment like this one."
SAME_KIND = "Moments at which the same kind of objection was heard come first."
NAME_A_TURN = "No turn of this call stands out by its effect; name the turn whose like is to be looked for."


class RepliesArguments(Arguments):
    """Which call, and which moment of it."""

    call_id: CallId
    turn: int | None = Field(
        None, ge=1, le=100_000, description="turn whose like is looked for; default: what the customer said against it"
    )
    k: int = Field(DEFAULT_REPLIES, ge=1, le=10, description="how many won and how many lost calls")


class ShownReply(Reply, ShownPrecedent):
    """A past moment and the reply to it, with the marker that cites both.

    ``suggestion``: the reply as it may be said to another customer, names and sums of the past call masked.
    ``effect``: of the reply on the score of its own call, in [-1, 1]. ``kind``: of the objection that it replies to,
    None where none was read. ``fits``: whether it may be suggested for this moment: surely the same kind of concern,
    in the same industry or, where this call's isn't known, in any, and much alike.
    """

    suggestion: str
    effect: float
    effect_points: float
    direction: Direction
    kind: ObjectionKind | None = None
    fits: bool = False


class RepliesResult(SimilarResult):
    """Moments like the one around ``focus`` and what the rep said next, or why there are none.

    ``results`` has the won calls first. ``n_won`` and ``n_lost`` count the moments that they were chosen from, of which
    ``n_won_asked`` and ``n_lost_asked`` got a question for a reply. ``kind``: of the objection at ``focus``, None where
    none was read.
    """

    results: tuple[ShownReply, ...] = ()
    n_won: int = 0
    n_won_asked: int = 0
    n_lost: int = 0
    n_lost_asked: int = 0
    kind: ObjectionKind | None = None
    reading: Ours[str] = NO_CAUSE
    scored_by: Ours[str | None] = None


def what_won_calls_did(parts: Parts, call_id: str, turn: int | None = None, k: int = DEFAULT_REPLIES) -> RepliesResult:
    """Up to ``k`` replies to moments like one of this call's, from won and from lost calls each.

    Args:
        parts: what tools read.
        call_id: the call.
        turn: the turn whose like is looked for, from 1; default: what the customer said that lowered the score most, or
            an objection where there is no score.
        k: how many of each outcome.

    Raises:
        InputError: there is no such call, or it has no such turn.
    """
    call = parts.library.get(call_id)
    if turn is not None:
        numbered_turn(call, turn)
    focus = turn or objected(parts, call)
    if focus is None:
        return RepliesResult(call_id=call_id, outcome="any", focus=None, unavailable=NAME_A_TURN)
    quote, kind = call.transcript.turns[focus - 1].text, _kind_at(moves_of(parts, call), focus)
    sure = None if kind is None else _sure_kind_at(call, moves_of(parts, call), focus)
    try:
        nearest = {outcome: _nearest(parts, call, focus, outcome, max(k, N_NEAREST)) for outcome in OUTCOMES}
        found = {
            outcome: [_fitted(call, sure, shown) for one in replies if (shown := _shown(parts, one, kind)) is not None]
            for outcome, replies in nearest.items()
        }
    except UnavailableError as error:
        return RepliesResult(
            call_id=call_id, outcome="any", focus=focus, focus_quote=quote, unavailable=without_paths(str(error))
        )
    won = sorted(found["converted"], key=lambda one: (not _is_like(one, kind), -one.effect))[:k]
    lost = sorted(found["lost"], key=lambda one: (not _is_like(one, kind), one.effect))[:k]
    return RepliesResult(
        call_id=call_id,
        outcome="any",
        focus=focus,
        focus_quote=quote,
        results=(*won, *lost),
        n_won=len(found["converted"]),
        n_won_asked=_n_asked(found["converted"]),
        n_lost=len(found["lost"]),
        n_lost_asked=_n_asked(found["lost"]),
        kind=kind,
        reading=f"{NO_CAUSE} {SAME_KIND}" if any(_is_like(one, kind) for one in (*won, *lost)) else NO_CAUSE,
        scored_by=scored_by(parts.scorer),
    )


def _kind_at(moves: CallMoves | None, turn: int) -> ObjectionKind | None:
    """Of the objection at a turn."""
    return next((one.kind for one in (() if moves is None else moves.objections) if one.turn == turn), None)


def _sure_kind_at(call: LabelledCall, moves: CallMoves | None, turn: int) -> ObjectionKind | None:
    """Of the objection at a turn, where its kind is sure."""
    if moves is None:
        return None
    sure = SureCall(call.transcript, moves)
    return next((sure.sure_kind(one) for one in sure.concerns if one.turn == turn), None)


def _is_like(reply: ShownReply, kind: ObjectionKind | None) -> bool:
    return kind is not None and reply.kind == kind


def _nearest(parts: Parts, call: LabelledCall, focus: int, outcome: Outcome, n: int) -> list[Reply]:
    """Replies to moments that are like this one, most similar first."""
    query = PrecedentQuery(
        transcript=call.transcript,
        account_id=call.account_id,
        started_at=call.started_at,
        outcome=outcome,
        n_results=n,
        focus=focus,
    )
    return [one for one in parts.index.replies(query) if one.similarity >= MIN_SIMILARITY]


def _shown(parts: Parts, reply: Reply, kind: ObjectionKind | None) -> ShownReply | None:
    """A reply with its effect on its own call, to an objection where that was taken up; None where the call is gone."""
    from salescoach.redact.masking import mask  # sklearn takes a while to import

    try:
        call, moves = parts.library.get(reply.call_id), parts.library.moves_of(reply.call_id)
    except InputError:
        return None
    past, title = call.transcript, title_of(call)
    concern = None if moves is None or moves.model_id != reader_of(parts) else _concern(moves, reply, kind)
    if concern is not None:
        reply = reply.model_copy(update=_to(concern, reply))
    [effect] = parts.scorer.effects(past, [reply.reply_turn])
    return ShownReply(
        marker=call_marker(title, reply.turn_start, reply.turn_end),
        title=title,
        suggestion=mask(reply.reply, past),
        effect=effect,
        effect_points=points(effect),
        direction=direction(effect),
        kind=None if concern is None else concern.kind,
        **reply.model_dump(),
    )


def _fitted(call: LabelledCall, kind: ObjectionKind | None, reply: ShownReply) -> ShownReply:
    """The reply, and whether it may be suggested for the moment that it was looked up for."""
    own, its = call.metadata.get("industry"), reply.metadata.get("industry")
    least = MIN_FITTING_ANYWHERE if own is None else MIN_FITTING
    fits = kind is not None and reply.kind == kind and reply.similarity >= least and own in (None, its)
    return reply.model_copy(update={"fits": fits})


def _concern(moves: CallMoves, reply: Reply, kind: ObjectionKind | None) -> ReadObjection | None:
    """The objection of a past moment: one of the kind that is looked for, else that which the moment is about."""
    raised = [one for one in moves.objections if reply.turn_start <= one.turn < reply.reply_turn]
    alike = (one for one in raised if one.kind == kind)
    return next(alike, None) or next((one for one in raised if one.quote == reply.quote), None)


def _to(concern: ReadObjection, reply: Reply) -> dict[str, object]:
    """What changes where the reply is to a concern; where nobody took it up, the next words of the rep stay."""
    if concern.handled_at is None:
        return {"quote": concern.quote}
    at, said = concern.handled_at, concern.answer or reply.reply
    return {"quote": concern.quote, "turn_end": at, "reply_turn": at, "reply": said}


def _n_asked(replies: Sequence[ShownReply]) -> int:
    return sum("?" in one.reply for one in replies)


def _words(result: RepliesResult, detail: Detail) -> AnswerDocument:
    if result.unavailable is not None:
        return document(f"What won calls did is unavailable: {result.unavailable}")
    if not result.results:
        return document(NO_MOMENT)
    assert result.focus is not None
    focus = cite(result.call_id, result.focus, result.focus_quote or "")
    found = {outcome: [_reply(one) for one in result.results if one.outcome == outcome] for outcome in OUTCOMES}
    n_shown = 1 if detail == "short" else None
    return document(
        line("**At ", focus, " of this call:** ", quote(focus.quote)),
        listed("**What reps replied in won calls**", found["converted"][:n_shown]),
        listed("**And in lost ones**", found["lost"][:n_shown]),
        caveat(result.reading, detail),
    )


def _reply(reply: ShownReply) -> AnswerLine:
    effect = (
        "did not move the score there"
        if reply.direction == "did not move"
        else f"{reply.direction} the score there by {say(reply.effect_points)} points"
    )
    return line(cite_past(reply), " to ", quote(reply.quote), ": ", quote(reply.reply), f" ({effect})")


def _found(result: RepliesResult) -> str:
    if result.unavailable is not None:
        return "No moment to look for"
    found = f"Found {count(result.n_won, 'won moment')} and {count(result.n_lost, 'lost moment')} like this"
    return found.replace("Found 0", "Found no").replace("and 0", "and no")


def _details(result: RepliesResult) -> list[str]:
    return details(result) if result.unavailable is not None or result.results else [NO_MOMENT]


SPEC = ToolSpec(
    function=what_won_calls_did,
    result=RepliesResult,
    arguments=RepliesArguments,
    description="Moments of past calls like one of this call's, and what the rep said next, in won and in lost calls.",
    intents={"won_did": "What did won calls do at a moment like this?"},
    words=_words,
    doing="Looking for moments like this",
    found=_found,
    details=_details,
)
