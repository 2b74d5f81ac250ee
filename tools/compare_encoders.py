"""The tool ``compare_encoders``: one call as the untrained encoder sees it and as the fine-tuned one does."""

from typing import Final

from salescoach.errors import UnavailableError, without_paths
from salescoach.model.scoring import ArmView
from salescoach.redact.our_words import Ours
from salescoach.types import Frozen, MethodName, ScorerName
from tools.parts import Direction, Parts, direction, percent, points, turn_marker
from tools.score_call import ShownTurn, shown_turn

N_TURNS: Final = 3

_NAMES: Final[dict[ScorerName | MethodName, str]] = {
    "generic": "untrained encoder",
    "finetuned": "fine-tuned encoder",
    "tfidf": "words alone",
    "blend": "blend with words",
}
_AS_SCORED: Final[dict[ScorerName | MethodName, str]] = {
    "tfidf": "What scores here goes by words alone",
    "blend": "What scores here blends it with words",
}


class EncoderView(Frozen):
    """A call as one arm sees it, ``label`` in words. ``scores_here``: whether it gives the score of this call."""

    name: ScorerName | MethodName
    label: str
    probability_percent: int
    scores_here: bool
    turns_that_moved_it: tuple[ShownTurn, ...]


class EncodersResult(Frozen):
    """The untrained encoder, the fine-tuned one alone and, where that is another, what scores; or why there are none.

    ``change_points`` and ``direction``: of the fine-tuned encoder's probability against the untrained one's.
    ``n_shared``: how many of the turns that move them most are the same. ``worth_it`` is what the calls that judged
    the model say; ``n_judged`` is None where there were none. ``reasons``: why the coach gives no score.
    """

    call_id: str
    model_id: Ours[str]
    base_rate_percent: int
    views: tuple[EncoderView, ...] = ()
    change_points: float | None = None
    direction: Direction | None = None
    n_shared: int | None = None
    n_judged: int | None = None
    worth_it: Ours[str] = ""
    reasons: Ours[tuple[str, ...]] = ()
    unavailable: Ours[str | None] = None
    reading: Ours[str]


def compare_encoders(parts: Parts, call_id: str) -> EncodersResult:
    """Sets the untrained encoder's view of a call beside the fine-tuned one's.

    Raises:
        InputError: there is no such call.
    """
    transcript = parts.library.get(call_id).transcript
    manifest = parts.scorer.manifest
    facts = {
        "call_id": call_id,
        "model_id": manifest.model_id,
        "base_rate_percent": percent(manifest.base_rate),
        "n_judged": manifest.n_test if manifest.measures.get("finetuned") else None,
        "worth_it": parts.scorer.verdict,
    }
    score = parts.scorer.score(transcript)
    if score.probability is None:
        return EncodersResult(**facts, reasons=score.reasons, reading=" ".join(score.reasons))
    try:
        found = parts.scorer.views(transcript, n_evidence=N_TURNS)
    except UnavailableError as error:
        why = without_paths(str(error))
        return EncodersResult(**facts, unavailable=why, reading=why)
    views = tuple(_shown(view, score.scorer) for view in found)
    before, after = found[:2]
    n_shared = len({one.turn for one in before.evidence} & {one.turn for one in after.evidence})
    change = after.probability - before.probability
    result = EncodersResult(
        **facts,
        views=views,
        change_points=points(change),
        direction=direction(change),
        n_shared=n_shared,
        reading="",
    )
    return result.model_copy(update={"reading": _reading(result)})


def _shown(view: ArmView, scorer: ScorerName | MethodName) -> EncoderView:
    return EncoderView(
        name=view.name,
        label=_NAMES.get(view.name, f"likeness ({view.name})"),
        probability_percent=percent(view.probability),
        scores_here=view.name == scorer,
        turns_that_moved_it=tuple(shown_turn(turn, turn_marker(turn.turn)) for turn in view.evidence),
    )


def _reading(result: EncodersResult) -> str:
    before, after, *others = result.views
    said = [_change(result, before, after), *(_as_scored(one) for one in others)]
    if before.turns_that_moved_it and after.turns_that_moved_it:
        said.append(
            f"Of the turns that move each most, {result.n_shared or 'none'} "
            f"{'is' if result.n_shared == 1 else 'are'} the same."
        )
    said.append("One call proves nothing about which of the two is better.")
    if result.n_judged is None:
        said.append("No calls judged the model, so nothing is known of what fine-tuning was worth.")
    else:
        said.append(f"What the {result.n_judged:,} calls say that judged the model: {result.worth_it}")
    return " ".join(said)


def _change(result: EncodersResult, before: EncoderView, after: EncoderView) -> str:
    shown = f"The untrained encoder gives this call {before.probability_percent} %, the fine-tuned one alone "
    if result.direction == "did not move":
        return f"{shown}{after.probability_percent} %: fine-tuning made no difference here."
    side = "higher" if result.direction == "raised" else "lower"
    return f"{shown}{after.probability_percent} %, {result.change_points:g} points {side}."


def _as_scored(view: EncoderView) -> str:
    how = _AS_SCORED.get(view.name, f"What scores here goes by {view.label}")
    return f"{how}: {view.probability_percent} %."
