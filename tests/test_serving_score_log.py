"""Every score that a user sees is noted, whichever door it is seen at; one that can't be is given all the same."""

import csv
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.build import open_coach
from agent.coach import Answer
from salescoach.config import Settings
from salescoach.library import Library, score_log
from salescoach.library.score_log import LoggedScore
from salescoach.reading.transcripts import read_transcript
from serving.cli import app as cli
from serving.usecases.ask import noting_scores
from serving.usecases.delete import delete_call
from serving.usecases.doctor import examine
from tests.homes import clone
from tests.test_salescoach_library import written_by_schema_1

Run = Callable[..., str]


@pytest.fixture
def own(coach_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a copy of the shared home."""
    clone(coach_home, tmp_path / "own")
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "own"))
    return Settings.load()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``coach``, which must end well, and gives what it printed."""

    def run(*args: str) -> str:
        monkeypatch.setattr("sys.argv", ["coach", *args])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert ended.value.code == 0, err
        return out

    return run


def log_of(settings: Settings) -> list[LoggedScore]:
    return score_log.read(settings.library_file)


def foreign(file: Path, example: Path) -> Path:
    """A call that isn't in the library."""
    file.write_text(example.read_text(encoding="utf-8").replace("the", "this"), encoding="utf-8")
    return file


def test_the_command_line_notes_what_it_prints(own: Settings, run: Run, example: Path, tmp_path: Path) -> None:
    seen = json.loads(run("score", str(example), "--json"))
    unknown = foreign(tmp_path / "unknown.txt", example)
    run("score", str(unknown), "--method", "cosine")
    known, other = log_of(own)
    assert (known.call_id, known.door, known.abstained) == ("ex-01", "cli", False)
    assert (known.probability, list(known.interval or ())) == (seen["probability"], seen["interval"])
    assert (known.model_id, known.scorer) == (seen["model_id"], seen["scorer"])
    assert known.content_hash == read_transcript(example).content_hash
    assert (other.call_id, other.scorer, other.interval) == (None, "cosine", None)
    assert other.content_hash == read_transcript(unknown).content_hash
    assert all(check.ok for check in examine(own))
    for turn in read_transcript(unknown).turns[:8]:
        if "this" in turn.text.split():
            assert turn.text.encode() not in own.library_file.read_bytes()


def test_a_ranking_is_noted_whole(own: Settings, run: Run, example: Path, tmp_path: Path) -> None:
    table = tmp_path / "calls.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(
            [["call_id", "call_transcript"], ["mine", example.read_text()], ["short", "Rep: Hello.\nCustomer: Bye."]]
        )
    run("score", str(table))
    assert [(one.call_id, one.abstained) for one in log_of(own)] == [("ex-01", False), (None, True)]


def test_without_a_library_there_is_no_log(own: Settings, run: Run, example: Path) -> None:
    own.library_file.unlink()
    run("score", str(example))
    assert not own.library_file.exists()
    own.library_file.touch()  # a file without tables is no library
    run("score", str(example))
    assert own.library_file.stat().st_size == 0


def test_a_library_of_an_older_program_is_given_its_log(own: Settings, run: Run, example: Path) -> None:
    own.library_file.unlink()
    written_by_schema_1(own.library_file)
    run("score", str(example))
    assert [one.call_id for one in log_of(own)] == [None]


def test_a_score_that_cannot_be_noted_is_given_with_a_warning(
    own: Settings, run: Run, example: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(score_log, "PATIENCE_S", 0.05)
    writer = sqlite3.connect(own.library_file)
    writer.execute("BEGIN IMMEDIATE")
    assert json.loads(run("score", str(example), "--json"))["probability"] is not None
    writer.rollback()
    writer.close()
    (warning,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert "could not be noted" in warning
    assert "locked" in warning
    assert "\n" not in warning
    assert log_of(own) == []
    caplog.clear()
    own.library_file.write_bytes(b"This is no database. " * 300)
    run("score", str(example))
    assert "could not be noted" in caplog.text


@pytest.mark.usefixtures("one_encoder")
def test_an_answer_notes_the_score_that_it_tells_and_nothing_else(
    own: Settings, run: Run, example: Path, tmp_path: Path
) -> None:
    unknown = foreign(tmp_path / "unknown.txt", example)
    answer = json.loads(run("ask", "Score this call.", "--transcript", str(unknown), "--json"))
    (line,) = log_of(own)
    assert (line.door, line.probability) == ("cli", answer["probability"])
    assert line.call_id is not None
    assert line.call_id.startswith("pasted-")
    run("ask", "What are the metrics of this call?", "--transcript", str(unknown))
    assert log_of(own) == [line]
    run("score", str(unknown))
    assert [one.call_id for one in log_of(own)] == [line.call_id, None]
    delete_call(own, line.call_id, lambda *_: None)
    assert log_of(own) == []


@pytest.mark.usefixtures("one_encoder")
async def test_the_chat_notes_a_score_before_it_is_shown(own: Settings, example: Path) -> None:
    async with open_coach(own) as coach:
        call_id = coach.add_call(read_transcript(example), "anna")
        seen = []
        async for event in noting_scores(coach.ask("thread", "Score this call.", call_id, user="anna"), coach, "chat"):
            seen.append((type(event).__name__, len(log_of(own))))
    assert ("ToolStarted", 0) in seen
    assert ("ToolFinished", 1) in seen
    (line,) = log_of(own)
    assert (line.call_id, line.door) == (call_id, "chat")
    assert seen[-1] == (Answer.__name__, 1)


def test_a_call_is_deleted_from_the_log_by_its_words(own: Settings, run: Run, example: Path) -> None:
    run("score", str(example))
    run("score", str(example.parent / "02-income-protection-electrician.txt"))
    with Library(own.library_file) as library:
        assert [one.call_id for one in log_of(own)] == ["ex-01", "ex-02"]
        library.delete("ex-01")
    assert [one.call_id for one in log_of(own)] == ["ex-02"]
