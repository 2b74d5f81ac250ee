"""The tool ``score_call``: how likely a call converts, and the turns that moved the score."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from pydantic import Field

from salescoach.redact.our_words import Ours
from salescoach.types import EvidenceTurn, Frozen, Role, Score
from tools.document import AnswerDocument, AnswerLine, Block, Listing, Part, document, line, listed
from tools.parts import Parts, percent, points, scored_by, turn_marker
from tools.phrases import cite, count, quote, say, who
from tools.spec import CallArguments, Detail, ToolSpec

N_SHOWN = 5
N_WORDED = 4  # of them
MAX_ADVICE = 3
WIDE = 50  # points between the ends of an interval beyond which a score is no more than a lean
NEAR = 5  # points from the base rate that make no difference
MIN_POINTS = 0.5  # of an effect that is worth a piece of advice
MIN_TOLD_WORDS = 8  # of a turn that a follow-up may be built on
SMALL_TALK = 0.1  # the share of a call that is mostly hellos
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
    ``scored_by``: see ``tools/parts.py``.
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
    score = parts.scorer.score(parts.library.get(call_id).transcript, force=force, with_exchanges=True)
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
    result: ScoreResult, detail: Detail, beside: Sequence[Block | None] = (), advice: Iterable[Part] | None = None
) -> AnswerDocument:
    """How likely, why, and what next. Short: how likely, the strongest reason each way, and what next.

    Args:
        result: the score.
        detail: how long.
        beside: paragraphs on what else was found, for which a short answer has no room.
        advice: the best first; default: what the turns that moved the score suggest.
    """
    if advice is None:
        advice = [*advice_on_own_turn(result), *advice_on_their_turn(result)]
    if detail == "short":
        return document(*_headline(result), _strongest_reasons(result), word_advice(advice))
    return document(*_score(result), *beside, word_advice(advice), unknown(result))


def word_advice(advice: Iterable[Part]) -> Listing | None:
    """At most three pieces of advice, numbered; None where there is none."""
    return listed("**Next**", list(advice)[:MAX_ADVICE], is_numbered=True)


def advice_on_own_turn(score: ScoreResult) -> list[AnswerLine]:
    """What to do about the rep's turn that lowered the score most; none where there is no such turn."""
    own = _strongest(_moving(score), "rep", "lowered")
    if own is None:
        return []
    effect = (
        f" differently: of what your side said it lowered the score most, by {say(own.effect_points)} points. "
        "Ask me what if it had been said in other words."
    )
    return [line("Put ", cite(score.call_id, own.turn, own.quote), effect)]


def advice_on_their_turn(score: ScoreResult) -> list[AnswerLine]:
    """What to do about the customer's turn that raised the score most; none where there is no such turn."""
    told = [turn for turn in _moving(score) if turn.turn > SMALL_TALK * score.n_turns]
    told = [turn for turn in told if len(turn.quote.split()) >= MIN_TOLD_WORDS]
    theirs = _strongest(told, "customer", "raised")
    if theirs is None:
        return []
    effect = (
        " up in your follow-up: of what the customer said it raised the score most, by "
        f"{say(theirs.effect_points)} points."
    )
    return [line("Take ", cite(score.call_id, theirs.turn, theirs.quote), effect)]


def _moving(score: ScoreResult) -> list[ShownTurn]:
    return [turn for turn in score.turns_that_moved_it[:N_WORDED] if turn.effect_points >= MIN_POINTS]


def _score(result: ScoreResult) -> Iterator[Block | str | None]:
    yield from _headline(result)
    if result.probability_percent is None and result.uncalibrated_percent is None:
        yield (
            "What doesn't rest on the model is below. A model made from your own labelled calls could judge more of "
            f"them. {result.reading or ''}"
        ).strip()
    else:
        for direction, title in (("lowered", "What pulled it down"), ("raised", "What held it up")):
            turns = [turn for turn in result.turns_that_moved_it[:N_WORDED] if turn.direction == direction]
            yield listed(f"**{title}**", (moved(result.call_id, turn) for turn in turns))
    yield from (f"*{warning}*" for warning in result.warnings)


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
    turns = result.turns_that_moved_it
    chosen = [next((turn for turn in turns if turn.direction == way), None) for way in ("lowered", "raised")]
    return listed("**What moved it most**", [moved(result.call_id, turn) for turn in chosen if turn is not None])


def _range(low: int, high: int) -> str:
    if high - low > WIDE:
        return f"The range is wide, {low} % to {high} %: take it as a lean, not as a forecast."
    return f"The range is {low} % to {high} %."


def _strongest(turns: Sequence[ShownTurn], role: str, direction: str) -> ShownTurn | None:
    return next((turn for turn in turns if turn.role == role and turn.direction == direction), None)


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
