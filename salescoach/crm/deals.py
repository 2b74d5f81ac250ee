"""An export's rows -> deals: what each says of its account, its state, and the time of both."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import Field

from salescoach.crm.columns import DATE_FIELDS, Crm, crm_of, key_of, n_known, places_of, stage_columns
from salescoach.crm.export_dates import DateOrder, ExportDate, moment_in, order_of
from salescoach.crm.rows import Cells, ExportTable, read_rows
from salescoach.crm.states import State, flag_in, state_of
from salescoach.errors import InputError
from salescoach.reading.texts import in_number
from salescoach.types import Frozen

_LIST_MARKS: Final = ";,|"
_SALESFORCE_ID: Final = (15, 18)  # the longer one is the shorter one with a checksum behind it


class StageEntry(Frozen):
    """A deal entered a stage; ``amount`` is what it was worth then, where that is known."""

    at: ExportDate
    stage: str
    amount: float | None = None


class CrmDeal(Frozen):
    """A deal of an export. ``accounts`` and ``names`` hold several where it belongs to several."""

    deal_id: str
    accounts: tuple[str, ...]
    names: tuple[str, ...]
    call_ids: tuple[str, ...]
    is_merged: bool
    state: State
    stage: str
    closed: ExportDate | None
    created: ExportDate | None
    amount: float | None
    deal_type: str
    industry: str
    rep: str
    stages: tuple[StageEntry, ...] = ()


class StageRead(Frozen):
    """What a stage, with the status beside it, was taken for, and in how many rows."""

    stage: str
    taken_as: State
    n: int


class DealExport(Frozen):
    """The deals of a file. ``merged``: ids of accounts that were merged into another, or another into them."""

    crm: Crm
    deals: tuple[CrmDeal, ...]
    mapping: tuple[StageRead, ...]
    merged: frozenset[str] = Field(exclude=True)
    notes: tuple[str, ...]


class ExportOptions(Frozen):
    """What the user says of an export. ``won`` and ``lost`` are names of stages; ``crm`` is told by the columns."""

    crm: Crm | None = None
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    dates: DateOrder | None = None


def read_deals(data: bytes, name: str, options: ExportOptions) -> DealExport:
    """The deals in the bytes of an export, each once.

    Raises:
        DataError: it is no table of deals that can be read; names the row or the column.
        InputError: a stage that the user names isn't there, or dates don't show their order.
    """
    name = Path(name).name
    table = read_rows(data, name, n_known)
    crm = options.crm or crm_of(table.heading)
    rows = _Rows(table, crm, places_of(table.heading, crm, name), options)
    _check_stages(rows, options)
    mapping: Counter[tuple[str, State]] = Counter()
    found: dict[str, list[CrmDeal]] = {}
    for number, cells in table.rows:
        deal = rows.deal(number, cells)
        mapping[(rows.shown_stage(cells), deal.state)] += 1
        found.setdefault(deal.deal_id, []).append(deal)
    deals = [_as_one(same) for same in found.values()]
    kept = tuple(deal for deal in deals if deal.state != "deleted")
    return DealExport(
        crm=crm,
        deals=kept,
        mapping=tuple(StageRead(stage=stage, taken_as=state, n=n) for (stage, state), n in mapping.most_common()),
        merged=_merged_accounts(kept) | rows.merged,
        notes=(*table.notes, *_notes(len(table.rows), len(deals), len(kept))),
    )


def account_key(account: str) -> str:
    """What is equal for two spellings of an account's id: Salesforce gives one with 15 characters and with 18."""
    short, long = _SALESFORCE_ID
    return account[:short] if len(account) == long and account.isascii() and account.isalnum() else account


