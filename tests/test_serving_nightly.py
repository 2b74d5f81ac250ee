"""``coach nightly``: what is new is taken in once, scored once, and what fails or alarms is said by the exit code."""

import json
from collections.abc import Generator, Iterable
from pathlib import Path

import pyarrow
import pytest
from filelock import FileLock

from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.library import Library, added_id, score_log
from salescoach.model.scoring import CallScorer
from salescoach.reading.team import Team
from salescoach.reading.transcripts import read_transcript
from serving.batch import local_engine
from serving.batch.work import score_batch
from serving.usecases import nightly_steps
from serving.usecases.nightly import ALARM, ALL_WELL, FAILED, NightlyReport, StepDone, nightly_page, run_nightly
from tests.homes import clone

CALL = """Rep: Thanks for making the time. What made you look at new scheduling now?
Customer: Every Monday two people redo the roster by hand, and it costs us half a day each week.
Rep: What have you tried so far?
Customer: A spreadsheet. It breaks when somebody calls in sick.
Rep: It would be four hundred a month for the whole site, training included.
Customer: That's about what we had set aside for it. Let's talk on Thursday at ten.
"""


@pytest.fixture(scope="module")
def scorer(coach_home: Path) -> CallScorer:
    return CallScorer.load(Settings.load(home=coach_home), cached=False)


@pytest.fixture
def own(coach_home: Path, tmp_path: Path, scorer: CallScorer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a copy of the shared home, whose calls are scored in this process."""

    def score(
        self: local_engine.LocalEngine, batches: Iterable[pyarrow.RecordBatch]
    ) -> Generator[pyarrow.RecordBatch, None, None]:
        for batch in batches:
            yield score_batch(batch, scorer, Team())

    monkeypatch.setattr(local_engine.LocalEngine, "score", score)
    return Settings.load(home=clone(coach_home, tmp_path / "own"))


def states(report: NightlyReport) -> dict[str, str]:
    return {step.name: step.state for step in report.steps}


def test_a_night_takes_in_what_is_new_and_the_next_does_nothing(own: Settings) -> None:
    inbox = own.home / "inbox"
    inbox.mkdir()
    (inbox / "call.txt").write_text(CALL)
    first = run_nightly(own)
    assert states(first)["import"] == "done", nightly_page(first)
    assert states(first)["score"] == "done"
    [line] = score_log.read(own.library_file)
    assert line.door == "batch"
    with Library(own.library_file, create=False) as library:
        [call] = [one for one in library.team_calls() if one.provenance == "own"]
    assert line.call_id == call.call_id
    second = run_nightly(own)
    assert states(second) == {
        "import": "nothing to do", "index": "nothing to do", "score": "nothing to do",
        "shadow": "nothing to do", "propose": "nothing to do", "monitor": "done",
    }  # fmt: skip
    assert score_log.read(own.library_file) == [line]
    assert second.exit_code == ALL_WELL, nightly_page(second)
    kept = json.loads((own.home / "nightly" / "latest.json").read_text())
    assert kept["exit_code"] == ALL_WELL
    assert "roster" not in "".join(file.read_text() for file in (own.home / "nightly").glob("*.*"))


def test_a_bad_file_fails_the_night_until_it_is_mended_and_stops_nothing(own: Settings, tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "a.pdf").write_bytes(b"%PDF-1.7 \x00\x01")
    (inbox / "b.txt").write_text(CALL)
    report = run_nightly(own, inbox)
    assert report.exit_code == FAILED
    assert states(report) == {
        "import": "failed", "index": "done", "score": "done",
        "shadow": "nothing to do", "propose": "nothing to do", "monitor": "done",
    }  # fmt: skip
    assert report.steps[0].said[0].startswith("a.pdf: ")
    (inbox / "a.pdf").unlink()
    assert run_nightly(own, inbox).exit_code == ALL_WELL


def test_answers_of_an_api_and_what_is_too_large_are_read_as_elsewhere(own: Settings, tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    said = [line.split(": ", 1) for line in CALL.strip().split("\n")]
    calls = [{"id": f"v{n}", "turns": [{"speaker": who, "text": f"{text} {n}"} for who, text in said]} for n in (1, 2)]
    (inbox / "answers.jsonl").write_text("".join(json.dumps(one) + "\n" for one in calls))
    (inbox / "one.txt").write_text(CALL)
    (inbox / "large.txt").write_text("Rep: " + "Hello there. " * 100_000)
    step = nightly_steps.import_inbox(own, inbox, lambda *_: None)
    assert [failure.partition(":")[0] for failure in step.failures] == ["large.txt"]
    with Library(own.library_file, create=False) as library:
        ids = {one.call_id for one in library.team_calls() if one.provenance == "own"}
        assert {added_id(read_transcript(inbox / "one.txt"))} < ids
        assert len(ids) == 3


def test_alarms_have_an_exit_code_of_their_own(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly_steps, "monitor_scores", lambda settings: StepDone(alarms=("the base rate fell",)))
    report = run_nightly(own)
    assert report.exit_code == ALARM
    assert "ALARM: the base rate fell" in nightly_page(report)

    def fails(*_: object) -> StepDone:
        raise RuntimeError("the customer said zither")

    monkeypatch.setattr(nightly_steps, "index", fails)
    report = run_nightly(own)
    assert report.exit_code == FAILED
    assert "zither" not in report.model_dump_json()


def test_two_nights_at_once_are_one(own: Settings) -> None:
    (own.home / "nightly").mkdir()
    with FileLock(own.home / "nightly" / ".lock"), pytest.raises(CoachError, match="Another nightly run"):
        run_nightly(own)
