"""Splits: accounts never cross, and a split can be named and made again."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.errors import DataError
from salescoach.stats.splits import GroupBootstrap, cross_validation, group_of, grouped_folds, split_hash, split_names
from salescoach.testing import make_call
from salescoach.types import LabelledCall


def some_calls(n_accounts: int = 30, split: str | None = None) -> list[LabelledCall]:
    """One to three calls an account, both outcomes."""
    return [
        make_call(
            f"c{account}-{nth}",
            f"Rep: Call {account} {nth}.",
            "Customer: Yes.",
            outcome="converted" if (account + nth) % 2 else "lost",
            account_id=f"acc-{account}",
            split=split,
        )
        for account in range(n_accounts)
        for nth in range(account % 3 + 1)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_accounts_never_cross(seed: int) -> None:
    calls = some_calls()
    parts = defaultdict(set)
    for call, name in zip(calls, split_names(calls, seed), strict=True):
        parts[call.account_id].add(name)
    assert all(len(names) == 1 for names in parts.values())
    assert {name for names in parts.values() for name in names} == {"train", "calibration", "test"}


def test_a_third_tests_and_both_outcomes_are_everywhere() -> None:
    calls = some_calls(60)
    names = split_names(calls, seed=1)
    for part, share in (("train", 0.53), ("calibration", 0.13), ("test", 0.33)):
        mine = [call for call, name in zip(calls, names, strict=True) if name == part]
        assert len(mine) == pytest.approx(share * len(calls), abs=0.06 * len(calls))
        assert {call.outcome for call in mine} == {"converted", "lost"}


def test_the_seed_decides() -> None:
    calls = some_calls()
    assert split_names(calls, 1) == split_names(calls, 1)
    assert split_names(calls, 1) != split_names(calls, 2)


def test_a_split_column_wins() -> None:
    names = ["train", "calibration", "test"] * 20
    calls = [
        make_call(f"c{row}", f"Rep: {row}.", outcome="converted" if row % 2 else "lost", account_id="one", split=name)
        for row, name in enumerate(names)
    ]
    assert split_names(calls, 1) == names


@given(st.integers(0, 2**31), st.integers(10, 30))
def test_forty_calls_leave_both_outcomes_to_calibrate_on(seed: int, n_converted: int) -> None:
    calls = [
        make_call(
            f"c{row}", f"Rep: Call {row}.", "Customer: Yes.", outcome="converted" if row < n_converted else "lost"
        )
        for row in range(40)
    ]
    names = split_names(calls, seed)
    for part in ("train", "calibration"):
        outcomes = [call.outcome for call, name in zip(calls, names, strict=True) if name == part]
        assert min(outcomes.count("converted"), outcomes.count("lost")) >= 2


def test_where_the_column_names_no_calibration_a_fifth_of_the_training_accounts_calibrates() -> None:
    train, test = some_calls(30, "train"), [call.model_copy(update={"split": "test"}) for call in some_calls(5)]
    calls = [*train, *(call.model_copy(update={"call_id": f"t-{call.call_id}"}) for call in test)]
    names = split_names(calls, seed=3)
    assert names[len(train) :] == ["test"] * len(test)
    parts = defaultdict(set)
    for call, name in zip(train, names, strict=False):
        parts[call.account_id].add(name)
    assert all(len(found) == 1 for found in parts.values())
    assert names[: len(train)].count("calibration") == pytest.approx(len(train) / 5, abs=4)


def test_a_column_that_is_half_filled_or_names_no_training_is_refused() -> None:
    calls = some_calls(10, "train")
    calls[4] = calls[4].model_copy(update={"split": None})
    with pytest.raises(DataError, match=rf"call 5, {calls[4].call_id}"):
        split_names(calls, 1)
    with pytest.raises(DataError, match="'train'"):
        split_names(some_calls(10, "test"), 1)


def test_too_few_calls_or_accounts_are_refused() -> None:
    with pytest.raises(DataError, match="3 folds need at least 3"):
        split_names(some_calls(3), 1)
    with pytest.raises(DataError, match="there are 5, 5 and 2"):
        grouped_folds([0, 1] * 5, ["a", "b"] * 5, 5, seed=1)
    with pytest.raises(DataError, match="there are 1, 9 and 10"):
        grouped_folds([1] + [0] * 9, [str(row) for row in range(10)], 5, seed=1)


@given(st.permutations(range(12)))
def test_the_hash_doesnt_depend_on_the_order(order: list[int]) -> None:
    calls = some_calls(6)
    names = ["train" if row % 3 else "test" for row in range(len(calls))]
    shuffled = [calls[row] for row in order if row < len(calls)]
    assert split_hash(shuffled, [names[row] for row in order if row < len(calls)]) == split_hash(calls, names)


def test_the_hash_knows_parts_and_contents() -> None:
    calls = some_calls(3)
    names = ["train"] * len(calls)
    other_part = ["test", *names[1:]]
    other_text = [make_call("x", "Rep: Something else."), *calls[1:]]
    hashes = {split_hash(calls, names), split_hash(calls, other_part), split_hash(other_text, names)}
    assert len(hashes) == 3


def test_a_call_without_an_account_stands_alone() -> None:
    alone = make_call("c1", "Rep: Hi.")
    assert group_of(alone) != group_of(make_call("c2", "Rep: Hi."))
    assert group_of(make_call("c1", "Rep: Hi.", account_id="a")) == group_of(
        make_call("c2", "Rep: Hi.", account_id="a")
    )


def test_the_bootstrap_draws_whole_groups() -> None:
    groups = ["b", "a", "b", "c", "a", "b"]
    labels = np.array([1, 0, 1, 0, 1, 0])
    bootstrap, rng = GroupBootstrap(groups), np.random.default_rng(0)
    n_none = 0
    for _ in range(200):
        rows = bootstrap.draw(labels, rng)
        if rows is None:
            n_none += 1  # three times c: one class only
            continue
        times = np.bincount(rows, minlength=6)
        by_group = {group: {int(times[row]) for row in range(6) if groups[row] == group} for group in "abc"}
        assert all(len(counts) == 1 for counts in by_group.values())
        assert sum(counts.pop() for counts in by_group.values()) == 3
    assert 0 < n_none < 50


@pytest.mark.parametrize("seed", range(3))
def test_cross_validation_judges_every_call_once_with_a_calibrating_fifth(seed: int) -> None:
    calls = some_calls(60)
    splits = cross_validation(calls, 4, seed)
    judged = [row for names in splits for row, name in enumerate(names) if name == "test"]
    assert sorted(judged) == list(range(len(calls)))
    for names in splits:
        accounts = {part: {c.account_id for c, n in zip(calls, names, strict=True) if n == part} for part in set(names)}
        assert accounts.keys() == {"train", "calibration", "test"}
        assert not accounts["train"] & accounts["calibration"]
        assert not accounts["test"] & (accounts["train"] | accounts["calibration"])
        assert names.count("calibration") == pytest.approx(0.2 * (len(calls) - names.count("test")), abs=10)


def test_by_time_the_latest_accounts_test() -> None:
    calls = [
        call.model_copy(update={"started_at": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=row)})
        for row, call in enumerate(some_calls(60))
    ]
    names = split_names(calls, seed=0, by_time=True)
    first: dict[str | None, datetime] = {}
    for call in calls:
        assert call.started_at is not None
        first[call.account_id] = min(first.get(call.account_id, call.started_at), call.started_at)
    part_of = {call.account_id: name for call, name in zip(calls, names, strict=True)}
    in_order = [part_of[account] for account in sorted(first, key=lambda account: first[account])]
    assert in_order == sorted(in_order, key=["train", "calibration", "test"].index)
    assert set(in_order) == {"train", "calibration", "test"}
    assert split_names(calls, seed=9, by_time=True) == names
    with pytest.raises(DataError, match=r"Call 2 .* has no started_at"):
        split_names([calls[0], calls[1].model_copy(update={"started_at": None}), *calls[2:]], seed=0, by_time=True)
