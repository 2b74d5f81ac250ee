"""Progress on stderr where there is no terminal: a line now and then, and how long it may take."""

import pytest

from serving import progress_bar as module
from serving.progress_bar import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_it_says_how_long_is_left_and_begins_again_with_the_stage(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress() as report:
        for start in (0.0, 1000.0):  # the same stage twice, such as in two folds
            for done in range(5):
                clock[0] = start + 30 * done
                report("fitting", done, 4)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:5] == lines[5:]
    assert lines[0] == "fitting: 0 of 4"
    assert lines[1] == "fitting: 1 of 4, about 2 min left"
    assert lines[2] == "fitting: 2 of 4, about 60 s left"
    assert lines[4] == "fitting: 4 of 4"


def test_it_is_no_flood(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as report:
        for done in range(101):
            clock[0] = done * 0.5
            report("scoring", done, 100)
    assert len(capsys.readouterr().err.splitlines()) <= 8


def test_a_resumed_stage_counts_from_where_it_stood(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as report:
        report("fine-tuning", 90, 100)
        clock[0] = 20.0
        report("fine-tuning", 95, 100)
    assert capsys.readouterr().err.splitlines()[-1] == "fine-tuning: 95 of 100, about 20 s left"
