"""Every score that a user sees is noted, whichever door it is seen at; one that can't be is given all the same."""

import csv
import json
import sqlite3
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import NoReturn

import pytest
from alembic.util import CommandError

from agent.build import open_coach
from agent.chat_models import Wording
from agent.coach import Answer, Coach, Event, Token, ToolFinished
from agent.preferences import Preferences
from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.library import Library, score_log
from salescoach.library.score_log import LoggedScore
from salescoach.reading.transcripts import read_transcript
from salescoach.speech.shape import shape_of
from salescoach.testing import make_transcript
from salescoach.types import Score
from serving.chat.answering import AnswerOnPage
from serving.chat.history import ChatHistory
from serving.cli import app as cli
from serving.usecases.ask import noting_scores
from serving.usecases.delete import delete_call
from serving.usecases.doctor import examine
from serving.usecases.score_log import log_to
from tests.homes import clone
from tests.open_pages import ANNA, be, no_page_is_left, step
from tests.test_salescoach_library import written_by_schema_1
from tools.parts import Parts
from tools.score_call import ScoreResult

__all__ = ["no_page_is_left"]  # a fixture

Run = Callable[..., str]

CALL = make_transcript("Rep: How is the zither orchestra doing?", "Customer: It is quite broke.")
SCORE = Score(
    call_id=None, probability=0.34, interval=None, prediction_set=(), abstained=False, model_id="m-1", scorer="blend",
    n_turns=2, latency_ms=1.0,
)  # fmt: skip


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


def raising(error: Exception) -> Callable[..., NoReturn]:
    def raises(*_: object, **__: object) -> NoReturn:
        raise error

    return raises


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelname == "WARNING"]


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
    assert known.shape == shape_of(read_transcript(example))
    assert known.unlikeness is not None
    assert 0 < known.unlikeness <= 1
    assert known.reasons == ()
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
    assert [one.reasons for one in log_of(own)] == [(), ("too_short",)]


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
    (warning,) = warnings(caplog)
    assert "could not be noted" in warning
    assert "locked" in warning
    assert "\n" not in warning
    assert log_of(own) == []
    caplog.clear()
    own.library_file.write_bytes(b"This is no database. " * 300)
    run("score", str(example))
    assert "could not be noted" in caplog.text


FAILURES = [
    OSError("Input/output error"),
    CommandError("Can't locate revision\nidentified by '0007'"),
    sqlite3.OperationalError("disk I/O error"),
    CoachError("The library can't be used just now."),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_nothing_that_fails_while_a_score_is_noted_takes_the_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setattr(score_log, "append", raising(error))
    (tmp_path / "library.sqlite").touch()
    log_to(tmp_path / "library.sqlite", "cli")([(CALL, SCORE)])
    assert warnings(caplog) == [f"The score could not be noted in the library's log ({str(error).splitlines()[0]})."]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_an_answer_comes_although_the_library_cannot_be_read_to_note_its_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async def events() -> AsyncGenerator[Event, None]:
        yield ToolFinished("1", "score_call", {}, ScoreResult.model_construct(call_id="a", score=SCORE), "")
        yield Token("The answer.")

    with Library(tmp_path / "library.sqlite") as library:
        monkeypatch.setattr(library, "get", raising(error))
        coach = Coach(None, Parts(library, None, None), Wording(None, "offline", None))  # type: ignore[arg-type]
        seen = [event async for event in noting_scores(events(), coach, "chat")]
    assert [type(event) for event in seen] == [ToolFinished, Token]
    assert len(warnings(caplog)) == 1


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


@pytest.mark.usefixtures("one_encoder")
async def test_the_page_notes_the_score_that_it_shows(own: Settings, example: Path) -> None:
    history, thread = ChatHistory(own), be(ANNA)
    await history.create_step(step(thread, "Score this call."))
    async with open_coach(own) as coach:
        call_id = coach.add_call(read_transcript(example), ANNA)
        exchange = await AnswerOnPage(coach, history, Preferences()).ask("Score this call.", call_id)
    await history.close()
    assert exchange is not None
    assert exchange.score is not None
    (line,) = log_of(own)
    assert (line.call_id, line.door, line.probability) == (call_id, "chat", exchange.score.score.probability)


def test_a_call_is_deleted_from_the_log_by_its_words(own: Settings, run: Run, example: Path) -> None:
    run("score", str(example))
    run("score", str(example.parent / "02-income-protection-electrician.txt"))
    with Library(own.library_file) as library:
        assert [one.call_id for one in log_of(own)] == ["ex-01", "ex-02"]
        library.delete("ex-01")
    assert [one.call_id for one in log_of(own)] == ["ex-02"]
