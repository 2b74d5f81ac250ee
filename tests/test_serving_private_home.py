"""``COACH_HOME`` is its owner's alone, from the first file on, and homes of before are mended; nothing else is."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from salescoach.library import Library
from salescoach.model.artifact import whole_folder
from salescoach.model.vector_cache import FileCache
from salescoach.whole_file import copy_folder, whole_file
from serving.chat.server import _prepare_app_root
from serving.chat.store import ChatStore
from serving.cli import app as cli
from serving.usecases import private_home
from serving.usecases.private_home import OTHERS, hide_new_files, is_open_to_others, keep_private

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no such rights here")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Everybody may read what is made, as on most machines, until the code under test says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_ones(folder: Path) -> list[str]:
    every = (folder, *folder.rglob("*"))
    return [str(entry) for entry in every if not entry.is_symlink() and entry.stat().st_mode & OTHERS]


def fill(home: Path) -> None:
    """What commands make, each by the code that makes it."""
    Library(home / "library.sqlite").close()
    ChatStore(home / "chat.sqlite").close()
    FileCache(home / "cache" / "vectors.sqlite").close()
    _prepare_app_root(home / "chat" / "8000")
    with whole_file(home / "runs" / "finetune" / "checkpoint") as file:
        file.write_bytes(b"1")
    with whole_folder(home / "models" / "one") as folder:
        installed = home.parent / "installed"
        (installed / "deep").mkdir(parents=True, exist_ok=True)
        (installed / "deep" / "weights").write_bytes(b"1")
        copy_folder(installed, folder / "encoder")


def test_what_a_command_makes_is_private_from_the_beginning(tmp_path: Path) -> None:
    home = tmp_path / "home"
    hide_new_files()
    library = Library(home / "library.sqlite")
    assert open_ones(home) == []  # its log too, which is there while it is open
    library.close()
    fill(home)
    assert open_ones(home) == []
    assert keep_private(home) is None


def test_an_older_home_is_mended_once_and_said_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    fill(home)
    (home / "program").write_text("#!/bin/sh\n")
    (home / "program").chmod(0o755)
    assert is_open_to_others(home)
    said = keep_private(home)
    assert said is not None
    assert str(home) in said
    assert open_ones(home) == []
    assert not is_open_to_others(home)
    assert stat.S_IMODE((home / "program").stat().st_mode) == 0o700  # what the owner may do stays
    assert keep_private(home) is None


def test_nothing_outside_is_touched_and_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "file").write_text("1")
    home = tmp_path / "home"
    home.mkdir()
    (home / "folder").symlink_to(outside)
    (home / "file").symlink_to(outside / "deep" / "file")
    (home / "nowhere").symlink_to(tmp_path / "nothing")
    before = {entry: entry.stat().st_mode for entry in (tmp_path, outside, *outside.rglob("*"))}
    assert keep_private(home) is not None
    assert {entry: entry.stat().st_mode for entry in before} == before
    assert not home.stat().st_mode & OTHERS


def test_a_home_that_is_a_link_is_the_folder_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "real")
    assert keep_private(tmp_path / "home") is not None
    assert open_ones(tmp_path / "real") == []


@pytest.mark.parametrize("place", ["user", "program", "above"])
def test_a_folder_that_holds_more_than_the_coachs_files_stays_as_it_is(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "deep").mkdir(parents=True)
    if place == "program":
        monkeypatch.setattr(private_home, "_ROOT", home)
    else:
        monkeypatch.setattr(Path, "home", lambda: home if place == "user" else home / "deep")
    said = keep_private(home)
    assert said is not None
    assert "a folder of its own" in said
    assert open_ones(home) == [str(home), str(home / "deep")]


def test_what_belongs_to_somebody_else_or_cant_be_changed_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
        assert keep_private(home) is None
    with monkeypatch.context() as patch:
        patch.setattr(Path, "chmod", lambda *_: (_ for _ in ()).throw(PermissionError()))
        assert keep_private(home) is None
    assert is_open_to_others(home)  # which `coach doctor` says
    assert keep_private(tmp_path / "nowhere") is None


def test_the_command_says_it_on_stderr_and_not_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    fill(home)
    monkeypatch.setattr(sys, "argv", ["coach", "user", "list"])
    said = []
    for _ in range(2):
        with pytest.raises(SystemExit):
            cli.main()
        said.append(capsys.readouterr().err)
    assert "yours alone now" in said[0]
    assert said[1] == ""
    assert open_ones(home) == []
