"""`coach scorecard`: the JSON that programs rely on, quotes that stand in the call, and a page of 100 columns."""

import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from salescoach.reading.transcripts import read_transcript
from salescoach.scorecards.results import JudgedCriterion, Scorecard
from serving.cli import app as cli
from serving.cli.printing import MAX_WIDTH
from serving.cli.scorecard_table import scorecard_page

CALL = Path(__file__).parent.parent / "data" / "examples" / "02-income-protection-electrician.txt"
OWN = """playbook: own
criteria:
  - {name: next step, counts: the customer agrees to something, side: customer, moves: [commitment]}
  - {name: price, counts: the price is named, side: rep, moves: [price_talk], contains: [sum]}
  - {name: long, counts: it is a long call, side: either, moves: [small_talk], not_applicable: {shorter_than: 500}}
"""


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli.app, ["scorecard", str(CALL), *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def check(printed: str, n: int) -> list[str]:
    """How far each criterion is met; quotes are those of the call."""
    call = read_transcript(CALL)
    said = json.loads(printed)
    assert [*said] == ["playbook", "criteria", "score"]
    assert len(said["criteria"]) == n
    for one in said["criteria"]:
        assert [*one] == ["name", "met", "turn", "quote", "why"]
        assert (one["turn"] is None) == (one["quote"] is None) == (one["met"] in ("no", "not applicable"))
        assert one["turn"] is None or one["quote"] == call.turns[one["turn"] - 1].text
        assert one["why"].endswith(".")
    return [one["met"] for one in said["criteria"]]


def test_the_command_prints_the_same_bytes_with_quotes_from_the_call() -> None:
    printed = run("--json")
    assert "yes" in check(printed, 7)
    assert run("--json") == printed


def test_a_playbook_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(OWN, encoding="utf-8")
    met = check(run("--playbook", str(own), "--json"), 3)
    assert met[2] == "not applicable"


def test_the_page_is_narrow_and_shows_every_criterion() -> None:
    shown = run("--playbook", "bant")
    assert max(map(len, shown.splitlines())) <= MAX_WIDTH
    assert shown.startswith("bant: ")
    assert all(name in shown for name in ("budget", "authority", "need", "timing"))


def test_the_page_counts_partly_as_half(capsys: pytest.CaptureFixture[str]) -> None:
    call = read_transcript(CALL)
    quoted = [
        JudgedCriterion(name=met, met=met, turn=1, quote=call.turns[0].text, why=".") for met in ("yes", "partly")
    ]
    missing = JudgedCriterion(name="no", met="no", turn=None, quote=None, why="Not heard: anything.")
    Console(width=MAX_WIDTH).print(scorecard_page(Scorecard.of("own", (*quoted, missing), call), call))
    shown = capsys.readouterr().out
    assert shown.startswith("own: 1.5 of 3 met (50 %; partly counts half)")
    assert "Not heard: anything." in shown


def test_the_page_of_a_call_to_which_nothing_applies(capsys: pytest.CaptureFixture[str]) -> None:
    call = read_transcript(CALL).model_copy(update={"warnings": ("Nobody is known to be the rep.",)})
    console = Console(width=MAX_WIDTH)
    console.print(scorecard_page(Scorecard(playbook="own", criteria=(), score=None), call))
    shown = capsys.readouterr().out
    assert "own: nothing of it applies to this call" in shown
    assert "Note: Nobody is known to be the rep." in shown


def test_a_wrong_playbook_is_one_sentence() -> None:
    done = CliRunner().invoke(cli.app, ["scorecard", str(CALL), "--playbook", "medic"])
    assert done.exit_code != 0
    assert str(done.exception).startswith("There is no playbook 'medic'")
