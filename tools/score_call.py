"""The tool ``score_call``: how likely a call converts, and the turns that moved the score."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field

from salescoach.advice.sure import SureCall
from salescoach.redact.our_words import Ours
from salescoach.types import EvidenceTurn, Frozen, Role, Score
from tools.document import AnswerDocument, AnswerLine, Block, Listing, document, line, listed
from tools.next_steps import Advice, advice_on, word_advice
from tools.parts import Parts, moves_of, percent, points, scored_by, turn_marker
from tools.phrases import cite, count, quote, say, who
from tools.reasons import Reasons, reasons_of, strongest_each_way, word_others, word_reason
from tools.spec import CallArguments, Detail, ToolSpec

N_SHOWN = 5
N_WORDED = 4  # of them
WIDE = 50  # points between the ends of an interval beyond which a score is no more than a lean
NEAR = 5  # points from the base rate that make no difference
NO_REASON = "I found no exchange or turn that moved it by half a point or more in a way that I can explain for sure."
NOT_CALIBRATED = (
    "This number is not calibrated: of calls that I decline to judge, nobody has checked how many convert at such a "
    "number. Don't plan by it."
)


class ScoreArguments(CallArguments):
    """Which call."""

    force: bool = Field(False, description="only where the user wants to see a number although the score abstained")


class ShownTurn(Frozen):
    """A turn that moved the score."""

    marker: str
    turn: int
    speaker: str
    role: Role
    quote: str
    effect: float
    effect_points: float
    direction: Literal["raised", "lowered"]


class ScoreResult(Frozen):
    """A score as it may be worded. ``score`` is the model's own output, unrounded beyond its four decimals.

    ``uncalibrated_percent`` is there only where the coach abstains and the number was asked for all the same. Where it
    abstains, ``reading`` says what that number is not, or how many own calls are missing to learn from.
    ``scored_by``: see ``tools/parts.py``. ``why`` and ``advice``: None where moves can't be read.
    """

    call_id: str
    probability_percent: int | None
    interval_percent: tuple[int, int] | None
    base_rate_percent: int
    reasons: Ours[tuple[str, ...]]
    warnings: Ours[tuple[str, ...]]
    model_id: Ours[str]
    model_data: Ours[str]
    n_turns: int
    turns_that_moved_it: tuple[ShownTurn, ...]
    why: Reasons | None = None
    advice: Advice | None = None
    uncalibrated_percent: int | None = None
    reading: Ours[str | None] = None
    scored_by: Ours[str | None] = None
    score: Score


def score_call(parts: Parts, call_id: str, *, force: bool = False) -> ScoreResult:
    """Scores a call of the library.

    Args:
        parts: what tools read.
        call_id: the call.
        force: where the coach abstains, give the number all the same, as an uncalibrated one.

    Raises:
        InputError: there is no such call.
    """
    call = parts.library.get(call_id)
    score = parts.scorer.score(call.transcript, force=force, with_exchanges=True)
    moves = moves_of(parts, call)
    sure = None if moves is None else SureCall(call.transcript, moves)
    uncalibrated = score.uncalibrated_probability
    manifest = parts.scorer.manifest
    return ScoreResult(
        call_id=call_id,
        probability_percent=None if score.probability is None else percent(score.probability),
        interval_percent=None if score.interval is None else (percent(score.interval[0]), percent(score.interval[1])),
        base_rate_percent=percent(manifest.base_rate),
        reasons=score.reasons,
        warnings=score.warnings,
        model_id=score.model_id,
        model_data=manifest.data,
        n_turns=score.n_turns,
        turns_that_moved_it=tuple(shown_turn(turn, turn_marker(turn.turn)) for turn in score.evidence[:N_SHOWN]),
        why=None if sure is None else reasons_of(parts, call, sure, score),
        advice=None if sure is None else advice_on(call, sure),
        uncalibrated_percent=None if uncalibrated is None else percent(uncalibrated),
        reading=_reading(parts, score),
        scored_by=scored_by(parts.scorer),
        score=score,
    )


def _reading(parts: Parts, score: Score) -> str | None:
    if not score.abstained:
        return None
    return parts.library.own_calls().reading if score.uncalibrated_probability is None else NOT_CALIBRATED


def shown_turn(turn: EvidenceTurn, marker: str) -> ShownTurn:
    """A turn of the evidence, cited by ``marker``."""
    return ShownTurn(
        marker=marker,
        turn=turn.turn,
        speaker=turn.speaker,
        role=turn.role,
        quote=turn.quote,
        effect=turn.effect,
        effect_points=points(turn.effect),
        direction="raised" if turn.effect > 0 else "lowered",
    )


def moved(call_id: str, turn: ShownTurn) -> AnswerLine:
    """A turn with its effect."""
    place = cite(call_id, turn.turn, turn.quote, turn.marker)
    effect = f" ({turn.direction} it by {say(turn.effect_points)} points)"
    return line(place, f" {who(turn)}: ", quote(turn.quote), effect)


def word_score(
    result: ScoreResult,
    detail: Detail,
    beside: Sequence[Block | None] = (),
    said: Mapping[int, AnswerLine] | None = None,
) -> AnswerDocument:
    """How likely, why, and what next. Short: how likely, the strongest reason each way, and what next.

    Args:
        result: the score.
        detail: how long.
        beside: paragraphs on what else was found, for which a short answer has no room.
        said: what a rep said in a won call, by the turn of this call that advice is given on.
    """
    if detail == "short":
        return document(*_headline(result), _strongest_reasons(result), word_next_steps(result, said))
    return document(*_score(result), *beside, word_next_steps(result, said), unknown(result))


def word_next_steps(result: ScoreResult, said: Mapping[int, AnswerLine] | None = None) -> Block | None:
    """What to do next, or that there is nothing; None where moves can't be read."""
    return None if result.advice is None else word_advice(result.call_id, result.advice, said)


