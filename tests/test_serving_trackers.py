"""`coach tracker` from end to end with the real reader, its pages, and what a deleted call takes along."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console, RenderableType
from typer.testing import CliRunner

from agent.arguments import Known, tracker_named
from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library.lookups import Group
from salescoach.moves.trackers.kept import KeptTrackers
from salescoach.moves.trackers.results import HeardGroup, TrackerInLibrary, TrackerList, TrackerReport
from salescoach.moves.trackers.tracker import TrackerExample, new_tracker
from salescoach.types import Turn
from serving.cli import app as cli
from serving.cli.printing import MAX_WIDTH
from serving.cli.tracker_pages import library_page, list_page
from serving.usecases.trackers import judge_hit
from tests.homes import clone

CALL = Path(__file__).parent.parent / "data" / "examples" / "02-income-protection-electrician.txt"
NAME = "worries about cost"
EXAMPLES = (
    "That is more than I was hoping to pay each month.",
    "I can't see us finding the money for that.",
    "It's a lot for what it is, isn't it?",
)


def run(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(cli.app, ["tracker", *arguments, "--json"])
    assert done.exit_code == 0, (done.output, done.exception)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def shown(page: RenderableType) -> str:
    console = Console(width=MAX_WIDTH)
    with console.capture() as captured:
        console.print(page)
    return captured.get()


def test_a_tracker_from_end_to_end(tmp_path: Path) -> None:
    given = [part for text in EXAMPLES for part in ("--example", text)]
    added = run(
        "add", NAME, "--side", "customer", *given, "--counter", "Money is no object here.", "--precision", "0.2"
    )
    assert [*added] == ["name", "side", "examples", "counters", "wanted_precision", "estimate"]
    assert (added["examples"], added["wanted_precision"]) == ([*EXAMPLES], 0.2)
    assert run("list") == {"trackers": [added]}

    found = run("test", NAME, str(CALL))
    assert found["tracker"] == added
    lines = CALL.read_text(encoding="utf-8")
    for hit in found["hits"]:
        assert hit["quote"] in lines
        assert hit["role"] == "customer"
        assert 0 < hit["confidence"] < 1
    page = CliRunner().invoke(cli.app, ["tracker", "test", NAME, str(CALL)])
    assert page.exit_code == 0, page.output
    assert max(map(len, page.stdout.splitlines())) <= MAX_WIDTH

    turn = found["hits"][0]["turn"] if found["hits"] else 2
    judged = run("thumbs", NAME, "right", str(CALL), str(turn))
    assert len(judged["examples"]) == 4
    judged = run("thumbs", NAME, "wrong", str(CALL), str(turn))
    assert (len(judged["examples"]), len(judged["counters"])) == (3, 2)

    file = tmp_path / "passed-on.yaml"
    assert run("export", str(file)) == {"names": [NAME]}
    assert [*yaml.safe_load(file.read_text(encoding="utf-8"))["trackers"][0]] == [
        "name", "side", "examples", "counters", "precision",
    ]  # fmt: skip
    taken = CliRunner().invoke(cli.app, ["tracker", "import", str(file)])
    assert isinstance(taken.exception, InputError)
    assert run("remove", NAME) == {"names": [NAME]}
    assert run("import", str(file)) == {"names": [NAME]}
    assert run("import", str(file), "--replace") == {"names": [NAME]}
    assert run("list")["trackers"][0]["counters"] == judged["counters"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["test", "nothing"], "no call library yet"),
        (["remove", "nothing"], "no tracker 'nothing'; there are: none yet"),
        (["export", "out.yaml"], "no trackers yet; add one"),
        (["import", "missing.yaml"], r"missing\.yaml can't be read as YAML"),
        (["add", "x", "--side", "rep", "--example", "One way."], "too few examples"),
    ],
)
def test_what_cant_be_done_is_said_in_a_sentence(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(cli.app, ["tracker", *arguments])
    assert done.exception is not None
    with pytest.raises(type(done.exception), match=message):
        raise done.exception


def test_only_turns_of_its_side_can_be_judged() -> None:
    settings = Settings.load()
    KeptTrackers(settings.trackers_file).add([new_tracker({"name": NAME, "side": "customer", "examples": EXAMPLES})])
    done = CliRunner().invoke(cli.app, ["tracker", "thumbs", NAME, "right", str(CALL), "1"])
    assert isinstance(done.exception, InputError)
    assert "Turn 1 is the rep's" in str(done.exception)
    with pytest.raises(InputError, match="there is no turn 900"):
        CliRunner().invoke(cli.app, ["tracker", "thumbs", NAME, "right", str(CALL), "900"], catch_exceptions=False)
    with pytest.raises(InputError, match="no tracker 'other'"):
        judge_hit(settings, "other", "c-1", 2, is_right=True)


def report() -> TrackerReport:
    estimate = {
        "precision": 0.61, "precision_interval": (0.2, 0.9), "recall": 0.7, "recall_interval": (0.3, 0.95),
        "per_1000": 4.2, "is_reached": False, "n_examples": 3, "n_counters": 0, "n_background": 300,
        "background": "own calls",
    }  # fmt: skip
    return TrackerReport.model_validate(
        {"name": NAME, "side": "customer", "examples": EXAMPLES, "counters": (), "wanted_precision": 0.9}
        | {"estimate": estimate}
    )


def test_pages_are_narrow_and_withhold_rates_of_few_calls() -> None:
    many = Group(
        name="software", n_calls=20, n_won=9, n_lost=11, n_open=0, n_accounts=20, win_rate=0.45, interval=(0.26, 0.66)
    )
    few = Group(name="software", n_calls=3, n_won=1, n_lost=1, n_open=1, n_accounts=3)
    group = HeardGroup(name="software", n_hits=5, heard=few, not_heard=many)
    found = TrackerInLibrary(
        tracker=report(),
        whose="own",
        n_calls=23,
        whole=group,
        by_industry=(group, group),
        by_month=(),
        reading="So so.",
    )
    page = shown(library_page(found))
    assert "too few calls" in page
    assert "45 % (26 to 66 %)" in page
    assert "5 hits in 3 of 23 calls: 1 won, 1 lost, 1 open; without a hit: 9 won, 11 lost, 0 open." in page
    assert "90 % are right are not to be had" in " ".join(page.split())
    listing = shown(list_page(TrackerList(trackers=(report(),))))
    assert NAME in listing
    assert max(map(len, (page + listing).splitlines())) <= MAX_WIDTH
    assert "no trackers yet" in shown(list_page(TrackerList(trackers=())))


def test_a_tracker_is_known_by_its_name() -> None:
    known = Known(trackers=lambda: ["price", "Asks for price", "¿?"])
    assert tracker_named("does the tracker “asks for PRICE” hit?", known) == {"name": "Asks for price"}
    assert tracker_named("what of the prices?", known) == {}
    assert tracker_named("trackers please", Known()) == {}


def test_a_deleted_call_takes_its_examples_along(coach_home: Path, tmp_path: Path) -> None:
    from salescoach.library import Library
    from serving.usecases.delete import delete_call

    settings = Settings.load(home=clone(coach_home, tmp_path / "clone"))
    with Library(settings.library_file) as library:
        call = next(library.past_calls())
    said: Turn = next(turn for turn in call.transcript.turns if turn.role == "customer")
    kept = KeptTrackers(settings.trackers_file)
    kept.add([new_tracker({"name": NAME, "side": "customer", "examples": EXAMPLES})])
    kept.judge(NAME, TrackerExample(text=said.text, call_id=call.call_id, turn=2), is_right=True)
    gone = delete_call(settings, call.call_id, lambda stage, done, total: None)
    assert "examples of trackers" in gone.thrown_away
    assert len(kept.get(NAME).examples) == 3
