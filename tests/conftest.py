"""What several test files share: a folder with a real starter model, library and index, made once a session."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from salescoach.config import Settings
from salescoach.library import Library, score_log
from salescoach.model.encoder import best_engine
from salescoach.model.engines import Engine
from salescoach.model.scoring import CallScorer
from salescoach.model.vector_cache import MemoryCache, VectorCache
from salescoach.moves.reader import EncoderReader
from salescoach.scorecards.desk import ScorecardDesk
from serving.usecases.private_home import hide_new_files
from tests.base import base_encoder
from tests.homes import clone, kept, make_home, make_own_model, make_sample, make_small_home, shared_files
from tools.parts import Parts
from vectorstore.search import PastCalls

if TYPE_CHECKING:
    from tests.browser import Server

EXAMPLES = Path(__file__).parent.parent / "data" / "examples"
# Of readers, of what they remember, and of what is left of it when a call is deleted.
ABOUT_READING = (
    "test_agent_read_brief", "test_agent_read_moves", "test_salescoach_brief", "test_salescoach_moves",
    "test_salescoach_moves_arm", "test_salescoach_scoring", "test_salescoach_vector_cache",
    "test_serving_deletion", "test_serving_live", "test_serving_live_cues", "test_serving_moves", "test_training_moves",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Chainlit, once it is imported, writes its files where it was told before: never into the working folder."""
    folder = tempfile.TemporaryDirectory(prefix="chainlit-")
    config.add_cleanup(folder.cleanup)
    os.environ["CHAINLIT_APP_ROOT"] = folder.name
    os.environ["HF_HUB_OFFLINE"] = "1"  # it is read once, and without it a hub that can't be reached is tried for long
    hide_new_files()  # as the command does, so that homes are private from the beginning


@pytest.hookimpl(trylast=True)  # of what was chosen
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of files in which two workers end at one time: long ones first, so that what is left last is short.

    While the first worker makes the home, the other one has files that need none.
    """
    by_file: dict[Path, list[pytest.Item]] = {}
    for item in items:
        by_file.setdefault(item.path, []).append(item)
    files = sorted(by_file.values(), key=lambda tests: not any(map(_takes_long, tests)))
    with_home = [tests for tests in files if any("coach_home" in getattr(one, "fixturenames", ()) for one in tests)]
    others = [tests for tests in files if tests not in with_home]
    n = len(others) // 2
    items[:] = chain.from_iterable([*with_home[:1], *others[:n], *with_home[1:], *others[n:]])


def _takes_long(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("slow", "e2e"))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and nothing is written into the working folder."""
    for name in list(os.environ):
        if name.startswith(("COACH_", "OPENAI_", "OTEL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def cache_folder(pytestconfig: pytest.Config) -> Path:
    """Where folders that are slow to make are kept for the next run."""
    return pytestconfig.cache.mkdir("coach")


@pytest.fixture(scope="session")
def coach_home(cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ``COACH_HOME`` as ``coach setup`` makes it. ``tests.homes.clone`` it before changing anything in it."""
    home = kept(cache_folder, "home", make_home, tmp_path_factory.mktemp("coach") / "home")
    before = shared_files(home)
    yield home
    assert shared_files(home) == before, "a test has written into a file that other tests share"
    assert not score_log.read(Settings.load(home=home).library_file), "a test has logged a score in the shared home"


@pytest.fixture(scope="session")
def small_home(cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with few calls, for tests that index all of them or train on them; to be cloned, too."""
    return kept(cache_folder, "small-home", make_small_home, tmp_path_factory.mktemp("small") / "home")


@pytest.fixture(scope="session")
def windows_read() -> dict[tuple[str, str], MemoryCache]:
    """What readers have read of parts of calls, by the reader's weights and the engine that computed."""
    return {}


@pytest.fixture(scope="module", autouse=True)
def _read_once(request: pytest.FixtureRequest, windows_read: dict[tuple[str, str], MemoryCache]) -> Iterator[None]:
    """Of calls that one reader has read, others of the same weights remember it, as one that goes on being used does.

    The same example calls are scored in most files. Files that are about the reading itself read for themselves.
    """
    real = vars(EncoderReader)["load"].__func__

    def load(
        cls: type[EncoderReader],
        folder: Path,
        base: Path,
        *,
        engine: Engine | None = None,
        cache: VectorCache | None = None,
    ) -> EncoderReader:
        reader: EncoderReader = real(cls, folder, base, engine=engine, cache=cache)
        reader._variants = windows_read.setdefault((reader.model_id, engine or best_engine()), reader._variants)
        return reader

    with pytest.MonkeyPatch.context() as patch:
        if request.path.stem not in ABOUT_READING:
            patch.setattr(EncoderReader, "load", classmethod(load))
        yield


@pytest.fixture(scope="session")
def sample_file(cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of a small sample corpus."""
    return kept(cache_folder, "sample", make_sample, tmp_path_factory.mktemp("corpus") / "sample") / "calls.csv"


@pytest.fixture(scope="session")
def own_model(
    coach_home: Path, sample_file: Path, cache_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model folder that has learned from the sample corpus; the bundled one hasn't."""
    copy = tmp_path_factory.mktemp("models") / "own"
    return kept(cache_folder, "own-model", lambda folder: make_own_model(coach_home, sample_file, folder), copy)


@pytest.fixture(scope="session")
def server(coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Server"]:
    """A running ``coach chat``, the same for all tests of the page that don't mind what others have said there."""
    from tests.browser import running

    folder = tmp_path_factory.mktemp("chat")
    with running(clone(coach_home, folder / "home"), folder) as one:
        yield one


@pytest.fixture
def one_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coaches get the same base encoder, where loading it for each would take most of a test's time."""
    monkeypatch.setattr("agent.build.load_question_encoder", lambda scorer, settings: base_encoder())


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
    scorecards = ScorecardDesk.of(settings, None)
    yield Parts(library, scorer, PastCalls(settings.index_dir, library, scorer), scorecards=scorecards)
    library.close()
