"""Model folders from elsewhere: over a real HTTP server and fsspec's own file systems, whole and checked or not."""

import functools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.errors import ModelError, NamedModelError
from salescoach.model.artifact import MANIFEST, ModelFolder, find_model, seal
from salescoach.model.base_model import resolve_base_model
from salescoach.model.fetched import MAX_FILES, _is_inside, fetched, fetched_folders
from training.bundle import BUNDLED_MODEL

CARD = "MODEL_CARD.md"
Source = tuple[str, "Asked"]


class Asked:
    """What was asked of a server, and how it fails."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.cut: str | None = None  # this file's connection breaks half way
        self.status = 200


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; its log is the list of paths."""

    def __init__(self, *args: Any, asked: Asked, **named: Any) -> None:
        self.asked = asked
        super().__init__(*args, **named)

    def do_GET(self) -> None:
        self.asked.paths.append(self.path.rpartition("/")[2])
        if self.asked.status != 200:
            self.send_error(self.asked.status)
        elif self.path.endswith(self.asked.cut or "\n"):
            content = Path(self.translate_path(self.path)).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
        else:
            super().do_GET()

    def log_message(self, *args: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small folder that is a model's by its manifest: what is fetched is whatever that names."""
    made = tmp_path / "made" / "model"
    (made / "encoder" / "1_Pooling").mkdir(parents=True)
    (made / CARD).write_text("# A model\n", encoding="utf-8")
    (made / "encoder" / "model.safetensors").write_bytes(bytes(range(256)) * 12_000)
    (made / "encoder" / "1_Pooling" / "config.json").write_text("{}", encoding="utf-8")
    known = json.loads((BUNDLED_MODEL / MANIFEST).read_text(encoding="utf-8"))
    seal(made, **{key: value for key, value in known.items() if key not in {"files", "model_id"}})
    return made


@pytest.fixture
def served(folder: Path) -> Iterator[Source]:
    """The address of the folder on a server of this machine, and what it was asked."""
    asked = Asked()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, asked=asked, directory=str(folder.parent))
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{folder.name}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings() -> Settings:
    return Settings.load()


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def folders(settings: Settings) -> list[Path]:
    """All that lies among the fetched folders, but for locks."""
    place = fetched_folders(settings)
    return [entry for entry in place.iterdir() if entry.is_dir()] if place.is_dir() else []


@pytest.mark.enable_socket
def test_over_http_it_is_fetched_once_and_is_the_same_folder(served: Source, folder: Path, settings: Settings) -> None:
    address, asked = served
    found = fetched(address, settings)
    assert files_of(found) == files_of(folder)
    assert ModelFolder.open(found).manifest == ModelFolder.open(folder).manifest
    assert sorted(asked.paths) == sorted(Path(name).name for name in files_of(folder))
    asked.paths.clear()
    assert fetched(f"{address}/", settings) == found
    assert asked.paths == [MANIFEST]
    assert folders(settings) == [found]


@pytest.mark.enable_socket
def test_a_new_model_at_the_same_address_is_noticed(served: Source, folder: Path, settings: Settings) -> None:
    address, _ = served
    before = fetched(address, settings)
    (folder / CARD).write_text("# Another\n", encoding="utf-8")
    fields = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).unlink()
    seal(folder, **{key: value for key, value in fields.items() if key not in {"files", "model_id"}})
    after = fetched(address, settings)
    assert after != before
    assert (after / CARD).read_text(encoding="utf-8") == "# Another\n"
    assert (before / CARD).read_text(encoding="utf-8") == "# A model\n"


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_other_file_systems_work_alike(scheme: str, folder: Path, settings: Settings) -> None:
    address = f"file://{folder}"
    if scheme == "memory":
        address = "memory://models/own"
        fsspec.filesystem("memory").put(str(folder), "/models/own", recursive=True)
    assert files_of(fetched(address, settings)) == files_of(folder)
    assert find_model(Settings.load(model=address)) == folders(settings)[0]


@pytest.mark.parametrize("wrong", ["changed", "missing", "cut"])
@pytest.mark.enable_socket
def test_what_is_not_whole_is_never_a_folder(wrong: str, served: Source, folder: Path, settings: Settings) -> None:
    address, asked = served
    weights = folder / "encoder" / "model.safetensors"
    content = weights.read_bytes()
    if wrong == "changed":
        weights.write_bytes(content[:-1] + b"x")
    elif wrong == "missing":
        weights.unlink()
    else:
        asked.cut = weights.name
    with pytest.raises(ModelError) as caught:
        fetched(address, settings)
    assert address in str(caught.value)
    assert "\n" not in str(caught.value)
    assert folders(settings) == []
    weights.write_bytes(content)
    asked.cut = None
    assert files_of(fetched(address, settings)) == files_of(folder)


