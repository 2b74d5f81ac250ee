"""The judging third: the best arm scores, and a gain is claimed only where the intervals bear it out."""

from dataclasses import replace

import numpy as np
import pytest

from salescoach.model.head import logit
from salescoach.stats.measures import METRICS, Gap, Measure
from salescoach.testing import make_call
from salescoach.types import LabelledCall
from training.calls import TrainingCalls
from training.card import first_line, worth_it
from training.judge import Candidate, Verdict, judge

N_SEEN, N_TEST = 60, 80


def some_calls(n: int, prefix: str) -> list[LabelledCall]:
    return [
        make_call(
            f"{prefix}{row}", "Rep: Hello there.", "Customer: Go on.",
            outcome="converted" if row % 2 else "lost", account_id=f"{prefix}{row // 2}",
        )
        for row in range(n)
    ]  # fmt: skip


SEEN_CALLS, TEST = some_calls(N_SEEN, "s"), some_calls(N_TEST, "t")
SEEN = TrainingCalls(
    [call.transcript for call in SEEN_CALLS],
    np.arange(N_SEEN) % 2,
    [str(call.account_id) for call in SEEN_CALLS],
    np.arange(N_SEEN) >= 40,
    seed=0,
)


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.judge.N_RESAMPLES", 40)
    monkeypatch.setattr("training.judge.METRICS", {name: METRICS[name] for name in ("auc", "brier")})


def candidate(strength: float, seed: int) -> Candidate:
    """Logits that know the outcome as well as ``strength`` says, 0 being noise."""
    rng = np.random.default_rng(seed)
    honest = strength * (np.arange(N_SEEN) % 2 - 0.5) + rng.normal(size=N_SEEN)
    honest[:40] = np.nan
    return Candidate(strength * (np.arange(N_TEST) % 2 - 0.5) + rng.normal(size=N_TEST), honest)


def verdict_of(**strengths: float) -> Verdict:
    candidates = {name: candidate(strength, seed) for seed, (name, strength) in enumerate(strengths.items())}
    return judge(SEEN, TEST, candidates, lambda stage, done, total: None)


def test_a_clear_gain_is_claimed_and_the_best_arm_scores() -> None:
    verdict = verdict_of(generic=0.3, finetuned=4.0, tfidf=0.3)
    assert verdict.embedding == "finetuned"
    assert verdict.scorer in ("finetuned", "blend")
    assert verdict.is_worth_it
    assert worth_it(verdict).startswith("Fine-tuning was worth it: AUROC 0.9")
    assert list(verdict.measures) == ["prior", "length", "call_metrics", "tfidf", "generic", "finetuned", "blend"]
    assert verdict.measures["prior"]["auc"].value == 0.5


def test_words_score_where_they_are_best_and_the_better_encoder_stays() -> None:
    verdict = verdict_of(generic=-2.0, finetuned=-3.0, tfidf=5.0)
    assert (verdict.embedding, verdict.scorer) == ("generic", "tfidf")
    assert not verdict.is_worth_it
    assert worth_it(verdict).startswith("Fine-tuning was not shown to be worth it: AUROC 0.")


def test_a_part_that_is_ahead_by_chance_does_not_oust_the_blend() -> None:
    verdict = verdict_of(generic=1.0, tfidf=1.1)
    auc = {name: verdict.measures[name]["auc"].value for name in ("generic", "tfidf", "blend")}
    gap = max(auc["generic"], auc["tfidf"]) - auc["blend"]
    assert gap < 0.05
    assert verdict.scorer == "blend"


def test_a_scorer_that_is_worse_than_the_base_rate_has_learned_nothing_and_the_card_begins_with_it() -> None:
    verdict = verdict_of(generic=1.0, tfidf=1.0)
    assert verdict.has_learned
    assert first_line(verdict) == worth_it(verdict)
    worse = {**verdict.measures, verdict.scorer: {**verdict.measures["prior"], "brier": Measure(value=0.3, ci=None)}}
    changed = replace(verdict, measures=worse)
    assert not changed.has_learned
    assert first_line(changed).startswith("It has learned nothing that shows: its Brier score")
    assert worth_it(verdict) in first_line(changed)


@pytest.mark.parametrize("over", ["generic", "tfidf"])
def test_a_gain_over_one_of_the_two_is_no_gain(over: str) -> None:
    gaps = {("finetuned", name): Gap(value=0.1, ci=(0.05, 0.15), p_value=0.01) for name in ("generic", "tfidf")}
    verdict = verdict_of(generic=0.3, finetuned=4.0, tfidf=0.3)
    for worse in (Gap(value=0.1, ci=(-0.01, 0.2), p_value=0.1), Gap(value=0.1, ci=None, p_value=None)):
        changed = Verdict(
            verdict.measures, {**gaps, ("finetuned", over): worse}, "finetuned", "finetuned", (1, 0), verdict.honest
        )
        assert not changed.is_worth_it


def test_on_noise_a_gain_is_hardly_ever_claimed() -> None:
    claims = 0
    for seed in range(20):
        names = ("generic", "finetuned", "tfidf")
        candidates = {name: candidate(0.0, 100 * seed + nth) for nth, name in enumerate(names)}
        claims += judge(SEEN, TEST, candidates, lambda stage, done, total: None).is_worth_it
    assert claims <= 2


def test_without_calls_of_both_outcomes_nothing_is_claimed() -> None:
    lost = [call for call in TEST if call.outcome == "lost"]
    for test in ([], lost):
        found = judge(
            SEEN, test, {"generic": candidate(1, 0), "finetuned": candidate(1, 1), "tfidf": candidate(1, 2)},
            lambda stage, done, total: None,
        )  # fmt: skip
        assert (found.embedding, found.scorer, found.measures, found.gaps) == ("finetuned", "finetuned", {}, {})
        assert not found.is_worth_it
        assert "no calls judged" in worth_it(found)


def test_the_blend_is_made_of_what_scores() -> None:
    verdict = verdict_of(generic=2.0, tfidf=2.0)
    slope, offset = verdict.blend
    assert slope > 0
    assert np.isfinite(offset)
    if verdict.scorer == "blend":
        assert np.isfinite(verdict.honest[40:]).all()
    assert "finetuned" not in verdict.measures
    assert worth_it(verdict) == "Not fine-tuned."
    assert logit(np.array([0.5]))[0] == 0
