"""The router's weights in the package: of today's examples and cues, for either engine, and for no other encoder."""

from pathlib import Path

import numpy as np
import pytest

import agent.intents
from agent.intents import INTENTS, IntentRouter, Reading, cues, masked, name_of_features, read_examples
from agent.router_weights import FILE, RouterWeights, ShippedWeights, shipped_weights
from eval.routing import read_questions
from salescoach.config import BUNDLED_BASE_MODEL
from salescoach.errors import ModelError
from salescoach.model.base_model import resolve_base_model
from salescoach.model.encoder import Encoder, TurnEncoder
from salescoach.testing import WordHashEncoder
from tests.base import base_encoder

STALE = "the examples or cues have changed: run `python scripts/fit_router.py` and commit agent/router.safetensors"
QUESTIONS = [question.question for question in read_questions()]


@pytest.fixture(scope="module")
def shipped() -> ShippedWeights:
    weights = shipped_weights()
    assert weights is not None
    return weights


@pytest.fixture(scope="module")
def encoder() -> TurnEncoder:
    return base_encoder()


def read_all(router: IntentRouter, encoder: Encoder) -> list[Reading]:
    encoder.encode([masked(question) for question in QUESTIONS])  # together, which is faster, and then it is cached
    return [router.read(question) for question in QUESTIONS]


def furthest(first: list[Reading], second: list[Reading]) -> float:
    """The greatest difference between two readings of one question's intents."""
    pairs = [(dict(one.ranked), dict(other.ranked)) for one, other in zip(first, second, strict=True)]
    return max(abs(one[intent] - other[intent]) for one, other in pairs for intent in INTENTS)


def test_they_are_of_the_examples_and_cues_of_today(shipped: ShippedWeights) -> None:
    assert shipped.fitted_on == name_of_features(read_examples()), STALE


def test_their_name_changes_with_what_they_are_fitted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = read_examples()[:40]
    name = name_of_features(examples)
    assert name_of_features(examples) == name != name_of_features(examples[1:])
    monkeypatch.setattr(agent.intents, "CUE_WEIGHT", 0.5)
    assert name_of_features(examples) != name
    monkeypatch.undo()
    monkeypatch.setitem(agent.intents._SPELLINGS, "the", "a")  # changes what is embedded
    assert name_of_features(examples) != name
    monkeypatch.undo()
    monkeypatch.setattr(agent.intents, "_COMPILED", agent.intents._COMPILED[:-1])  # changes the cues
    assert name_of_features(examples) != name


def test_they_suit_the_base_encoder_with_either_engine(shipped: ShippedWeights) -> None:
    readings = []
    for engine in ("torch-fp32", "torch-bf16"):
        encoder = TurnEncoder.load(resolve_base_model(BUNDLED_BASE_MODEL), fingerprint=engine, engine=engine)
        assert shipped.suit(encoder, len(cues("")), len(INTENTS)), STALE
        readings.append(read_all(IntentRouter(encoder), encoder))
    assert 0 < furthest(*readings) < 0.03  # 0.012 when it was written
    same = [one.intent == other.intent for one, other in zip(*readings, strict=True)]
    assert np.mean(same) > 0.99


def test_fitted_anew_it_reads_the_same(encoder: TurnEncoder) -> None:
    shipped, anew = IntentRouter(encoder), IntentRouter(encoder, read_examples())
    assert furthest(read_all(shipped, encoder), read_all(anew, encoder)) < 0.03  # 0.008 when it was written, in bf16


def test_a_new_home_encodes_the_question_and_no_example(encoder: TurnEncoder) -> None:
    uncached = encoder.without_cache()
    encoded: list[str] = []

    class Counting:
        fingerprint, dimension = uncached.fingerprint, uncached.dimension

        def encode(self, texts: list[str]) -> np.ndarray:
            encoded.extend(texts)
            return uncached.encode(texts)

        def without_cache(self) -> Encoder:
            return self

    assert IntentRouter(Counting()).read("why is it so low").intent == "why"
    assert len(encoded) < 10


@pytest.mark.parametrize("dimension", [32, 384])
def test_another_encoder_is_fitted(shipped: ShippedWeights, monkeypatch: pytest.MonkeyPatch, dimension: int) -> None:
    encoder = WordHashEncoder(dimension)
    assert not shipped.suit(encoder, len(cues("")), len(INTENTS))
    few = read_examples()[::20]
    monkeypatch.setattr(agent.intents, "read_examples", lambda: few)
    assert IntentRouter(encoder).read("why so low") == IntentRouter(encoder, few).read("why so low")


def test_more_cues_or_intents_do_not_suit(shipped: ShippedWeights, encoder: TurnEncoder) -> None:
    assert not shipped.suit(encoder, len(cues("")) + 1, len(INTENTS))
    assert not shipped.suit(encoder, len(cues("")), len(INTENTS) + 1)


def test_a_file_keeps_what_it_was_given_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    file = tmp_path / FILE
    kept = ShippedWeights(RouterWeights(rng.normal(size=(5, 3)), rng.normal(size=3)), "a name", rng.normal(size=(3, 2)))
    kept.save(file)
    read = ShippedWeights.load(file)
    assert read.fitted_on == "a name"
    np.testing.assert_allclose(read.weights.weights, kept.weights.weights, rtol=1e-6)
    np.testing.assert_allclose(read.weights.bias, kept.weights.bias, rtol=1e-6)
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(ModelError, match="no router of this version"):
        ShippedWeights.load(file)
