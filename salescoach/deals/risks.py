"""The risks of a deal: one function each, over the calls of the deal in order of time, the last one last.

Every risk is quoted from a turn or dated, and says since when it stands. What a call says comes from the moves that
were read of it; who was heard from the labels of the speakers; the rest is arithmetic with dates.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, Literal, get_args

from salescoach.deals.calls import AccountCall, Heard, HeardConcern, HeardStep
from salescoach.deals.due import due_on
from salescoach.deals.people import people
from salescoach.moves.taxonomy import MoveName
from salescoach.speech.call_metrics import closing

RiskKind = Literal[
    "refusal", "gone_quiet", "step_overdue", "no_next_step", "objection_open", "no_decision_maker", "single_contact",
    "competitor", "no_price",
]  # fmt: skip
RISK_KINDS: Final[tuple[RiskKind, ...]] = get_args(RiskKind)

QUIET_AFTER: Final = 2.2  # times the usual gap
QUIET_DAYS: Final = 7  # at least; nobody is missed before
MIN_CALLS: Final = 2  # before it says anything that somebody or something didn't come up
PRICE: Final[tuple[MoveName, ...]] = ("price_talk", "objection_price")
UNMET: Final = frozenset({"not", "badly"})

# The least probability of a move that is taken for one here, where it decides about a deal and not about a turn. These
# and QUIET_AFTER were chosen on simulated accounts of half of the judging writers (benchmarks/deals.py, docs/deals.md).
SURE_OF: Final[Mapping[MoveName, float]] = {
    "authority": 0.2, "competitor": 0.2, "price_talk": 0.0, "objection_price": 0.4
}  # fmt: skip


@dataclass(frozen=True)
class DealState:
    """A deal on a day. ``calls``: in order of time, at least one. ``usual_days``: between two calls of the account."""

    calls: Sequence[AccountCall]
    today: date
    usual_days: float

    @property
    def last(self) -> AccountCall:
        """The latest call."""
        return self.calls[-1]

    @property
    def step(self) -> HeardStep | None:
        """The next step of the latest call."""
        return None if self.last.heard is None else self.last.heard.step

    @cached_property
    def due(self) -> date | None:
        """The day that was named for it."""
        if self.step is None or self.step.when is None or not self.last.is_dated:
            return None
        return due_on(f"{self.step.when}. {self.step.what}", self.last.at.date())

    @property
    def days_quiet(self) -> int | None:
        """Whole days since the latest call, None where its date isn't known."""
        return (self.today - self.last.at.date()).days if self.last.is_dated else None


@dataclass(frozen=True)
class FoundRisk:
    """A risk at a place: a turn of a call, from 1, or, without ``turn``, a date alone.

    ``quote``: verbatim; None: the whole turn. ``since``: None where no call of it is dated. ``text``: in a sentence.
    """

    kind: RiskKind
    text: str
    call: AccountCall
    turn: int | None = None
    quote: str | None = None
    begun: date | None = None

    @property
    def since(self) -> date | None:
        """Since when it stands: the day of its call, if nothing else is known."""
        if self.begun is not None:
            return self.begun
        return self.call.at.date() if self.call.is_dated else None


def risks_of(deal: DealState) -> tuple[FoundRisk, ...]:
    """The risks of a deal, in the order of ``RISK_KINDS``, at most one of a kind.

    After a refusal nothing is left that would call for getting in touch again: what stays are the reasons.
    """
    found = {kind: FINDERS[kind](deal) for kind in RISK_KINDS}
    kept = RISK_KINDS if found["refusal"] is None else AFTER_REFUSAL
    return tuple(risk for kind in kept if (risk := found[kind]) is not None)


def _refusal(deal: DealState) -> FoundRisk | None:
    """The customer's no in the latest call in which they said no or agreed to something, if it came last there."""
    for call in reversed(deal.calls):
        if call.heard is None:
            continue
        agreed = max((turn for turn, _ in call.heard.turns.get("commitment", ())), default=0)
        refused = [(p, turn) for turn, p in call.heard.turns.get("refusal", ()) if turn > agreed]
        if refused:
            return FoundRisk("refusal", "The customer said no; do not contact this account.", call, max(refused)[1])
        if agreed:
            return None
    return None


def _gone_quiet(deal: DealState) -> FoundRisk | None:
    """No call for much longer than usual, unless the next step lies ahead."""
    days = deal.days_quiet
    if days is None or days <= max(QUIET_DAYS, QUIET_AFTER * deal.usual_days):
        return None
    if deal.due is not None and deal.due >= deal.today:
        return None
    text = f"No call for {_days(days)}; usually it takes about {_days(round(deal.usual_days))} to the next one here."
    return FoundRisk("gone_quiet", text, deal.last)


def _step_overdue(deal: DealState) -> FoundRisk | None:
    """The day of what the customer agreed to is past, and there was no call since."""
    if not _is_agreed(deal.last.heard) or deal.step is None or deal.due is None or deal.due >= deal.today:
        return None
    late = _days((deal.today - deal.due).days)
    text = f"What was agreed for {_day(deal.due)} is {late} overdue; there was no call since."
    return FoundRisk("step_overdue", text, deal.last, deal.step.turn, deal.step.what, deal.due)


