"""A model folder is whole or not there, and not one byte of it changes unnoticed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from salescoach.config import Settings
from salescoach.errors import CoachError, ModelError, NamedModelError
from salescoach.model.artifact import (
    MANIFEST,
    Manifest,
    ModelFolder,
    find_model,
    folder_fingerprint,
    make_current,
    seal,
    whole_folder,
)
from salescoach.stats.measures import Measure, Thresholds

FACTS: dict[str, Any] = {
    "name": "tiny",
    "created_at": "2026-01-01T00:00:00+00:00",
    "scorer": "generic",
    "base_model": "none",
    "engine": "torch-fp32",
    "encoder_fingerprint": "f" * 64,
    "versions": {},
    "embedding": "generic",
    "blend": (1.0, 0.0),
    "data": "nothing",
    "data_hash": "0",
    "split_hash": "0",
    "seed": 1,
    "n_train": 3,
    "n_calibration": 2,
    "n_test": 1,
    "base_rate": 0.5,
    "conformal_quantile": 0.7,
    "thresholds": Thresholds(),
    "max_unlikeness": 9.0,
    "training_calls": ("abc",),
    "measures": {"generic": {"auc": Measure(value=0.71, ci=(0.6, 0.8))}},
}
FILES = {
    "MODEL_CARD.md": b"# tiny\n",
    "generic.safetensors": bytes(range(256)),
    "encoder/model.safetensors": b"weights" * 50,
    "encoder/tokenizer.json": b'{"tokens": []}',
    "encoder/1_Pooling/config.json": b"{}",
}


def write_files(folder: Path) -> Manifest:
    for relative, content in FILES.items():
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        (folder / relative).write_bytes(content)
    return seal(folder, **FACTS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with whole_folder(tmp_path / "model") as temporary:
        write_files(temporary)
    return tmp_path / "model"


def edit_manifest(folder: Path, **fields: Any) -> None:
    raw = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(raw | fields))


def test_what_was_sealed_opens(folder: Path) -> None:
    opened = ModelFolder.open(folder)
    assert opened.manifest.model_id.startswith("tiny-")
    assert opened.manifest.files.keys() == FILES.keys()
    assert opened.embedding_file.read_bytes() == FILES["generic.safetensors"]
    assert (opened.encoder / "tokenizer.json").is_file()


@pytest.mark.parametrize("relative", FILES)
@pytest.mark.parametrize("place", [0, -1])
def test_one_changed_byte_is_found_and_its_file_named(folder: Path, relative: str, place: int) -> None:
    content = bytearray((folder / relative).read_bytes())
    content[place] ^= 1
    (folder / relative).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{relative}.*train again or run `coach setup`"):
        ModelFolder.open(folder)


@pytest.mark.parametrize("relative", FILES)
def test_a_missing_or_empty_file_is_named(folder: Path, relative: str) -> None:
    (folder / relative).write_bytes(b"")
    with pytest.raises(ModelError, match=relative):
        ModelFolder.open(folder)
    (folder / relative).unlink()
    with pytest.raises(ModelError, match=relative):
        ModelFolder.open(folder)


@pytest.mark.parametrize("relative", ["extra.py", "encoder/modeling_evil.py"])
def test_a_file_that_nobody_listed_is_named(folder: Path, relative: str) -> None:
    (folder / relative).write_text("print('hello')")
    with pytest.raises(ModelError, match=relative):
        ModelFolder.open(folder)


@pytest.mark.parametrize(
    "fields",
    [
        {"measures": {"generic": {"auc": {"value": 0.99, "ci": [0.98, 1.0]}}}},
        {"base_rate": 0.51},
        {"max_unlikeness": 1e9},
        {"training_calls": []},
        {"scorer": "finetuned"},
        {"model_id": "tiny-000000000000"},
        {"name": "finetuned"},
        {"format": 1},
        {"files": {}},
        {"surprise": 1},
    ],
)
def test_no_figure_of_the_manifest_changes_unnoticed(folder: Path, fields: dict[str, Any]) -> None:
    edit_manifest(folder, **fields)
    with pytest.raises(ModelError, match=MANIFEST):
        ModelFolder.open(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"name": "tiny"}', b"[" * 100_000])
def test_a_manifest_that_cant_be_read_is_named(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ModelError, match=MANIFEST):
        ModelFolder.open(folder)


def test_without_a_folder_or_a_manifest_there_is_no_model(folder: Path, tmp_path: Path) -> None:
    (folder / MANIFEST).unlink()
    for path in (folder, tmp_path / "nowhere", folder / "MODEL_CARD.md"):
        with pytest.raises(ModelError, match=r"no model in .*coach setup.*--model"):
            ModelFolder.open(path)


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_what_stops_in_the_middle_leaves_nothing(tmp_path: Path, stop: type[BaseException]) -> None:
    with pytest.raises(stop), whole_folder(tmp_path / "models" / "new") as temporary:
        (temporary / "half").write_text("half")
        raise stop
    assert list((tmp_path / "models").iterdir()) == []


def test_an_older_model_survives_what_stops_in_the_middle(folder: Path) -> None:
    before = ModelFolder.open(folder).manifest
    with pytest.raises(RuntimeError), whole_folder(folder) as temporary:
        write_files(temporary)
        raise RuntimeError
    assert ModelFolder.open(folder).manifest == before
    assert list(folder.parent.iterdir()) == [folder]


def test_an_older_model_is_replaced_by_a_whole_one(folder: Path) -> None:
    with whole_folder(folder) as temporary:
        (temporary / "only").write_text("new")
        seal(temporary, **FACTS | {"seed": 2})
        assert (folder / "MODEL_CARD.md").is_file()  # until then the old one is in place
    assert ModelFolder.open(folder).manifest.seed == 2
    assert list(folder.parent.iterdir()) == [folder]


def test_an_older_model_is_put_back_where_the_new_one_cant_be_moved_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def fail_for_the_new_one(source: Path, target: Path) -> None:
        if str(source).endswith(".tmp"):
            raise OSError("no space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_for_the_new_one)
    with pytest.raises(OSError, match="no space"), whole_folder(folder) as temporary:
        write_files(temporary)
    assert ModelFolder.open(folder)
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_is_no_model_is_never_replaced(tmp_path: Path, is_folder: bool) -> None:
    precious = tmp_path / "documents"
    if is_folder:
        precious.mkdir()
        (precious / "thesis.txt").write_text("years of work")
    else:
        precious.write_text("years of work")
    with pytest.raises(CoachError, match=r"documents.*no model folder"), whole_folder(precious):
        pytest.fail("work was begun that can't end well")
    assert "years of work" in (precious / "thesis.txt" if is_folder else precious).read_text()
    assert list(tmp_path.iterdir()) == [precious]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with whole_folder(tmp_path / "empty") as temporary:
        write_files(temporary)
    assert ModelFolder.open(tmp_path / "empty")


def test_the_model_id_names_everything_but_itself(tmp_path: Path) -> None:
    ids = []
    for number, change in enumerate([{}, {}, {"seed": 2}, {"base_rate": 0.6}]):
        target = tmp_path / str(number)
        target.mkdir()
        (target / "file").write_text("same")
        ids.append(seal(target, **FACTS | change).model_id)
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_the_model_in_use_is_the_named_one_else_the_current_one(tmp_path: Path) -> None:
    settings = Settings.load(home=tmp_path / "home")
    with pytest.raises(ModelError, match="coach setup"):
        find_model(settings)
    make_current(settings, settings.models_dir / "first")
    make_current(settings, settings.models_dir / "second")
    assert find_model(settings) == settings.models_dir / "second"
    assert [file.name for file in settings.home.iterdir()] == ["current-model"]
    named = Settings.load(home=settings.home, model=tmp_path / "mine")
    with pytest.raises(NamedModelError, match=r"no model in .*mine") as refused:
        find_model(named)
    assert refused.value.exit_code == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / MANIFEST).touch()
    assert find_model(named) == tmp_path / "mine"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"gone\n"])
def test_a_damaged_note_of_the_current_model_is_no_crash(tmp_path: Path, content: bytes) -> None:
    settings = Settings.load(home=tmp_path)
    settings.current_model_file.write_bytes(content)
    with pytest.raises(ModelError, match="coach setup"):
        ModelFolder.open(find_model(settings))


def test_the_fingerprint_of_an_encoder_is_its_names_and_contents(folder: Path) -> None:
    before = folder_fingerprint(folder / "encoder")
    (folder / "encoder" / "tokenizer.json").rename(folder / "encoder" / "other.json")
    renamed = folder_fingerprint(folder / "encoder")
    (folder / "encoder" / "other.json").write_bytes(b"{}")
    assert len({before, renamed, folder_fingerprint(folder / "encoder")}) == 3
