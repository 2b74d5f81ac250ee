"""`coach import crm`: a diff first, entries in one go, and nothing that a person entered is overwritten unasked."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from salescoach.config import Settings
from salescoach.errors import CoachError, DataError
from salescoach.library import Library
from salescoach.library.facts import CrmFacts
from salescoach.library.lookups import CallFilter, chosen, grouped
from salescoach.testing import make_call
from serving.cli.app import app

HEADING = (
    "Opportunity ID,Account ID,Account Name,Stage,Amount,Close Date,Created Date,Industry,Type,Opportunity Owner\n"
)
EXPORT = HEADING + (
    "d1,acc-1,Orchard,Closed Won,12000,2026-02-20,2026-01-01,Retail,New,Uma\n"
    "d2,acc-2,Pier,Closed Lost,800,2026-03-01,2026-01-01,Energy,New,Uma\n"
    "d3,acc-3,Quay,Proposal,90000,2026-12-01,2026-01-01,Energy,Renewal,Uma\n"
    "d4,acc-4,Reef,Closed Won,700,2026-02-01,2026-01-01,Retail,New,Uma\n"
)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("serving.usecases.import_crm.today", lambda: date(2026, 6, 30))
    monkeypatch.setattr("serving.usecases.import_crm.index_again", lambda *_: None)  # it has tests of its own
    return Settings.load()


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    calls = [
        make_call(f"c{n}", "Rep: Hi.", f"Customer: I am number {n}.", outcome=None, account_id=f"acc-{n}").model_copy(
            update={"started_at": datetime(2026, 1, 10, 9)}
        )
        for n in range(1, 6)
    ]
    sample = make_call("s1", "Rep: Hi.", "Customer: A sample.", outcome="lost", account_id="acc-1")
    calls[0] = calls[0].model_copy(update={"metadata": {"industry": "B2B retail"}})
    with Library(settings.library_file) as opened:
        opened.add([*calls, sample.model_copy(update={"provenance": "sample"})])
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deals.csv"
    path.write_text(EXPORT)
    return path


def run(file: Path, *args: str) -> Any:
    done = CliRunner().invoke(app, ["import", "crm", str(file), *args, "--json"])
    if isinstance(done.exception, CoachError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def outcomes(library: Library) -> dict[str, str | None]:
    return {call.call_id: call.outcome for call in library.team_calls() if call.provenance == "own"}


def test_a_dry_run_shows_the_difference_and_changes_nothing(library: Library, file: Path) -> None:
    before = library.team_calls()
    found = run(file, "--dry-run")
    plan = found["plan"]
    assert (found["is_dry_run"], found["n_written"], plan["crm"]) == (True, 0, "salesforce")
    assert {one["call_id"]: (one["before"], one["after"]) for one in plan["changes"]} == {
        "c1": (None, "converted"), "c2": (None, "lost"), "c3": (None, None), "c4": (None, "converted"),
    }  # fmt: skip
    assert {one["reason"]: one["call_ids"] for one in plan["left_out"]} == {"too young": ["c3"], "no deal": ["c5"]}
    assert {(one["stage"], one["taken_as"], one["n"]) for one in plan["mapping"]} == {
        ("Closed Won", "won", 2), ("Closed Lost", "lost", 1), ("Proposal", "open", 1),
    }  # fmt: skip
    assert library.team_calls() == before
    page = CliRunner().invoke(app, ["import", "crm", str(file), "--dry-run"]).stdout
    assert "What would change" in page
    assert "none → converted" in page
    assert "It would enter: 2 won, 1 lost" in page


def test_outcomes_and_facts_land_in_the_library_and_can_be_asked_for(library: Library, file: Path) -> None:
    assert run(file)["n_written"] == 4
    assert outcomes(library) == {"c1": "converted", "c2": "lost", "c3": None, "c4": "converted", "c5": None}
    calls = {call.call_id: call for call in library.team_calls()}
    assert calls["c2"].metadata == {"industry": "Energy", "deal_type": "New", "deal_size": "under 1k"}
    assert calls["c1"].metadata["industry"] == "B2B retail"  # what is there stays
    assert (calls["c2"].rep_id, calls["c2"].outcome_at) == ("Uma", datetime(2026, 3, 1))
    assert str(calls["c2"].outcome_entered_by).endswith("an export of salesforce")
    assert calls["s1"].outcome == "lost"
    own = [call for call in calls.values() if call.provenance == "own"]
    assert [one.call_id for one in chosen(own, CallFilter(deal_type="new", deal_size="under 1k"))] == ["c2", "c4"]
    assert [group.name for group in grouped(own, "deal_size")] == ["10k to 50k", "50k to 250k", "not given", "under 1k"]
    again = run(file)["plan"]
    assert (again["changes"], again["unchanged"]) == ([], 3)


def test_an_outcome_that_is_there_stays_until_a_person_says_replace(library: Library, file: Path) -> None:
    library.set_outcome("c1", "lost", by="kim")
    plan = run(file)["plan"]
    [kept] = plan["contradictions"]
    assert (kept["call_id"], kept["before"], kept["after"]) == ("c1", "lost", "converted")
    assert outcomes(library)["c1"] == "lost"
    assert library.get("c1").metadata == {"industry": "B2B retail"}
    assert outcomes(library)["c4"] == "converted"
    run(file, "--replace")
    assert outcomes(library)["c1"] == "converted"
    assert library.get("c1").metadata["industry"] == "Retail"


def test_an_import_is_entered_whole_or_not_at_all(library: Library) -> None:
    facts = [
        CrmFacts(call_id="c1", before=None, outcome="lost", metadata={"industry": "X"}),
        CrmFacts(call_id="c2", before="converted", outcome="lost"),
    ]
    with pytest.raises(DataError, match="call c2 was changed meanwhile"):
        library.enter_facts(facts, "kim")
    assert outcomes(library)["c1"] is None
    assert library.get("c1").metadata == {"industry": "B2B retail"}


def test_what_cannot_be_read_changes_nothing(library: Library, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be read"):
        run(tmp_path / "nothing.csv")
    bad = tmp_path / "bad.csv"
    bad.write_text(EXPORT + 'd9,acc-5,"Open')
    with pytest.raises(DataError, match="quote left open"):
        run(bad)
    assert set(outcomes(library).values()) == {None}


def test_without_a_library_it_says_what_to_do(settings: Settings, file: Path) -> None:
    with pytest.raises(CoachError, match="coach setup"):
        run(file)
