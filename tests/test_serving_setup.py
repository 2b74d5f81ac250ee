"""What `coach setup` fills an empty library with, and what it trains on where there is no bundled model."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from salescoach.config import Settings
from salescoach.library import Library
from salescoach.stats.splits import CALIBRATION, TEST, TRAIN
from salescoach.types import LabelledCall
from serving.usecases import setup
from serving.usecases.setup import N_STARTER_CALLS, example_calls, set_up
from training.authored.briefs import read_writers
from training.authored.deals import CALL_KINDS
from training.authored.labelled import AUTHORED, JUDGES, authored_calls
from training.authored.starter import CALL_TYPES, industries, starter_calls
from training.options import TrainingOptions

ROOT = Path(__file__).parent.parent
ALL = 10_000


def silent(stage: str, done: int, total: int) -> None:
    """Shows no progress."""


@pytest.fixture
def without_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "_has_model", lambda _: True)
    monkeypatch.setattr(setup, "rebuild_index", lambda *_, **__: False)


def test_no_call_that_judges_is_among_them() -> None:
    calls = starter_calls(ALL)
    assert len(calls) == sum(call.split != TEST for call in authored_calls())
    assert {call.split for call in calls} == {TRAIN, CALIBRATION}
    assert not {call.call_id.split("-")[1] for call in calls} & {*JUDGES}
    judging = {call.transcript.content_hash for call in authored_calls() if call.split == TEST}
    assert judging
    assert not judging & {call.transcript.content_hash for call in calls}


def test_some_of_them_are_of_the_last_writers_and_of_both_outcomes() -> None:
    every, some = starter_calls(ALL), starter_calls(N_STARTER_CALLS)
    assert len(some) == len({call.call_id for call in some}) == N_STARTER_CALLS
    assert {call.call_id for call in some} <= {call.call_id for call in every}
    assert {f"w{number}" for number in range(43, 59)} < {call.call_id.split("-")[1] for call in some}
    assert 0.4 < sum(call.outcome == "converted" for call in some) / len(some) < 0.6


def test_they_are_described_as_the_examples_are() -> None:
    examples = example_calls()
    calls = starter_calls(ALL)
    for call in calls:
        assert call.call_id.startswith("ex-")
        assert call.transcript.call_id == call.account_id == call.call_id
        assert call.provenance == "sample"
        assert call.metadata.keys() == {"industry", "call_type", "market"}
    assert not {call.call_id for call in calls} & {call.call_id for call in examples}
    for name in ("industry", "call_type"):
        found = {call.metadata[name] for call in calls}
        assert {call.metadata[name] for call in examples} - found <= {"closing"}
        assert all(value == value.lower().replace(" ", "_") for value in found)


def test_every_market_is_in_one_industry_and_every_kind_of_call_has_a_type() -> None:
    by_industry = tomllib.loads((AUTHORED / "industries.toml").read_text(encoding="utf-8"))
    listed = [market for markets in by_industry.values() for market in markets]
    assert len(listed) == len(set(listed)) == len(industries())
    assert {market for writer in read_writers() for market in writer.markets} <= set(listed)
    assert CALL_TYPES.keys() == {*CALL_KINDS}


def test_what_they_are_read_from_is_part_of_a_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["training.authored"]
    packed = {file for pattern in patterns for file in AUTHORED.glob(pattern)}
    assert {AUTHORED / "industries.toml", AUTHORED / "writers.toml"} <= packed
    for folder in ("calls", "facts", "readings"):
        files = {*(AUTHORED / folder).iterdir()}
        assert files
        assert files <= packed


def test_an_empty_library_gets_written_calls_and_no_simulated_ones(without_index: None, tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "new")
    (made,) = set_up(settings, silent, n_calls=20)
    assert made.startswith("32 example calls, machine-written, not your market, are in ")
    with Library(settings.library_file) as library:
        calls = {call.call_id: call for call in library.summaries()}
        assert library.own_calls().n == 0
        assert library.get("ex-w58-001").metadata["market"].startswith("online ordering")
    assert calls.keys() == {call.call_id for call in (*starter_calls(20), *example_calls())}
    assert {call.provenance for call in calls.values()} == {"sample"}
    assert not (settings.home / "sample").exists()
    assert set_up(settings, silent, n_calls=30) == []
    with Library(settings.library_file) as library:
        assert len(library.summaries()) == 32


def test_a_library_that_has_a_call_gets_none(without_index: None, tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "own")
    settings.home.mkdir()
    with Library(settings.library_file) as library:
        library.add([example_calls()[0].model_copy(update={"call_id": "mine", "provenance": "own"})])
    assert set_up(settings, silent) == []
    with Library(settings.library_file) as library:
        assert [call.call_id for call in library.summaries()] == ["mine"]


def test_another_base_model_learns_from_the_authored_calls_by_their_split(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class TrainingBegunError(Exception):
        """Ends the setup where the training would begin."""

    def train(calls: Sequence[LabelledCall], *args: Any, **_: Any) -> None:
        (options,) = (one for one in args if isinstance(one, TrainingOptions))
        assert options.data == f"{len(calls)} machine-written example calls: a demonstration, not your market"
        assert {call.call_id: call.split for call in calls} == {call.call_id: call.split for call in authored_calls()}
        raise TrainingBegunError

    monkeypatch.setattr(setup, "train", train)
    with pytest.raises(TrainingBegunError):
        set_up(Settings.load(home=tmp_path / "other", base_model="another/base"), silent)
