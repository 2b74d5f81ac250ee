"""The tool ``explain_turn``: what one turn does to the score, by the score without it, and where it stands."""

from salescoach.redact.our_words import Ours
from salescoach.types import Frozen, Role
from tools.document import AnswerDocument, document, line, listed
from tools.parts import Direction, Parts, QuotedTurn, direction, numbered_turn, percent, points, quoted_turn, scored_by
from tools.phrases import caveat, cite, quote, said, say, who
from tools.spec import CallArguments, Detail, ToolSpec, TurnNumber

N_AROUND = 2
BY_DELETION = (
    "The effect of a turn is the score of the call less its score without that turn. "
    "It says what the model goes by, not what the customer went by."
)


class TurnArguments(CallArguments):
    """Which turn of which call."""

    turn: TurnNumber


class ExplainResult(Frozen):
    """A turn and its effect: p(call) - p(call without the turn), None with reasons where the coach gives no score.

    ``without_percent`` is the score without the turn; ``rank`` is 1 for the turn that moved the score most, of
    ``n_turns``. ``context`` holds up to two turns before it and two after it.
    """

    call_id: str
    marker: str
    turn: int
    speaker: str
    role: Role
    quote: str
    probability_percent: int | None = None
    without_percent: int | None = None
    effect: float | None = None
    effect_points: float | None = None
    direction: Direction | None = None
    rank: int | None = None
    n_turns: int
    reasons: Ours[tuple[str, ...]] = ()
    context: tuple[QuotedTurn, ...]
    reading: Ours[str] = BY_DELETION
    scored_by: Ours[str | None] = None


def explain_turn(parts: Parts, call_id: str, turn: int) -> ExplainResult:
    """What turn number ``turn`` (from 1) does to the score of a call.

    Raises:
        InputError: there is no such call, or it has no such turn.
    """
    call = parts.library.get(call_id)
    numbered_turn(call, turn)
    n_turns = len(call.transcript)
    nearby = [number for number in range(turn - N_AROUND, turn + N_AROUND + 1) if 1 <= number <= n_turns]
    shown = {number: quoted_turn(call, number) for number in nearby}
    facts = {**dict(shown.pop(turn)), "call_id": call_id, "n_turns": n_turns, "context": tuple(shown.values())}
    score = parts.scorer.score(call.transcript, n_evidence=n_turns)
    if score.probability is None:
        return ExplainResult(**facts, reasons=score.reasons)
    effects = {one.turn: one.effect for one in score.evidence}
    effect = effects.get(turn, 0.0)
    return ExplainResult(
        **facts,
        probability_percent=percent(score.probability),
        without_percent=percent(score.probability - effect),
        effect=effect,
        effect_points=points(effect),
        direction=direction(effect),
        scored_by=scored_by(parts.scorer),
        rank=1 + sum(abs(other) > abs(effect) for other in effects.values()),
    )


def _words(result: ExplainResult, detail: Detail) -> AnswerDocument:
    turn = line(cite(result.call_id, result.turn, result.quote), f" {who(result)}: ", quote(result.quote))
    if result.effect_points is None or result.direction is None:
        why = line("I can't say what ", turn, " did to the score, because there is none for this call.")
        return document(listed(why, result.reasons))
    if result.direction == "did not move":
        effect = "did not move the score"
    else:
        effect = (
            f"{result.direction} the score by {say(result.effect_points)} points: {result.probability_percent} % with "
            f"it, {result.without_percent} % without it"
        )
    rank = f"By its effect it ranks as number {result.rank}; the call has {result.n_turns} turns."
    around = [said(result.call_id, one) for one in result.context] if detail == "full" else []
    what = line(turn, f" {effect}. {rank}")
    return document(what, listed("**Around it**", around), caveat(result.reading, detail))


def _found(result: ExplainResult) -> str:
    if result.effect_points is None:
        return f"Looked at turn {result.turn}: no score"
    return f"Turn {result.turn} is number {result.rank} of {result.n_turns} by effect"


SPEC = ToolSpec(
    function=explain_turn,
    result=ExplainResult,
    arguments=TurnArguments,
    description="Why one turn counts: its effect on the score, its rank among all turns, and what was said around it.",
    intents={"explain": "How much did a turn matter?"},
    words=_words,
    doing="Looking at a turn",
    found=_found,
)
