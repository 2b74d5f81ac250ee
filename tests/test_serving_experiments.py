"""Experiments on what people are shown, from the confirmation to the verdict, over a real library."""

import io
import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from eval.online.assignment import arm_of
from salescoach.config import Settings
from salescoach.deals.board import AccountDeal, DealBoard, DealRisk
from salescoach.errors import InputError
from salescoach.library import Library, exposure_log, score_log
from salescoach.library.score_log import LoggedScore
from salescoach.library.scored_calls import read_scored
from salescoach.testing import make_call
from serving.cli.app import app
from serving.cli.deals_table import MAX_SHOWN, deals_page
from serving.usecases.deals import cues_shown
from serving.usecases.experiments import NewExperiment, assign, begin, list_experiments, opt_out, status, stop

ARMS = ("plain", "with-cue")


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A library of calls that nobody has read, one an account."""
    settings = Settings.load(home=tmp_path / "home")
    with Library(settings.library_file) as library:
        library.add(
            [
                make_call(f"c{number}", f"Rep: Hello, firm {number}.", outcome=None, account_id=f"firm-{number}")
                for number in range(40)
            ]
        )
    return settings


def given(**changes: Any) -> NewExperiment:
    fields = {
        "name": "cues", "metric": "another_call", "arms": ARMS, "surface": "deal-cues", "confirmed_by": "Ada",
        "baseline": 0.3, "effect": 0.2, "follow_up_days": 14,
    }  # fmt: skip
    return NewExperiment.model_validate({**fields, **changes})


def board(settings: Settings) -> DealBoard:
    with Library(settings.library_file) as library:
        accounts = sorted({call.account_id for call in library.team_calls() if call.account_id})
    risk = DealRisk(
        kind="no_next_step", since=None, quote=None, call_id=None, turn=None, reading="Without a next step."
    )
    deals = [
        AccountDeal(
            account_id=account, calls=1, last_call_at=None, probability=None, trend=None, risks=(risk,),
            do_not_contact=account == "firm-7", days_quiet=None, usual_days=7, urgency=0, scores=(),
        )
        for account in accounts
    ]  # fmt: skip
    return DealBoard(deals=tuple(deals), on=date(2026, 3, 2))


def back(settings: Settings, days: int) -> None:
    """As if everybody had been shown their arm so many days ago."""
    when = (datetime.now(UTC) - timedelta(days=days)).replace(tzinfo=None).isoformat(" ", "microseconds")
    with closing(sqlite3.connect(settings.library_file)) as database, database:
        database.execute("UPDATE exposures SET first_at = ?", (when,))


def test_it_starts_only_once_somebody_has_confirmed_that_people_know(home: Settings) -> None:
    for nobody in (None, "", "  "):
        with pytest.raises(InputError, match="those concerned know"):
            begin(home, given(confirmed_by=nobody), "grace")
    assert list_experiments(home).running == ()
    begun = begin(home, given(), "grace")
    assert begun.plan.confirmed_by == "Ada"
    assert f"about {begun.plan.accounts:,} accounts an arm" in begun.reading


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"arms": ("one", "two")}, "has the arms plain and with-cue"),
    ({"surface": "own", "arms": ("one", "one")}, "different arms"),
    ({"surface": "own", "arms": ("one",)}, "two to six"),
    ({"guard_rails": ("another_call",)}, "can't be a guard rail"),
    ({"follow_up_days": 0}, "a day at least"),
    ({"effect": 0.0}, "no two rates"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_plan_that_cannot_be_is_refused(home: Settings, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        begin(home, given(**changes), "grace")
    assert list_experiments(home).running == ()


def test_a_plan_is_fixed_and_a_surface_has_one_experiment(home: Settings) -> None:
    begin(home, given(), "grace")
    with pytest.raises(InputError, match="runs on deal-cues already"):
        begin(home, given(name="other"), "grace")
    stop(home, "cues", "grace")
    with pytest.raises(InputError, match="take another name"):
        begin(home, given(metric="converted"), "grace")
    with pytest.raises(InputError, match="no running experiment"):
        stop(home, "cues", "grace")


def test_cues_go_to_the_accounts_of_their_arm_and_what_was_shown_is_noted(home: Settings) -> None:
    assert cues_shown(home, board(home), 40) == {}  # as before, where nothing runs and nothing is set
    always = home.model_copy(update={"deal_cues": True})
    assert len(cues_shown(always, board(home), 40)) == 39  # none where nobody is to get in touch
    begin(home, given(), "grace")
    cues = cues_shown(home, board(home), 30)
    shown = exposure_log.exposures(home.library_file, "cues")
    assert {one.account_id for one in shown} == {one.account_id for one in board(home).deals[:30]} - {"firm-7"}
    assert {one.account_id for one in shown if one.arm == "with-cue"} == cues.keys()
    assert all(one.arm == arm_of("cues", one.account_id, ARMS) for one in shown)
    assert cues_shown(home, board(home), 30) == cues  # the same every time, and counted once
    assert len(exposure_log.exposures(home.library_file, "cues")) == len(shown)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(deals_page(board(home), cues))
    n_in_page = console.export_text().count("Next: Get in touch")
    assert n_in_page == sum(deal.account_id in cues for deal in board(home).deals[:MAX_SHOWN])
    stop(home, "cues", "grace")
    assert cues_shown(home, board(home), 40) == {}


def test_who_has_opted_out_sees_what_everybody_saw_and_counts_nowhere(home: Settings) -> None:
    begin(home, given(), "grace")
    cues = cues_shown(home, board(home), 40)
    account = next(iter(cues))
    opt_out(home, "account", [account], out=True)
    assert account not in {one.account_id for one in exposure_log.exposures(home.library_file, "cues")}
    assert account not in cues_shown(home, board(home), 40)
    n_shown = len(exposure_log.exposures(home.library_file, "cues"))
    opt_out(home, "person", ["joan"], out=True)
    with closing(sqlite3.connect(home.library_file)) as database:
        before = database.execute("SELECT sum(times) FROM exposures").fetchone()
        assert cues_shown(home, board(home), 40, person="joan") == {}
        assert database.execute("SELECT sum(times) FROM exposures").fetchone() == before
    opt_out(home, "account", [account], out=False)
    assert account in cues_shown(home, board(home), 40)
    assert len(exposure_log.exposures(home.library_file, "cues")) == n_shown + 1


def test_an_account_is_judged_once_its_follow_up_is_over(home: Settings) -> None:
    begin(home, given(), "grace")
    cues_shown(home, board(home), 40)
    early = status(home, "cues")
    assert (early.verdict, sum(arm.followed for arm in early.arms), sum(arm.accounts for arm in early.arms)) == (
        "too early", 0, 39
    )  # fmt: skip
    back(home, 20)
    later = (datetime.now(UTC) - timedelta(days=15)).replace(tzinfo=None)
    cued = [one.account_id for one in exposure_log.exposures(home.library_file, "cues") if one.arm == "with-cue"]
    with Library(home.library_file) as library:
        library.add(
            [
                make_call(f"late-{account}", f"Rep: Again, {account}.", outcome=None, account_id=account).model_copy(
                    update={"started_at": later}
                )
                for account in cued
            ]
        )
    found = status(home, "cues")
    assert [arm.rate for arm in found.arms] == [0.0, 1.0]
    assert found.difference == 1.0
    assert found.verdict == "better"
    assert Counter(arm.followed for arm in found.arms) == Counter(arm.accounts for arm in found.arms)


def test_what_cannot_be_noted_is_not_shown(
    home: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begin(home, given(), "grace")
    monkeypatch.setattr("salescoach.library.side_tables.PATIENCE_S", 0.05)
    with closing(sqlite3.connect(home.library_file)) as database:
        database.execute("BEGIN IMMEDIATE")
        assert cues_shown(home, board(home), 40) == {}
    assert "left out here" in caplog.text
    assert exposure_log.exposures(home.library_file, "cues") == []


def test_treated_accounts_are_known_to_whatever_judges_models(home: Settings) -> None:
    begin(home, given(), "grace")
    cues = cues_shown(home, board(home), 40)
    assert exposure_log.treated(home.library_file) == cues.keys()
    with Library(home.library_file) as library:
        scored = [
            LoggedScore(
                call_id=call.call_id, content_hash=library.get(call.call_id).transcript.content_hash, model_id="m",
                scorer="moves", probability=0.5, interval=None, abstained=False, scored_at=datetime(2026, 3, 2),
                door="cli",
            )
            for call in library.team_calls()
        ]  # fmt: skip
    score_log.append(home.library_file, scored)
    assert len(scored) == 40
    assert len(read_scored(home.library_file).key) == 40 - len(cues)


def test_exposures_go_with_the_accounts_last_call(home: Settings) -> None:
    begin(home, given(surface="own"), "grace")
    assert assign(home, "cues", "firm-3").is_noted
    with Library(home.library_file) as library:
        library.delete("c3")
    assert exposure_log.exposures(home.library_file, "cues") == []


def test_the_commands(home: Settings) -> None:
    run = CliRunner(env={"COACH_HOME": str(home.home)}).invoke
    new = ["experiment", "new", "tone", "--metric", "converted", "--arms", "formal", "warm", "warmest"]
    asked = run(app, [*new, "--dry-run"], catch_exceptions=False)
    assert "3 arms" in asked.stdout
    with pytest.raises(InputError, match="--confirmed-by"):
        run(app, new, catch_exceptions=False)
    with pytest.raises(InputError, match="one of the metrics"):
        run(app, [*new, "--confirmed-by", "Ada", "--guard-rail", "mood"], catch_exceptions=False)
    done = run(app, [*new, "--confirmed-by", "Ada", "--guard-rail", "next_step", "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)["plan"]["arms"] == ["formal", "warm", "warmest"]
    arm = run(app, ["experiment", "assign", "tone", "firm-1"], catch_exceptions=False).stdout.strip()
    assert arm == arm_of("tone", "firm-1", ["formal", "warm", "warmest"])
    found = json.loads(run(app, ["experiment", "status", "tone", "--json"], catch_exceptions=False).stdout)
    promised = {"arms", "difference", "confidence_sequence", "sample_ratio_p", "verdict"}
    assert promised <= found.keys()
    assert {"name", "accounts", "rate"} <= found["arms"][0].keys()
    assert "Too early" in run(app, ["experiment", "status", "tone"], catch_exceptions=False).stdout
    assert "tone" in run(app, ["experiment", "list"], catch_exceptions=False).stdout
    assert run(app, ["experiment", "opt-out", "firm-1"], catch_exceptions=False).exit_code == 0
    assert "(ended)" in run(app, ["experiment", "stop", "tone"], catch_exceptions=False).stdout
