"""What a comparison found: a line for each arm with intervals, and paired differences."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from eval.judgements import WHOLE
from salescoach.model.similarity import METHODS
from salescoach.stats.measures import METRICS, Judged, Measure, measure_all, paired_gap, resample, summarise
from salescoach.types import Frozen

CHEAP = ("prior", "length", "call_metrics", "tfidf")
_EARLY = {name: METRICS[name] for name in ("auc", "brier")}


class AtShare(Frozen):
    """How good an arm is when only the first part of each call is known."""

    share: int = Field(description="per cent of the turns")
    auc: Measure
    brier: Measure


class ArmReport(Frozen):
    """One line of the table; each figure is taken per fold and averaged."""

    name: str
    auc: float
    auc_ci: tuple[float, float] | None
    f1: float
    accuracy: float
    brier: float
    ece: float
    precision_at_10: float
    ms_per_call: float
    measures: dict[str, Measure]
    by_share: tuple[AtShare, ...]


class Difference(Frozen):
    """AUROC of ``arm`` less that of ``over``. ``p_value``: two-sided, of the paired bootstrap."""

    arm: str
    over: str
    auc_relative: float
    auc_delta: float
    auc_delta_ci: tuple[float, float] | None
    p_value: float | None


class Comparison(Frozen):
    """All arms on the same splits."""

    n: int
    positives: int
    groups: int
    folds: int
    split_hash: str
    seed: int
    arms: tuple[ArmReport, ...]
    differences: tuple[Difference, ...]

    @property
    def improvement(self) -> Difference | None:
        """``finetuned`` over ``generic``."""
        return next((one for one in self.differences if (one.arm, one.over) == ("finetuned", "generic")), None)

    def as_json(self) -> dict[str, object]:
        """The object that ``coach compare --json`` prints."""
        raw = self.model_dump(mode="json")
        data = {name: raw.pop(name) for name in ("n", "positives", "groups", "folds", "split_hash", "seed")}
        best = self.improvement
        return {"data": data, **raw, "improvement": best and best.model_dump(mode="json", exclude={"arm", "over"})}


@dataclass(frozen=True)
class Arm:
    """An arm in a comparison: its line, and AUROC on resampled accounts, shape (n_drawn,), the same for all arms."""

    report: ArmReport
    auc_samples: np.ndarray


def report_arm(name: str, by_share: Mapping[int, Sequence[Judged]], ms_per_call: float, seed: int, n: int) -> Arm:
    """The line of one arm from what it said in each fold.

    Args:
        name: of the arm.
        by_share: share of the call in per cent -> what was judged in each fold.
        ms_per_call: milliseconds.
        seed: of the resampling; the same for all arms, so that they meet the same accounts.
        n: how many resamples.
    """
    whole = by_share[WHOLE]
    samples = resample(whole, np.random.default_rng(seed), n, METRICS)
    measures = summarise(whole, samples)
    early = {
        share: measures if share == WHOLE else measure_all(folds, np.random.default_rng(seed), n, _EARLY)
        for share, folds in by_share.items()
    }
    shown = ("f1", "accuracy", "brier", "ece", "precision_at_10")
    line = ArmReport(
        name=name,
        auc=measures["auc"].value,
        auc_ci=measures["auc"].ci,
        ms_per_call=round(ms_per_call, 2),
        measures=measures,
        by_share=tuple(AtShare(share=share, auc=of["auc"], brier=of["brier"]) for share, of in early.items()),
        **{measure: measures[measure].value for measure in shown},
    )
    return Arm(line, samples["auc"])


def report_difference(arm: Arm, over: Arm) -> Difference:
    """The paired difference of two arms that have judged the same calls in the same folds."""
    first, second = arm.report.auc, over.report.auc
    gap = paired_gap(arm.auc_samples, over.auc_samples, first - second)
    return Difference(
        arm=arm.report.name,
        over=over.report.name,
        auc_relative=round((first - second) / second, 4),
        auc_delta=gap.value,
        auc_delta_ci=gap.ci,
        p_value=gap.p_value,
    )


def pairs(arms: Collection[str]) -> list[tuple[str, str]]:
    """Which arms are set against which: learned ones against TF-IDF and generic, and both encoders by each method."""
    learned = [arm for arm in arms if arm not in CHEAP and not arm.endswith(tuple(f"_{method}" for method in METHODS))]
    against = [(arm, over) for arm in learned for over in ("tfidf", "generic") if arm != over]
    by_method = [(f"finetuned_{method}", f"generic_{method}") for method in METHODS]
    return [pair for pair in against + by_method if set(pair) <= set(arms)]