def _no_next_step(deal: DealState) -> FoundRisk | None:
    """Nothing that the customer agreed to do next."""
    if deal.last.heard is None:
        return None
    if deal.step is None:
        return FoundRisk("no_next_step", "The last call ended without a next step.", deal.last)
    if _is_agreed(deal.last.heard):
        return None
    text = "A next step was proposed in the last call, and the customer didn't agree to it."
    return FoundRisk("no_next_step", text, deal.last, deal.step.turn, deal.step.what)


def _objection_open(deal: DealState) -> FoundRisk | None:
    """A concern that wasn't met where it last came up; of several the latest is quoted."""
    last: dict[str, tuple[AccountCall, HeardConcern]] = {}
    for call in deal.calls:
        for concern in () if call.heard is None else call.heard.concerns:
            last.pop(concern.kind, None)  # so that the latest stands last
            last[concern.kind] = call, concern
    unmet = [(call, concern) for call, concern in last.values() if concern.handled in UNMET]
    if not unmet:
        return None
    call, concern = unmet[-1]
    text = "A concern seems to have stayed open."
    if len(unmet) > 1:
        text = f"Concerns of {len(unmet)} kinds seem to have stayed open; this is the latest."
    return FoundRisk("objection_open", text, call, concern.turn, concern.quote)


def _no_decision_maker(deal: DealState) -> FoundRisk | None:
    """Somebody else decides, as was said in a call, and nobody new was heard in a later one."""
    for place in reversed(range(len(deal.calls))):
        said = _surest(deal.calls[place].heard, "authority")
        if said is None:
            continue
        until_then = people(label for call in deal.calls[: place + 1] for label in call.customers)
        by_now = people(label for call in deal.calls for label in call.customers)
        later = deal.calls[place + 1 :]
        if later and (until_then is None or by_now is None or any(call.has_unknown for call in later)):
            return None
        if later and by_now is not None and until_then is not None and len(by_now) > len(until_then):
            return None
        text = "Somebody else decides or has to agree, and nobody new was heard since."
        return FoundRisk("no_decision_maker", text, deal.calls[place], said)
    return None


def _single_contact(deal: DealState) -> FoundRisk | None:
    """The same person in all calls of the deal. Labels that name nobody, or an unknown side, say nothing."""
    if len(deal.calls) < MIN_CALLS or not all(call.customers and not call.has_unknown for call in deal.calls):
        return None
    heard = people(label for call in deal.calls for label in call.customers)
    if heard is None or len(heard) != 1:
        return None
    text = f"Of the customer one person alone was heard in {len(deal.calls)} calls."
    return FoundRisk("single_contact", text, deal.calls[0])


def _competitor(deal: DealState) -> FoundRisk | None:
    """Another offer or supplier, or the in-house way, in any call; quoted from the first."""
    for call in deal.calls:
        said = _surest(call.heard, "competitor")
        if said is not None:
            text = "Another offer, another supplier or doing it in-house was named or weighed."
            return FoundRisk("competitor", text, call, said)
    return None


def _no_price(deal: DealState) -> FoundRisk | None:
    """No talk of the price in any call."""
    if len(deal.calls) < MIN_CALLS or any(call.heard is None for call in deal.calls):
        return None
    if any(_surest(call.heard, move) for call in deal.calls for move in PRICE):
        return None
    return FoundRisk("no_price", f"Price didn't come up in {len(deal.calls)} calls.", deal.calls[0])


FINDERS: Final[Mapping[RiskKind, Callable[[DealState], FoundRisk | None]]] = {
    "refusal": _refusal,
    "gone_quiet": _gone_quiet,
    "step_overdue": _step_overdue,
    "no_next_step": _no_next_step,
    "objection_open": _objection_open,
    "no_decision_maker": _no_decision_maker,
    "single_contact": _single_contact,
    "competitor": _competitor,
    "no_price": _no_price,
}
AFTER_REFUSAL: Final[tuple[RiskKind, ...]] = ("refusal", "objection_open", "competitor")


def _is_agreed(heard: Heard | None) -> bool:
    """Whether the customer agreed to a next step near the end, more clearly than they put it off.

    Doubts count for the deal: the reader's own ``committed`` asks for more, and would have every third deal without a
    next step.
    """
    if heard is None or heard.step is None:
        return False
    ending = closing(range(heard.n_turns))
    said: dict[str, float] = {
        move: max((p for turn, p in heard.turns.get(move, ()) if turn in ending), default=0.0)
        for move in ("commitment", "stall")
    }
    return said["commitment"] > said["stall"]


def _surest(heard: Heard | None, move: MoveName) -> int | None:
    """The turn that most surely makes a move, None where none does surely enough."""
    place = None if heard is None else heard.surest(move)
    return None if place is None or place[1] < SURE_OF[move] else place[0]


def _days(n: int) -> str:
    return f"{n} day{'' if n == 1 else 's'}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
