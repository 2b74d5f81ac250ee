"""What goes wrong with files and processes: the index answers right, or says what to do; no crash, no guess."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from chromadb.api.models.Collection import Collection
from chromadb.errors import InternalError

from salescoach.errors import CoachError, UnavailableError
from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery
from salescoach.model.scoring import Scorer
from salescoach.testing import WordHashEncoder, make_calls, make_transcript
from vectorstore.build import build_index
from vectorstore.database import DATABASE, STORE
from vectorstore.generation import CURRENT, current_generation
from vectorstore.opened import is_sound
from vectorstore.search import PastCalls
from vectorstore.shelf import ShelfWriter

pytestmark = pytest.mark.slow

QUERY = make_transcript("Rep: How do you plan the shifts today?", "Customer: It is too expensive for us, I fear.")
SCORER = """
import sys, time, types
from pathlib import Path
import numpy as np
from salescoach.model.encoder import encode_turns
from salescoach.library import Library
from salescoach.library.precedents import PrecedentQuery
from salescoach.testing import WordHashEncoder, make_transcript
from vectorstore.build import build_index
from vectorstore.search import PastCalls

class MeanScorer:
    reader = None
    manifest = types.SimpleNamespace(model_id="mean-0123456789ab")
    encoder = WordHashEncoder(64)
    mean_turn = np.zeros(64, dtype=np.float32)

    def call_vector(self, transcript):
        mean = encode_turns(self.encoder, transcript.turns).mean(axis=0)
        return (mean / np.linalg.norm(mean)).astype(np.float32)

home = Path(sys.argv[1])
library, scorer = Library(home / "library.sqlite"), MeanScorer()
"""


def mean_scorer(home: Path) -> Scorer:
    """The same scorer in this process as in the others."""
    names: dict[str, Any] = {"__name__": "scorer"}
    argv, sys.argv = sys.argv, ["", str(home)]
    try:
        exec(SCORER, names)
    finally:
        sys.argv = argv
    names["library"].close()
    return cast("Scorer", names["scorer"])


def other_process(home: Path, code: str) -> "subprocess.Popen[str]":
    """A real process that runs ``code`` with ``library``, ``scorer`` and ``home``."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, "-c", SCORER + textwrap.dedent(code), str(home)],
        stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


