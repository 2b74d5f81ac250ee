"""The head and the conformal set: each against its definition."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.model.head import (
    COVERAGE,
    READING_ERROR,
    Head,
    conformal_quantile,
    interval,
    nonconformity,
    prediction_set,
    sigmoid,
)

PROBABILITIES = st.floats(0, 1, allow_nan=False)


@given(st.lists(PROBABILITIES, min_size=1, max_size=60))
def test_the_quantile_is_the_smallest_that_covers_enough(scores: list[float]) -> None:
    # Split conformal: the smallest score q such that at least 0.9 (n + 1) of the n scores are <= q, else 1.
    needed = Fraction(9, 10) * (len(scores) + 1)
    bounds = [bound for bound in scores if sum(score <= bound for score in scores) >= needed]
    assert conformal_quantile(np.array(scores)) == (min(bounds) if bounds else 1.0)


def test_few_calls_rule_nothing_out() -> None:
    assert conformal_quantile(np.full(8, 0.01)) == 1.0  # 9 calls are the fewest that can promise 0.9
    assert conformal_quantile(np.full(9, 0.01)) == 0.01


def test_the_set_covers_what_it_promises() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        probabilities = rng.beta(2, 2, size=60)
        labels = (rng.random(60) < probabilities).astype(int)
        quantile = conformal_quantile(nonconformity(probabilities[:50], labels[:50]))
        for probability, label in zip(probabilities[50:], labels[50:], strict=True):
            covered.append(("converted" if label else "lost") in prediction_set(float(probability), quantile))
    standard_error = (COVERAGE * (1 - COVERAGE) / 300) ** 0.5  # the ten calls of a draw share its quantile
    assert np.mean(covered) > COVERAGE - 3 * standard_error
    assert np.mean(covered) < 0.97  # and isn't always everything


@given(PROBABILITIES, PROBABILITIES)
def test_the_set_is_never_empty_and_holds_the_likelier_outcome(probability: float, quantile: float) -> None:
    outcomes = prediction_set(probability, quantile)
    assert ("converted" if probability >= 0.5 else "lost") in outcomes
    assert ("converted" in outcomes) == (probability >= 0.5 or 1 - probability <= quantile)
    assert ("lost" in outcomes) == (probability < 0.5 or probability <= quantile)


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.floats(0, 5))
def test_the_interval_holds_the_probability(seed: int, n_members: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n_members, 4)) * spread
    weights[0] += 3 * spread  # the model may lie outside of what its resamples say
    head = Head(weights, rng.normal(size=n_members))
    vector = rng.normal(size=4).astype(np.float32)
    probability = float(head.probabilities(vector[None])[0])
    low, high = interval(head.weights @ vector + head.bias, 0.5)
    assert 0 <= low <= probability + 1e-12
    assert probability - 1e-12 <= high <= 1


@pytest.mark.parametrize("disagreement", [0.0, 0.7, 3.0])
def test_the_interval_holds_nine_of_ten_true_probabilities(disagreement: float) -> None:
    rng = np.random.default_rng(5)
    base, slope = READING_ERROR
    inside = []
    for logit in rng.normal(0, 1.5, size=4000):
        members = np.concatenate([[logit], logit + disagreement * rng.normal(size=60)])
        true = sigmoid(np.array(logit + np.hypot(disagreement, base + slope * 0.6) * rng.normal()))
        low, high = interval(members, 0.6)
        inside.append(low <= true <= high)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.02)


def test_without_members_the_error_of_reading_is_left() -> None:
    low, high = interval(np.zeros(1), 0.0)
    assert (low + high) / 2 == pytest.approx(0.5)
    assert high == pytest.approx(float(sigmoid(np.array(1.6449 * READING_ERROR[0]))), abs=1e-4)
    assert interval(np.zeros(1), 1.0)[1] > high  # the stranger, the wider


def test_the_sigmoid_by_hand_and_at_its_ends() -> None:
    values = sigmoid(np.array([0.0, np.log(3), -np.log(3), 1e6, -1e6]))
    np.testing.assert_allclose(values, [0.5, 0.75, 0.25, 1.0, 0.0], atol=1e-12)


def test_nonconformity_is_what_the_truth_was_not_given() -> None:
    np.testing.assert_allclose(nonconformity(np.array([0.9, 0.2]), np.array([1, 0])), [0.1, 0.2])
