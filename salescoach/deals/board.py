"""All deals in one list: which calls make a deal, how its score has moved, its risks, and which deal comes first."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final

from salescoach.deals.cadence import gaps, usual_gap
from salescoach.deals.calls import AccountCall
from salescoach.deals.risks import DealState, FoundRisk, RiskKind, risks_of
from salescoach.redact.our_words import OURS, Ours
from salescoach.types import Frozen, Outcome

# What a risk multiplies the odds of a loss by once it has stood for FULL_AFTER_DAYS. What the score can't know, as it
# lies between calls, counts most; the score has heard the rest already.
WEIGHTS: Final[Mapping[RiskKind, float]] = {
    "refusal": 3.0,
    "gone_quiet": 3.0,
    "step_overdue": 2.0,
    "no_next_step": 1.5,
    "objection_open": 1.1,
    "no_decision_maker": 1.2,
    "single_contact": 1.5,
    "competitor": 1.1,
    "no_price": 1.1,
}
FULL_AFTER_DAYS: Final = 30
AT_ONCE: Final = 0.5
EVEN: Final = 0.5  # stands for a score where there is none

LEVEL_TREND: Final = 0.02  # a change of the score below which it has not moved

QuotesOf = Callable[[Sequence[tuple[str, int]]], Mapping[tuple[str, int], str]]


class DealRisk(Frozen):
    """A risk, quoted from a turn of a call, from 1, or dated. ``reading`` says it in a sentence."""

    kind: Annotated[RiskKind, OURS]
    since: date | None
    quote: str | None
    call_id: str | None
    turn: int | None
    reading: Ours[str]


class ScoredCall(Frozen):
    """A call of a deal with its score; None where the model abstains, or hasn't scored it."""

    call_id: str
    at: datetime | None
    probability: float | None


class AccountDeal(Frozen):
    """An account's deal. ``probability``: of its latest call that has a score; ``trend``: less the mean of the others.

    ``urgency`` is what deals are sorted by, in log-odds of a loss; no probability. ``days_quiet``: since the last call,
    ``usual_days``: between two of its calls. ``n_unread``: calls of which no moves are known, so that risks may be
    missed. ``outcome``: None while it is open.
    """

    account_id: str
    calls: int
    last_call_at: datetime | None
    probability: float | None
    trend: float | None
    risks: tuple[DealRisk, ...]
    do_not_contact: bool
    days_quiet: int | None
    usual_days: float
    urgency: float
    scores: tuple[ScoredCall, ...]
    n_unread: int = 0
    outcome: Annotated[Outcome | None, OURS] = None


class DealBoard(Frozen):
    """What ``coach deals --json`` prints: deals, the most urgent first, on a day."""

    deals: tuple[AccountDeal, ...]
    on: date


def open_calls(calls: Iterable[AccountCall], *, also_closed: bool = False) -> dict[str, list[AccountCall]]:
    """The calls of each account's deal in order of time; accounts whose deal is closed are left out.

    A deal begins after the last call of its account whose outcome is known: what was won or lost is another deal. An
    account whose last call has an outcome has no open one.

    Args:
        calls: of accounts, in any order.
        also_closed: give accounts without an open deal too, with all their calls.
    """
    by_account: dict[str, list[AccountCall]] = {}
    for call in sorted(calls, key=lambda call: (call.at, call.call_id)):
        by_account.setdefault(call.account_id, []).append(call)
    deals = {}
    for account, own in by_account.items():
        closed = [place for place, call in enumerate(own, start=1) if call.outcome is not None]
        begun = own[closed[-1] :] if closed else own
        if begun or also_closed:
            deals[account] = begun or own
    return deals


def deal_board(
    deals: Mapping[str, Sequence[AccountCall]],
    teams_gaps: Sequence[float],
    probabilities: Mapping[str, float | None],
    quotes_of: QuotesOf,
    today: date,
) -> DealBoard:
    """Deals, the most urgent first; those that are closed come last, and have no risks but a refusal.

    Args:
        deals: the calls of each account's deal, in order of time.
        teams_gaps: days between two calls, of all accounts.
        probabilities: of calls, by content hash.
        quotes_of: gives the text of turns, by call id and number from 1.
        today: the day to look at it from.
    """
    states = {
        account: DealState(calls, today, usual_gap(gaps(call.at for call in calls if call.is_dated), teams_gaps))
        for account, calls in deals.items()
    }
    found = {account: _risks_of(state) for account, state in states.items()}
    wanted = [
        (risk.call.call_id, risk.turn)
        for risks in found.values()
        for risk in risks
        if risk.turn is not None and risk.quote is None
    ]
    quotes = quotes_of(wanted)
    board = [_deal(account, states[account], found[account], probabilities, quotes) for account in deals]
    board.sort(key=lambda deal: (deal.outcome is not None, -deal.urgency, deal.account_id))
    return DealBoard(deals=tuple(board), on=today)


def _risks_of(state: DealState) -> tuple[FoundRisk, ...]:
    is_open = state.last.outcome is None
    return tuple(risk for risk in risks_of(state) if is_open or risk.kind == "refusal")


def urgency(probability: float | None, risks: Iterable[FoundRisk], today: date) -> float:
    """Risk × time: the log-odds of a loss by the score, and what each risk adds, the more the longer it stands."""
    p = min(max(EVEN if probability is None else probability, 0.01), 0.99)
    return math.log((1 - p) / p) + sum(math.log(WEIGHTS[risk.kind]) * _standing(risk, today) for risk in risks)


def _standing(risk: FoundRisk, today: date) -> float:
    """How much of a risk counts: half on its first day, all of it after ``FULL_AFTER_DAYS``."""
    if risk.since is None:
        return AT_ONCE
    days = min(max((today - risk.since).days, 0), FULL_AFTER_DAYS)
    return AT_ONCE + (1 - AT_ONCE) * days / FULL_AFTER_DAYS


def _deal(
    account: str,
    state: DealState,
    risks: Sequence[FoundRisk],
    probabilities: Mapping[str, float | None],
    quotes: Mapping[tuple[str, int], str],
) -> AccountDeal:
    scores = tuple(
        ScoredCall(
            call_id=call.call_id,
            at=call.at if call.is_dated else None,
            probability=probabilities.get(call.content_hash),
        )
        for call in state.calls
    )
    known = [one.probability for one in scores if one.probability is not None]
    return AccountDeal(
        account_id=account,
        calls=len(state.calls),
        last_call_at=state.last.at if state.last.is_dated else None,
        probability=known[-1] if known else None,
        trend=round(known[-1] - sum(known[:-1]) / len(known[:-1]), 4) if len(known) > 1 else None,
        risks=tuple(_shown(risk, quotes) for risk in risks),
        do_not_contact=any(risk.kind == "refusal" for risk in risks),
        days_quiet=state.days_quiet,
        usual_days=round(state.usual_days, 1),
        urgency=round(urgency(known[-1] if known else None, risks, state.today), 4),
        scores=scores,
        n_unread=sum(call.heard is None for call in state.calls),
        outcome=state.last.outcome,
    )


def _shown(risk: FoundRisk, quotes: Mapping[tuple[str, int], str]) -> DealRisk:
    quote = risk.quote
    if quote is None and risk.turn is not None:
        quote = quotes.get((risk.call.call_id, risk.turn))
    return DealRisk(
        kind=risk.kind,
        since=risk.since,
        quote=quote,
        call_id=risk.call.call_id,
        turn=risk.turn,
        reading=risk.text,
    )
