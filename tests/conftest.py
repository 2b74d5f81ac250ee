"""What several test files share: a folder with a real starter model, library and index, made once a session."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from salescoach.config import Settings
from salescoach.labelled import read_calls
from salescoach.library import Library
from salescoach.scoring import CallScorer
from serving.private_home import hide_new_files
from serving.setup import set_up
from tools.parts import Parts
from training.run import train
from vectorstore.search import PastCalls

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "data" / "examples"
N_SAMPLE_CALLS = 160  # small, but enough for both classes in every split


def pytest_configure(config: pytest.Config) -> None:
    """Chainlit, once it is imported, writes its files where it was told before: never into the working folder."""
    folder = tempfile.TemporaryDirectory(prefix="chainlit-")
    config.add_cleanup(folder.cleanup)
    os.environ["CHAINLIT_APP_ROOT"] = folder.name
    hide_new_files()  # as the command does, so that homes are private from the beginning


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and nothing is written into the working folder."""
    for name in list(os.environ):
        if name.startswith(("COACH_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def coach_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ``COACH_HOME`` as ``coach setup`` makes it, with a smaller corpus. Copy it before changing anything in it."""
    home = tmp_path_factory.mktemp("coach") / "home"
    set_up(Settings.load(home=home), lambda stage, done, total: None, n_calls=N_SAMPLE_CALLS)
    return home


@pytest.fixture(scope="session")
def own_model(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that has learned from the sample calls of ``coach_home``; the bundled one hasn't."""
    folder = tmp_path_factory.mktemp("models") / "own"
    calls = read_calls(coach_home / "sample" / "calls.csv")
    train(calls, folder, Settings.load(home=coach_home), name="own", data="the sample calls")
    return folder


@pytest.fixture
def settings(coach_home: Path) -> Iterator[Settings]:
    """Settings of the shared home."""
    yield Settings.load(home=coach_home)


@pytest.fixture
def example() -> Path:
    """One of the hand-written example calls."""
    return sorted(EXAMPLES.glob("*.txt"))[0]


@pytest.fixture(scope="module")
def parts(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """What tools read: the shared model and index, and a library of one's own, which tests may add calls to."""
    settings = Settings.load(home=coach_home)
    file = tmp_path_factory.mktemp("tools") / "library.sqlite"
    shutil.copy(settings.library_file, file)
    library, scorer = Library(file), CallScorer.load(settings)
    yield Parts(library, scorer, PastCalls(settings.index_dir, library, scorer))
    library.close()
