"""The tool ``score_call``: how likely a call converts, and the turns that moved the score."""

from typing import Literal

from salescoach.types import EvidenceTurn, Frozen, Role, Score
from tools.parts import Parts, percent, points, scored_by, turn_marker
from tools.phrases import quote, say, who

N_SHOWN = 5
NOT_CALIBRATED = (
    "This number is not calibrated: of calls that I decline to judge, nobody has checked how many convert at such a "
    "number. Don't plan by it."
)


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
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    model_id: str
    model_data: str
    n_turns: int
    turns_that_moved_it: tuple[ShownTurn, ...]
    uncalibrated_percent: int | None = None
    reading: str | None = None
    scored_by: str | None = None
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
    score = parts.scorer.score(parts.library.get(call_id).transcript, force=force)
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


def moved(turn: ShownTurn) -> str:
    """A turn with its effect."""
    return f"{turn.marker} {who(turn)}: {quote(turn.quote)} ({turn.direction} it by {say(turn.effect_points)} points)"
