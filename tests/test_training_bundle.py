"""The bundled model: small, whole, and the same folder for everybody."""

import shutil
from pathlib import Path

import pytest

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.errors import ModelError
from salescoach.model.artifact import MANIFEST, ModelFolder
from salescoach.model.base_model import resolve_base_model
from salescoach.model.scoring import CallScorer
from salescoach.reading.transcripts import read_transcript
from training.bundle import BUNDLED_MODEL, MAX_BYTES, pack, unpack
from training.layers import TRAINED_LAYERS


@pytest.fixture(scope="module")
def base() -> Path:
    return Path(resolve_base_model(BUNDLED_BASE_MODEL))


@pytest.fixture(scope="module")
def unpacked(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(BUNDLED_MODEL, base, tmp_path_factory.mktemp("models") / "starter").path


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_what_is_unpacked_packs_to_the_same_bundle(unpacked: Path, tmp_path: Path) -> None:
    size = pack(unpacked, tmp_path / "bundle")
    assert files_of(tmp_path / "bundle") == files_of(BUNDLED_MODEL)
    assert size == sum(len(content) for content in files_of(BUNDLED_MODEL).values()) <= MAX_BYTES


def test_it_is_fine_tuned_and_scores(unpacked: Path, example: Path) -> None:
    scorer = CallScorer.load(Settings.load(model=unpacked))
    assert scorer.manifest.embedding == "finetuned"
    assert scorer.score(read_transcript(example)).probability is not None


def test_no_text_of_a_call_is_in_it() -> None:
    layers, *_ = [name for name in files_of(BUNDLED_MODEL) if name.endswith(TRAINED_LAYERS)]
    assert layers == f"encoder/{TRAINED_LAYERS}"
    for name, content in files_of(BUNDLED_MODEL).items():
        assert b"Customer:" not in content, name


def test_a_damaged_bundle_leaves_the_older_model_alone(base: Path, unpacked: Path, tmp_path: Path) -> None:
    bundle, folder = tmp_path / "bundle", tmp_path / "model"
    shutil.copytree(BUNDLED_MODEL, bundle)
    shutil.copytree(unpacked, folder)
    head = bundle / "finetuned.safetensors"
    head.write_bytes(head.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="finetuned"):
        unpack(bundle, base, folder)
    (bundle / MANIFEST).unlink()
    with pytest.raises(ModelError, match="no bundled model"):
        unpack(bundle, base, folder)
    assert ModelFolder.open(folder).manifest.files == ModelFolder.open(unpacked).manifest.files
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_another_base_is_refused(unpacked: Path, base: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(unpacked / "encoder", other)  # fine-tuned already, so not what was trained on
    with pytest.raises(ModelError):
        unpack(BUNDLED_MODEL, other, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_only_a_fine_tuned_model_is_packed(unpacked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(unpacked, folder)
    (folder / "MODEL_CARD.md").write_text("changed")
    with pytest.raises(ModelError, match="damaged"):
        pack(folder, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
