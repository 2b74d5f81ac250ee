"""Measures against values worked out by hand, and rules that hold for any labels."""

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    roc_auc_score,
)

from salescoach.stats.measures import (
    METRICS,
    Judged,
    Measure,
    Thresholds,
    averaged,
    brier_reliability,
    brier_resolution,
    calibration_error_by_chance,
    choose_thresholds,
    expected_calibration_error,
    interval,
    lift,
    measure_all,
    precision_at,
    resample,
)

LABELS = np.array([1, 0, 1, 0])
PROBABILITIES = np.array([0.9, 0.6, 0.4, 0.2])
HALF = Thresholds()
f1 = partial(f1_score, zero_division=0)


def measure(labels: np.ndarray, probabilities: np.ndarray, groups: list[str], seed: int = 3) -> dict[str, Measure]:
    return measure_all([Judged(labels, probabilities, groups)], np.random.default_rng(seed), 200)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auc", 3 / 4),  # of four pairs only (0.4, 0.6) is the wrong way round
        ("average_precision", (1 / 1 + 2 / 3) / 2),
        ("f1", 0.5),  # one hit, one false alarm, one miss
        ("accuracy", 0.5),
        ("balanced_accuracy", 0.5),
        ("brier", (0.01 + 0.36 + 0.36 + 0.04) / 4),
        ("log_loss", -np.log([0.9, 0.4, 0.4, 0.8]).mean()),
        ("ece", (0.1 + 0.6 + 0.6 + 0.2) / 4),  # four calls, four bins of one
        ("ece_by_chance", np.sqrt(2 / np.pi) * (0.3 + 2 * np.sqrt(0.24) + 0.4) / 4),  # the spread of one call each
        ("brier_reliability", (0.01 + 0.36 + 0.36 + 0.04) / 4),
        ("brier_resolution", 0.25),  # bins of one call tell them apart entirely
        ("precision_at_10", 0.5),
        ("precision_at_50", 0.5),
        ("lift", 2.0),  # the top tenth is one call, and it converts
    ],
)
def test_by_hand(name: str, value: float) -> None:
    assert METRICS[name](LABELS, PROBABILITIES, HALF) == pytest.approx(value)


SCIKIT_LEARN = {
    "auc": lambda y, p, _: roc_auc_score(y, p),
    "average_precision": lambda y, p, _: average_precision_score(y, p),
    "f1": lambda y, p, at: f1(y, p >= at.f1),
    "accuracy": lambda y, p, at: accuracy_score(y, p >= at.accuracy),
    "balanced_accuracy": lambda y, p, at: balanced_accuracy_score(y, p >= at.balanced_accuracy),
    "brier": lambda y, p, _: brier_score_loss(y, p),
    "log_loss": lambda y, p, _: log_loss(y, p, labels=[0, 1]),
}
# Ties are likely among the first, the others are at the edge of what a float can hold.
some_probability = (
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
    | st.sampled_from([5e-324, 1e-17, float(np.finfo(float).eps), 1 - float(np.finfo(float).eps)])
    | st.floats(0, 1)
)


@hypothesis_settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 1), some_probability), min_size=1, max_size=60),
    st.sampled_from([None, 0, 1]),
    st.builds(Thresholds, f1=some_probability, accuracy=some_probability, balanced_accuracy=some_probability),
)
def test_measures_are_those_of_scikit_learn(
    calls: list[tuple[int, float]], only: int | None, thresholds: Thresholds
) -> None:
    labels = np.array([label if only is None else only for label, _ in calls])
    probabilities = np.array([probability for _, probability in calls])
    with warnings.catch_warnings(action="ignore"):  # of a class without calls
        for name, theirs in SCIKIT_LEARN.items():
            expected = theirs(labels, probabilities, thresholds)
            ours = METRICS[name](labels, probabilities, thresholds)
            assert ours == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True), name


