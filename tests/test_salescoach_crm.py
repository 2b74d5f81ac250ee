"""The label rules and the readers of exports: every trap of three generated exports, and what each cell may be."""

import io
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest

from salescoach.crm.columns import CRMS, Crm, n_known
from salescoach.crm.deals import CrmDeal, DealExport, ExportOptions, read_deals
from salescoach.crm.export_dates import ExportDate, moment_in, order_of
from salescoach.crm.facts import FEATURES, facts_of, size_of
from salescoach.crm.labels import CallKnown, CallLabel, Labeller
from salescoach.crm.rows import read_rows
from salescoach.crm.states import State, flag_in, state_of_words
from salescoach.errors import DataError, InputError
from tests.crm_exports import DAYS, N_DEALS, SCENES, TODAY, make_export

SIGNED = ExportOptions(won=("Signed and paid",), lost=("Went quiet",))
CALL = datetime(2026, 1, 10, 15, 0)


def read(text: str, **options: Any) -> DealExport:
    return read_deals(text.encode(), "deals.csv", ExportOptions(**options))


def label_of(text: str, call: datetime | None = CALL, **known: Any) -> CallLabel:
    named: dict[str, Any] = {"call_id": "c", "account_id": "a", "account_names": (), "started_at": call}
    return Labeller(read(text), days=DAYS, today=TODAY).label(CallKnown(**(named | known)))


# Three exports of 300 deals


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("crm", ["salesforce", "hubspot", "pipedrive"])
def test_every_call_of_an_export_has_its_outcome_or_its_reason(crm: Crm, seed: int) -> None:
    made = make_export(crm, seed)
    export = read_deals(made.data, "deals.csv", SIGNED if crm == "salesforce" else ExportOptions())
    assert export.crm == crm
    labeller = Labeller(export, days=DAYS, today=TODAY)
    labels = [labeller.label(call) for call in made.calls]
    assert {one.call_id: one.outcome or one.reason for one in labels} == made.answers
    assert sum(row.n for row in export.mapping) == N_DEALS
    assert len(set(made.answers.values())) > len(SCENES) // 3
    started = {call.call_id: call.started_at for call in made.calls}
    then = {one.call_id: facts_of(one.deal, started[one.call_id]) for one in labels if one.deal}
    known = {call_id: stage for call_id, stage in made.stages.items() if call_id in then}
    assert {call_id: then[call_id].get("stage_at_call") for call_id in known} == known


def test_a_custom_stage_alone_is_open_until_somebody_says_what_it_means() -> None:
    text = "Account ID,Stage,Close Date,Created Date\na,Signed and paid,2026-02-01,2026-01-01\n"
    assert label_of(text).reason == "too young"
    [deal] = read(text, won=("signed AND paid",)).deals
    assert deal.state == "won"
    with pytest.raises(InputError, match="No deal of the export has the stage “Paid”"):
        read(text, won=("Paid",))
    with pytest.raises(InputError, match="both won and lost"):
        read(text, won=("Signed and paid",), lost=("signed and paid",))


def test_the_mapping_is_shown_with_its_counts() -> None:
    export = read("Account ID,Stage,Close Date\na,Gewonnen,2026-02-01\nb,GEWONNEN,2026-02-01\nc,Demo,2026-02-01\n")
    assert {(one.stage, one.taken_as, one.n) for one in export.mapping} == {
        ("Gewonnen", "won", 1), ("GEWONNEN", "won", 1), ("Demo", "open", 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "state"),
    [
        *((one, "won") for one in ("Closed Won", "closedwon", "WON", "6 - closed WON", "Abgeschlossen/gewonnen")),
        *((one, "won") for one in ("Gagnée", "Cerrada ganada", "Fechado ganho", "Chiuso Vinto", "Gewonnen")),
        *(
            (one, "lost")
            for one in ("Closed Lost", "closedlost", "Verloren", "Fermée perdue", "Perdida", "Chiusa persa")
        ),
        *(
            (one, None)
            for one in ("Won back, in review", "Closed", "Not won", "Won / Lost", "Demo", "", "Lost contact?")
        ),
        ("Deleted", "deleted"),
    ],
)
def test_stages_in_words(words: str, state: State | None) -> None:
    assert state_of_words(words) == state


@pytest.mark.parametrize(
    ("text", "flag"),
    [("Yes", True), ("TRUE", True), ("1", True), ("Ja", True), ("Sí", True), ("WAHR", True), ("No", False),
     ("FALSCH", False), ("0", False), ("não", False), ("", None), ("maybe", None)],
)  # fmt: skip
def test_flags(text: str, flag: bool | None) -> None:
    assert flag_in(text) is flag


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ("a,Yes,2026-02-01", "converted"),
        ("a,TRUE,2026-02-01", "converted"),
        ("a,Lost,2026-02-01", "lost"),
        ("a,No,2026-02-01", "too young"),  # not won yet isn't lost
        ("a,,2026-02-01", "too young"),
        ("a,Won,soon", "no close date"),
        ("b,Won,2026-02-01", "no deal"),
    ],
)
def test_a_plain_table_of_outcomes(row: str, answer: str) -> None:
    found = label_of(f"account_id,outcome,closed_at\n{row}\n")
    assert (found.outcome or found.reason) == answer


