"""Exports of deals as three CRMs write them, with planted traps, and what each call's outcome must be.

Each trap is made together with its answer, which no rule of the product has a part in.
"""

import csv
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from salescoach.crm.columns import Crm
from salescoach.crm.labels import CallKnown, Reason
from salescoach.types import Outcome

TODAY: Final = date(2026, 6, 30)
DAYS: Final = 180
N_DEALS: Final = 300

Ended = Literal["won", "lost", "open"]
Answer = Outcome | Reason


@dataclass(frozen=True)
class MadeDeal:
    """A deal before it is written in a CRM's way."""

    deal_id: str
    account: str
    name: str
    ended: Ended
    closed: datetime | None
    created: datetime
    amount: int
    industry: str
    merged: str = ""
    call_id: str = ""
    is_deleted: bool = False
    contradicts: bool = False
    stages: tuple[tuple[datetime, str], ...] = ()


@dataclass
class MadeExport:
    """An export, the calls beside it, and the answer for each of them; stages at the call, where there is a history."""

    data: bytes
    calls: list[CallKnown]
    answers: dict[str, Answer]
    stages: dict[str, str] = field(default_factory=dict)


class _Maker:
    def __init__(self, crm: Crm, seed: int) -> None:
        self.crm, self.random = crm, random.Random(seed)
        self.deals: list[MadeDeal] = []
        self.calls: list[CallKnown] = []
        self.answers: dict[str, Answer] = {}
        self.stages: dict[str, str] = {}

    def account(self) -> tuple[str, str]:
        n = len(self.calls)
        letters = "".join(self.random.choices("ABCDEFGHabcdefgh", k=6))
        ids = {"salesforce": f"001{letters}{n:06}", "hubspot": str(8_000_000_000 + n * 7), "pipedrive": str(n + 1)}
        return ids.get(self.crm, f"acc-{n}"), f"{self.random.choice(('Größer', 'Nordé', 'Åkervik', 'Hall'))} {n} Werke"

    def day(self, *, before: int = 300) -> datetime:
        """When a call was: long enough ago that nothing is too young."""
        day = TODAY - timedelta(days=self.random.randint(before, before + 200))
        return datetime.combine(day, time(self.random.randint(8, 17), self.random.randint(0, 59)))

    def deal(
        self, account: tuple[str, str], ended: Ended, closed: datetime | None, created: datetime, **more: object
    ) -> MadeDeal:
        n = len(self.deals)
        prefix = {"salesforce": f"006xx{n:010}", "hubspot": str(5_000_000 + n)}.get(self.crm, str(n + 10_000))
        made = MadeDeal(
            prefix, *account, ended, closed, created, self.random.randint(500, 400_000),
            self.random.choice(("Logistics", "Retail", "Energy")), **more,
        )  # type: ignore[arg-type]  # fmt: skip
        self.deals.append(made)
        return made

    def call(
        self, account: tuple[str, str] | None, at: datetime | None, answer: Answer, names: Sequence[str] = ()
    ) -> CallKnown:
        made = CallKnown(
            call_id=f"call-{len(self.calls):04}",
            account_id=account[0] if account else None,
            account_names=tuple(names),
            started_at=at,
        )
        self.calls.append(made)
        self.answers[made.call_id] = answer
        return made


def _after(call: datetime, days: int) -> datetime:
    return call + timedelta(days=days, hours=1)


def _before(call: datetime, days: int = 20) -> datetime:
    return call - timedelta(days=days)


def _simple(ended: Ended, days: int, answer: Answer) -> Callable[[_Maker], None]:
    def make(maker: _Maker) -> None:
        account, at = maker.account(), maker.day(before=500 if days > 300 else 300)
        stages = ((_before(at, 15), "Discovery"), (_before(at, 3), "Proposal"), (_after(at, 2), "Negotiation"))
        maker.deal(account, ended, _after(at, days), _before(at), stages=stages)
        maker.stages[maker.call(account, at, answer).call_id] = "Proposal"

    return make


def _recent(maker: _Maker) -> None:
    account = maker.account()
    at = datetime.combine(TODAY - timedelta(days=30), time(9))
    maker.deal(account, "open", _after(at, 10), _before(at))
    maker.call(account, at, "too young")