def _score(result: ScoreResult) -> Iterator[Block | str | None]:
    yield from _headline(result)
    if result.probability_percent is None and result.uncalibrated_percent is None:
        yield (
            "What doesn't rest on the model is below. A model made from your own labelled calls could judge more of "
            f"them. {result.reading or ''}"
        ).strip()
    else:
        yield from _why(result)
    yield from (f"*{warning}*" for warning in result.warnings)


def _why(result: ScoreResult) -> Iterator[Block | str | None]:
    """What pulled it down, and what held it up; where moves can't be read the turns alone."""
    for direction, title in (("lowered", "What pulled it down"), ("raised", "What held it up")):
        if result.why is None:
            turns = [turn for turn in result.turns_that_moved_it[:N_WORDED] if turn.direction == direction]
            yield listed(f"**{title}**", (moved(result.call_id, turn) for turn in turns))
        else:
            reasons = [one for one in result.why.shown if one.direction == direction]
            yield listed(f"**{title}**", (word_reason(result.call_id, one) for one in reasons))
    if result.why is not None:
        yield _not_named(result, result.why)
        yield word_others(result.why.others)


def _not_named(result: ScoreResult, why: Reasons) -> str | None:
    """That what makes most of the number is none of the reasons, where they don't point the way that it goes."""
    if not why.shown:
        return NO_REASON
    if result.probability_percent is None or any(one.direction != why.shown[0].direction for one in why.shown):
        return None
    above = result.probability_percent - result.base_rate_percent
    if above < -NEAR and why.shown[0].direction == "raised":
        return f"None of that explains why it is below {result.base_rate_percent} %; what does, I can't name for sure."
    if above > NEAR and why.shown[0].direction == "lowered":
        return f"None of that explains why it is above {result.base_rate_percent} %; what does, I can't name for sure."
    return None


def _headline(result: ScoreResult) -> Iterator[Block | str | None]:
    """How likely, and against what; where there is no probability the reasons, and never a likelihood."""
    if result.uncalibrated_percent is not None:
        yield f"**The model's uncalibrated number is {result.uncalibrated_percent} %.** {result.reading}"
        yield listed("I give no probability for this call, because:", result.reasons)
        return
    if result.probability_percent is None:
        yield listed("**I can't give a probability for this call.**", result.reasons)
        return
    percent, base = result.probability_percent, result.base_rate_percent
    against = "about" if abs(percent - base) <= NEAR else "above" if percent > base else "below"
    sentences = [
        f"**{percent} % likely to convert**, {against} the {base} % of the calls that the model learned from.",
        "There is no range for it." if result.interval_percent is None else _range(*result.interval_percent),
    ]
    yield " ".join(sentences)


def _strongest_reasons(result: ScoreResult) -> Listing | None:
    if result.why is not None:
        strongest = strongest_each_way(result.why.shown)
        return listed("**What moved it most**", [word_reason(result.call_id, one) for one in strongest])
    turns = result.turns_that_moved_it
    chosen = [next((turn for turn in turns if turn.direction == way), None) for way in ("lowered", "raised")]
    return listed("**What moved it most**", [moved(result.call_id, turn) for turn in chosen if turn is not None])


def _range(low: int, high: int) -> str:
    if high - low > WIDE:
        return f"The range is wide, {low} % to {high} %: take it as a lean, not as a forecast."
    return f"The range is {low} % to {high} %."


def unknown(score: ScoreResult) -> str:
    """What the coach can't know."""
    return (
        "*What I can't know: what was agreed outside of this call, and whether a turn or a reply caused what it goes "
        f"along with. Scored by {score.model_id}, which learned from {score.model_data}.*"
    )


def _found(result: ScoreResult) -> str:
    if result.probability_percent is None:
        return "Scored the call: no probability"
    return f"Scored the call: {result.probability_percent} %"


def _details(result: ScoreResult) -> list[str]:
    lines = [f"{count(result.n_turns, 'turn')}, scored by {result.model_id}."]
    if result.interval_percent is not None:
        low, high = result.interval_percent
        lines.append(f"Between {low} % and {high} %; {result.base_rate_percent} % of the training calls converted.")
    return [*lines, *result.reasons, *result.warnings]


SPEC = ToolSpec(
    function=score_call,
    result=ScoreResult,
    arguments=ScoreArguments,
    description="The calibrated probability that a call converts, its interval, and the quoted turns that moved it.",
    intents={
        "score": "How likely is it that this call converts?",
        "why": "Why is the score what it is?",
        "advice": "What should I do next?",
    },
    words=word_score,
    doing="Scoring the call",
    found=_found,
    details=_details,
)
