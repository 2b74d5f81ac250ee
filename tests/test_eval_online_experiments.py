"""Assignment by hash, sizes told beforehand, and what an experiment may conclude."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.online.assignment import arm_of, bucket, fnv1a_32
from eval.online.experiment import ExperimentPlan, FollowedAccount, sample_ratio_p, status_of
from eval.online.sizes import accounts_judged_once, accounts_with_peeking
from salescoach.errors import InputError

# As growthbook 4.0.0 computes them with version 2 of its hash.
PUBLISHED = [
    ("", "a", 0.0216),
    ("seed", "a", 0.0505),
    ("", "b", 0.9054),
    ("def", "ab", 0.0303),
    ("cold-cue", "acme-17", 0.1262),
    ("cold-cue", "Müller & Söhne", 0.2094),
    ("x", "", 0.9986),
    ("cue-2026", "account:0042", 0.1225),
]


@pytest.mark.parametrize(("seed", "value", "expected"), PUBLISHED)
def test_the_hash_is_growthbooks(seed: str, value: str, expected: float) -> None:
    assert bucket(seed, value) == expected


def test_the_inner_hash_is_fnv() -> None:
    assert fnv1a_32("") == 0x811C9DC5
    assert fnv1a_32("a") == 0xE40C292C  # Fowler, Noll and Vo's own vector, one unit


@given(st.text(max_size=20), st.text(max_size=20), st.integers(2, 5))
def test_an_account_has_one_arm_for_good(seed: str, account: str, n: int) -> None:
    arms = [f"arm-{k}" for k in range(n)]
    assert arm_of(seed, account, arms) == arm_of(seed, account, arms)
    assert arms.index(arm_of(seed, account, arms)) == min(int(bucket(seed, account) * n + 1e-9), n - 1)


def test_arms_are_about_even_and_experiments_independent() -> None:
    accounts = [f"account-{number}" for number in range(4000)]
    one, other = ([arm_of(seed, account, ["a", "b"]) for account in accounts] for seed in ("first", "second"))
    assert sample_ratio_p(list(Counter(one).values())) > 0.01  # type: ignore[operator]
    assert sample_ratio_p(list(Counter(zip(one, other, strict=True)).values())) > 0.01  # type: ignore[operator]


def test_the_sizes_that_are_told() -> None:
    assert accounts_judged_once(0.3, 0.03) == 3663
    assert accounts_judged_once(0.3, -0.03) == 3663
    assert 1.5 < accounts_with_peeking(0.3, 0.03) / accounts_judged_once(0.3, 0.03) < 1.8
    for baseline, effect in ((0.0, 0.1), (0.3, 0.0), (0.9, 0.2)):
        with pytest.raises(InputError, match="no two rates"):
            accounts_judged_once(baseline, effect)


def plan(*, accounts: int = 400, guarded: bool = False) -> ExperimentPlan:
    return ExperimentPlan(
        name="cue", surface="own", metric="another_call", arms=("plain", "new"),
        guard_rails=("converted",) if guarded else (), baseline=0.3, effect=0.1, alpha=0.05, power=0.8,
        accounts_once=300, accounts=accounts, follow_up_days=30, confirmed_by="ada", by="grace",
    )  # fmt: skip


def accounts(n: int, rates: dict[str, float], converted: dict[str, float] | None = None) -> list[FollowedAccount]:
    rng = random.Random(5)
    followed = []
    for number in range(n):
        arm = arm_of("cue", f"account-{number}", list(rates))
        came = {"another_call": rng.random() < rates[arm], "converted": rng.random() < (converted or rates)[arm]}
        followed.append(FollowedAccount(arm, {**came, "next_step": False}))  # type: ignore[dict-item]
    return followed


def shown(followed: list[FollowedAccount]) -> Counter[str]:
    return Counter(one.arm for one in followed)


def test_a_large_difference_is_found_and_said_in_plain_words() -> None:
    followed = accounts(800, {"plain": 0.3, "new": 0.6})
    found = status_of(plan(), shown(followed), followed, is_running=True)
    assert found.verdict == "better"
    assert found.confidence_sequence is not None
    assert found.difference is not None
    assert found.confidence_sequence[0] < found.difference < found.confidence_sequence[1]
    assert "new has more accounts with another call than plain" in found.reading
    other_way = accounts(800, {"plain": 0.6, "new": 0.3})
    assert status_of(plan(), shown(other_way), other_way, is_running=True).verdict == "worse"


def test_too_early_and_nothing_shown() -> None:
    followed = accounts(300, {"plain": 0.3, "new": 0.3})
    assert status_of(plan(), shown(followed), followed, is_running=True).verdict == "too early"
    enough = status_of(plan(accounts=100), shown(followed), followed, is_running=True)
    assert enough.verdict == "no difference shown"
    empty = status_of(plan(), {}, [], is_running=True)
    assert (empty.verdict, empty.difference, empty.sample_ratio_p) == ("too early", None, None)


def test_arms_of_the_wrong_sizes_are_not_to_be_trusted_whatever_they_say() -> None:
    followed = [one for one in accounts(1600, {"plain": 0.3, "new": 0.7})]
    lost = [one for row, one in enumerate(followed) if one.arm == "plain" or row % 2]
    found = status_of(plan(), shown(lost), lost, is_running=True)
    assert found.verdict == "not to be trusted"
    assert "no accident" in found.reading


def test_a_guard_rail_stops_what_the_metric_would_call_better() -> None:
    followed = accounts(1500, {"plain": 0.3, "new": 0.6}, {"plain": 0.6, "new": 0.3})
    found = status_of(plan(guarded=True), shown(followed), followed, is_running=True)
    assert found.verdict == "harmful"
    assert "guard rail is broken" in found.reading


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_swapping_the_arms_turns_the_sign(rows: list[tuple[bool, bool]]) -> None:
    def status(flip: bool) -> tuple[float | None, tuple[float, float] | None]:
        followed = [
            FollowedAccount(
                "new" if is_new is not flip else "plain",
                {"another_call": came, "converted": False, "next_step": False},
            )
            for is_new, came in rows
        ]
        found = status_of(plan(), shown(followed), followed, is_running=True)
        return found.difference, found.confidence_sequence

    (one, around), (other, around_other) = status(False), status(True)
    if one is None or other is None or around is None or around_other is None:
        assert one is other is None
        return
    assert one == pytest.approx(-other)
    assert around == pytest.approx((-around_other[1], -around_other[0]), abs=2e-4)
