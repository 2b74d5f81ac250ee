"""Experiments on what people are shown, for every door: begin, assign, note what was shown, look, stop, opt out."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from pydantic import Field

from eval.online.assignment import arm_of
from eval.online.experiment import AccountMetric, ExperimentPlan, ExperimentStatus, FollowedAccount, status_of
from eval.online.sizes import accounts_judged_once, accounts_with_peeking
from salescoach.config import Settings
from salescoach.errors import CoachError, InputError
from salescoach.library import Library, exposure_log
from salescoach.library.exposure_log import KeptExperiment, OptOutKind
from salescoach.library.reader import CallSummary
from salescoach.library.side_tables import now
from salescoach.types import Frozen
from serving.usecases.lost_library import check_library

logger = logging.getLogger(__name__)

Surface = Literal["deal-cues", "own"]

# What an experiment can change, and its arms, the first as everybody sees it otherwise; () leaves them to the user.
SURFACES: Final[Mapping[Surface, tuple[str, ...]]] = {"deal-cues": ("plain", "with-cue"), "own": ()}
MAX_NAME: Final = 60


class NewExperiment(Frozen):
    """What a user gives. ``confirmed_by``: the administrator who confirms that those concerned know and can opt out."""

    name: str = Field(max_length=MAX_NAME, pattern=r"^[a-z0-9][a-z0-9-]*$")
    metric: AccountMetric
    arms: tuple[str, ...]
    surface: Surface = "own"
    guard_rails: tuple[AccountMetric, ...] = ()
    baseline: float = 0.3
    effect: float = 0.03
    follow_up_days: int = 30
    confirmed_by: str | None = None


class ExperimentBegun(Frozen):
    """A new experiment with its plan, and what it takes in a sentence or two."""

    plan: ExperimentPlan
    reading: str


class ExperimentNames(Frozen):
    """``running`` and ``ended``: names of experiments, the oldest first."""

    running: tuple[str, ...]
    ended: tuple[str, ...]


class AssignedArm(Frozen):
    """``arm``: of an account; ``is_noted``: whether it counts as shown (not where somebody takes no part)."""

    experiment: str
    account_id: str
    arm: str
    is_noted: bool


def begin(settings: Settings, given: NewExperiment, by: str) -> ExperimentBegun:
    """Starts an experiment with a plan that never changes.

    Raises:
        InputError: nobody has confirmed that those concerned know and can opt out; arms, rates or follow-up can't be
            used; there has been one of that name, or one runs on the same surface.
        CoachError: there is no library.
    """
    plan = planned(given, by)
    check_library(settings, must_exist=True)
    running = [one for one in exposure_log.experiments(settings.library_file) if one.stopped_at is None]
    if given.surface != "own":
        for one in running:
            if one.plan["surface"] == given.surface:
                raise InputError(f"{one.name} runs on {given.surface} already; stop it first, or wait for its end.")
    exposure_log.begin(settings.library_file, plan.name, plan.model_dump(mode="json"))
    return ExperimentBegun(plan=plan, reading=said_of(plan))


def planned(given: NewExperiment, by: str) -> ExperimentPlan:
    """The plan of what is given, with how many accounts it takes; raises InputError as ``begin``."""
    if not (given.confirmed_by or "").strip():
        raise InputError(
            "An experiment changes what people are shown, so it starts only after an administrator has confirmed that "
            "those concerned know of it and can opt out (`coach experiment opt-out`); add --confirmed-by NAME."
        )
    arms = SURFACES[given.surface]
    if len(set(given.arms)) != len(given.arms) or not 2 <= len(given.arms) <= 6 or not all(given.arms):
        raise InputError("An experiment has two to six different arms; the first is what everybody sees otherwise.")
    if arms and given.arms != arms:
        raise InputError(
            f"{given.surface} has the arms {' and '.join(arms)}, in this order; give --arms {' '.join(arms)}."
        )
    if given.metric in given.guard_rails:
        raise InputError("The metric that decides can't be a guard rail as well; name another one.")
    if given.follow_up_days < 1:
        raise InputError("Accounts are followed for a day at least; give --follow-up-days 1 or more.")
    alpha, power = 0.05, 0.8
    of_each = alpha / (len(given.arms) - 1)
    return ExperimentPlan(
        **given.model_dump(),
        alpha=alpha,
        power=power,
        accounts_once=accounts_judged_once(given.baseline, given.effect, alpha=of_each, power=power),
        accounts=accounts_with_peeking(given.baseline, given.effect, alpha=of_each, power=power),
        by=by,
    )


def said_of(plan: ExperimentPlan) -> str:
    """How many accounts a plan takes, in words."""
    return (
        f"{plan.name}: {len(plan.arms)} arms, judged by {plan.metric} {plan.follow_up_days} days after an account was "
        f"first shown its arm. To find {100 * plan.effect:+.0f} points on {plan.baseline:.0%} with a power of "
        f"{plan.power:.0%} it takes about {plan.accounts:,} accounts an arm, as it may be looked at on any day; looked "
        f"at once, at the end, it would take {plan.accounts_once:,}."
    )


def status(settings: Settings, name: str) -> ExperimentStatus:
    """How an experiment stands; raises InputError where there is none of that name."""
    kept = _kept(settings, name)
    plan = ExperimentPlan.model_validate(kept.plan)
    exposures = exposure_log.exposures(settings.library_file, name)
    shown = {arm: sum(one.arm == arm for one in exposures) for arm in plan.arms}
    over = now() - timedelta(days=plan.follow_up_days)
    with Library(settings.library_file, create=False) as library:
        calls = _by_account(library.team_calls())
    followed = [
        FollowedAccount(one.arm, outcomes_of(calls.get(one.account_id, []), one.first_at, plan.follow_up_days))
        for one in exposures
        if one.first_at <= over
    ]
    return status_of(plan, shown, followed, is_running=kept.stopped_at is None)


def stop(settings: Settings, name: str, by: str) -> ExperimentStatus:
    """Ends an experiment and says how it stands; raises InputError where none of that name runs."""
    check_library(settings, must_exist=True)
    exposure_log.stop(settings.library_file, name, by)
    return status(settings, name)


def list_experiments(settings: Settings) -> ExperimentNames:
    """The experiments that run, and those that have ended."""
    check_library(settings, must_exist=True)
    kept = exposure_log.experiments(settings.library_file)
    return ExperimentNames(
        running=tuple(one.name for one in kept if one.stopped_at is None),
        ended=tuple(one.name for one in kept if one.stopped_at is not None),
    )


def assign(settings: Settings, name: str, account_id: str, *, person: str | None = None) -> AssignedArm:
    """The arm of an account, noted as shown: for whatever shows it, here or in another program.

    Who takes no part gets the first arm, which is what everybody sees otherwise, and nothing is noted.

    Args:
        settings: name the library.
        name: of a running experiment.
        account_id: of the account.
        person: who looks, where that is known.

    Raises:
        InputError: there is no such experiment, or it has ended.
    """
    kept = _kept(settings, name)
    if kept.stopped_at is not None:
        raise InputError(f"The experiment {name} has ended, so nobody is assigned any more.")
    running = Running.of(settings, kept, person)
    arm = running.arm(account_id)
    if takes_part := running.takes_part(account_id):
        exposure_log.expose(settings.library_file, name, [(account_id, arm)])
    return AssignedArm(experiment=name, account_id=account_id, arm=arm, is_noted=takes_part)


@dataclass(frozen=True)
class Running:
    """A running experiment, for whoever shows its arms. ``out``: accounts that take no part; None: nobody does."""

    name: str
    arms: tuple[str, ...]
    out: frozenset[str] | None

    @classmethod
    def of(cls, settings: Settings, kept: KeptExperiment, person: str | None) -> "Running":
        """As it is for a person who looks: who has opted out sees what everybody sees otherwise."""
        is_out = person is not None and person in exposure_log.opt_outs(settings.library_file, "person")
        accounts = None if is_out else frozenset(exposure_log.opt_outs(settings.library_file, "account"))
        return cls(kept.name, tuple(kept.plan["arms"]), accounts)

    def takes_part(self, account_id: str) -> bool:
        """Whether an account is assigned, and counts."""
        return self.out is not None and account_id not in self.out

    def arm(self, account_id: str) -> str:
        """What an account's people are shown."""
        return arm_of(self.name, account_id, self.arms) if self.takes_part(account_id) else self.arms[0]


