"""Settings: where each value comes from, and what a bad one gets."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from salescoach.config import Settings
from salescoach.errors import InputError


def test_an_argument_beats_the_environment_which_beats_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COACH_HOME")
    assert Settings.load().home == Path(".coach")
    assert Settings.load().seed == 7

    monkeypatch.setenv("COACH_HOME", "/from/environment")
    monkeypatch.setenv("COACH_SEED", "11")
    assert Settings.load().home == Path("/from/environment")
    assert Settings.load().seed == 11

    settings = Settings.load(home=Path("/from/argument"), seed=7)
    assert settings.home == Path("/from/argument")
    assert settings.seed == 7  # an argument that equals the default is an argument all the same


def test_none_means_that_an_argument_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_MODEL", "/models/mine")
    assert Settings.load(model=None).model == Path("/models/mine")


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_HOME", "")
    monkeypatch.setenv("COACH_MODEL", "")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    settings = Settings.load()
    assert (settings.home, settings.model, settings.openai_base_url) == (Path(".coach"), None, None)


def test_a_variable_without_the_prefix_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED", "99")
    monkeypatch.setenv("LLM", "openai:gpt")
    settings = Settings.load()
    assert (settings.seed, settings.llm) == (7, "auto")


def test_the_names_of_the_ecosystem_are_read_and_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")
    settings = Settings.load()
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-secret"
    assert settings.openai_base_url == "http://127.0.0.1:11434/v1"
    assert "sk-secret" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("name", "value"),
    [("COACH_THREADS", "many"), ("COACH_THREADS", "0"), ("COACH_SEED", "-1"), ("COACH_DEADLINE_S", "0")],
)
def test_a_setting_that_cant_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=rf"{name}.*{value}"):
        Settings.load()


def test_settings_dont_change() -> None:
    settings = Settings.load()
    with pytest.raises(ValidationError):
        settings.seed = 3


def test_everything_lies_under_the_home(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path)
    paths = [
        settings.models_dir,
        settings.current_model_file,
        settings.library_file,
        settings.index_dir,
        settings.cache_dir,
        settings.threads_file,
    ]
    assert all(path.is_relative_to(tmp_path) for path in paths)
    assert len(set(paths)) == len(paths)
    assert not list(tmp_path.iterdir())  # naming a path makes nothing


def test_every_setting_is_in_the_table_of_the_docs_as_it_is() -> None:
    table = (Path(__file__).parent.parent / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [row_of(name, field) for name, field in Settings.model_fields.items()]


def row_of(name: str, field: FieldInfo) -> str:
    variable = field.validation_alias or f"COACH_{name.upper()}"
    default = "by the machine" if field.default_factory else field.default
    shown = "–" if default in (None, "") else str(default).lower() if isinstance(default, bool) else str(default)
    return f"| `{variable}` | {shown} | {field.description} |"
