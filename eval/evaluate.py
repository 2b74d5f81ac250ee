"""One model folder on labelled calls that it has not seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from eval.faithfulness import Faithfulness
from eval.judgements import SHARES, Judgements
from salescoach.errors import DataError
from salescoach.model.scoring import Scorer
from salescoach.progress import Progress, silent
from salescoach.stats.measures import N_RESAMPLES, Judged, Measure, measure_all
from salescoach.stats.splits import group_of, labels_of
from salescoach.types import Frozen, LabelledCall, PassRate, Score


class Evaluation(Frozen):
    """What ``coach evaluate --json`` prints."""

    n: int
    positives: int
    model_id: str
    measures: dict[str, Measure] = Field(description="over every call, forced where the coach would abstain")
    answered_share: float = Field(description="share of the calls on which the coach would not abstain")
    answered: dict[str, Measure] | None = Field(description="the same over those calls; None where a class is missing")
    seen: int = Field(description="calls among them that the model has been trained on, by choice of the user")
    behaviour: tuple[PassRate, ...] = Field((), description="checks of behaviour, where they were made")
    faithfulness: Faithfulness | None = Field(None, description="whether what is cited is the reason, where checked")


@dataclass(frozen=True)
class EvaluationDetails:
    """An evaluation with what its report is drawn from: the model is the only arm, in a single fold."""

    evaluation: Evaluation
    judgements: Judgements


def evaluate(
    calls: Sequence[LabelledCall],
    scorer: Scorer,
    *,
    allow_seen: bool = False,
    n_resamples: int = N_RESAMPLES,
    progress: Progress = silent,
) -> EvaluationDetails:
    """Judges a model with its own thresholds.

    Args:
        calls: labelled calls; open deals are left out.
        scorer: the model.
        allow_seen: judge also calls that the model has been trained on, which flatters it.
        n_resamples: of accounts, for the intervals.
        progress: called with the stage, what is done and what there is to do.

    Raises:
        DataError: the model has been trained on some of the calls, or they have one outcome only.
    """
    calls = [call for call in calls if call.outcome is not None]
    labels = labels_of(calls)
    if len(set(labels.tolist())) < 2:
        raise DataError(
            f"A model is judged by converted and lost calls; the {len(calls)} labelled calls have one outcome."
        )
    n_seen = sum(was_trained_on(scorer, call) for call in calls)
    if n_seen and not allow_seen:
        raise DataError(
            f"The model {scorer.manifest.model_id} has been trained on {n_seen} of these {len(calls)} calls, which "
            "would flatter it; leave them out with --skip-seen, or judge them all the same with --allow-seen."
        )
    scores = []
    for done, call in enumerate(calls):
        progress("scoring", done, len(calls))
        scores.append(scorer.score(call.transcript, force=True))
    progress("scoring", len(calls), len(calls))
    probabilities = np.array([forced_probability(score) for score in scores])
    groups = [group_of(call) for call in calls]

    def measured(rows: np.ndarray) -> dict[str, Measure]:
        judged = Judged(labels[rows], probabilities[rows], [groups[row] for row in rows], scorer.manifest.thresholds)
        return measure_all([judged], np.random.default_rng(scorer.manifest.seed), n_resamples)

    answered = np.flatnonzero([not score.abstained for score in scores])
    evaluation = Evaluation(
        n=len(calls),
        positives=int(labels.sum()),
        model_id=scorer.manifest.model_id,
        measures=measured(np.arange(len(calls))),
        answered_share=round(len(answered) / len(calls), 4),
        answered=measured(answered) if len(set(labels[answered].tolist())) == 2 else None,
        seen=n_seen,
    )
    said = {share: [np.array([_after(score, share) for score in scores])] for share in SHARES}
    arm = scorer.manifest.model_id
    judgements = Judgements([calls], {arm: said}, {arm: [scorer.manifest.thresholds]})
    return EvaluationDetails(evaluation, judgements)


def was_trained_on(scorer: Scorer, call: LabelledCall) -> bool:
    """Whether the model has seen the call in training or calibration, by the words of both sides."""
    return scorer.manifest.has_seen(call.transcript.content_hash)


def forced_probability(score: Score) -> float:
    """The model's number, also where the coach would abstain."""
    number = score.uncalibrated_probability if score.probability is None else score.probability
    if number is None:
        raise ValueError("the score was not forced")
    return number


def _after(score: Score, share: int) -> float:
    """The probability after the first ``share`` per cent of the turns, rounded up."""
    return score.trajectory[math.ceil(share / 100 * score.n_turns) - 1].probability
