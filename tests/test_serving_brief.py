"""`coach brief`: the JSON that programs rely on, a page of 100 columns, and a mail only where it is asked for."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from salescoach.brief.excerpts import said_in
from salescoach.brief.results import Brief
from salescoach.config import Settings
from salescoach.model.loading import load_reader
from salescoach.reading.transcripts import read_transcript
from salescoach.types import Transcript
from serving.cli import app as cli
from serving.cli.printing import MAX_WIDTH
from serving.usecases.brief import brief_call

CALL = Path(__file__).parent.parent / "data" / "examples" / "01-care-homes-roster-discovery.txt"
REFUSED = """Rep: So shall I put you down for the twelve?
Customer: No. We're not interested, thank you.
Rep: All right. Goodbye then.
"""


@pytest.fixture(scope="module")
def call() -> Transcript:
    return read_transcript(CALL)


@pytest.fixture(scope="module")
def found(call: Transcript) -> Brief:
    settings = Settings.load()
    return brief_call(settings, call, reader=load_reader(settings, cached=False))


def test_the_command_prints_what_the_use_case_found(found: Brief) -> None:
    done = CliRunner().invoke(cli.app, ["brief", str(CALL), "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said == json.loads(found.model_dump_json())
    assert [*said] == [
        *("summary", "needs", "people", "objections", "price", "competitors", "next_steps", "open_points", "email"),
        "warnings",
    ]
    assert {"text", "turns"} <= {*said["summary"][0]}
    assert {"name", "side", "decides", "turns"} <= {*said["people"][0]}
    assert {"text", "quote", "turn", "handled"} <= {*said["objections"][0]}
    assert {"what", "who", "when", "committed", "turn", "text", "quote"} <= {*said["next_steps"][0]}
    assert said["email"] is None


def test_it_finds_what_was_said(found: Brief, call: Transcript) -> None:
    assert any("Six dollars per staff member per month" in one.quote for one in found.price)
    assert [one.text for one in found.competitors] == ["Kestrolog"]
    assert {one.name: one.decides for one in found.people}["Dana Whitlock"] is None
    for one in (*found.needs, *found.objections, *found.price, *found.next_steps):
        assert said_in(one.quote, call.turns[one.turn - 1].text)


def test_the_page_is_narrow(found: Brief) -> None:
    done = CliRunner().invoke(cli.app, ["brief", str(CALL)])
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= MAX_WIDTH
    assert found.summary[0].text[:40] in done.stdout
    assert "DRAFT" not in done.stdout


def test_a_mail_is_drafted_where_it_is_asked_for() -> None:
    done = CliRunner().invoke(cli.app, ["brief", str(CALL), "--email"])
    assert done.exit_code == 0, done.output
    assert "[DRAFT" in done.stdout
    assert "Hello Greg," in done.stdout


def test_no_mail_is_drafted_after_a_no() -> None:
    done = CliRunner().invoke(cli.app, ["brief", "-", "--email"], input=REFUSED)
    assert done.exit_code == 0, done.output
    assert "The customer said no (T2), so no follow-up mail is drafted." in " ".join(done.stdout.split())
    assert "[DRAFT" not in done.stdout


def test_a_file_that_is_no_call_is_the_users_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    done = CliRunner().invoke(cli.app, ["brief", str(empty)])
    assert done.exit_code != 0