def test_what_is_no_probability_is_refused() -> None:
    for strange in (1.01, -0.01, np.nan):
        for name in ("brier", "log_loss"):
            with pytest.raises(ValueError, match=r"in \[0, 1\]"):
                METRICS[name](np.array([0, 1]), np.array([0.5, strange]), HALF)
    with pytest.raises(ValueError, match="finite"):
        Judged(np.array([0, 1]), np.array([0.5, np.nan]), ["a", "b"])


def test_each_measure_uses_its_own_threshold() -> None:
    at = Thresholds(f1=0.3, accuracy=0.95, balanced_accuracy=0.7)
    assert METRICS["f1"](LABELS, PROBABILITIES, at) == pytest.approx(0.8)  # both found, one false alarm
    assert METRICS["accuracy"](LABELS, PROBABILITIES, at) == pytest.approx(0.5)  # nothing called converted
    assert METRICS["balanced_accuracy"](LABELS, PROBABILITIES, at) == pytest.approx(0.75)


def test_the_calibration_error_of_bins() -> None:
    probabilities = np.repeat(np.linspace(0.05, 0.95, 10), 10)
    labels = np.concatenate([np.arange(10) < round(10 * share) for share in np.linspace(0, 0.9, 10)]).astype(int)
    assert expected_calibration_error(labels, probabilities) == pytest.approx(0.05)
    assert expected_calibration_error(np.repeat([0, 1], 10), np.repeat([0.0, 1.0], 10)) == 0
    # Equal probabilities are one bin, so a constant forecast of the base rate is calibrated, in any order of the calls.
    assert expected_calibration_error(np.repeat([0, 1], 10), np.full(20, 0.5)) == 0


@pytest.mark.parametrize("n_calls", [60, 123, 1000])
def test_the_calibration_error_by_chance_is_that_of_right_probabilities(n_calls: int) -> None:
    rng = np.random.default_rng(4)
    probabilities = rng.beta(2, 3, size=n_calls)
    drawn = [
        expected_calibration_error((rng.random(n_calls) < probabilities).astype(int), probabilities) for _ in range(400)
    ]
    assert calibration_error_by_chance(probabilities) == pytest.approx(np.mean(drawn), rel=0.05)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=5, max_size=60))
def test_the_parts_of_the_brier_score_add_up(pairs: list[tuple[int, int]]) -> None:
    probabilities = np.array([0.1 + 0.2 * level for level, _ in pairs])  # one value a bin, so nothing is lost in a bin
    labels = np.array([label for _, label in pairs])
    rate = labels.mean()
    if len({*probabilities}) <= 5 <= len(labels):
        parts = brier_reliability(labels, probabilities) - brier_resolution(labels, probabilities) + rate * (1 - rate)
        merged = np.mean((probabilities - labels) ** 2)
        # Levels can share a bin when one is rare; then the parts can't tell them apart, and nothing else is lost.
        within = _lost_in_bins(labels, probabilities)
        assert parts == pytest.approx(merged - within)


def _lost_in_bins(labels: np.ndarray, probabilities: np.ndarray) -> float:
    edges = np.quantile(probabilities, np.linspace(0, 1, min(10, len(labels)) + 1)[1:-1])
    codes = np.searchsorted(edges, probabilities, side="right")
    total = 0.0
    for code in np.unique(codes):
        p, y = probabilities[codes == code], labels[codes == code]
        total += len(p) * (p.var() - 2 * np.mean((p - p.mean()) * (y - y.mean())))
    return total / len(labels)


def test_precision_looks_at_the_highest() -> None:
    probabilities = np.linspace(0, 1, 30)
    labels = np.zeros(30, dtype=int)
    labels[[29, 27, 20, 5]] = 1
    assert precision_at(labels, probabilities, 10) == pytest.approx(0.3)
    assert precision_at(labels, probabilities, 1) == 1
    assert precision_at(labels, probabilities, 99) == pytest.approx(4 / 30)
    assert lift(labels, probabilities) == pytest.approx((2 / 3) / (4 / 30))


