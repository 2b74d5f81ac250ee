"""``coach deals`` over a real library: what is read and kept, what is scored and noted, filters, and the page."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from rich.console import Console

from salescoach.config import Settings
from salescoach.deals.board import DealBoard
from salescoach.errors import InputError
from salescoach.library import Library, score_log
from salescoach.reading.transcripts import parse_transcript
from salescoach.types import LabelledCall, Outcome
from serving.cli.deals_table import NONE_OPEN, deals_page
from serving.usecases.deals import find_deals
from tests.homes import clone

ON = date(2026, 3, 20)
PROMISED = """
Rep: Thanks for making the time, Jess. What made you look at new scheduling now?
Customer (Jess): Every Monday two people redo the roster by hand, and it costs us half a day each week.
Rep: What have you tried so far?
Customer (Jess): A spreadsheet. It breaks when somebody calls in sick.
Rep: It would be four hundred a month for the whole site, training included.
Customer (Jess): That's about what we had set aside for it.
Rep: Shall we set it up together on Thursday at ten?
Customer (Jess): Yes, Thursday at ten works. I'll have the staff list ready for you.
Rep: Great, I'll send the invitation.
Customer (Jess): Good, see you Thursday.
"""
REFUSED = """
Rep: Hello, this is Sam from Hexa. Is this a good moment to talk about your rosters?
Customer (Ruth): Not really. We went with somebody else last week and signed the contract.
Rep: I see. May I ask what made the difference?
Customer (Ruth): The price, and we know them. It's done.
Rep: Would it make sense to talk again before that contract runs out?
Customer (Ruth): No. We're not interested. Please take us off your list and don't call again.
Rep: Understood, I'm sorry to have bothered you.
Customer (Ruth): All right. Goodbye.
"""


def called(
    call_id: str, text: str, account: str | None, on: datetime | None, outcome: Outcome | None = None, rep: str = "sam"
) -> LabelledCall:
    transcript = parse_transcript(text).model_copy(update={"call_id": call_id})
    return LabelledCall(
        transcript=transcript, call_id=call_id, account_id=account, rep_id=rep, started_at=on, outcome=outcome
    )


CALLS = (
    called("promised", PROMISED, "hexa", datetime(2026, 3, 2, 10)),
    called("refused", REFUSED, "kite", datetime(2026, 3, 3, 9), rep="lou"),
    called("won", PROMISED.replace("Monday", "Friday"), "lark", datetime(2026, 2, 2, 9), "converted"),
    called("nobodys", REFUSED.replace("last week", "last month"), None, datetime(2026, 3, 3, 9)),
)


@pytest.fixture(scope="module")
def home(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a few calls of the team's own beside the examples."""
    home = clone(coach_home, tmp_path_factory.mktemp("deals") / "home")
    with Library(Settings.load(home=home).library_file) as library:
        library.add(CALLS)
    return home


@pytest.fixture(scope="module")
def board(home: Path) -> DealBoard:
    return find_deals(Settings.load(home=home), "cli", on=ON)


def test_open_accounts_of_the_team_are_the_deals(board: DealBoard) -> None:
    assert {deal.account_id for deal in board.deals} == {"hexa", "kite"}
    assert all(deal.n_unread == 0 for deal in board.deals)
    assert all(deal.probability is not None or deal.scores for deal in board.deals)


def test_who_refused_is_not_to_be_contacted(board: DealBoard) -> None:
    kite = next(deal for deal in board.deals if deal.account_id == "kite")
    assert kite.do_not_contact
    assert {risk.kind for risk in kite.risks} <= {"refusal", "objection_open", "competitor"}


def test_what_was_promised_is_overdue(board: DealBoard) -> None:
    hexa = next(deal for deal in board.deals if deal.account_id == "hexa")
    assert "no_next_step" not in {risk.kind for risk in hexa.risks}
    (overdue,) = [risk for risk in hexa.risks if risk.kind == "step_overdue"]
    assert overdue.since == date(2026, 3, 5)


def test_quotes_are_the_words_of_the_turn(board: DealBoard, home: Path) -> None:
    quoted = [risk for deal in board.deals for risk in deal.risks if risk.quote is not None]
    assert quoted
    with Library(Settings.load(home=home).library_file) as library:
        for risk in quoted:
            assert risk.call_id is not None
            assert risk.turn is not None
            assert str(risk.quote) in library.get(risk.call_id).transcript.turns[risk.turn - 1].text


def test_what_was_made_is_kept_for_the_next_time(board: DealBoard, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load(home=home)
    logged = [one for one in score_log.read(settings.library_file) if one.call_id in {"promised", "refused"}]
    assert {one.call_id for one in logged} == {"promised", "refused"}
    assert {one.door for one in logged} == {"cli"}
    monkeypatch.setattr("serving.usecases.deals.CallScorer.load", lambda *_: pytest.fail("a model was loaded"))
    assert find_deals(settings, "cli", on=ON) == board


def test_closed_accounts_are_shown_when_asked_for(home: Path, board: DealBoard) -> None:
    everything = find_deals(Settings.load(home=home), "cli", on=ON, also_closed=True)
    assert {deal.account_id: deal.outcome for deal in everything.deals} == {
        "hexa": None, "kite": None, "lark": "converted"
    }  # fmt: skip


def test_only_what_had_taken_place_by_then(home: Path) -> None:
    assert [deal.account_id for deal in find_deals(Settings.load(home=home), "cli", on=date(2026, 3, 2)).deals] == [
        "hexa"
    ]


def test_deals_of_a_rep_only_where_that_is_switched_on(home: Path) -> None:
    with pytest.raises(InputError, match="COACH_REP_LOOKUPS=true"):
        find_deals(Settings.load(home=home), "cli", on=ON, rep="lou")
    settings = Settings.load(home=home, rep_lookups=True)
    assert [deal.account_id for deal in find_deals(settings, "cli", on=ON, rep="lou").deals] == ["kite"]
    with pytest.raises(InputError, match="lou, sam"):
        find_deals(settings, "cli", on=ON, rep="nobody")


def shown(board: DealBoard) -> str:
    console = Console(width=100, file=io.StringIO())
    console.print(deals_page(board))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_page_names_risks_and_turns(board: DealBoard) -> None:
    page = shown(board)
    assert "DO NOT CONTACT" in page
    assert "(promised, T" in page
    assert max(map(len, page.splitlines())) <= 100
    assert NONE_OPEN.split(".")[0] in shown(DealBoard(deals=(), on=ON))


@pytest.fixture
def empty(coach_home: Path, tmp_path: Path) -> Iterator[Path]:
    """A home with example calls alone."""
    yield clone(coach_home, tmp_path / "empty")
    shutil.rmtree(tmp_path / "empty")


def test_example_calls_are_no_open_deals(empty: Path) -> None:
    assert find_deals(Settings.load(home=empty), "cli", on=ON).deals == ()


def test_the_command_prints_the_json_of_the_design(home: Path, board: DealBoard) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving.cli", "deals", "--on", ON.isoformat(), "--json"],
        env={**os.environ, "COACH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    (deal, *_) = json.loads(done.stdout)["deals"]
    assert {"account_id", "calls", "last_call_at", "probability", "trend", "risks"} <= set(deal)
    assert {"kind", "since", "quote", "call_id", "turn"} <= set(deal["risks"][0])
    assert json.loads(done.stdout) == board.model_dump(mode="json")
