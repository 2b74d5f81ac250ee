"""The label rules: which outcome each call has by the deals of an export. docs/library.md is their definition."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal

from salescoach.crm.columns import key_of
from salescoach.crm.deals import CrmDeal, DealExport, account_key
from salescoach.types import Frozen, Outcome

NAMES_OF_ACCOUNT: Final = ("account_name", "account", "company", "company_name", "customer")  # in a call's metadata

Reason = Literal[
    "no deal", "undated call", "merged accounts", "several deals", "outcome before the call", "open", "too young",
    "won too late", "unclear", "no close date", "close date ahead",
]  # fmt: skip
WHY: Final[Mapping[Reason, str]] = {
    "no deal": "no deal of the export belongs to the call",
    "undated call": "the call has no date, so nothing tells whether the deal ended after it",
    "merged accounts": "the account was merged, shares deals with another, or has another's name",
    "several deals": "several deals could be the one that the call was about",
    "outcome before the call": "the deal had ended when the call took place",
    "open": "the deal is open",
    "too young": "the deal is open and the call is recent",
    "won too late": "it was won, but later than the days that count",
    "unclear": "it is closed and not clearly won or lost, or contradicts itself",
    "no close date": "it is closed without a day that can be read",
    "close date ahead": "it is closed on a day that is still to come",
}


class CallKnown(Frozen):
    """What the library knows of a call that its deal is found by."""

    call_id: str
    account_id: str | None
    account_names: tuple[str, ...]
    started_at: datetime | None


class CallLabel(Frozen):
    """A call with its deal, and its outcome or the reason why it has none. ``deal``: the only one it can be about."""

    call_id: str
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    reason: Reason | None = None
    deal: CrmDeal | None = None


class Labeller:
    """Finds the deal of a call and applies the rules to it."""

    def __init__(self, export: DealExport, *, days: int, today: date) -> None:
        """``days``: within how many days after the call a win counts; ``today``: the day by which calls are young."""
        self._days, self._today, self._merged = days, today, export.merged
        self._by_call: dict[str, list[CrmDeal]] = {}
        self._by_account: dict[str, list[CrmDeal]] = {}
        self._by_name: dict[str, list[CrmDeal]] = {}
        for deal in export.deals:
            for index, keys in (
                (self._by_call, deal.call_ids),
                (self._by_account, deal.accounts),
                (self._by_name, tuple(map(key_of, deal.names))),
            ):
                for key in keys:
                    index.setdefault(key, []).append(deal)

    def label(self, call: CallKnown) -> CallLabel:
        """The outcome of a call, or why it has none."""
        deals = self._deals_of(call)
        if isinstance(deals, str):
            return CallLabel(call_id=call.call_id, reason=deals)
        if call.started_at is None:
            return CallLabel(call_id=call.call_id, reason="undated call")
        within = [deal for deal in deals if self._is_within_reach(deal, call.started_at)]
        if not within:
            ended = any(deal.closed is not None for deal in deals)
            return CallLabel(call_id=call.call_id, reason="outcome before the call" if ended else "no deal")
        if len(within) > 1:
            return CallLabel(call_id=call.call_id, reason="several deals")
        [deal] = within
        outcome, reason = self._end(deal, call.started_at)
        at = max(deal.closed.at, call.started_at) if outcome and deal.closed else None
        return CallLabel(call_id=call.call_id, outcome=outcome, outcome_at=at, reason=reason, deal=deal)

    def _deals_of(self, call: CallKnown) -> Sequence[CrmDeal] | Reason:
        """By the call's own id where the export has it, else by the account's id, else by its name."""
        if call.call_id in self._by_call:
            deals = self._by_call[call.call_id]
            return "merged accounts" if any(map(self._is_merged, deals)) else deals
        account = account_key(call.account_id or "")
        if account in self._merged:
            return "merged accounts"
        if account in self._by_account:
            deals = self._by_account[account]
        else:
            names = dict.fromkeys(key_of(name) for name in (*call.account_names, call.account_id or "") if name)
            deals = next((self._by_name[name] for name in names if name in self._by_name), [])
            if len({deal.accounts for deal in deals if deal.accounts}) > 1:
                return "merged accounts"
        if any(map(self._is_merged, deals)):
            return "merged accounts"
        return deals or "no deal"

    def _is_merged(self, deal: CrmDeal) -> bool:
        return deal.is_merged or not self._merged.isdisjoint(deal.accounts)

    def _is_within_reach(self, deal: CrmDeal, call: datetime) -> bool:
        """Whether a deal was open at the call, or began within the days that count after it."""
        if deal.closed is not None and deal.closed.is_before(call):
            return False
        return deal.created is None or deal.created.days_after(call.date()) <= self._days

    def _end(self, deal: CrmDeal, call: datetime) -> tuple[Outcome | None, Reason | None]:
        if deal.state == "open":
            return None, "too young" if (self._today - call.date()).days < self._days else "open"
        if deal.state not in ("won", "lost"):
            return None, "unclear"
        if deal.closed is None:
            return None, "no close date"
        if deal.closed.days_after(self._today) > 1:  # time zones
            return None, "close date ahead"
        if deal.state == "lost":
            return "lost", None
        is_soon = deal.closed.days_after(call.date()) <= self._days
        return ("converted", None) if is_soon else (None, "won too late")