@pytest.mark.enable_socket
def test_a_killed_download_leaves_nothing_that_is_taken_for_a_model(
    served: Source, folder: Path, settings: Settings
) -> None:
    address, _ = served
    found = fetched(address, settings)
    half = found.with_name(f".{found.name}.0123abcd.tmp")
    found.rename(half)
    (half / CARD).unlink()
    assert fetched(address, settings) == found
    assert files_of(found) == files_of(folder)
    assert folders(settings) == [found]


@pytest.mark.enable_socket
def test_many_at_once_make_one_folder(served: Source, folder: Path, settings: Settings) -> None:
    address, asked = served
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(fetched(address, settings))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert set(found) == set(folders(settings))
    assert asked.paths.count("model.safetensors") == 1


@pytest.mark.enable_socket
def test_a_server_that_cannot_be_reached_or_refuses_is_a_sentence(served: Source, settings: Settings) -> None:
    address, asked = served
    asked.status = 403
    with pytest.raises(ModelError, match=r"can't be fetched \(403"):
        fetched(address, settings)
    asked.status = 404
    with pytest.raises(NamedModelError, match=r"no manifest\.json at http"):
        fetched(address, settings)
    with pytest.raises(ModelError, match="can't be fetched"):
        fetched("http://127.0.0.1:9/model", settings)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://bucket/model", r"pip install 'sales-coach\[s3\]'"),
        ("gs://bucket/model", r"pip install 'sales-coach\[gcs\]'"),
        ("az://container/model", r"pip install 'sales-coach\[azure\]'"),
        ("ftp://models.example/own", "can't be fetched by ftp://"),
        ("simplecache::memory://models", "can't be fetched by"),
        ("http://models.example/own", "https://"),
        ("https://models.example/own?sig=1", r"no \?"),
        ("http://[::1/own", "can't be read"),
        ("memory://nothing/here", "There is no manifest.json at memory://nothing/here"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_sentence(address: str, said: str, settings: Settings) -> None:
    with pytest.raises(NamedModelError, match=said):
        fetched(address, settings)
    assert folders(settings) == []


@pytest.mark.enable_socket
def test_no_password_is_repeated(served: Source, settings: Settings) -> None:
    address, asked = served
    asked.status = 500
    with pytest.raises(ModelError) as caught:
        fetched(address.replace("http://", "http://me:secret@"), settings)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "manifest",
    [
        b"", b"{}", b"[]", b"\xff", b'{"files": {}}', b'{"files": {"a": "b"}}', b"[" * 100_000,
        json.dumps({"files": {"../a": "0" * 64}}).encode(),
        json.dumps({"files": {f"f{n}": "0" * 64 for n in range(MAX_FILES + 1)}}).encode(),
    ],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(manifest: bytes, settings: Settings) -> None:
    fsspec.filesystem("memory").pipe("/odd/manifest.json", manifest)
    with pytest.raises(NamedModelError, match="holds no model"):
        fetched("memory://odd", settings)
    assert folders(settings) == []


@given(
    name=st.one_of(
        st.text(max_size=30),
        st.lists(st.sampled_from(["..", ".", "", "a", "b.json", "/", "\\", "C:", "manifest.json"]), max_size=4).map(
            "/".join
        ),
    )
)
def test_no_name_in_a_manifest_leads_out_of_the_folder(name: str) -> None:
    root = Path("/somewhere/model")
    if _is_inside(name):
        assert (root / name).resolve().is_relative_to(root)
        assert (root / name).resolve() != root
        assert "\\" not in name
        assert name != MANIFEST


def test_an_address_in_the_environment_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_MODEL", "s3://bucket/model")
    assert Settings.load().model == "s3://bucket/model"
    monkeypatch.setenv("COACH_MODEL", "models/own")
    assert Settings.load().model == Path("models/own")
    assert Settings.load(model=Path("/x")).model == Path("/x")


@pytest.mark.slow
def test_the_command_scores_with_a_model_from_elsewhere(coach_home: Path, example: Path, tmp_path: Path) -> None:
    folder = find_model(Settings.load(home=coach_home))

    def score(*named: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "serving.cli", "score", str(example), "--json", *named]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=None)
        assert done.returncode == 0, done.stderr
        return {key: value for key, value in json.loads(done.stdout).items() if key != "latency_ms"}

    assert score("--model", f"file://{folder}") == score("--model", str(folder))
    assert resolve_base_model(BUNDLED_BASE_MODEL)
