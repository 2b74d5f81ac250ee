"""The tool ``score_call``: how likely a call converts, and the turns that moved the score."""

from typing import Literal

from salescoach.types import EvidenceTurn, Frozen, Role, Score
from tools.parts import Parts, percent, points, turn_marker

N_SHOWN = 5


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
    """A score as it may be worded. ``score`` is the model's own output, unrounded beyond its four decimals."""

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
    score: Score


def score_call(parts: Parts, call_id: str) -> ScoreResult:
    """Scores a call of the library.

    Raises:
        InputError: there is no such call.
    """
    score = parts.scorer.score(parts.library.get(call_id).transcript)
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
        score=score,
    )


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