def arms_shown(
    settings: Settings, surface: Surface, accounts: Sequence[str], *, person: str | None = None
) -> dict[str, str]:
    """The arms of accounts that are shown now, on a surface, and notes that; empty where no experiment runs on it.

    Args:
        settings: name the library.
        surface: where they are shown.
        accounts: that somebody sees at this moment.
        person: who looks, where that is known.
    """
    if not settings.library_file.exists():
        return {}
    kept = [
        one
        for one in exposure_log.experiments(settings.library_file)
        if one.stopped_at is None and one.plan["surface"] == surface
    ]
    if not kept:
        return {}
    running = Running.of(settings, kept[0], person)
    shown = {account: running.arm(account) for account in accounts}
    counted = [(account, arm) for account, arm in shown.items() if running.takes_part(account)]
    try:
        exposure_log.expose(settings.library_file, running.name, counted)
    except CoachError as error:  # what can't be noted isn't shown, and the page is there all the same
        logger.warning("The experiment %s is left out here: %s", running.name, error)
        return dict.fromkeys(shown, running.arms[0])
    return shown


def opt_out(settings: Settings, kind: OptOutKind, names: Sequence[str], *, out: bool) -> None:
    """Takes accounts or persons out of every experiment, or in again; an account's exposures go with it.

    Raises:
        CoachError: there is no library.
    """
    check_library(settings, must_exist=True)
    exposure_log.set_opt_outs(settings.library_file, kind, names, out=out)


def outcomes_of(calls: Iterable[CallSummary], since: datetime, days: int) -> dict[AccountMetric, bool]:
    """What came true of an account by each metric in the days after it was first shown its arm."""
    until = since + timedelta(days=days)
    later = [call for call in calls if call.started_at is not None and since < call.started_at <= until]
    return {
        "converted": any(call.outcome == "converted" and _ended_between(call, since, until) for call in calls),
        "another_call": bool(later),
        "next_step": any((call.metrics.get("next_step_agreed") or 0.0) > 0.5 for call in later),
    }


def metric_names() -> Collection[str]:
    """What an experiment can be judged by."""
    return get_args(AccountMetric)


def _ended_between(call: CallSummary, since: datetime, until: datetime) -> bool:
    ended = call.outcome_at or call.outcome_entered_at
    if ended is None:
        return False
    # A date without a time is midnight, which is before what was shown in the course of that day.
    return since.replace(hour=0, minute=0, second=0, microsecond=0) <= ended <= until


def _by_account(calls: Iterable[CallSummary]) -> dict[str, list[CallSummary]]:
    by_account: dict[str, list[CallSummary]] = {}
    for call in calls:
        if call.account_id is not None:
            by_account.setdefault(call.account_id, []).append(call)
    return by_account


def _kept(settings: Settings, name: str) -> KeptExperiment:
    check_library(settings, must_exist=True)
    found = {one.name: one for one in exposure_log.experiments(settings.library_file)}
    if name not in found:
        raise InputError(f"There is no experiment {name!r}; there are: {', '.join(found) or 'none'}.")
    return found[name]