def test_a_call_is_never_labelled_by_what_closed_before_it() -> None:
    table = "account_id,outcome,closed_at\na,Won,{}\n"
    assert label_of(table.format("2026-01-09")).reason == "outcome before the call"
    assert label_of(table.format("2026-01-10T14:59")).reason == "outcome before the call"
    assert label_of(table.format("2026-01-10T15:01")).outcome == "converted"
    found = label_of(table.format("2026-01-10"))  # a day without a time: not surely before
    assert (found.outcome, found.outcome_at) == ("converted", CALL)


# Facts


def deal_of(**changed: Any) -> CrmDeal:
    [deal] = read(
        "Opportunity ID,Account ID,Stage,To Stage,Last Stage Change Date,Amount,Close Date,Industry,Type\n"
        'd,a,Closed Won,Discovery,2025-12-01,"9,000",2026-02-01,Retail,New\n'
        'd,a,Closed Won,Proposal,2026-01-10,"20,000",2026-02-01,Retail,New\n'
        'd,a,Closed Won,Closed Won,2026-02-01,"300,000",2026-02-01,Retail,New\n'
    ).deals
    return deal.model_copy(update=changed)


def test_nothing_dated_after_the_call_is_a_feature() -> None:
    facts = facts_of(deal_of(), CALL)
    assert {name: facts[name] for name in FEATURES} == {
        "industry": "Retail", "deal_type": "New", "stage_at_call": "Discovery", "deal_size_at_call": "1k to 10k",
    }  # fmt: skip
    assert "deal_size" not in FEATURES
    assert facts_of(deal_of(), datetime(2026, 1, 11))["stage_at_call"] == "Proposal"
    assert not {"stage_at_call", "deal_size_at_call"} & facts_of(deal_of(stages=()), CALL).keys()
    assert not {"stage_at_call", "deal_size_at_call"} & facts_of(deal_of(), None).keys()


@pytest.mark.parametrize(
    ("text", "band"),
    [("999", "under 1k"), ("1.000,00 €", "1k to 10k"), ("USD 12,500.00", "10k to 50k"), ("0.5", "under 1k"),
     ("250000", "250k or more"), ("1,234", "1k to 10k"), ("", ""), ("n/a", "")],
)  # fmt: skip
def test_amounts_become_bands(text: str, band: str) -> None:
    [deal] = read(f'Account ID,Stage,Close Date,Amount\na,Won,2026-02-01,"{text}"\n').deals
    assert size_of(deal.amount) == band


# Dates and tables


@pytest.mark.parametrize(
    ("text", "at", "is_day"),
    [
        ("2026-03-31", "2026-03-31T00:00:00", True),
        ("2026-03-31 14:05", "2026-03-31T14:05:00", False),
        ("2026-03-31T14:05:00Z", "2026-03-31T14:05:00", False),
        ("2026-03-31T14:05:00+02:00", "2026-03-31T12:05:00", False),
        ("31.3.2026", "2026-03-31T00:00:00", True),
        ("3/4/2026", "2026-04-03T00:00:00", True),
        ("3/4/26 2:05 PM", "2026-04-03T14:05:00", False),
        ("1774965900000", "2026-03-31T14:05:00", False),
    ],
)
def test_dates_are_read(text: str, at: str, is_day: bool) -> None:
    assert moment_in(text, "day-first") == ExportDate(at=datetime.fromisoformat(at), is_day=is_day)


@pytest.mark.parametrize("text", ["", "soon", "31/31/2026", "46000", "2026-13-01", "1" * 400])
def test_what_is_no_date_is_none(text: str) -> None:
    assert moment_in(text, "day-first") is None


def test_the_order_of_day_and_month_is_never_guessed() -> None:
    assert order_of(["3/31/2026", "1/2/2026"], None) == "month-first"
    assert order_of(["31/3/2026", "1/2/2026"], None) == "day-first"
    for texts in (["1/2/2026"], ["13/1/2026", "1/13/2026"]):
        with pytest.raises(InputError, match="--dates day-first or --dates month-first"):
            order_of(texts, None)
        assert order_of(texts, "month-first") == "month-first"


def test_a_workbook_with_a_title_above_its_table_is_read() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    rows: list[list[Any]] = [
        ["Closed deals"], [], ["Opportunity ID", "Account ID", "Stage", "Close Date", "Won", "Closed"],
        ["d1", 12345, "Signed", date(2026, 2, 1), True, True],
        ["d2", 6, "Gone", datetime(2026, 2, 1, 8, 30), False, True],
    ]  # fmt: skip
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    deals = read_deals(out.getvalue(), "deals.xlsx", ExportOptions()).deals
    assert [(one.accounts, one.state, one.closed and one.closed.is_day) for one in deals] == [
        (("12345",), "won", True), (("6",), "lost", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "doesn't hold the account's id or name, the stage or the status and the day it closed"),
        (b"Account ID,Stage,Close Date\na,Won,2026-02-01,x\n", "row 2: 4 cells where the heading has 3"),
        (b'Account ID,Stage,Close Date\na,"Won,2026-02-01\n', "quote left open"),
        (b"PK\x03\x04nothing", "no readable XLSX"),
        (b"\x00\x01\x02", "no CSV or XLSX"),
    ],
)
def test_what_is_no_export_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_deals(data, "deals.csv", ExportOptions())


def test_each_crm_knows_its_own_columns() -> None:
    for crm in CRMS[:3]:
        heading = read_rows(make_export(crm, 1).data, "deals.csv", n_known).heading
        assert n_known(heading) >= 8
