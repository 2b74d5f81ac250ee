"""A ``COACH_HOME`` and a trained model, made once for all runs of the same code, and cheap clones of a home.

What was made is kept in pytest's cache folder under a name that changes with anything it was made from, so it is never
out of date; what an older state of the code made is deleted. ``pytest --cache-clear`` deletes all of it.
"""

import functools
import gc
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock

from salescoach.config import Settings
from salescoach.model.encoder import best_engine
from salescoach.model.loading import load_reader
from salescoach.reading.labelled import read_calls
from serving.usecases.setup import example_calls, set_up
from training.options import TrainingOptions
from training.run import train
from training.sample import write_sample

ROOT = Path(__file__).parent.parent
MADE_FROM = (
    "agent", "data", "eval", "salescoach", "serving", "tools", "training", "vectorstore",
    "requirements.lock", "tests/homes.py",
)  # fmt: skip
N_CALLS = 160  # few, but enough for both outcomes in every split
N_FEW_CALLS = 40  # for what builds an index of all of them or trains on them
N_SAMPLE_CALLS = 96
# The coach replaces these files as a whole and never writes into one, so clones can share them by hard links.
REPLACED_WHOLE = ("models",)

Fingerprint = dict[str, tuple[int, int]]


def make_home(folder: Path, n_calls: int = N_CALLS) -> None:
    """A home as ``coach setup`` makes it, with a smaller library, in which the example calls were read before."""
    settings = Settings.load(home=folder)
    set_up(settings, lambda stage, done, total: None, n_calls=n_calls)
    reader = load_reader(settings)
    for call in example_calls():  # or every process that scores one would do it anew
        reader.features(call.transcript.turns)
    del reader
    gc.collect()
    for file in folder.rglob("*.sqlite"):  # the log of writes goes into the file itself, which makes clones small
        database = sqlite3.connect(file)
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()


def make_small_home(folder: Path) -> None:
    """The same with a fraction of the calls."""
    make_home(folder, N_FEW_CALLS)


def make_sample(folder: Path) -> None:
    """A small sample corpus, ``calls.csv``, as ``coach sample`` writes it."""
    write_sample(folder / "calls.csv", n_calls=N_SAMPLE_CALLS, seed=Settings.load().seed)


def make_own_model(home: Path, sample: Path, folder: Path) -> None:
    """A model folder that has learned from the sample corpus; the bundled one hasn't."""
    train(read_calls(sample), folder, Settings.load(home=home), TrainingOptions(name="own", data="the sample calls"))


def kept(cache: Path, name: str, make: Callable[[Path], None], copy: Path) -> Path:
    """A copy of a folder that is made only if no earlier run of the same code, or other worker, has made it.

    It shares nothing with what is kept, so that no test can spoil a later run.

    Args:
        cache: where folders are kept.
        name: of the folder, such as ``home``.
        make: makes the folder that it is given.
        copy: the folder to make a copy in.
    """
    of_now = cache / state_of_code()
    with FileLock(cache / "lock"):
        for older in cache.iterdir():
            if older.is_dir() and older != of_now:
                shutil.rmtree(older)
    with FileLock(cache / f"lock-{name}"):  # of this folder alone: the other worker needs others meanwhile
        folder = of_now / name
        if not folder.is_dir():
            unfinished = of_now / f"unfinished-{name}"
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
        shutil.copytree(folder, copy)
    return copy


@functools.cache
def state_of_code() -> str:
    """Changes with every file that a home is made from, and with the kind of processor: 16 hex digits."""
    digest = hashlib.sha256(best_engine().encode())
    for file in _files_of([ROOT / name for name in MADE_FROM]):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(ROOT)} {content}\n".encode())
    return digest.hexdigest()[:16]


def clone(home: Path, to: Path) -> Path:
    """A home that a test may change as the coach would, though not by writing into a model's file: see ``unshared``."""
    gc.collect()  # a cache that a test dropped is closed now, and not while its files are copied
    shutil.copytree(home, to, ignore=lambda folder, names: REPLACED_WHOLE if Path(folder) == home else ())
    for name in REPLACED_WHOLE:
        shutil.copytree(home / name, to / name, copy_function=os.link)
    return to


def unshared(file: Path) -> Path:
    """The same file with content of its own, for a test that writes into it."""
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    return file


def shared_files(home: Path) -> Fingerprint:
    """Size and time of the last change of each file that clones share."""
    files = _files_of([home / name for name in REPLACED_WHOLE])
    return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def _files_of(places: list[Path]) -> Iterator[Path]:
    for place in places:
        found = [place] if place.is_file() else sorted(place.rglob("*"))
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)
