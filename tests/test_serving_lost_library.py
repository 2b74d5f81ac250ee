"""A library that is gone, empty or another one is said by every command, and never replaced in silence."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from salescoach.config import Settings
from salescoach.errors import CoachError
from salescoach.library import Library, look_at_library
from salescoach.testing import make_call, make_calls
from serving.chat.server import serve
from serving.chat.store import ChatStore
from serving.cli import app as cli
from serving.usecases import indexing
from serving.usecases.indexing import follow_library
from serving.usecases.lost_library import check_library
from serving.usecases.setup import set_up
from tests.test_vectorstore_faults import mean_scorer
from vectorstore.build import build_index
from vectorstore.generation import CURRENT, forget_generations, generations_in
from vectorstore.opened import is_current, is_sound

CALL = Path(__file__).parent.parent / "data" / "examples" / "02-income-protection-electrician.txt"
LOST = r"library\.sqlite is (gone|empty|another one).*restore .* from a backup.*`coach setup --new-library`"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a library and its index; the scorer is one of words, as no model is needed to notice a loss."""
    settings = Settings.load(home=tmp_path / "home")
    with Library(settings.library_file) as library:
        library.add(make_calls(40))
        build_index(library, mean_scorer(tmp_path), settings.index_dir)
    return settings


def remove(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def without_calls(file: Path) -> None:
    """A library, but with nothing in it, as a program makes that finds none."""
    file.unlink()
    Library(file).close()


def another(file: Path) -> None:
    file.unlink()
    with Library(file) as library:
        library.add(make_calls(40))


LOSSES: dict[str, Callable[[Path], None]] = {
    "gone": remove, "empty": empty, "without calls": without_calls, "another": another,
}  # fmt: skip
COMMANDS = {
    "setup": ["setup"],
    "similar": ["similar", str(CALL)],
    "metrics": ["metrics", str(CALL)],
    "deals": ["deals"],
    "ask": ["ask", "How likely is it?", "--transcript", str(CALL)],
    "train": ["train"],
    "outcome": ["outcome", "made-001", "lost"],
    "delete": ["delete", "made-001"],
    "chat": ["chat", "--no-open", "--port", "1"],
}


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["coach", *args])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def files(home: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(home.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_library_is_said_and_nothing_is_made(settings: Settings, loss: str) -> None:
    check_library(settings, must_exist=True)
    LOSSES[loss](settings.library_file)
    before = files(settings.home)
    with pytest.raises(CoachError, match=LOST):
        check_library(settings)
    with pytest.raises(CoachError, match=LOST):
        set_up(settings, lambda *_: None, n_calls=20)
    with pytest.raises(CoachError, match=LOST):
        serve(settings, port=1)
    assert files(settings.home) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_needs_it_says_so(
    settings: Settings, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.library_file.unlink()
    before = files(settings.home)
    code, out, err = run(monkeypatch, capsys, *COMMANDS[command])
    assert (code, out) == (1, "")
    assert "library.sqlite is gone, but the index was built from 40 calls of it" in err
    assert "Traceback" not in err
    assert files(settings.home) == before


@pytest.mark.parametrize("command", ["similar", "deals", "train", "outcome", "delete", "metrics"])
def test_no_command_that_reads_makes_a_library(
    tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(monkeypatch, capsys, *COMMANDS[command])
    assert not (tmp_path / "home" / "library.sqlite").exists()
    if command != "metrics":  # which can do without
        assert (code, err) == (1, "There is no call library yet; run `coach setup`.\n")


def test_doctor_says_it_and_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.library_file.unlink()
    code, out, _ = run(monkeypatch, capsys, "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert code == 1
    assert not checks["library"]["ok"]
    assert "restore it from a backup" in checks["library"]["detail"]
    assert not settings.library_file.exists()


def test_the_history_is_evidence_too(settings: Settings) -> None:
    shutil.rmtree(settings.index_dir)
    with ChatStore(settings.history_file) as store:
        store.add_user("local")
        store.update_thread("t", "local", name="A call")
    check_library(settings)
    settings.library_file.unlink()
    check_library(settings)  # a conversation that is about no call
    with ChatStore(settings.history_file) as store:
        store.add_call("t", "pasted-0123456789", None, "local")
    with pytest.raises(CoachError, match="history is about calls of it"):
        check_library(settings)


def test_a_backup_and_a_copied_home_are_the_same_library(settings: Settings, tmp_path: Path) -> None:
    shutil.copy(settings.library_file, tmp_path / "backup")
    with Library(settings.library_file) as library:
        library.add([make_call("later", "Rep: Hello.", "Customer: Bye.")])
    shutil.copy(tmp_path / "backup", settings.library_file)
    check_library(settings, must_exist=True)
    shutil.copytree(settings.home, tmp_path / "copy")
    check_library(Settings.load(home=tmp_path / "copy"), must_exist=True)


def test_a_new_library_is_begun_only_where_that_is_meant(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.library_file.unlink()
    built: list[int] = []

    def rebuild(_: Settings, library: Library, *__: Any, **___: Any) -> None:
        built.append(len(library.summaries()))

    monkeypatch.setattr("serving.usecases.setup._has_model", lambda _: True)
    monkeypatch.setattr("serving.usecases.setup.rebuild_index", rebuild)
    set_up(settings, lambda *_: None, n_calls=20, new_library=True)
    assert built[0] >= 20
    assert not (settings.index_dir / CURRENT).exists()
    check_library(settings, must_exist=True)


def test_what_is_looked_at_is_not_changed(settings: Settings, tmp_path: Path) -> None:
    before = files(settings.home)
    found = look_at_library(settings.library_file)
    assert found is not None
    assert found[1] == 40
    assert look_at_library(tmp_path / "nowhere.sqlite") is None
    assert files(settings.home) == before
    (tmp_path / "text.sqlite").write_text("no database" * 100)
    with pytest.raises(CoachError, match="restore it or move it away"):
        look_at_library(tmp_path / "text.sqlite")


def test_an_open_library_never_makes_its_file_again(settings: Settings) -> None:
    with Library(settings.library_file) as library:
        library._engine.dispose()  # its next connection is a new one
        settings.library_file.unlink()
        with pytest.raises(CoachError):
            library.summaries()
    assert not settings.library_file.exists()


@pytest.mark.parametrize("change", ["added", "removed", "outcome", "account"])
def test_an_index_that_does_not_follow_the_library_is_noticed_and_mended(
    settings: Settings, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a program that was killed between the two, or that lost the wait for the lock."""
    scorer: Any = mean_scorer(tmp_path)
    monkeypatch.setattr(indexing.CallScorer, "load", lambda _: scorer)
    assert follow_library(settings, lambda *_: None) is False
    with Library(settings.library_file) as library:
        assert is_current(settings.index_dir, scorer, library)
        if change == "added":
            library.add([make_call("new", "Rep: And the price?", "Customer: Too expensive for us.", outcome="lost")])
        elif change == "removed":
            library.delete("made-001")
        elif change == "outcome":
            library.set_outcome("made-001", "lost")
        else:
            library.adopt("made-001", account_id="somebody-else")
        assert is_sound(settings.index_dir, scorer)
        assert not is_current(settings.index_dir, scorer, library)
        assert follow_library(settings, lambda *_: None) is True
        assert is_current(settings.index_dir, scorer, library)
        assert sum(generations_in(settings.index_dir)[0].n_calls.values()) == len(library.summaries())
        assert indexing.rebuild_index(settings, library, lambda *_: None, only_if_needed=True) is False


def test_without_an_index_or_a_model_nothing_is_built_and_the_chat_goes_on(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with Library(settings.library_file) as library:
        library.add([make_call("new", "Rep: And the price?", "Customer: Too expensive.", outcome="lost")])
    assert follow_library(settings, lambda *_: None) is False
    assert "coach setup" in caplog.text  # there is no model
    forget_generations(settings.index_dir)
    assert follow_library(settings, lambda *_: None) is False
