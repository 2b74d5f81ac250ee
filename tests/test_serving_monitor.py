"""``coach monitor``: JSON as promised, a page, exit codes for alarms, and lines for the nightly report."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from eval.online.results import CameTrue
from salescoach.config import Settings
from salescoach.errors import CoachError
from serving.cli import app as cli
from serving.usecases.monitor import EXIT_ALARM, monitor, said_of
from serving.usecases.nightly_steps import monitor_scores
from tests.scored_library import day, steady_calls, write_library

Run = Callable[..., tuple[int, str, str]]
NOW = day(2500).replace(tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return Settings.load(home=home)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``coach`` and gives its exit code and what it printed."""

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["coach", *args])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return run


def test_the_json_is_what_was_promised(settings: Settings, run: Run) -> None:
    write_library(settings.library_file, steady_calls(400))
    code, out, _ = run("monitor", "--json")
    found = json.loads(out)
    assert code == 0
    assert {"n", "pending", "brier", "brier_base", "reliability", "by_model", "alarms"} <= set(found)
    assert (found["n"], found["pending"], found["alarms"]) == (400, 0, [])
    assert {"low", "high", "n", "converted"} <= set(found["reliability"][0])
    assert isinstance(found["brier"], float)
    assert isinstance(found["brier_base"], float)
    assert CameTrue.model_validate(found).model_dump(exclude={"as_of"}) == monitor(settings).model_dump(
        exclude={"as_of"}
    )


def test_an_alarm_is_an_exit_code_and_a_line_of_the_nightly_report(settings: Settings, run: Run) -> None:
    write_library(settings.library_file, steady_calls(2200, n_before=1400, after=0.3))
    code, out, err = run("monitor", "--json")
    assert (code, err) == (EXIT_ALARM, "")
    (first, *_) = json.loads(out)["alarms"]
    assert {"kind", "since", "text"} <= set(first)
    assert said_of(monitor(settings, now=NOW)).startswith("Did it come true: 2,200 scores with an outcome")
    step = monitor_scores(settings)
    assert len(step.said) == 1 and step.alarms[0].startswith("base_rate since 20")
    assert not any("\n" in line for line in (*step.said, *step.alarms))
    code, _, _ = run("monitor", "--since", str(day(1600).date()))
    assert code == 0
    assert not monitor(settings, now=NOW, since=date(2035, 1, 1)).alarms


def test_it_is_said_in_words_on_a_page_and_as_tables(settings: Settings, run: Run, tmp_path: Path) -> None:
    write_library(settings.library_file, steady_calls(900))
    code, out, err = run("monitor", "--report", str(tmp_path / "page.html"))
    assert code == 0
    assert "It comes true: scores tell more than the base rate." in out
    assert "of calls said" in out
    assert "| said | calls | converted |" in out
    assert str(tmp_path / "page.html") in err
    assert json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))["n"] == 900
    run("monitor", "--report", str(tmp_path / "page.md"))
    assert "| Brier of the base rate |" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_nothing_is_changed_and_what_is_missing_is_said(settings: Settings, run: Run) -> None:
    code, out, err = run("monitor", "--json")
    assert (code, out) == (1, "")
    assert "There is no call library yet; run `coach setup`." in err
    assert not settings.library_file.exists()
    write_library(settings.library_file, [])
    before = settings.library_file.read_bytes()
    assert json.loads(run("monitor", "--json")[1])["n"] == 0
    assert settings.library_file.read_bytes() == before
    settings.library_file.write_bytes(b"This is no database. " * 300)
    with pytest.raises(CoachError, match="can't be read"):
        monitor(settings)


@pytest.mark.parametrize("args", [("--days", "0"), ("--baseline", "20"), ("--since", "yesterday")])
def test_what_makes_no_sense_is_refused(settings: Settings, run: Run, args: tuple[str, str]) -> None:
    assert run("monitor", *args)[0] == 2


def test_a_moment_in_the_past_can_be_looked_from(settings: Settings) -> None:
    write_library(settings.library_file, steady_calls(10))
    assert monitor(settings, now=datetime(2026, 3, 1, tzinfo=UTC)).as_of == "2026-03-01"