def _on_the_day(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", at.replace(hour=18), _before(at))
    maker.call(account, at, "converted")


def _two(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", _after(at, 20), _before(at))
    maker.deal(account, "lost", _after(at, 90), _before(at, 5))
    maker.call(account, at, "several deals")


def _one_open_beside(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", _after(at, 20), _before(at))
    maker.deal(account, "open", _after(at, 900), _after(at, 100))
    maker.call(account, at, "several deals")


def _earlier_one_ended(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", _before(at, 40), _before(at, 200))
    maker.deal(account, "lost", _after(at, 30), _before(at))
    maker.call(account, at, "lost")


def _later_one_begun(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "lost", _after(at, 30), _before(at))
    maker.deal(account, "won", _after(at, DAYS + 60), _after(at, DAYS + 5))
    maker.call(account, at, "lost")


def _merged(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    gone = (account[0][:-1] + "9" if maker.crm == "salesforce" else f"99{account[0]}", "Gone")
    maker.deal(account, "won", _after(at, 20), _before(at), merged=gone[0])
    maker.call(account, at, "merged accounts")
    maker.call(gone, at, "merged accounts")


def _two_names(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", _after(at, 20), _before(at))
    maker.deal((account[0], f"{account[1]} Holding"), "lost", _before(at, 100), _before(at, 200))
    maker.call(account, at, "merged accounts")


def _by_name(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "lost", _after(at, 44), _before(at))
    spelled = account[1].upper().replace("Ö", "O\u0308").replace("É", "E")
    maker.call(None, at, "lost", [spelled])


def _one_name_twice(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "lost", _after(at, 44), _before(at))
    maker.call(account, at, "lost")
    maker.deal((maker.account()[0], account[1]), "won", _after(at, 44), _before(at))
    maker.call(None, at, "merged accounts", [account[1]])


def _contradiction(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", _after(at, 20), _before(at), contradicts=True)
    maker.call(account, at, "unclear" if maker.crm != "pipedrive" else "converted")


def _no_day(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", None, _before(at))
    maker.call(account, at, "no close date")


def _ahead(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "lost", datetime.combine(TODAY + timedelta(days=40), time(9)), _before(at))
    maker.call(account, at, "close date ahead")


def _twice_in_the_report(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    deal = maker.deal(account, "won", _after(at, 20), _before(at))
    maker.deals.append(replace(deal))
    maker.call(account, at, "converted")


def _undated(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", _after(at, 20), _before(at))
    maker.call(account, None, "undated call")


def _by_call(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    call = maker.call(("", ""), at, "converted")
    maker.deal(account, "won", _after(at, 20), _before(at), call_id=call.call_id)


def _deleted(maker: _Maker) -> None:
    account, at = maker.account(), maker.day()
    maker.deal(account, "won", _after(at, 20), _before(at), is_deleted=maker.crm != "hubspot")
    if maker.crm != "hubspot":
        maker.deal(account, "lost", _after(at, 60), _before(at))
    maker.call(account, at, "converted" if maker.crm == "hubspot" else "lost")


def _unknown(maker: _Maker) -> None:
    maker.call((f"none-{len(maker.calls)}", ""), maker.day(), "no deal")


SCENES: Final = (
    _simple("won", 30, "converted"), _simple("won", DAYS, "converted"), _simple("won", DAYS + 1, "won too late"),
    _simple("lost", 12, "lost"), _simple("lost", 400, "lost"), _simple("open", 9, "open"),
    _simple("won", -30, "outcome before the call"), _simple("lost", -2, "outcome before the call"),
    _recent, _on_the_day, _two, _one_open_beside, _earlier_one_ended, _later_one_begun, _merged, _two_names, _by_name,
    _one_name_twice, _contradiction, _no_day, _ahead, _twice_in_the_report, _undated, _by_call, _deleted, _unknown,
)  # fmt: skip


def make_export(crm: Crm, seed: int) -> MadeExport:
    """An export of ``N_DEALS`` rows; the same seed gives the same one."""
    maker = _Maker(crm, seed)
    scene = 0
    while len(maker.deals) < N_DEALS - 2:
        SCENES[scene % len(SCENES)](maker)
        scene += 1
    while len(maker.deals) < N_DEALS:
        _simple("lost", 12, "lost")(maker)
    write = {"salesforce": _salesforce, "hubspot": _hubspot, "pipedrive": _pipedrive}[crm]
    rows = [write(deal, maker.random) for deal in maker.deals]
    maker.random.shuffle(rows)
    calls = [_with_long_id(call) for call in maker.calls] if crm == "salesforce" else maker.calls
    return MadeExport(_ENCODE[crm](rows), calls, maker.answers, maker.stages if crm == "hubspot" else {})


def _with_long_id(call: CallKnown) -> CallKnown:
    """Every second call has its account's id with the checksum that an API gives, a report doesn't."""
    is_long = int(call.call_id[-1]) % 2 and call.account_id and len(call.account_id) == 15
    return call.model_copy(update={"account_id": f"{call.account_id}AAB"}) if is_long else call


def _salesforce(deal: MadeDeal, random: random.Random) -> dict[str, str]:
    stages = {
        "won": ("Closed Won", "CLOSED WON", "6 - Closed won", "Abgeschlossen / gewonnen", "Signed and paid"),
        "lost": ("Closed Lost", "closed lost", "Fermée perdue", "Went quiet"),
        "open": ("Proposal", "Won their trust", "Negotiation"),
    }
    is_won = deal.ended == "won" and not deal.contradicts
    yes = random.choice((("1", "0"), ("TRUE", "FALSE"), ("true", "false")))
    return {
        "Opportunity Name": f"{deal.name} - upgrade",
        "Opportunity ID": deal.deal_id,
        "Account Name": deal.name,
        "Account ID": deal.account,
        "Master Record ID": deal.merged,
        "Stage": "Closed Won" if deal.contradicts else random.choice(stages[deal.ended]),
        "Amount": f"EUR {deal.amount:,}.00",
        "Close Date": _us(deal.closed),
        "Created Date": _us(deal.created),
        "Closed": yes[deal.ended == "open"],
        "Won": yes[not is_won],
        "Deleted": yes[not deal.is_deleted],
        "Type": "New Business",
        "Industry": deal.industry,
        "Opportunity Owner": "Uma Hart",
        "Probability (%)": "100" if deal.ended == "won" else "0",
        "Gong Call ID": deal.call_id,
    }


def _hubspot(deal: MadeDeal, random: random.Random) -> dict[str, str]:
    def cased(flag: bool) -> str:
        return random.choice(("true", "TRUE", "True") if flag else ("false", "FALSE", "False"))

    stages = {"won": "Closed won (Sales Pipeline)", "lost": "closedlost", "open": "Contract sent"}
    entered = {f'Date entered "{stage} (Sales Pipeline)"': "" for stage in ("Discovery", "Proposal", "Negotiation")}
    entered |= {f'Date entered "{stage} (Sales Pipeline)"': f"{at:%Y-%m-%d %H:%M}" for at, stage in deal.stages}
    return {
        "Record ID": deal.deal_id,
        "Deal Name": f"{deal.name}, upgrade",
        "Deal Stage": "closedlost" if deal.contradicts else stages[deal.ended],
        "Pipeline": "Sales Pipeline",
        "Close Date": "" if deal.closed is None else f"{deal.closed:%Y-%m-%d %H:%M}",
        "Create Date": f"{deal.created:%Y-%m-%d %H:%M}",
        "Amount": str(deal.amount),
        "Is Closed Won": cased(deal.ended == "won"),
        "Is closed lost": cased(deal.ended == "lost"),
        "Deal Type": "newbusiness",
        "Industry": deal.industry,
        "Deal owner": "Uma Hart (uma@hexa.example)",
        "Associated Company (Primary)": deal.name,
        "Associated Company IDs (Primary)": deal.account,
        "Merged Company IDs": deal.merged,
        "Closed Lost Reason": "too dear" if deal.ended == "lost" else "",
        "Call ID": deal.call_id,
        **entered,
    }


def _pipedrive(deal: MadeDeal, random: random.Random) -> dict[str, str]:
    status = {"won": ("Won", "won", "Gewonnen"), "lost": ("Lost", "LOST", "Perdu"), "open": ("Open", "open")}
    at = "" if deal.closed is None else f"{deal.closed:%Y-%m-%d %H:%M:%S}"
    return {
        "Deal - ID": deal.deal_id,
        "Deal - Title": f"{deal.name}; upgrade",
        "Deal - Organization": deal.name,
        "Organization - ID": deal.account,
        "Merged organizations": deal.merged,
        "Deal - Status": "Deleted" if deal.is_deleted else random.choice(status[deal.ended]),
        "Deal - Stage": random.choice(("Qualified", "Proposal made", "Negotiations")),
        "Deal - Value": f"{deal.amount},50",
        "Deal - Deal created": f"{deal.created:%Y-%m-%d %H:%M:%S}",
        "Deal - Won time": at if deal.ended == "won" else "",
        "Deal - Lost time": at if deal.ended == "lost" else "",
        "Deal - Expected close date": f"{TODAY:%Y-%m-%d}",
        "Deal - Lost reason": "" if deal.ended != "lost" else "price",
        "Deal - Owner": "Uma Hart",
        "Industry": deal.industry,
        "Call ID": deal.call_id,
    }


def _us(when: datetime | None) -> str:
    return "" if when is None else f"{when.month}/{when.day}/{when.year}"


def _table(rows: Sequence[dict[str, str]], delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


_ENCODE: Final = {
    "salesforce": lambda rows: (
        _table(rows, ",") + '\r\n\r\n"Deals of this year"\r\n"Copyright (c) 2000-2026 salesforce.com, inc."\r\n'
    ).encode("utf-8-sig"),
    "hubspot": lambda rows: _table(rows, ",").encode(),
    "pipedrive": lambda rows: _table(rows, ";").encode("cp1252"),
}