@given(st.lists(st.integers(0, 1), min_size=2, max_size=40), st.integers(1, 45), st.randoms())
def test_equal_probabilities_are_not_ranked_by_their_place(labels: list[int], k: int, random: object) -> None:
    values = np.array(labels)
    assert precision_at(values, np.full(len(values), 0.3), k) == pytest.approx(values.mean())
    assert precision_at(values[::-1], np.full(len(values), 0.3), k) == pytest.approx(values.mean())


def test_the_rate_of_converted_calls_decides_nothing_at_chance() -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random(4000) < 0.2).astype(int)
    assert METRICS["auc"](labels, rng.random(4000), HALF) == pytest.approx(0.5, abs=0.04)


@hypothesis_settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=25))
def test_chosen_thresholds_are_the_best_there_are(calls: list[tuple[int, int]]) -> None:
    labels, probabilities = np.array([c[0] for c in calls]), np.array([c[1] / 8 for c in calls])
    at = choose_thresholds(labels, probabilities)
    if len(set(labels)) < 2:
        assert at == Thresholds()
        return
    for name, score in (("f1", f1), ("accuracy", accuracy_score), ("balanced_accuracy", balanced_accuracy_score)):
        best = max(score(labels, probabilities >= t / 16) for t in range(18))  # the last one calls nobody converted
        assert score(labels, probabilities >= getattr(at, name)) == pytest.approx(best)


def test_every_measure_comes_with_an_interval_round_it() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, size=120)
    probabilities = np.clip(0.3 * labels + rng.random(120) * 0.7, 0.01, 0.99)
    groups = [str(row) for row in range(120)]
    measures = measure(labels, probabilities, groups)
    assert measures.keys() == METRICS.keys()
    for name, one in measures.items():
        assert one.ci is not None
        low, high = one.ci
        assert low < high or name == "precision_at_10", name
        assert low <= one.value <= high, name
    assert measure(labels, probabilities, groups) == measures


def test_calls_that_repeat_in_a_group_make_the_interval_wider() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat(rng.integers(0, 2, size=25), 8)  # an account's eight calls are all the same
    probabilities = np.repeat(np.clip(rng.normal(0.5, 0.2, size=25), 0.01, 0.99), 8)
    by_group = measure(labels, probabilities, [str(row // 8) for row in range(200)])["auc"].ci
    by_row = measure(labels, probabilities, [str(row) for row in range(200)])["auc"].ci
    assert by_group is not None
    assert by_row is not None
    assert by_group[1] - by_group[0] > 1.8 * (by_row[1] - by_row[0])


def test_folds_are_averaged_not_pooled() -> None:
    # Each fold ranks its own calls rightly, at a level of its own: pooled they would look bad.
    low = Judged(np.array([0, 1]), np.array([0.1, 0.2]), ["a", "b"])
    high = Judged(np.array([0, 1]), np.array([0.8, 0.9]), ["c", "d"])
    assert averaged([low, high], METRICS["auc"]) == 1
    assert METRICS["auc"](np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.8, 0.9]), HALF) == pytest.approx(0.75)


def test_equal_seeds_meet_the_same_accounts() -> None:
    rng = np.random.default_rng(6)
    labels, groups = rng.integers(0, 2, size=60), [str(row // 2) for row in range(60)]
    first, again = (Judged(labels, rng.random(60), groups) for _ in range(2))
    metric = {"rate": lambda y, _p, _at: float(y.mean())}  # depends on the draw alone
    draws = [resample([one], np.random.default_rng(0), 30, metric)["rate"] for one in (first, again)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert len(set(draws[0].tolist())) > 5


def test_where_resampling_says_nothing_there_is_no_interval() -> None:
    judged = Judged(np.array([1, 1, 0, 0]), PROBABILITIES, ["a", "a", "b", "b"])
    measures = measure_all([judged], np.random.default_rng(0), 30)
    assert measures["auc"].value == pytest.approx(1.0)
    assert all(one.ci is None for one in measures.values())
    assert interval(np.zeros(19)) is None


def test_one_class_has_no_measures() -> None:
    with pytest.raises(ValueError, match="converted and lost"):
        measure(np.ones(4, dtype=int), PROBABILITIES, list("abcd"))
