"""Confidence sequences: never wrong more often than they say, at any time, and narrower with every value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.stats.sequential import ConfidenceSequence, log_wealth

N_RUNS, N_VALUES = 400, 1000
UNIT = st.floats(0, 1, allow_nan=False)


def filled(values: list[float], low: float = 0.0, high: float = 1.0, alpha: float = 0.05) -> ConfidenceSequence:
    sequence = ConfidenceSequence(low, high, alpha=alpha)
    sequence.extend(values)
    return sequence


def streams(kind: str) -> tuple[np.ndarray, float]:
    """Values in [0, 1], shape (N_RUNS, N_VALUES), and their mean."""
    rng = np.random.default_rng([20261201, len(kind)])
    if kind == "coins":
        return (rng.random((N_RUNS, N_VALUES)) < 0.3).astype(float), 0.3
    if kind == "rare":
        return (rng.random((N_RUNS, N_VALUES)) < 0.02).astype(float), 0.02
    if kind == "differences":
        return np.clip(0.5 + 0.05 * rng.standard_normal((N_RUNS, N_VALUES)), 0, 1), 0.5
    return rng.beta(0.4, 1.2, (N_RUNS, N_VALUES)), 0.25


@pytest.mark.parametrize("kind", ["coins", "rare", "differences", "skewed"])
def test_the_true_mean_is_ruled_out_at_any_time_in_at_most_a_twentieth_of_the_runs(kind: str) -> None:
    runs, mean = streams(kind)
    missed = sum(
        max(log_wealth(values, mean, +1).max(), log_wealth(values, mean, -1).max()) >= math.log(2 / 0.05)
        for values in runs
    )
    assert missed <= 0.05 * N_RUNS  # Ville's inequality is no approximation; the worst kind has about 2 %


def test_values_that_depend_on_those_before_do_no_harm_while_their_expectation_stays() -> None:
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(N_RUNS):
        flips = rng.random(N_VALUES) < 0.5
        spread = 0.1 + 0.4 * np.concatenate([[0], flips[:-1]])  # as wide as the value before says
        values = 0.5 + spread * np.where(flips, 1, -1)
        wealth = max(log_wealth(values, 0.5, +1).max(), log_wealth(values, 0.5, -1).max())
        missed += wealth >= math.log(2 / 0.05)
    assert missed <= 0.05 * N_RUNS


@given(st.lists(UNIT, max_size=40), st.floats(0.01, 0.5))
def test_the_interval_holds_the_mean_of_the_values_and_lies_in_the_range(values: list[float], alpha: float) -> None:
    sequence = filled(values, alpha=alpha)
    low, high = sequence.interval
    assert 0 <= low <= high <= 1
    if sequence.mean is not None:
        assert low - 1e-9 <= sequence.mean <= high + 1e-9


@given(st.lists(UNIT, min_size=1, max_size=40), st.floats(0.05, 0.95))
def test_a_mean_is_ruled_out_exactly_where_it_lies_outside(values: list[float], mean: float) -> None:
    sequence = filled(values)
    low, high = sequence.interval
    if abs(mean - low) > 1e-6 and abs(mean - high) > 1e-6:
        assert sequence.excludes(mean) == (not low <= mean <= high)


@given(st.lists(UNIT, max_size=30), st.floats(0.05, 0.95))
def test_the_path_ends_where_the_sequence_is(values: list[float], mean: float) -> None:
    above, below = filled(values).evidence(mean)
    if values:
        assert above == pytest.approx(log_wealth(np.array(values), mean, +1)[-1], abs=1e-9)
        assert below == pytest.approx(log_wealth(np.array(values), mean, -1)[-1], abs=1e-9)
    else:
        assert (above, below) == (0, 0)


@given(st.lists(st.floats(-1, 1, allow_nan=False), min_size=1, max_size=30))
def test_another_range_gives_the_same_interval_stretched(values: list[float]) -> None:
    low, high = filled(values, -1, 1).interval
    unit = filled([(value + 1) / 2 for value in values]).interval
    assert (low, high) == pytest.approx((2 * unit[0] - 1, 2 * unit[1] - 1), abs=1e-6)


def test_swapping_the_sides_mirrors_the_interval() -> None:
    values = np.random.default_rng(3).beta(2, 5, 200)
    low, high = filled(values.tolist()).interval
    assert filled((1 - values).tolist()).interval == pytest.approx((1 - high, 1 - low), abs=1e-6)


def test_it_narrows_and_finds_a_difference_of_forecasters() -> None:
    rng = np.random.default_rng(11)
    differences = np.clip(rng.normal(0.03, 0.12, 2000), -1, 1).tolist()
    sequence = ConfidenceSequence(-1, 1)
    widths = []
    for part in (100, 400, 1500):
        sequence.extend(differences[sequence.n : sequence.n + part])
        low, high = sequence.interval
        widths.append(high - low)
    assert sequence.n == 2000
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.03
    assert sequence.excludes(0.0)
    assert not sequence.excludes(0.03)


def test_it_is_made_of_values_one_by_one_as_of_all_at_once() -> None:
    values = [0.0, 1.0, 0.5, 0.25]
    one_by_one = ConfidenceSequence(0, 1)
    for value in values:
        one_by_one.add(value)
    assert one_by_one.interval == filled(values).interval
    assert one_by_one.mean == pytest.approx(0.4375)


def test_all_zeros_leave_zero_possible() -> None:
    low, high = filled([0.0] * 200).interval
    assert low == 0
    assert 0 < high < 0.05


def test_without_values_everything_is_possible() -> None:
    sequence = ConfidenceSequence(-1, 1)
    assert (sequence.n, sequence.mean, sequence.interval) == (0, None, (-1, 1))
    assert not sequence.excludes(0.7)


@pytest.mark.parametrize("bad", [1.1, -0.1, math.nan, math.inf])
def test_what_is_outside_the_range_is_refused_and_nothing_is_taken(bad: float) -> None:
    sequence = filled([0.5])
    with pytest.raises(ValueError, match=r"values must be in \[0.0, 1.0\]"):
        sequence.extend([0.2, bad])
    assert sequence.n == 1
    with pytest.raises(ValueError, match="a mean must be in"):
        sequence.evidence(bad)


@pytest.mark.parametrize(("low", "high", "alpha"), [(1, 1, 0.05), (0, math.inf, 0.05), (0, 1, 0), (0, 1, 1)])
def test_a_range_or_alpha_that_makes_no_sense_is_refused(low: float, high: float, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"range|alpha"):
        ConfidenceSequence(low, high, alpha=alpha)