@dataclass
class Store:
    home: Path
    library: Library
    scorer: Scorer
    past_calls: PastCalls

    @property
    def index_dir(self) -> Path:
        return self.home / "index"

    @property
    def folder(self) -> Path:
        return self.index_dir / current_generation(self.index_dir, self.scorer).name

    def ask(self) -> tuple[list[Any], list[Any]]:
        query = PrecedentQuery(transcript=QUERY, n_results=8, focus=2)
        return self.past_calls.similar(query), self.past_calls.replies(query)

    def rebuild(self) -> None:
        build_index(self.library, self.scorer, self.index_dir)

    def restart(self) -> None:
        self.past_calls.close()
        self.past_calls = PastCalls(self.index_dir, self.library, self.scorer, exact_below=0)

    def entries(self) -> list[str]:
        return sorted(path.relative_to(self.index_dir).as_posix() for path in self.index_dir.rglob("*"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    library, scorer = Library(tmp_path / "library.sqlite"), mean_scorer(tmp_path)
    library.add(make_calls(60))
    store = Store(tmp_path, library, scorer, PastCalls(tmp_path / "index", library, scorer, exact_below=0))
    store.rebuild()
    yield store
    store.past_calls.close()
    library.close()


def change_a_byte(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def cut_in_half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwrite(file: Path) -> None:
    file.write_bytes(b"garbage " * (file.stat().st_size // 8))


DAMAGES = {"missing": Path.unlink, "cut": cut_in_half, "changed": change_a_byte, "garbage": overwrite}


def hnsw_file(name: str) -> Callable[[Store], Path]:
    return lambda store: max((store.folder / STORE).glob(f"*/{name}"), key=lambda file: file.stat().st_size)


@pytest.mark.parametrize("damage", ["missing", "cut", "changed", "garbage"])
@pytest.mark.parametrize(
    "file",
    [hnsw_file("data_level0.bin"), hnsw_file("index_metadata.pickle"), hnsw_file("length.bin")],
    ids=["vectors", "pickle", "length"],
)
def test_a_damaged_chroma_is_never_opened_and_exact_search_answers(
    store: Store, file: Callable[[Store], Path], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = store.ask()
    store.past_calls.close()
    DAMAGES[damage](file(store))
    assert not is_sound(store.index_dir, store.scorer)
    store.restart()
    assert store.ask() == before
    assert "searched exactly" in caplog.text
    store.rebuild()
    assert is_sound(store.index_dir, store.scorer)
    assert store.ask() == before


@pytest.mark.parametrize("damage", ["missing", "cut", "garbage"])
@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
def test_a_damaged_database_costs_time_only(store: Store, damage: str, is_open: bool) -> None:
    before = store.ask()
    if not is_open:
        store.past_calls.close()
    DAMAGES[damage](store.folder / STORE / DATABASE)
    assert store.ask() == before
    store.past_calls.close()
    assert not is_sound(store.index_dir, store.scorer)
    assert store.ask() == before
    store.rebuild()
    assert is_sound(store.index_dir, store.scorer)
    assert store.ask() == before


@pytest.mark.parametrize("part", ["", "/*"], ids=["folder", "contents"])
def test_chroma_gone_as_a_whole(store: Store, part: str) -> None:
    before = store.ask()
    store.past_calls.close()
    for entry in list(store.folder.glob(f"{STORE}{part}")):
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    assert store.ask() == before
    assert not is_sound(store.index_dir, store.scorer)


def test_an_empty_chroma_of_the_right_version_is_damage_and_not_no_data(store: Store) -> None:
    """As when the folder of another index was copied over it: sound files, but not these calls'."""
    before = store.ask()
    store.past_calls.close()
    with Library(store.home / "other.sqlite") as other:
        build_index(other, store.scorer, store.home / "other")
        theirs = store.home / "other" / current_generation(store.home / "other", store.scorer).name / STORE
    shutil.copy(theirs / DATABASE, store.folder / STORE / DATABASE)
    assert not is_sound(store.index_dir, store.scorer)
    assert store.ask() == before


@pytest.mark.parametrize("damage", ["missing", "cut", "changed", "garbage"])
@pytest.mark.parametrize("name", ["calls-lost.bin", "moments-converted.bin", "places-lost.bin", "calls-converted.json"])
def test_damaged_vectors_are_not_searched_at_all(store: Store, name: str, damage: str) -> None:
    before = store.ask()
    store.past_calls.close()
    DAMAGES[damage](store.folder / name)
    with pytest.raises(UnavailableError, match="coach index"):
        store.ask()
    store.rebuild()
    assert store.ask() == before


@pytest.mark.parametrize("content", [b"", b"\xff\x00 garbage", b"{}", b'{"generations": 3}'])
def test_a_damaged_pointer_is_said(store: Store, content: bytes) -> None:
    before = store.ask()
    (store.index_dir / CURRENT).write_bytes(content)
    with pytest.raises(UnavailableError, match="coach index"):
        store.ask()
    store.rebuild()
    assert store.ask() == before


@pytest.mark.parametrize("what", ["index", "generation"])
def test_a_missing_index_is_said(store: Store, what: str) -> None:
    before = store.ask()
    store.past_calls.close()
    shutil.rmtree(store.index_dir if what == "index" else store.folder)
    with pytest.raises(UnavailableError, match="coach index"):
        store.ask()
    store.rebuild()
    assert store.ask() == before


@pytest.mark.parametrize("changed", ["model", "engine"])
def test_vectors_of_another_embedder_are_never_compared(store: Store, changed: str) -> None:
    before = store.ask()
    other = mean_scorer(store.home)
    if changed == "model":
        other.manifest = SimpleNamespace(model_id="other-ba9876543210")  # type: ignore[misc, assignment]
    else:  # the same dimension and the same model, computed by another engine
        encoder = WordHashEncoder(64)
        encoder.fingerprint = "another-engine"
        other.encoder = encoder  # type: ignore[misc]
    theirs = PastCalls(store.index_dir, store.library, other, exact_below=0)
    with pytest.raises(UnavailableError, match=r"mean-0123456789ab.*coach index"):
        theirs.similar(PrecedentQuery(transcript=QUERY))
    build_index(store.library, other, store.index_dir)
    assert theirs.similar(PrecedentQuery(transcript=QUERY, n_results=8, focus=2)) == before[0]
    assert store.ask() == before  # the old one still serves who runs with the old model
    theirs.close()


def no_space(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def chroma_full(*_: Any, **__: Any) -> Any:
    raise InternalError("error returned from database: (code: 13) database or disk is full")


@pytest.mark.parametrize(
    ("where", "name", "full"),
    [
        (ShelfWriter, "_write", no_space),
        (Collection, "add", chroma_full),
        (os, "replace", no_space),
        (Path, "write_text", no_space),
    ],
    ids=["vectors", "chroma", "swap", "facts"],
)
def test_a_full_disk_leaves_the_old_index_as_it_was(
    store: Store, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, full: Any
) -> None:
    before = store.ask()
    store.past_calls.close()
    entries = store.entries()
    with monkeypatch.context() as patch:
        patch.setattr(where, name, full)
        with pytest.raises(CoachError, match=r"can't be written.*(No space|disk is full).*as it was"):
            store.rebuild()
    assert store.entries() == entries
    assert store.ask() == before


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit on the size of files here")
@pytest.mark.parametrize("limit", [1_000, 100_000])
def test_a_real_refusal_to_write_leaves_the_old_index_as_it_was(store: Store, limit: int) -> None:
    before, entries = store.ask(), store.entries()
    process = other_process(
        store.home,
        f"""
        import resource
        list(library.past_calls())
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
        try:
            build_index(library, scorer, home / "index")
        except Exception as error:
            print(type(error).__name__, error)
        """,
    )
    said, _ = process.communicate(timeout=120)
    assert said.startswith("CoachError The index of past calls can't be written")
    assert set(store.entries()) == set(entries)
    assert store.ask() == before


@pytest.mark.parametrize("stage", ["reading past calls", "indexing moments"])
def test_a_build_that_is_killed_is_as_if_it_had_never_begun(store: Store, stage: str) -> None:
    before = store.ask()
    process = other_process(
        store.home,
        f"""
        def report(stage, done, total):
            if stage == {stage!r} and done >= 30:
                print("here", flush=True)
                time.sleep(60)
        build_index(library, scorer, home / "index", report)
        """,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len([entry for entry in store.index_dir.iterdir() if entry.is_dir()]) == 2  # its leavings
    assert store.ask() == before
    store.restart()
    assert store.ask() == before
    store.rebuild()
    assert store.ask() == before
    store.rebuild()
    assert store.ask() == before
    assert len([entry for entry in store.index_dir.iterdir() if entry.is_dir()]) == 2  # newest and the one before


def test_two_processes_at_once(store: Store) -> None:
    """The first owns Chroma, the second searches exactly; a build by a third is seen by both at their next question."""
    asking = """
        past_calls = PastCalls(home / "index", library, scorer, exact_below=0)
        query = PrecedentQuery(
            transcript=make_transcript(
                "Rep: How do you plan the shifts today?", "Customer: It is too expensive for us, I fear."
            ),
            n_results=8,
            focus=2,
        )
        for line in sys.stdin:
            found = past_calls.similar(query)
            is_owner = past_calls._opened._store is not None
            print(is_owner, [one.call_id for one in found], flush=True)
        """
    first, second = other_process(store.home, asking), other_process(store.home, asking)

    def answer(process: "subprocess.Popen[str]") -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    try:
        expected = [one.call_id for one in store.ask()[0]]
        store.past_calls.close()
        assert answer(first) == f"True {expected}"
        assert answer(second) == f"False {expected}"
        like_it = [f"{turn.speaker}: {turn.text}" for turn in QUERY.turns]
        new = make_calls(1)[0].model_copy(
            update={"call_id": "new", "transcript": make_transcript(*like_it, "Customer: Bye.", call_id="new")}
        )
        store.library.add([new])
        store.rebuild()
        assert "'new'" in answer(second)
        assert "'new'" in answer(first)
        first.kill()
        first.communicate()
        assert "'new'" in answer(second)
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()
    store.restart()
    assert store.ask()[0][0].call_id == "new"  # the lock of a killed process is free
    assert is_sound(store.index_dir, store.scorer)
