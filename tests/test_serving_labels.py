"""The loop of labels: asked, answered, kept without words, learned from, and gone with the call."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.library import Library, label_log
from salescoach.moves.taxonomy import MOVES
from salescoach.testing import make_call
from serving.cli.app import app
from serving.usecases.labels import (
    export_tasks,
    give_label,
    import_annotations,
    label_queue,
    label_report,
    learn_from_labels,
)
from tests.homes import clone

SAID = (
    "Rep: What would you need to go ahead?",
    "Customer: Honestly, forty a month is far above what we set aside for this.",
    "Rep: I hear you. What did you set aside?",
    "Customer: Thirty, and not a cent more, or my boss says no.",
    "Rep: Then let us look at what you can leave out.",
    "Customer: Can you not just give us a better price?",
)


@pytest.fixture
def own(coach_home: Path, tmp_path: Path) -> Settings:
    """A home with one call of the team's own, which is what is asked about."""
    settings = Settings.load(home=clone(coach_home, tmp_path / "home"))
    with Library(settings.library_file) as library:
        library.add([make_call("own-1", *SAID, outcome=None, account_id="firm")])
    return settings


def test_a_label_is_asked_for_kept_and_not_asked_again(own: Settings) -> None:
    asked = label_queue(own, "ada", 2).questions
    assert [one.call_id for one in asked] == ["own-1", "own-1"]
    give_label(own, asked[0], "yes", "ada")
    give_label(own, asked[1], "no", "ada")
    kept = {(one.turn, one.subject) for one in asked}
    assert all((one.turn, one.subject) not in kept for one in label_queue(own, "ada", 3).questions)
    assert label_queue(own, "grace", 2).questions == asked  # somebody else is asked the same
    give_label(own, asked[0], "no", "ada")  # on second thoughts
    report = label_report(own)
    assert report.n == 2
    assert sum(one.n_no for one in report.subjects) == 2
    assert all(said.split(": ")[1] not in str(label_log.all_labels(own.library_file)) for said in SAID)


def test_what_it_is_instead_is_a_label_of_its_own(own: Settings) -> None:
    asked = next(one for one in label_queue(own, "ada", 9).questions if one.role == "customer")
    other = "competitor" if asked.subject != "competitor" else "pain"
    give_label(own, asked, "no", "ada", instead=other)
    assert {(one.subject, one.answer) for one in label_log.all_labels(own.library_file)} == {
        (asked.subject, "no"), (other, "yes")
    }  # fmt: skip
    with pytest.raises(InputError, match="no move that could be meant"):
        give_label(own, asked, "no", "ada", instead="pitch")


def test_labels_become_a_tracker_and_go_with_their_call(own: Settings, tmp_path: Path) -> None:
    file = tmp_path / "tasks.json"
    export_tasks(own, file, 1)
    tasks = json.loads(file.read_text())
    assert all(f'"{name}"' in file.with_suffix(".config.xml").read_text() for name in MOVES)
    result = [
        {
            "from_name": "moves", "to_name": "dialogue", "type": "paragraphlabels",
            "value": {"start": str(place), "end": str(place), "paragraphlabels": ["objection_price"]},
        }
        for place in (1, 3, 5)
    ]  # fmt: skip
    outcome = {
        "from_name": "outcome", "to_name": "dialogue", "type": "choices", "value": {"choices": ["converted"]}
    }  # fmt: skip
    tasks[0]["annotations"] = [{"completed_by": {"email": "ada@firm.example"}, "result": [*result, outcome]}]
    file.write_text(json.dumps(tasks))
    done = import_annotations(own, file)
    assert done.n >= 4
    assert "coach outcome own-1 converted" in done.reading
    report = learn_from_labels(own, "objection_price")
    assert (report.name, len(report.examples)) == ("our objection price", 3)
    with pytest.raises(InputError, match="labelled as hostility"):
        learn_from_labels(own, "hostility")
    tasks[0]["data"]["content_hash"] = "0"
    file.write_text(json.dumps(tasks))
    with pytest.raises(InputError, match="isn't in the library as it was"):
        import_annotations(own, file)
    with Library(own.library_file) as library:
        library.delete("own-1")
    assert label_log.all_labels(own.library_file) == []


def test_the_command_asks_one_thing_after_another(own: Settings) -> None:
    run = CliRunner(env={"COACH_HOME": str(own.home)}).invoke
    asked = run(app, ["label", "-n", "3", "--as", "ada"], input="y\nshouting\nn\nq\n", catch_exceptions=False)
    assert asked.exit_code == 0
    assert "1/3  own-1" in asked.stdout
    assert "2 answers were kept" in asked.stdout
    found = json.loads(run(app, ["label", "report", "--json"], catch_exceptions=False).stdout)
    assert found["n"] == 2
    queue = run(app, ["label", "queue", "--json", "-n", "1", "--as", "ada"], catch_exceptions=False)
    assert len(json.loads(queue.stdout)["questions"]) == 1
