"""The third of the accounts that judges: every arm once, paired, without further fits. What wins there scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from salescoach.model.head import blended, sigmoid
from salescoach.progress import Progress
from salescoach.stats.measures import METRICS, Gap, Judged, Measure, paired_gap, resample, summarise
from salescoach.stats.splits import group_of, labels_of
from salescoach.types import EmbeddingName, LabelledCall, ScorerName
from training.arms import FittedArm, fit_baseline, fit_blend, honest_thresholds
from training.baselines import BASELINES
from training.calls import TrainingCalls

N_RESAMPLES = 200
CLAIMS = (
    ("finetuned", "generic"),
    ("finetuned", "tfidf"),
    ("blend", "tfidf"),
    ("generic", "tfidf"),
    ("moves", "tfidf"),
    ("moves", "length"),
)


@dataclass(frozen=True)
class Candidate:
    """An arm that could become the scorer.

    ``judging``: calibrated logits of the calls that judge, shape (n_test,); ``honest``: calibrated logits of the calls
    that were seen, nan where a fit has seen them, shape (n_seen,).
    """

    judging: np.ndarray
    honest: np.ndarray


@dataclass(frozen=True)
class Verdict:
    """What the judging calls found; without such calls of both outcomes nothing is measured or claimed.

    Attributes:
        measures: arm -> measure.
        gaps: (arm, over) -> difference of AUROC.
        embedding: the better of the two encoders; the fine-tuned one where nothing is measured.
        scorer: the mean of that embedding and tfidf, unless one of them, or moves, is better.
        blend: slope and offset on the mean logit of that embedding and tfidf.
        honest: the scorer's honest logits, as in ``Candidate``.
    """

    measures: Mapping[str, Mapping[str, Measure]]
    gaps: Mapping[tuple[str, str], Gap]
    embedding: EmbeddingName
    scorer: ScorerName
    blend: tuple[float, float]
    honest: np.ndarray

    @property
    def has_learned(self) -> bool:
        """Whether the scorer's Brier score is at most that of the base rate, as far as anything was measured."""
        if not self.measures:
            return True
        return self.measures[self.scorer]["brier"].value <= self.measures["prior"]["brier"].value

    @property
    def is_worth_it(self) -> bool:
        """Whether fine-tuning beat the generic encoder and words alone, each with its whole interval above zero."""
        gaps = [self.gaps.get(("finetuned", over)) for over in ("generic", "tfidf")]
        return all(gap is not None and gap.ci is not None and gap.ci[0] > 0 for gap in gaps)


def judge(
    seen: TrainingCalls,
    test: Sequence[LabelledCall],
    candidates: Mapping[str, Candidate],
    progress: Progress,
) -> Verdict:
    """Chooses the scorer.

    Args:
        seen: the calls that candidates were fitted and calibrated on.
        test: the calls that judge, which nothing has seen.
        candidates: ``generic``, ``tfidf`` and, where there are such, ``finetuned`` and ``moves``.
        progress: called with the stage, what is done and what there is to do.
    """
    labels = labels_of(test)
    is_judged = len(set(labels.tolist())) == 2
    if not is_judged:
        embedding: EmbeddingName = "finetuned" if "finetuned" in candidates else "generic"
        return Verdict({}, {}, embedding, embedding, (1.0, 0.0), candidates[embedding].honest)

    groups = [group_of(call) for call in test]
    judged = {name: _judged(one, labels, groups, seen) for name, one in candidates.items()}
    aucs = {name: METRICS["auc"](one.labels, one.probabilities, one.thresholds) for name, one in judged.items()}
    embedding = "finetuned" if aucs.get("finetuned", -1.0) >= aucs["generic"] else "generic"

    parts = [candidates[embedding], candidates["tfidf"]]
    calibration = fit_blend(blended([part.honest for part in parts]), seen.labels)
    blend = Candidate(
        blended([part.judging for part in parts], *calibration), blended([part.honest for part in parts], *calibration)
    )
    judged["blend"] = _judged(blend, labels, groups, seen)
    for name in ("prior", "length", "call_metrics"):
        arm = fit_baseline(BASELINES[name], seen)
        judged[name] = _judged(_asked(arm, test), labels, groups, seen)

    samples = {}
    for done, (name, one) in enumerate(judged.items()):
        progress("judging", done, len(judged))
        samples[name] = resample([one], np.random.default_rng(seen.seed), N_RESAMPLES, METRICS)
    progress("judging", len(judged), len(judged))
    order = [name for name in (*BASELINES, "generic", "finetuned", "blend", "moves") if name in judged]
    measures = {name: summarise([judged[name]], samples[name], METRICS) for name in order}
    auc = {name: measures[name]["auc"].value for name in order}
    gaps = {
        (arm, over): paired_gap(samples[arm]["auc"], samples[over]["auc"], auc[arm] - auc[over])
        for arm, over in CLAIMS
        if arm in judged
    }
    scorer = _scorer(embedding, auc, samples)
    chosen = {**candidates, "blend": blend}[scorer]
    return Verdict(measures, gaps, embedding, scorer, calibration, chosen.honest)


def _scorer(
    embedding: EmbeddingName, auc: Mapping[str, float], samples: Mapping[str, Mapping[str, np.ndarray]]
) -> ScorerName:
    """The blend, unless one of its parts is better with its whole interval above zero, or ``moves`` has more AUROC.

    The judging calls are few, and the best of a few is often the luckiest; a mean of two that read different things is
    seldom much worse than the better one.
    """
    parts: tuple[ScorerName, ...] = (embedding, "tfidf")
    gaps = {part: paired_gap(samples[part]["auc"], samples["blend"]["auc"], auc[part] - auc["blend"]) for part in parts}
    better = [part for part in parts if (ci := gaps[part].ci) is not None and ci[0] > 0]
    scorer: ScorerName = max(better, key=lambda part: auc[part]) if better else "blend"
    return "moves" if auc.get("moves", -1.0) >= auc[scorer] else scorer


def _judged(one: Candidate, labels: np.ndarray, groups: Sequence[str], seen: TrainingCalls) -> Judged:
    return Judged(labels, sigmoid(one.judging), groups, honest_thresholds(one.honest, seen.labels))


def _asked(arm: FittedArm, test: Sequence[LabelledCall]) -> Candidate:
    return Candidate(arm.logits([call.transcript for call in test]), arm.honest)
