"""The table of deals in the chat and what its accounts open: escaped, quoted or dated, marked after a refusal."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from salescoach.deals.board import AccountDeal, DealBoard, DealRisk, ScoredCall
from salescoach.errors import InputError
from salescoach.reading.transcripts import parse_transcript
from salescoach.testing import make_call
from salescoach.types import LabelledCall
from serving.chat import view
from serving.chat.deals_page import DO_NOT_CONTACT, MAX_RISKS, account_names, account_panel, deals_table, quoted
from serving.usecases.deals import deals_of, reps_of
from tools.deals import NONE_OPEN
from tools.parts import Parts

TODAY = date(2026, 3, 20)
HOSTILE = "![x](https://evil.example/a) | <img src=x> **bold** `code`\n# head"


def make_deal(
    account: str = "hexa", said: str = "No, we won't.", *, refused: bool = False, n_risks: int = 2
) -> AccountDeal:
    quoted_risk = DealRisk(
        kind="refusal" if refused else "objection_open", since=date(2026, 3, 1), quote=said,
        call_id=f"{account}-1", turn=2,
        reading="The customer said no; do not contact this account." if refused else "A concern wasn't met.",
    )  # fmt: skip
    dated = DealRisk(
        kind="gone_quiet", since=date(2026, 2, 1), quote=None, call_id=None, turn=None,
        reading="No call for 47 days; 10 are usual.",
    )  # fmt: skip
    return AccountDeal(
        account_id=account,
        calls=1,
        last_call_at=datetime(2026, 2, 1),
        probability=0.34,
        trend=-0.12,
        risks=(quoted_risk, *[dated] * (n_risks - 1)),
        do_not_contact=refused,
        days_quiet=47,
        usual_days=10,
        urgency=1.0,
        scores=(ScoredCall(call_id=f"{account}-1", at=datetime(2026, 2, 1), probability=0.34),),
    )


def table(*deals: AccountDeal, rep: str | None = None) -> str:
    return deals_table(DealBoard(deals=deals, on=TODAY), account_names(deals), rep)


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")][2:]


def test_each_deal_is_a_row_with_its_risks_quoted_or_dated() -> None:
    first, second = rows(table(make_deal(), make_deal("other", n_risks=MAX_RISKS + 2)))
    assert "2026-02-01, 1 call" in first
    assert "34 %, down 12" in first
    assert "“No, we won't.” (T2)" in first
    assert "(since 2026-02-01)" in first
    assert DO_NOT_CONTACT not in first
    assert second.endswith("· 2 more |")


def test_after_a_refusal_the_row_and_the_panel_say_not_to_contact() -> None:
    deal = make_deal(refused=True, n_risks=1)
    assert f"| {DO_NOT_CONTACT} · " in rows(table(deal))[0]
    assert account_panel(deal, opened(deal)).startswith(DO_NOT_CONTACT)


def test_nothing_of_a_call_or_a_table_is_markup() -> None:
    deal = make_deal(HOSTILE, HOSTILE)
    text = table(deal, rep=HOSTILE)
    assert len(rows(text)) == 1
    panel = account_panel(deal, opened(deal, HOSTILE))
    for shown in (text, panel):
        for active in ("![", "](", "<img", "`", "\n# "):
            assert active not in shown.replace("\\" + active[0], "")


def test_accounts_of_one_name_open_their_own_calls() -> None:
    names = account_names([make_deal("a|b"), make_deal("a*b"), make_deal("a b")])
    assert len(set(names)) == 3


def test_an_account_opens_its_calls_with_the_quoted_turn_marked() -> None:
    deal = make_deal()
    panel = account_panel(deal, opened(deal))
    assert "**2026-02-01 · 34 %**" in panel
    assert "> **T2 · Customer** No, we won't." in panel
    assert "**T1 · Rep**\nHello there." in panel
    assert "can't be opened" in account_panel(deal, gone)
    assert quoted([deal]) == {"hexa-1"}


def opened(deal: AccountDeal, said: str = "No, we won't.") -> "object":
    call = make_call(deal.scores[0].call_id, "Rep: Hello there.", "Customer: x")
    turns = (call.transcript.turns[0], call.transcript.turns[1].model_copy(update={"text": said}))
    transcript = call.transcript.model_copy(update={"turns": turns})
    return lambda call_id: call.model_copy(update={"transcript": transcript})


def gone(call_id: str) -> LabelledCall:
    raise InputError("There is no such call.")


def test_without_open_deals_the_page_says_how_to_add_one() -> None:
    assert table() == view.answer_markdown(NONE_OPEN.replace("`", ""))


def test_deals_of_a_rep_only_where_that_is_switched_on(parts: Parts) -> None:
    said = "Rep: Shall we meet on Tuesday?\nCustomer: Our board decides, not me. It is too dear.\n" * 4
    call = LabelledCall(
        transcript=parse_transcript(said), call_id="ours", account_id="hexa", rep_id="priya",
        started_at=datetime.now(UTC).replace(tzinfo=None) - timedelta(days=90),
    )  # fmt: skip
    parts.library.add([call])
    assert parts.scorer.reader is not None
    parts.library.read_moves(parts.scorer.reader, only={"ours"})
    assert reps_of(parts) == []
    with pytest.raises(InputError, match="switched off"):
        deals_of(parts, "priya")
    allowed = replace(parts, rep_lookups=True)
    assert reps_of(allowed) == ["priya"]
    assert [deal.account_id for deal in deals_of(allowed, "priya").deals] == ["hexa"]
    assert deals_of(parts).deals == deals_of(allowed, "priya").deals
