"""Measures against values worked out by hand."""

import numpy as np
import pytest

from salescoach.measures import METRICS, expected_calibration_error, measure_all, precision_at_10

LABELS = np.array([1, 0, 1, 0])
PROBABILITIES = np.array([0.9, 0.6, 0.4, 0.2])


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
        ("precision_at_10", 0.5),
    ],
)
def test_by_hand(name: str, value: float) -> None:
    assert METRICS[name](LABELS, PROBABILITIES) == pytest.approx(value)


def test_the_calibration_error_of_bins() -> None:
    probabilities = np.repeat(np.linspace(0.05, 0.95, 10), 10)
    labels = np.concatenate([np.arange(10) < round(10 * share) for share in np.linspace(0, 0.9, 10)]).astype(int)
    assert expected_calibration_error(labels, probabilities) == pytest.approx(0.05)
    assert expected_calibration_error(np.repeat([0, 1], 10), np.repeat([0.0, 1.0], 10)) == 0


def test_precision_at_10_looks_at_the_ten_highest() -> None:
    probabilities = np.linspace(0, 1, 30)
    labels = np.zeros(30, dtype=int)
    labels[[29, 27, 20, 5]] = 1
    assert precision_at_10(labels, probabilities) == pytest.approx(0.3)


def test_the_rate_of_converted_calls_decides_nothing_at_chance() -> None:
    rng = np.random.default_rng(1)
    labels = (rng.random(4000) < 0.2).astype(int)
    assert METRICS["auc"](labels, rng.random(4000)) == pytest.approx(0.5, abs=0.04)


def test_every_measure_comes_with_an_interval_round_it() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, size=120)
    probabilities = np.clip(0.3 * labels + rng.random(120) * 0.7, 0.01, 0.99)
    measures = measure_all(labels, probabilities, [str(row) for row in range(120)], np.random.default_rng(3))
    assert measures.keys() == METRICS.keys()
    for name, measure in measures.items():
        assert measure.ci is not None
        low, high = measure.ci
        assert low < high or name == "precision_at_10", name
        if name != "ece":  # resampled noise makes a calibration error larger, never smaller
            assert low <= measure.value <= high, name
    again = measure_all(labels, probabilities, [str(row) for row in range(120)], np.random.default_rng(3))
    assert again == measures


def test_calls_that_repeat_in_a_group_make_the_interval_wider() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat(rng.integers(0, 2, size=25), 8)  # an account's eight calls are all the same
    probabilities = np.repeat(np.clip(rng.normal(0.5, 0.2, size=25), 0.01, 0.99), 8)
    accounts = [str(row // 8) for row in range(200)]
    by_group = measure_all(labels, probabilities, accounts, np.random.default_rng(5))["auc"].ci
    by_row = measure_all(labels, probabilities, [str(row) for row in range(200)], np.random.default_rng(5))["auc"].ci
    assert by_group is not None
    assert by_row is not None
    assert by_group[1] - by_group[0] > 1.8 * (by_row[1] - by_row[0])


def test_where_resampling_says_nothing_there_is_no_interval() -> None:
    measures = measure_all(np.array([1, 1, 0, 0]), PROBABILITIES, ["a", "a", "b", "b"], np.random.default_rng(0), 30)
    assert measures["auc"].value == pytest.approx(1.0)
    assert all(measure.ci is None for measure in measures.values())


def test_one_class_has_no_measures() -> None:
    with pytest.raises(ValueError, match="converted and lost"):
        measure_all(np.ones(4, dtype=int), PROBABILITIES, list("abcd"), np.random.default_rng(0))
