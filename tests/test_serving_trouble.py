"""A disk that is full, fails or can't be written to is one sentence at the command line's edge; a bug is not hidden."""

import errno
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from safetensors import SafetensorError
from sqlalchemy.exc import OperationalError

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.errors import CoachError, InputError
from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery
from salescoach.model.base_model import resolve_base_model
from salescoach.testing import make_call, make_calls
from salescoach.types import TrajectoryPoint
from serving.chat.server import _prepare_app_root, serve
from serving.cli import app as cli
from serving.cli import printing
from serving.usecases import doctor
from serving.usecases.trouble import said_of
from tests.test_vectorstore_faults import QUERY, mean_scorer
from training.bundle import BUNDLED_MODEL, unpack
from vectorstore.build import build_index
from vectorstore.opened import is_sound
from vectorstore.search import PastCalls


def os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code), "/somewhere/file")


def real_sqlite_error(statement: str, *pragmas: str) -> sqlite3.OperationalError:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (x)")
    try:
        for pragma in pragmas:
            database.execute(f"PRAGMA {pragma}")
        database.execute(statement)
    except sqlite3.OperationalError as error:
        return error
    finally:
        database.close()
    raise AssertionError("the statement went well")


READ_ONLY = real_sqlite_error("INSERT INTO t VALUES (1)", "query_only=ON")
FULL = real_sqlite_error("INSERT INTO t VALUES (zeroblob(9999999))", "max_page_count=3")
WRONG = real_sqlite_error("INSERT INTO nowhere VALUES (1)")


@pytest.mark.parametrize(
    "error",
    [
        *(os_error(getattr(errno, name)) for name in ("ENOSPC", "EROFS", "EACCES", "EPERM", "EIO", "EDQUOT", "EFBIG")),
        shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        READ_ONLY,
        FULL,
        OperationalError("INSERT", {}, FULL),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_disk_does_is_one_sentence_with_code_1(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_of(error)
    assert said is not None

    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err) == (1, "", f"{said}\n")
    assert "as it was" in err


@pytest.mark.parametrize(
    "error",
    [os_error(errno.ENOENT), os_error(errno.EPIPE), OSError("odd"), WRONG, sqlite3.ProgrammingError("odd"),
     SafetensorError("odd"), OperationalError("INSERT", {}, WRONG), ValueError("[Errno 28]"), KeyError("x")],
    ids=repr,
)  # fmt: skip
def test_a_bug_keeps_its_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    assert said_of(error) is None
    with pytest.raises(type(error)):
        cli.main()


def full_after(n_files: int) -> Callable[..., None]:
    """Copies some files whole, then half of one."""
    left = [n_files]
    copy = shutil.copyfile

    def copyfile(source: Path, target: Path) -> None:
        copy(source, target)
        left[0] -= 1
        if left[0] < 0:
            os.truncate(target, target.stat().st_size // 2)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source), None, str(target))

    return copyfile


@pytest.mark.parametrize("n_files", [0, 1, 3])
def test_a_full_disk_leaves_no_half_of_a_page_or_a_model(
    tmp_path: Path, n_files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "copyfile", full_after(n_files))
    with pytest.raises(OSError, match="No space") as error:
        _prepare_app_root(tmp_path / "chat" / "8000")
    assert str(tmp_path) in str(said_of(error.value))  # the file that is written, not the one that is copied
    assert list((tmp_path / "chat").iterdir()) == []
    monkeypatch.setattr(shutil, "copyfile", full_after(n_files))
    with pytest.raises(OSError, match="No space"):
        unpack(BUNDLED_MODEL, Path(resolve_base_model(BUNDLED_BASE_MODEL)), tmp_path / "models" / "starter")
    assert list((tmp_path / "models").iterdir()) == []


def test_doctor_says_what_the_disk_does_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise os_error(errno.EIO)

    monkeypatch.setattr(doctor.CallScorer, "load", fails)
    checks = {check.name: check for check in doctor.examine(Settings.load(home=tmp_path))}
    assert not checks["model"].ok
    assert os.strerror(errno.EIO) in checks["model"].detail
    assert checks["base encoder"].ok


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called nothing can be written, also where the tests run as root, whom rights don't stop."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def begin() -> None:
        monkeypatch.setattr(os, "access", lambda place, mode: not mode & os.W_OK)
        monkeypatch.setattr(FileLock, "acquire", refuse)
        monkeypatch.setattr(Path, "mkdir", refuse)
        monkeypatch.setattr(Path, "touch", refuse)

    return begin


def test_past_calls_are_found_where_nothing_can_be_written(tmp_path: Path, read_only: Callable[[], None]) -> None:
    file, index_dir, scorer = tmp_path / "library.sqlite", tmp_path / "index", mean_scorer(tmp_path)
    with Library(file) as library:
        library.add(make_calls(40))
        build_index(library, scorer, index_dir)
        past_calls = PastCalls(index_dir, library, scorer, exact_below=0)
        before = past_calls.similar(PrecedentQuery(transcript=QUERY))
        past_calls.close()
    listing = sorted(tmp_path.rglob("*"))
    read_only()
    with Library(file) as library:
        past_calls = PastCalls(index_dir, library, scorer, exact_below=0)
        assert past_calls.similar(PrecedentQuery(transcript=QUERY)) == before
        past_calls.close()
        assert is_sound(index_dir, scorer)
        for change in (
            lambda: library.add([make_call("new", "Rep: Hello.", "Customer: Bye.")]),
            lambda: library.set_outcome("made-001", "lost"),
            lambda: library.delete("made-001"),
            lambda: build_index(library, scorer, index_dir),
        ):
            with pytest.raises(CoachError):
                change()
        assert len(library.summaries()) == 40
    assert sorted(tmp_path.rglob("*")) == listing


def test_the_chat_says_where_nothing_can_be_written(tmp_path: Path, read_only: Callable[[], None]) -> None:
    read_only()
    with pytest.raises(CoachError, match="keeps what is said"):
        serve(Settings.load(home=tmp_path), port=1)
    with pytest.raises(CoachError, match=r"library\.sqlite can't be made"):
        Library(tmp_path / "library.sqlite")


@pytest.mark.parametrize("arguments", [["score", "caf\udce9.txt"], ["train", "x", "--out", "\udcff"]])
def test_a_name_of_odd_bytes_is_refused_in_a_sentence(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["coach", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert "no UTF-8 text" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("name", ["COACH_HOME", "COACH_MODEL", "COACH_BASE_MODEL", "COACH_LLM", "OPENAI_API_KEY"])
def test_a_setting_of_odd_bytes_is_refused_in_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "secret-\udce9")
    with pytest.raises(InputError, match=rf"The setting {name} can't be used: .*UTF-8") as error:
        Settings.load()
    assert ("secret" in str(error.value)) == (not name.startswith("OPENAI"))


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    printing.result({"a": float("nan"), "b": [float("inf"), 1.5, "nan"]}, "", as_json=True)
    assert capsys.readouterr().out == '{"a": null, "b": [null, 1.5, "nan"]}\n'
    printing.result(TrajectoryPoint(turn=1, probability=float("nan")), "", as_json=True)
    assert capsys.readouterr().out == '{"turn": 1, "probability": null}\n'
