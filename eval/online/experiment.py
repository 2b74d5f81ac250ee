"""An experiment on what people are shown: its plan, fixed before it starts, and what its accounts say so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import Field
from scipy.special import chdtrc  # not scipy.stats: its import takes half a second

from eval.online.sizes import bets_for
from salescoach.stats.sequential import BETS, ConfidenceSequence
from salescoach.types import Frozen

AccountMetric = Literal["converted", "another_call", "next_step"]
ExperimentVerdict = Literal["better", "worse", "harmful", "too early", "no difference shown", "not to be trusted"]

SAID: Final[Mapping[AccountMetric, str]] = {
    "converted": "accounts that convert",
    "another_call": "accounts with another call",
    "next_step": "accounts with a later call that ends with an agreed next step",
}
MIN_RATIO_P: Final = 0.001  # below which the arms' sizes are no accident
PRIOR_ACCOUNTS: Final = 20  # that the baseline of the plan is worth beside the accounts seen so far
LIMITS: Final = (-2.0, 2.0)  # of an account's value
DIGITS: Final = 4


class ExperimentPlan(Frozen):
    """What is fixed before an experiment starts.

    ``surface``: what the arms change; ``arms``: the first is what everybody sees otherwise. Each account is judged by
    ``metric`` alone, ``follow_up_days`` after it was first shown its arm; ``guard_rails`` can only stop. ``baseline``
    and ``effect``: the rate without the change, and the least difference worth finding. ``accounts_once``: accounts an
    arm if one looked once; ``accounts``: where one may look at any time, as here. ``confirmed_by``: who has confirmed
    that those concerned know of it and can opt out.
    """

    name: str
    surface: str
    metric: AccountMetric
    arms: tuple[str, ...] = Field(min_length=2, max_length=6)
    guard_rails: tuple[AccountMetric, ...] = ()
    baseline: float
    effect: float
    alpha: float
    power: float
    accounts_once: int
    accounts: int
    follow_up_days: int = Field(ge=1)
    confirmed_by: str
    by: str


class ArmSoFar(Frozen):
    """``accounts``: that were shown the arm; ``followed``: whose follow-up is over; ``rate``: theirs, by the metric."""

    name: str
    accounts: int
    followed: int
    rate: float | None


class ArmComparison(Frozen):
    """An arm less the first, by one metric; ``confidence_sequence`` encloses the difference at all times at once."""

    arm: str
    metric: AccountMetric
    difference: float | None
    confidence_sequence: tuple[float, float] | None


class ExperimentStatus(Frozen):
    """``coach experiment status --json``. ``difference`` and ``confidence_sequence``: of the second arm.

    ``comparisons``: of every arm by the metric; ``guard_rails``: by the others. ``sample_ratio_p``: how likely arms of
    such different sizes are if every account was assigned as planned; None before anybody was shown anything.
    """

    name: str
    metric: AccountMetric
    arms: tuple[ArmSoFar, ...]
    difference: float | None
    confidence_sequence: tuple[float, float] | None
    sample_ratio_p: float | None
    verdict: ExperimentVerdict
    comparisons: tuple[ArmComparison, ...]
    guard_rails: tuple[ArmComparison, ...]
    planned_accounts: int
    is_running: bool
    reading: str


@dataclass(frozen=True)
class FollowedAccount:
    """An account whose follow-up is over, with what came of it by each metric of the plan."""

    arm: str
    came_true: Mapping[AccountMetric, bool]


def status_of(
    plan: ExperimentPlan, shown: Mapping[str, int], followed: Sequence[FollowedAccount], *, is_running: bool
) -> ExperimentStatus:
    """What can be said so far, however often one looks.

    Args:
        plan: of the experiment.
        shown: how many accounts were shown each arm.
        followed: those whose follow-up is over, in the order in which they were first shown their arm.
        is_running: whether it goes on.
    """
    comparisons = [comparison(plan, arm, plan.metric, followed) for arm in plan.arms[1:]]
    guards = [comparison(plan, arm, metric, followed) for metric in plan.guard_rails for arm in plan.arms[1:]]
    p = sample_ratio_p([shown.get(arm, 0) for arm in plan.arms])
    arms = tuple(_arm(plan, arm, shown, followed) for arm in plan.arms)
    verdict = _verdict(plan, arms, comparisons, guards, p)
    first = comparisons[0]
    return ExperimentStatus(
        name=plan.name,
        metric=plan.metric,
        arms=arms,
        difference=first.difference,
        confidence_sequence=first.confidence_sequence,
        sample_ratio_p=p,
        verdict=verdict,
        comparisons=tuple(comparisons),
        guard_rails=tuple(guards),
        planned_accounts=plan.accounts,
        is_running=is_running,
        reading=_reading(plan, arms, comparisons, guards, verdict),
    )


def comparison(
    plan: ExperimentPlan, arm: str, metric: AccountMetric, followed: Sequence[FollowedAccount]
) -> ArmComparison:
    """An arm less the first one, by a metric; ``followed``: in the order in which they were first shown their arm."""
    pair = [one for one in followed if one.arm in (plan.arms[0], arm)]
    values = account_values(
        np.array([one.arm == arm for one in pair], dtype=bool),
        np.array([one.came_true[metric] for one in pair], dtype=bool),
        plan.baseline if metric == plan.metric else 0.5,
    )
    rates = [_rate(pair, name, metric) for name in (plan.arms[0], arm)]
    if rates[0] is None or rates[1] is None:
        return ArmComparison(arm=arm, metric=metric, difference=None, confidence_sequence=None)
    bets = bets_for(plan.baseline, plan.effect) if metric == plan.metric else BETS
    sequence = ConfidenceSequence(*LIMITS, alpha=plan.alpha / (len(plan.arms) - 1), bets=bets)
    sequence.extend(values.tolist())
    low, high = (min(max(bound, -1.0), 1.0) for bound in sequence.interval)
    return ArmComparison(
        arm=arm,
        metric=metric,
        difference=round(rates[1] - rates[0], DIGITS),
        confidence_sequence=(round(low, DIGITS), round(high, DIGITS)),
    )


def account_values(is_new: np.ndarray, came: np.ndarray, baseline: float) -> np.ndarray:
    """A value for each account whose expectation is the difference of the arms, as its arm was a fair draw.

    Twice what came true less what was to be expected from the accounts before, with a minus sign in the first arm. What
    was expected takes away spread and no validity.

    Args:
        is_new: whether an account is in the other arm than the first, shape (n,), bool, in order.
        came: whether the metric came true, shape (n,), bool.
        baseline: the rate that is expected beforehand.

    Returns:
        Within ``LIMITS``, shape (n,).
    """
    n_before = np.arange(len(came))
    expected = (baseline * PRIOR_ACCOUNTS + np.cumsum(came) - came) / (n_before + PRIOR_ACCOUNTS)
    return np.asarray(2 * (came - expected) * np.where(is_new, 1, -1))


def sample_ratio_p(counts: Sequence[int]) -> float | None:
    """How likely arms of such different sizes are where each account gets each arm equally often: chi-squared.

    None where no account was shown anything.
    """
    if not sum(counts):
        return None
    equal = sum(counts) / len(counts)
    squares = sum((count - equal) ** 2 / equal for count in counts)
    return float(f"{chdtrc(len(counts) - 1, squares):.6g}")


def _rate(followed: Sequence[FollowedAccount], arm: str, metric: AccountMetric) -> float | None:
    of_arm = [one.came_true[metric] for one in followed if one.arm == arm]
    return sum(of_arm) / len(of_arm) if of_arm else None


def _arm(plan: ExperimentPlan, arm: str, shown: Mapping[str, int], followed: Sequence[FollowedAccount]) -> ArmSoFar:
    rate = _rate(followed, arm, plan.metric)
    return ArmSoFar(
        name=arm,
        accounts=shown.get(arm, 0),
        followed=sum(one.arm == arm for one in followed),
        rate=None if rate is None else round(rate, DIGITS),
    )


def _verdict(
    plan: ExperimentPlan,
    arms: Sequence[ArmSoFar],
    comparisons: Sequence[ArmComparison],
    guards: Sequence[ArmComparison],
    p: float | None,
) -> ExperimentVerdict:
    if p is not None and p < MIN_RATIO_P:
        return "not to be trusted"
    if any(_side(one) < 0 for one in guards):
        return "harmful"
    sides = [_side(one) for one in comparisons]
    if any(side > 0 for side in sides):
        return "better"
    if any(side < 0 for side in sides):
        return "worse"
    return "no difference shown" if min(arm.followed for arm in arms) >= plan.accounts else "too early"


def _side(one: ArmComparison) -> int:
    if one.confidence_sequence is None:
        return 0
    low, high = one.confidence_sequence
    return 1 if low > 0 else -1 if high < 0 else 0


def _reading(
    plan: ExperimentPlan,
    arms: Sequence[ArmSoFar],
    comparisons: Sequence[ArmComparison],
    guards: Sequence[ArmComparison],
    verdict: ExperimentVerdict,
) -> str:
    fewest = min(arm.followed for arm in arms)
    if verdict == "not to be trusted":
        sizes = ", ".join(f"{arm.name} {arm.accounts}" for arm in arms)
        return (
            f"The arms' sizes ({sizes}) are no accident, so some accounts were lost or counted in one arm only. "
            "Find out why, and start anew; no figure here says anything about the arms."
        )
    if verdict == "harmful":
        harmed = [one for one in guards if _side(one) < 0]
        what = "; ".join(f"{one.arm} has fewer {SAID[one.metric]} ({_said(one)})" for one in harmed)
        return f"A guard rail is broken: {what}. Stop it with `coach experiment stop {plan.name}`."
    found = "; ".join(
        f"{one.arm} has {'more' if _side(one) > 0 else 'fewer'} {SAID[plan.metric]} than {plan.arms[0]} ({_said(one)})"
        for one in comparisons
        if _side(one)
    )
    if found:
        return f"{found}. This holds however often you have looked."
    if verdict == "no difference shown":
        return (
            f"With {fewest} accounts an arm, as many as were planned, no difference has shown "
            f"({_said(comparisons[0])}); one of {plan.effect:+.0%} would most likely have."
        )
    return f"Too early: {fewest} of {plan.accounts} accounts an arm have been followed for {plan.follow_up_days} days."


def _said(one: ArmComparison) -> str:
    if one.difference is None or one.confidence_sequence is None:
        return "nothing to compare yet"
    low, high = one.confidence_sequence
    return f"{100 * one.difference:+.1f} points, {100 * low:+.1f} to {100 * high:+.1f}"
