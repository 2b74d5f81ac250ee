"""The history of champions and challengers: what is kept, what is refused, and what a killed program leaves."""

import stat
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.config import Settings
from salescoach.errors import CoachError, InputError, ModelError
from salescoach.model.artifact import make_current
from salescoach.model.registry import UNKNOWN, ModelDecision, ModelRegistry, contending_in, reign
from tests.homes import unshared
from tests.small_models import NOON, small_model


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with three models, of which the first is the champion."""
    found = Settings.load(home=tmp_path / "home")
    for name in ("first", "second", "third"):
        small_model(found.models_dir / name)
    make_current(found, found.models_dir / "first")
    return found


def test_a_promotion_is_recorded_and_rolled_back(settings: Settings) -> None:
    registry = ModelRegistry(settings)
    registry.challenge("second", "ada")
    assert [one.folder for one in registry.challengers()] == ["second"]
    registry.promote("second", "ada", "better by 0.02")
    assert registry.champion().folder == "second"
    assert registry.challengers() == ()
    registry.roll_back("grace")
    assert registry.champion().folder == "first"
    said = [(one.what, one.folder, one.by) for one in ModelRegistry(settings).history()]
    assert said == [
        ("found", "first", UNKNOWN),
        ("challenges", "second", "ada"),
        ("promoted", "second", "ada"),
        ("rolled back", "first", "grace"),
    ]
    assert registry.history()[2].reading == "better by 0.02"
    assert stat.S_IMODE(settings.model_history_file.stat().st_mode) == 0o600
    with pytest.raises(InputError, match="no earlier champion"):
        registry.roll_back("grace")


def test_two_promotions_are_rolled_back_one_by_one(settings: Settings) -> None:
    registry = ModelRegistry(settings)
    registry.promote("second", "ada")
    registry.promote("third", "ada")
    assert registry.roll_back("ada").folder == "second"
    assert registry.roll_back("ada").folder == "first"


def test_what_cannot_be_is_refused_and_changes_nothing(settings: Settings) -> None:
    registry = ModelRegistry(settings)
    with pytest.raises(InputError, match="There is no model 'fourth'"):
        registry.challenge("fourth", "ada")
    with pytest.raises(InputError, match="the champion itself"):
        registry.challenge("first", "ada")
    registry.challenge("second", "ada")
    with pytest.raises(InputError, match="contends already"):
        registry.challenge("second", "ada")
    with pytest.raises(InputError, match="champion already"):
        registry.promote("first", "ada")
    with pytest.raises(InputError, match="No challenger is called 'third'"):
        registry.retire("third", "ada")
    unshared(settings.models_dir / "second" / "MODEL_CARD.md").write_text("changed")
    with pytest.raises(ModelError, match="damaged"):
        registry.promote("second", "ada")
    assert registry.champion().folder == "first"
    assert [one.what for one in registry.history()] == ["found", "challenges"]


def test_a_champion_that_is_gone_is_named(settings: Settings) -> None:
    registry = ModelRegistry(settings)
    registry.promote("second", "ada")
    small_model(settings.models_dir / "first", data="other calls")  # trained over
    with pytest.raises(InputError, match="isn't among the models any more"):
        registry.roll_back("ada")
    assert registry.champion().folder == "second"


def test_a_change_that_nobody_noted_is_found(settings: Settings) -> None:
    """As after a program that was killed between the two files, or an older one that knows no history."""
    registry = ModelRegistry(settings)
    registry.promote("second", "ada")
    make_current(settings, settings.models_dir / "third")
    registry.challenge("first", "ada")
    assert [(one.what, one.folder) for one in registry.history()][-2:] == [("found", "third"), ("challenges", "first")]
    assert registry.roll_back("ada").folder == "second"


def test_the_champion_is_kept_where_it_is_trained_over(settings: Settings) -> None:
    registry, folder = ModelRegistry(settings), settings.models_dir / "first"
    model_id = registry.champion().model_id
    copy = registry.keep_aside(folder)
    assert copy is not None
    assert copy.name == model_id
    small_model(folder, data="other calls")
    registry.promote("first", "ada")
    assert registry.roll_back("ada").folder == model_id
    assert registry.champion().model_id == model_id
    assert registry.keep_aside(settings.models_dir / "second") is None


def test_of_copies_only_the_latest_is_kept(settings: Settings) -> None:
    registry, folder = ModelRegistry(settings), settings.models_dir / "first"
    copies = []
    for data in ("one", "two", "three"):
        copies.append(registry.keep_aside(folder))
        small_model(folder, data=data)
        registry.promote("first", "ada")
    assert [copy is not None and copy.is_dir() for copy in copies] == [False, False, True]


def test_a_history_that_cannot_be_read_is_said(settings: Settings) -> None:
    settings.model_history_file.write_text("{")
    with pytest.raises(CoachError, match="history of models"):
        ModelRegistry(settings).promote("second", "ada")
    assert ModelRegistry(settings).champion().folder == "first"


DECISIONS = st.lists(
    st.tuples(st.sampled_from(["promoted", "rolled back", "challenges", "retired"]), st.sampled_from("abc")),
    max_size=12,
)


@given(DECISIONS)
def test_whoever_reigns_never_contends_and_follows_nobody_twice_in_a_row(said: list[tuple[str, str]]) -> None:
    decisions: list[ModelDecision] = []
    for what, model_id in said:
        line = reign(decisions)
        is_possible = {
            "promoted": line[-1:] != [model_id],
            "rolled back": line[-2:-1] == [model_id],
            "challenges": line[-1:] != [model_id] and model_id not in contending_in(decisions),
            "retired": model_id in contending_in(decisions),
        }
        if is_possible[what]:
            one = {"at": NOON, "by": "ada", "what": what, "folder": model_id, "model_id": model_id}
            decisions.append(ModelDecision.model_validate(one))
        line = reign(decisions)
        assert all(one != other for one, other in pairwise(line))
        if line and what == "promoted":
            assert line[-1] not in contending_in(decisions)
