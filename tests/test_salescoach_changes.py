"""Changes of a stream: CUSUM as it is defined, no alarm where nothing changes, and one soon where something does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.stats.change_thresholds import BASELINES, THRESHOLDS, VALUES_WATCHED
from salescoach.stats.changes import (
    MIN_BASELINE,
    Kind,
    baseline_length,
    cusum,
    find_change,
    find_miscalibration,
    level_ratios,
    threshold,
)

KINDS: tuple[Kind, ...] = ("outcome", "rare_outcome", "share", "level")


def coins(rng: np.random.Generator, rate: float, n: int) -> np.ndarray:
    return (rng.random(n) < rate).astype(float)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=60))
def test_cusum_is_what_page_defined(ratios: list[float]) -> None:
    expected, one = [], 0.0
    for ratio in ratios:
        one = max(one, 0.0) + ratio
        expected.append(one)
    assert cusum(np.array(ratios)) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 1000))
def test_ranks_make_any_scale_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base, watched = rng.normal(size=300), rng.normal(size=50)
    assert level_ratios(base, watched) == pytest.approx(level_ratios(np.exp(base), np.exp(watched)))


def test_thresholds_grow_with_what_is_watched_and_fall_with_the_baseline() -> None:
    for kind in KINDS:
        for baseline in BASELINES:
            row = THRESHOLDS[kind][baseline]
            assert len(row) == len(VALUES_WATCHED)
            assert list(row) == sorted(row)
        assert threshold(kind, 1000) < threshold(kind, 999)
        assert threshold(kind, 1000, 1.0) < threshold(kind, 1000, 5.0) < threshold(kind, 1000, 100.0)
    with pytest.raises(ValueError, match="a baseline needs 300 values, not 299"):
        threshold("level", MIN_BASELINE - 1)


def test_fast_streams_get_a_longer_baseline() -> None:
    assert baseline_length(1000, 1.0) == 1000
    assert baseline_length(1000, 100.0) == 4000


@pytest.mark.parametrize("kind", ["outcome", "share", "level"])
def test_a_stream_that_stays_as_it_is_rarely_gives_an_alarm(kind: Kind) -> None:
    n_alarms = 0
    for run in range(60):
        rng = np.random.default_rng([5, run])
        values = rng.lognormal(size=3000) if kind == "level" else coins(rng, 0.3, 3000)
        found = find_change(values, kind)
        assert found is not None
        assert found.n_baseline == 1000
        n_alarms += found.crossed is not None
    assert n_alarms <= 5  # at 2.5 %, six or more would come in one of two hundred such tests


def test_a_falling_base_rate_is_found_and_dated() -> None:
    delays, errors = [], []
    for run in range(40):
        rng = np.random.default_rng([6, run])
        found = find_change(np.concatenate([coins(rng, 0.3, 1400), coins(rng, 0.2, 1600)]), "outcome")
        assert found is not None
        assert found.before == pytest.approx(0.3, abs=0.06)
        delays.append(4000 if found.crossed is None else found.crossed - 1399)
        errors.append(4000 if found.began is None else abs(found.began - 1400))
    assert np.median(delays) < 360
    assert np.median(errors) < 120


def test_a_jump_of_a_level_or_a_share_is_found_within_a_few_dozen() -> None:
    rng = np.random.default_rng(7)
    level = find_change(np.concatenate([rng.normal(size=1200), rng.normal(1.5, 1, 200)]), "level")
    share = find_change(np.concatenate([coins(rng, 0.03, 1200), coins(rng, 0.9, 200)]), "share")
    for found, at_most in ((level, 40), (share, 25)):
        assert found is not None
        assert found.crossed is not None
        assert found.began is not None
        assert 1200 <= found.crossed < 1200 + at_most
        assert abs(found.began - 1200) < 12


def test_what_is_rare_may_become_rarer_without_an_alarm() -> None:
    rng = np.random.default_rng(8)
    found = find_change(np.concatenate([coins(rng, 0.03, 1000), np.zeros(2000)]), "share")
    assert found is not None
    assert found.crossed is None


def test_probabilities_that_stop_meaning_what_they_say_are_found_though_the_base_rate_stays() -> None:
    rng = np.random.default_rng(9)
    said = rng.beta(2, 4, 3000)
    outcome = (rng.random(3000) < said).astype(float)
    sound = find_miscalibration(said, outcome)
    higher = np.where(np.arange(3000) < 1500, said, np.clip(said + 0.15, 0, 0.99))  # the scores rise, the deals don't
    found = find_miscalibration(higher, outcome)
    assert sound is not None
    assert found is not None
    assert sound.crossed is None
    assert found.crossed is not None
    assert 1500 <= found.crossed < 1900
    still = find_change(outcome, "outcome")
    assert still is not None
    assert still.crossed is None


def test_a_model_that_was_always_off_is_no_change() -> None:
    rng = np.random.default_rng(10)
    said = rng.beta(2, 4, 3000)
    outcome = (rng.random(3000) < said / 2).astype(float)
    found = find_miscalibration(said, outcome)
    assert found is not None
    assert found.before == pytest.approx(-1 / 6, abs=0.03)
    assert found.crossed is None


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_baseline_of_one_outcome_only_gives_no_nonsense(rate: float) -> None:
    values = np.full(1500, rate)
    found = find_change(values, "outcome")
    said = find_miscalibration(np.full(1500, 0.3), values)
    for one in (found, said):
        assert one is not None
        assert np.isfinite(one.statistic)
        assert one.crossed is None


def test_of_too_few_values_nothing_is_said() -> None:
    assert find_change(np.zeros(999), "outcome") is None
    assert find_change(np.zeros(5000), "outcome", baseline=299) is None
    only = find_change(np.zeros(1000), "outcome")
    assert only is not None
    assert (only.now, only.crossed) == (None, None)
