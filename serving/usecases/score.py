"""Scoring, as every door does it: one call, or a table of calls as a ranking."""

from collections.abc import Sequence

from salescoach.model.scoring import Scorer
from salescoach.progress import Progress, silent
from salescoach.types import Frozen, LabelledCall, Score, Transcript
from serving.tracing import span
from serving.usecases.score_log import Log


class Ranking(Frozen):
    """Scores of several calls: the highest probability first, those without one last."""

    results: tuple[Score, ...]


def score_call(
    scorer: Scorer, transcript: Transcript, log: Log, *, force: bool = False, with_exchanges: bool = True
) -> Score:
    """The score of one call.

    Args:
        scorer: of a model folder, by its own arm or by a method.
        transcript: the call, at least one turn.
        log: notes the score.
        force: where the coach would abstain, give the model's number as ``uncalibrated_probability``.
        with_exchanges: whether moves are read to find them, which takes longer than the score.

    Raises:
        ModelError: a number came out that is not finite.
    """
    with span("score") as traced:
        traced.note(n_turns=len(transcript))
        score = scorer.score(transcript, force=force, with_exchanges=with_exchanges)
        traced.note(model_id=score.model_id, abstained=score.abstained)
    log([(transcript, score)])
    return score


def rank_calls(
    scorer: Scorer, calls: Sequence[LabelledCall], log: Log, *, force: bool = False, progress: Progress = silent
) -> Ranking:
    """The scores of several calls, in order, without exchanges. Args and errors as ``score_call``."""
    scores = []
    with span("rank") as traced:
        traced.note(n_calls=len(calls))
        for done, call in enumerate(calls, start=1):
            scores.append(scorer.score(call.transcript, force=force))
            progress("scoring", done, len(calls))
        traced.note(model_id=scores[0].model_id if scores else None)
    log([(call.transcript, score) for call, score in zip(calls, scores, strict=True)])
    return Ranking(results=tuple(sorted(scores, key=lambda one: (one.abstained, -(one.probability or 0.0)))))