class _Rows:
    """Reads the cells of one table."""

    def __init__(self, table: ExportTable, crm: Crm, places: Mapping[str, int], options: ExportOptions) -> None:
        self._places, self._entered = places, stage_columns(table.heading)
        dated = [*(places[name] for name in DATE_FIELDS & places.keys()), *self._entered]
        self._order = order_of((cells[at] for _, cells in table.rows for at in dated), options.dates)
        self._won, self._lost = ({key_of(stage) for stage in stages} for stages in (options.won, options.lost))
        self._has_status_words = crm == "csv"
        self.stages = {key for _, cells in table.rows for key in self._stage_keys(cells)}
        self.merged: set[str] = set()

    def deal(self, number: int, cells: Cells) -> CrmDeal:
        """The deal of a row."""
        state = self._state(cells)
        accounts = tuple(dict.fromkeys(map(account_key, self._list(cells, "account_id"))))
        merged = self._list(cells, "merged")
        self.merged.update(map(account_key, merged))
        if merged:
            self.merged.update(accounts)
        closed = self._moment(cells, "closed_at")
        if own := {"won": "won_at", "lost": "lost_at"}.get(state):
            closed = self._moment(cells, own) or closed
        amount = _number(self._cell(cells, "amount"))
        return CrmDeal(
            deal_id=account_key(self._cell(cells, "deal_id")) or f"row {number}",
            accounts=accounts,
            names=(name,) if (name := self._cell(cells, "account_name")) else (),
            call_ids=self._list(cells, "call_ids"),
            is_merged=bool(merged),
            state=state,
            stage=self._cell(cells, "stage") or self._cell(cells, "status"),
            closed=closed if state in ("won", "lost") else None,
            created=self._moment(cells, "created_at"),
            amount=amount,
            deal_type=self._cell(cells, "type"),
            industry=self._cell(cells, "industry"),
            rep=self._cell(cells, "rep"),
            stages=self._history(cells, amount),
        )

    def shown_stage(self, cells: Cells) -> str:
        """The stage of a row with its status, for the mapping."""
        shown = [cell for name in ("stage", "status") if (cell := self._cell(cells, name))]
        return ", ".join(dict.fromkeys(shown)) or "(none)"

    def _state(self, cells: Cells) -> State:
        keys = self._stage_keys(cells)
        said: set[State] = {"won"} if keys & self._won else {"lost"} if keys & self._lost else set()
        flags = {name: flag_in(self._cell(cells, name)) for name in ("won", "lost", "closed", "deleted")}
        if flags["deleted"]:
            return "deleted"
        return state_of(
            stage=self._cell(cells, "stage"),
            status=self._cell(cells, "status"),
            won=flags["won"],
            lost=flags["lost"],
            closed=flags["closed"],
            said=said,
        )

    def _history(self, cells: Cells, amount: float | None) -> tuple[StageEntry, ...]:
        entries = [
            StageEntry(at=at, stage=stage)
            for place, stage in self._entered.items()
            if (at := moment_in(cells[place], self._order)) is not None
        ]
        to, at = self._cell(cells, "to_stage"), self._moment(cells, "changed_at")
        if to and at is not None:
            entries.append(StageEntry(at=at, stage=to, amount=amount))
        return tuple(entries)

    def _stage_keys(self, cells: Cells) -> set[str]:
        return {key_of(cell) for name in ("stage", "status") if (cell := self._cell(cells, name))}

    def _cell(self, cells: Cells, field: str) -> str:
        return cells[self._places[field]] if field in self._places else ""

    def _list(self, cells: Cells, field: str) -> tuple[str, ...]:
        text = self._cell(cells, field)
        for mark in _LIST_MARKS[1:]:
            text = text.replace(mark, _LIST_MARKS[0])
        return tuple(dict.fromkeys(part for one in text.split(_LIST_MARKS[0]) if (part := one.strip())))

    def _moment(self, cells: Cells, field: str) -> ExportDate | None:
        return moment_in(self._cell(cells, field), self._order)


def _check_stages(rows: _Rows, options: ExportOptions) -> None:
    for stage in (*options.won, *options.lost):
        if key_of(stage) not in rows.stages:
            raise InputError(f"No deal of the export has the stage “{stage}”; give it as the export writes it.")
        if key_of(stage) in map(key_of, options.won) and key_of(stage) in map(key_of, options.lost):
            raise InputError(f"The stage “{stage}” can't mean both won and lost; give it once.")


def _as_one(same: Sequence[CrmDeal]) -> CrmDeal:
    """A deal of several rows, as a report with history or products has them; what contradicts itself is unclear."""
    first = same[0]
    ends = {(deal.state, deal.closed) for deal in same}
    accounts, names, call_ids = (
        tuple(dict.fromkeys(one for deal in same for one in getattr(deal, field)))
        for field in ("accounts", "names", "call_ids")
    )
    stages = tuple(sorted({entry for deal in same for entry in deal.stages}, key=lambda entry: entry.at.at))
    return first.model_copy(
        update={
            "accounts": accounts,
            "names": names,
            "call_ids": call_ids,
            "stages": stages,
            "is_merged": any(deal.is_merged for deal in same),
            "state": first.state if len(ends) == 1 else "unclear",
            "closed": first.closed if len(ends) == 1 else None,
        }
    )


def _merged_accounts(deals: Collection[CrmDeal]) -> frozenset[str]:
    """Accounts that share a deal with another one, or that stand there under two names."""
    names: dict[str, set[str]] = {}
    shared: set[str] = set()
    for deal in deals:
        if len(deal.accounts) > 1:
            shared.update(deal.accounts)
        for account in deal.accounts:
            names.setdefault(account, set()).update(map(key_of, deal.names))
    return frozenset(shared | {account for account, its in names.items() if len(its) > 1})


def _notes(n_rows: int, n_deals: int, n_kept: int) -> list[str]:
    notes = []
    if n_deals < n_rows:
        notes.append(f"{n_rows} rows are {n_deals} deals; rows of one deal were read as one.")
    if gone := n_deals - n_kept:
        notes.append(f"{gone} deleted {in_number(gone, 'deal was', 'deals were')} left out.")
    return notes


def _number(text: str) -> float | None:
    """An amount with any currency and either decimal mark; None where it can't be told."""
    digits = "".join(char for char in text if char.isdigit() or char in ".,-")
    if not any(map(str.isdigit, digits)):
        return None
    marks = [char for char in digits if char in ".,"]
    last = max(digits.rfind("."), digits.rfind(","))
    is_decimal = last >= 0 and (len(set(marks)) == 2 or (len(marks) == 1 and len(digits) - last - 1 != 3))
    whole, rest = (digits[:last], digits[last + 1 :]) if is_decimal else (digits, "0")
    try:
        return float(f"{whole.replace('.', '').replace(',', '')}.{rest}")
    except ValueError:
        return None
