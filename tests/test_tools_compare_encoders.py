"""The untrained encoder beside the fine-tuned one: each number is that arm's own; where there is none, it says why."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from salescoach.config import Settings
from salescoach.errors import InputError
from salescoach.model.artifact import MANIFEST, ModelFolder, find_model, seal
from salescoach.model.embedding_arm import EmbeddingArm, ReferenceArm
from salescoach.model.encoder import encode_turns
from salescoach.model.head import sigmoid
from salescoach.model.loading import load_base_encoder
from salescoach.model.scoring import CallScorer
from salescoach.testing import make_transcript
from salescoach.types import Transcript
from tools.compare_encoders import EncodersResult, compare_encoders
from tools.parts import Parts, direction, percent, points, turn_marker
from tools.score_call import score_call

CALL = "ex-01"
EXACT = 0.00011


def with_head(settings: Settings, folder: Path, **changed: object) -> Path:
    """A copy of the model with a head on the untrained encoder: that of the fine-tuned one, which fits its shape."""
    source = ModelFolder.open(find_model(settings))
    shutil.copytree(source.path, folder)
    arm = EmbeddingArm.load(source.embedding_file)
    dimension = int(changed.pop("dimension", arm.pooling.query.shape[1]))  # type: ignore[call-overload]
    pooling = replace(arm.pooling, query=arm.pooling.query[:, :dimension])
    ReferenceArm(pooling, arm.head.weights[0][: pooling.dimension], 0.3).save(folder / "generic.safetensors")
    (folder / MANIFEST).unlink()
    seal(folder, **{**source.manifest.model_dump(exclude={"model_id", "files"}), **changed})
    return folder


@pytest.fixture(scope="module")
def compared(parts: Parts, coach_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The shared parts, with a model that can be compared."""
    folder = with_head(Settings.load(home=coach_home), tmp_path_factory.mktemp("models") / "with-head")
    scorer = CallScorer.load(Settings.load(home=coach_home, model=folder))
    yield Parts(parts.library, scorer, parts.index)


@pytest.fixture(scope="module")
def result(compared: Parts) -> EncodersResult:
    return compare_encoders(compared, CALL)


def test_each_arm_gives_its_own_number(compared: Parts, result: EncodersResult) -> None:
    manifest = compared.scorer.manifest
    assert [view.name for view in result.views] == ["generic", "finetuned", manifest.scorer]
    assert [view.scores_here for view in result.views] == [False, False, True]
    score = score_call(compared, CALL)
    assert result.views[2].probability_percent == score.probability_percent
    assert result.views[2].turns_that_moved_it == score.turns_that_moved_it[:3]
    views = compared.scorer.views(compared.library.get(CALL).transcript)
    change = views[1].probability - views[0].probability
    assert (result.change_points, result.direction) == (points(change), direction(change))
    assert [view.probability_percent for view in result.views] == [percent(view.probability) for view in views]


def test_the_untrained_numbers_are_of_the_untrained_encoder(compared: Parts, coach_home: Path) -> None:
    transcript = compared.library.get(CALL).transcript
    untrained, tuned, _ = compared.scorer.views(transcript, n_evidence=3)
    settings = Settings.load(home=coach_home)
    arm = EmbeddingArm.load(ModelFolder.open(find_model(settings)).embedding_file)

    def probability(call: Transcript) -> float:
        vectors = encode_turns(load_base_encoder(settings), call.turns)
        pooled = arm.pooling.pool(vectors, [turn.role for turn in call.turns])[0].astype(np.float64)
        return float(sigmoid(np.array([pooled @ arm.head.weights[0] + 0.3]))[0])

    whole = probability(transcript)
    assert untrained.probability == pytest.approx(whole, abs=EXACT)
    assert untrained.probability != tuned.probability
    assert len(untrained.evidence) == 3
    for turn in untrained.evidence:
        assert turn.effect == pytest.approx(whole - probability(transcript.without(turn.turn)), abs=2 * EXACT)
        assert turn.quote == transcript.turns[turn.turn - 1].text


def test_turns_are_cited_and_counted(result: EncodersResult) -> None:
    for view in result.views:
        assert 0 < len(view.turns_that_moved_it) <= 3
        effects = [abs(turn.effect) for turn in view.turns_that_moved_it]
        assert effects == sorted(effects, reverse=True)
        assert all(turn.marker == turn_marker(turn.turn) for turn in view.turns_that_moved_it)
    before, after = ({turn.turn for turn in view.turns_that_moved_it} for view in result.views[:2])
    assert result.n_shared == len(before & after)


def test_the_reading_says_what_one_call_is_worth(compared: Parts, result: EncodersResult) -> None:
    manifest = compared.scorer.manifest
    assert f"{result.views[0].probability_percent} %" in result.reading
    assert f"{result.views[1].probability_percent} %" in result.reading
    assert "One call proves nothing" in result.reading
    assert result.n_judged == manifest.n_test
    assert f"the {manifest.n_test:,} calls say that judged the model: {compared.scorer.verdict}" in result.reading


def test_the_untrained_encoder_is_loaded_when_it_is_asked_for_and_once(
    coach_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: Parts
) -> None:
    loaded = []
    real = load_base_encoder

    def counted(settings: Settings) -> object:
        loaded.append(settings.base_model)
        return real(settings)

    monkeypatch.setattr("salescoach.model.loading.load_base_encoder", counted)
    folder = with_head(Settings.load(home=coach_home), tmp_path / "model")
    # What the settings would train from now doesn't matter: the model says what it was made from.
    scorer = CallScorer.load(Settings.load(home=coach_home, model=folder, base_model="somebody/else"))
    transcript = parts.library.get(CALL).transcript
    scorer.score(transcript)
    assert loaded == []
    scorer.views(transcript)
    scorer.views(transcript)
    assert loaded == [scorer.manifest.base_model]


def test_without_a_head_or_a_fine_tuned_encoder_it_says_so(parts: Parts, own_model: Path, coach_home: Path) -> None:
    bare = ModelFolder.open(find_model(Settings.load(home=coach_home)))
    if not bare.generic_file.is_file():
        found = compare_encoders(parts, CALL)
        assert found.views == ()
        assert "train again" in (found.unavailable or "")
    generic = CallScorer.load(Settings.load(home=coach_home, model=own_model))
    assert generic.manifest.embedding == "generic"
    found = compare_encoders(Parts(parts.library, generic, parts.index), CALL)
    assert found.views == ()
    assert "no two to compare" in (found.unavailable or "")
    assert found.reading == found.unavailable


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "why"),
    [({"dimension": 32}, "is not what"), ({"base_model": "no/such-encoder"}, "can't be loaded to compare with")],
)
def test_another_base_encoder_is_not_taken_for_the_right_one(
    changed: dict[str, object],
    why: str,
    parts: Parts,
    coach_home: Path,
    tmp_path: Path,
) -> None:
    folder = with_head(Settings.load(home=coach_home), tmp_path / "model", **changed)
    scorer = CallScorer.load(Settings.load(home=coach_home, model=folder))
    found = compare_encoders(Parts(parts.library, scorer, parts.index), CALL)
    assert why in (found.unavailable or "")
    assert score_call(Parts(parts.library, scorer, parts.index), CALL).probability_percent is not None


def test_no_score_no_comparison(compared: Parts) -> None:
    short = compared.library.add_pasted(make_transcript("Rep: Hello.", "Customer: Not now.", "Rep: When then?"))
    found = compare_encoders(compared, short)
    assert found.views == ()
    assert found.reasons
    assert "too short" in found.reading
    with pytest.raises(InputError):
        compare_encoders(compared, "nobody")
