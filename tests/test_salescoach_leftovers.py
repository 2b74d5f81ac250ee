"""What killed programs leave behind is removed, and nothing that somebody is at or that is somebody else's."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from salescoach.config import Settings
from salescoach.leftovers import remove_half_made, remove_half_written, remove_leftovers
from salescoach.model.artifact import CARD, whole_folder

MAKING = """
import sys, time
from pathlib import Path
from salescoach.model.artifact import whole_folder
with whole_folder(Path(sys.argv[1])) as folder:
    (folder / "weights").write_bytes(b"w" * 1000)
    print("here", flush=True)
    time.sleep(60)
"""


def making(target: Path, code: str = MAKING) -> "subprocess.Popen[str]":
    """A real process that is making a model folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", textwrap.dedent(code), str(target)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    return process


def stop(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_what_a_killed_training_left_goes_and_what_a_running_one_makes_stays(tmp_path: Path) -> None:
    killed, running = making(tmp_path / "one"), making(tmp_path / "two")
    try:
        stop(killed)
        assert [entry.name[:5] for entry in remove_half_made(tmp_path)] == [".one."]
        assert not [name for name in names(tmp_path) if name.startswith(".one.")]
        assert [name[-4:] for name in names(tmp_path) if name.startswith(".two.")] == ["lock", ".tmp"]
    finally:
        stop(running)
    with whole_folder(tmp_path / "two") as folder:  # the next training of that name
        (folder / CARD).write_text("new")
    assert names(tmp_path) == ["two"]


def test_a_model_that_was_just_making_way_comes_back(tmp_path: Path) -> None:
    """Killed in the moment between the two renames: the model of before is all there is."""
    target = tmp_path / "model"
    with whole_folder(target) as folder:
        (folder / CARD).write_text("before")
    process = making(
        target,
        MAKING.replace('print("here", flush=True)', "")
        .replace("    time.sleep(60)", '    (folder / "MODEL_CARD.md").write_text("after")')
        .replace("with whole", REPLACE_ONCE + "\nwith whole"),
    )
    stop(process)
    assert not target.exists()
    remove_half_made(tmp_path)
    assert names(tmp_path) == ["model"]
    assert (target / CARD).read_text() == "before"


REPLACE_ONCE = """
import os
replace = os.replace
def once(*names):
    replace(*names)
    print("here", flush=True)
    time.sleep(60)
os.replace = once
"""


def test_only_names_of_ours_are_touched(tmp_path: Path) -> None:
    for name in (".cache.tmp", "model.0123abcd.tmp", ".model.0123abcd", ".model.0123ABCD.tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / ".model.0123abcd.tmp").write_text("a file")
    (tmp_path / ".link.0123abcd.tmp").symlink_to(tmp_path / ".cache.tmp")
    before = names(tmp_path)
    assert remove_half_made(tmp_path) == []
    assert names(tmp_path) == before
    (tmp_path / ".other.0123abcd.tmp").mkdir()
    assert remove_half_made(tmp_path, "model") == []
    assert remove_half_made(tmp_path) == [tmp_path / ".other.0123abcd.tmp"]
    assert remove_half_made(tmp_path / "nowhere") == []


@pytest.mark.parametrize(("age_h", "is_removed"), [(0, False), (0.5, False), (2, True), (-2, True)])
def test_a_file_nobody_is_writing_any_more_goes(tmp_path: Path, age_h: float, is_removed: bool) -> None:
    """Also one that seems to be of tomorrow, after the clock was set back."""
    file = tmp_path / "runs" / ".0123abcd.finetune-x.safetensors"
    file.parent.mkdir()
    kept = [file.with_name(name) for name in ("finetune-x.safetensors", ".lock", ".0123abc.finetune")]
    for one in (file, *kept):
        one.write_bytes(b"1")
        os.utime(one, (time.time() - 3600 * age_h,) * 2)
    assert remove_half_written(tmp_path) == ([file] if is_removed else [])
    assert file.exists() is not is_removed
    assert all(one.exists() for one in kept)


def test_what_older_programs_kept_of_comparisons_and_trainings_goes(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    activations = settings.runs_dir / "finetune" / "activations"
    old = [settings.runs_dir / "compare" / "0123" / "fold-0-tfidf.json", activations / "0123-4" / "states.bf16"]
    old.append(old[-1].with_name("index.npz"))
    kept = [settings.runs_dir / "compare.sqlite", activations / "0123-4.sqlite", activations / "mine" / "notes.txt"]
    for file in (*old, *kept):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"1")
    remove_leftovers(settings)
    assert names(settings.runs_dir) == ["compare.sqlite", "finetune"]
    assert names(activations) == ["0123-4.sqlite", "mine"]
    assert all(file.exists() for file in kept)
